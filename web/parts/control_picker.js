// Step 1: the control image. From the gallery, or the visitor's own by dropping, choosing or pasting files.

import { el, inside, Part, reveal, unseen } from '../html.js';
import { paint } from '../pixels.js';
import { phrase } from '../words.js';

/** @import { State } from '../state.js' */

/** Shows `state.samples`, `state.thumbnails` and the control in `state.recipe`. */
export class ControlPicker extends Part {
  connectedCallback() {
    if (this.firstChild) return;
    this.gallery = el('div', {
      class: 'gallery', role: 'radiogroup', 'aria-label': phrase('control_picker.sample_control_images'),
    });
    this.gallery.addEventListener('keydown', (event) => this.#arrow(event));
    this.input = el('input', {
      type: 'file',
      multiple: true,
      class: 'unseen',
      id: 'files',
      tabindex: '-1',
      'aria-hidden': 'true',
      accept: '.png,.jpg,.jpeg,.tif,.tiff,.npy,image/png,image/jpeg,image/tiff',
      on: {
        change: () => {
          this.intend('files', { files: [...this.input.files] });
          this.input.value = '';
        },
      },
    });
    this.own = el(
      'div',
      { class: 'own' },
      el(
        'button',
        { type: 'button', class: 'secondary', on: { click: () => this.input.click() } },
        phrase('control_picker.use_your_own_image'),
      ),
      el(
        'p',
        { class: 'hint' },
        phrase('control_picker.or_drop_anywhere_or'),
      ),
      this.input,
    );
    this.about = el('p', { class: 'hint about' });
    this.noise = el(
      'div',
      { class: 'noise', hidden: true },
      el(
        'p',
        { class: 'lead' },
        phrase('control_picker.flow_starts_from_noise'),
      ),
      el(
        'button',
        {
          type: 'button',
          class: 'secondary',
          on: {
            click: () =>
              this.intend('change', { change: { seed: crypto.getRandomValues(new Uint32Array(1))[0] } }),
          },
        },
        phrase('control_picker.new_noise'),
      ),
    );
    this.append(this.noise, this.gallery, this.about, this.own);
  }

  /** @param {State} state */
  update({ samples, examples, thumbnails, recipe, uploaded, flowSource }) {
    if (!samples) return;
    const fromNoise = flowSource === 'noise';
    this.noise.hidden = !fromNoise;
    for (const part of [this.gallery, this.about, this.own]) part.hidden = fromNoise;
    const [others, anotherCrop] = [this.changed('samples', samples), this.changed('uploaded', uploaded?.key)];
    const built = others || anotherCrop;
    if (built) this.#build(samples, uploaded);
    if (this.changed('thumbnails', thumbnails) || built) {
      for (const tile of inside(this.gallery)) {
        const picture = thumbnails.get(tile.dataset.control);
        if (picture) paint(tile.querySelector('canvas'), picture);
      }
    }
    const chosen = recipe?.control ?? null;
    if (this.changed('chosen', chosen) || built) this.#mark(chosen, { samples, examples, uploaded });
  }

  #build(samples, uploaded) {
    const own = uploaded
      ? [{
          id: 'upload',
          label: phrase('control_picker.your_crop'),
          note: uploaded.name,
          picture: uploaded.picture,
        }]
      : [];
    this.gallery.replaceChildren(
      ...[...own, ...samples.filter((sample) => !sample.treated)].map((sample, index, { length }) => {
        const canvas = el('canvas', { width: 1, height: 1, 'aria-hidden': 'true' });
        if (sample.picture) paint(canvas, sample.picture);
        return el(
          'button',
          {
            type: 'button',
            role: 'radio',
            'aria-checked': 'false',
            tabindex: '-1',
            class: 'tile',
            'data-control': sample.id,
            title: sample.note,
            on: { click: () => this.intend('control', { control: sample.id }) },
          },
          canvas,
          el('span', { class: 'caption' }, sample.label),
          unseen(phrase('control_picker.of', { note: sample.note, index: index + 1, length })),
        );
      }),
    );
  }

  #mark(chosen, { samples, examples, uploaded }) {
    let some = null;
    for (const tile of inside(this.gallery)) {
      const here = tile.dataset.control === chosen;
      tile.setAttribute('aria-checked', String(here));
      tile.tabIndex = here ? 0 : -1;
      if (here) some = tile;
    }
    if (some) reveal(this.gallery, some);
    const [first] = inside(this.gallery);
    if (!some && first) first.tabIndex = 0;
    this.about.textContent = about(chosen, { samples, examples, uploaded });
  }

  #arrow(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const tiles = inside(this.gallery);
    const next = tiles[(tiles.indexOf(event.target.closest('.tile')) + step + tiles.length) % tiles.length];
    next.focus();
    next.click();
  }
}

/** What the walk starts from, in a sentence; a walk back starts from none of the controls. */
function about(chosen, { samples, examples, uploaded }) {
  if (chosen === 'upload') return phrase('control_picker.your_own_image', {
    name: uploaded?.name ?? phrase('control_picker.your_crop'),
  });
  const sample = samples.find(({ id }) => id === chosen);
  if (sample) return `${sample.note}.`;
  const cell = examples?.find(({ id }) => id === chosen);
  if (!cell) return '';
  return phrase('control_picker.no_control_chosen_walk', { note: cell.note });
}
