// What the visitor takes away: pictures and figures, numbers, and what makes them again.

import { el, Part } from '../html.js';
import { canFilm } from '../film.js';
import { isTooLong, linkHolds } from '../link_words.js';
import { phrase } from '../words.js';

/** @import { State } from '../state.js' */

/** @typedef {[kind: string, label: string, title: string]} Button */

/** @type {Button[]} */
const PICTURES = [
  ['frame', phrase('keep.picture_png'), phrase('keep.picture_middle_pixel_pixel')],
  ['figure-png', phrase('keep.figure_png'), phrase('keep.steps_walk_what_changed')],
  ['figure-svg', phrase('keep.figure_svg'), phrase('keep.same_figure_texts_can')],
  ['animation', phrase('keep.animation_apng'), phrase('keep.every_step_animated_png')],
  ['webm', phrase('keep.video_webm'), phrase('keep.every_step_video_recording')],
  ['strip', phrase('keep.strip_png'), phrase('keep.every_step_reached_side')],
];

/** @type {Button[]} */
const NUMBERS = [
  [
    'trajectory',
    phrase('keep.trajectory_npy'),
    phrase('keep.all_steps_numbers_steps'),
  ],
  ['times', phrase('keep.times_npy'), phrase('keep.times_trajectory_steps')],
  ['recipe', phrase('keep.recipe_json'), ''],
  ['citation', phrase('keep.citation'), phrase('keep.how_cite_data_network')],
];

const STEPS = [
  ['all', phrase('keep.all_steps')],
  ['ends', phrase('keep.start_middle_end')],
];
const WIDTHS = [
  ['double', phrase('keep.two_columns_180_mm')],
  ['single', phrase('keep.one_column_88_mm')],
];

/** Enabled once `state.walk` has pictures that can be made into files. */
export class Keep extends Part {
  connectedCallback() {
    if (this.firstChild) return;
    this.figure = { steps: 'all', width: 'double' };
    const buttons = (kinds) => kinds.map((kind) => this.#button(...kind));
    const [pictures, numbers] = [buttons(PICTURES), buttons(NUMBERS)];
    this.buttons = [...pictures, ...numbers];
    this.link = this.#button('link', phrase('keep.copy_link'), '');
    this.link.setAttribute('aria-describedby', 'link-holds');
    this.holds = el('p', { class: 'hint link-holds', id: 'link-holds' });
    this.recipe = this.#of('recipe');
    this.citation = this.#of('citation');
    this.citation.hidden = true;
    this.#of('webm').hidden = !canFilm();
    const group = (label, ...inside) =>
      el('div', { class: 'kept', role: 'group', 'aria-label': label }, ...inside);
    this.append(
      group(phrase('keep.save_pictures'), ...pictures),
      group(phrase('keep.what_figures_show'), this.#choice('steps', phrase('keep.figures_show'), STEPS),
        this.#choice('width', phrase('keep.width'), WIDTHS)),
      group(phrase('keep.save_numbers_what_makes'), ...numbers, this.link),
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
    const own = recipe?.control === 'upload' ? phrase('keep.your_own_crop_included') : '';
    const holds = link ? linkHolds(state) : '';
    if (this.changed('holds', holds)) this.holds.textContent = holds;
    this.link.title = link && isTooLong(state)
      ? phrase('keep.link_would_too_long')
      : phrase('keep.link_makes_picture_again', { own });
    this.recipe.title = phrase('keep.makes_walk_again_when', { own });
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
