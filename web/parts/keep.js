// What the visitor takes away: pictures and figures, numbers, and what makes them again.

import { el, Part } from '../html.js';
import { canFilm } from '../film.js';
import { isTooLong, linkHolds } from '../link_words.js';

/** @import { State } from '../state.js' */

/** @typedef {[kind: string, label: string, title: string]} Button */

/** @type {Button[]} */
const PICTURES = [
  ['frame', 'Picture (PNG)', 'The picture in the middle, pixel for pixel'],
  ['figure-png', 'Figure (PNG)', 'Steps of the walk with what changed, labels and legends, at 300 dpi'],
  ['figure-svg', 'Figure (SVG)', 'The same figure; its texts can be edited'],
  ['animation', 'Animation (APNG)', 'Every step as an animated PNG, which browsers play'],
  ['webm', 'Video (WebM)', 'Every step as a video; recording takes as long as the video'],
  ['strip', 'Strip (PNG)', 'Every step reached, side by side'],
];

/** @type {Button[]} */
const NUMBERS = [
  [
    'trajectory',
    'Trajectory (.npy)',
    'All steps as numbers: [steps + 1, C, H, W], 32-bit floats in the model’s range',
  ],
  ['times', 'Times (.npy)', 'The times of the trajectory’s steps'],
  ['recipe', 'Recipe (JSON)', ''],
  ['citation', 'Citation', 'How to cite the data that the network was trained on'],
];

const STEPS = [
  ['all', 'All steps'],
  ['ends', 'Start, middle, end'],
];
const WIDTHS = [
  ['double', 'Two columns, 180 mm'],
  ['single', 'One column, 88 mm'],
];

/** Enabled once `state.walk` has pictures that can be made into files. */
export class Keep extends Part {
  connectedCallback() {
    if (this.firstChild) return;
    this.figure = { steps: 'all', width: 'double' };
    const buttons = (kinds) => kinds.map((kind) => this.#button(...kind));
    const [pictures, numbers] = [buttons(PICTURES), buttons(NUMBERS)];
    this.buttons = [...pictures, ...numbers];
    this.link = this.#button('link', 'Copy link', '');
    this.link.setAttribute('aria-describedby', 'link-holds');
    this.holds = el('p', { class: 'hint link-holds', id: 'link-holds' });
    this.recipe = this.#of('recipe');
    this.citation = this.#of('citation');
    this.citation.hidden = true;
    this.#of('webm').hidden = !canFilm();
    const group = (label, ...inside) =>
      el('div', { class: 'kept', role: 'group', 'aria-label': label }, ...inside);
    this.append(
      group('Save pictures', ...pictures),
      group('What figures show', this.#choice('steps', 'Figures show', STEPS),
        this.#choice('width', 'Width', WIDTHS)),
      group('Save numbers and what makes them again', ...numbers, this.link),
      this.holds,
      document.createElement('cellflux-code'),
    );
  }

  /** @param {State} state */
  update(state) {
    const { walk, link, recipe, phase, manifest } = state;
    // Of a recording only the network can make files, so it walks it first.
    const ready = walk && (!walk.recorded || phase === 'ready');
    for (const button of this.buttons) button.disabled = !ready;
    this.citation.disabled = !manifest;
    this.citation.hidden = !manifest?.citation;
    this.link.disabled = !link;
    const own = recipe?.control === 'upload' ? ', your own crop included' : '';
    const holds = link ? linkHolds(state) : '';
    if (this.changed('holds', holds)) this.holds.textContent = holds;
    this.link.title = link && isTooLong(state)
      ? 'The link would be too long: send the recipe file'
      : `A link that makes this picture again${own}`;
    this.recipe.title = `Makes this walk again when it is dropped here, or with the command${own}`;
  }

  #of(kind) {
    return this.buttons.find((button) => button.dataset.keep === kind);
  }

  #button(kind, label, title) {
    const keep = () => this.intend('keep', { kind, figure: { ...this.figure } });
    const click = kind === 'link' ? () => this.intend('copy-link') : keep;
    const about = { type: 'button', class: 'secondary', disabled: true, title, 'data-keep': kind };
    return el('button', { ...about, on: { click } }, label);
  }

  /** What figures show; the walk itself does not depend on it. */
  #choice(name, label, options) {
    const select = el(
      'select',
      { 'data-figure': name, on: { change: () => { this.figure[name] = select.value; } } },
      ...options.map(([value, text]) => el('option', { value }, text)),
    );
    return el('label', {}, `${label} `, select);
  }
}
