// Which map of the change stands beside “Now”: the choice, which is the picture's title, and below the
// pictures what it shows in words and what has to be computed for it.

import { el, Part } from '../html.js';
import { aboutOf, choicesOf, drawnIn, lackOf, missingWords } from '../map_words.js';
import { phrase } from '../words.js';

/** @import { State } from '../state.js' */

/** Chooses `state.view.map`. */
export class MapChoice extends Part {
  connectedCallback() {
    if (this.firstChild) return;
    this.select = el('select', {
      'aria-label': phrase('change_map.what_third_picture_shows'),
      'data-map': 'choice',
      disabled: true,
      on: { change: () => this.intend('map', { map: this.select.value }) },
    }, el('option', {}, phrase('shared.difference')));
    this.append(this.select);
  }

  /** @param {State} state */
  update(state) {
    const { walk, view, recipe, phase } = state;
    if (!walk || !recipe) return;
    const choices = choicesOf(state);
    if (this.changed('choices', JSON.stringify(choices))) {
      this.select.replaceChildren(...choices.map(({ map, words }) => el('option', { value: map }, words)));
    }
    this.select.value = view.map;
    // A recording has pictures of the difference only, and stays in view until the network is there.
    this.select.disabled = Boolean(walk.recorded) && phase !== 'ready';
  }
}

/** Says what `state.view.map` shows; nothing of the difference, which the stage explains. */
export class MapSaid extends Part {
  connectedCallback() {
    if (this.firstChild) return;
    this.about = el('p', { class: 'map-about', 'data-map': 'about', hidden: true });
    this.why = el('span', { role: 'status', 'data-map': 'why' });
    this.far = el('span', { 'data-map': 'far' });
    const button = (intent, words) => el('button',
      { type: 'button', class: 'chip', 'data-do': intent, on: { click: () => this.intend(intent) } }, words);
    this.compute = button('map-compute', '');
    this.cancel = button('map-cancel', phrase('shared.cancel'));
    this.missing = el('p', { class: 'map-about', 'data-map': 'missing', hidden: true });
    this.append(this.about,
      el('p', { class: 'map-computed' }, this.why, ' ', this.far, ' ', this.compute, ' ', this.cancel),
      this.missing);
    this.#offer(null, false);
  }

  /** @param {State} state */
  update(state) {
    if (!state.walk || !state.recipe) return;
    const drawn = drawnIn(state);
    const { why, far, compute, busy } = lackOf(state, drawn);
    const about = aboutOf(state, drawn);
    if (this.changed('about', about)) this.about.textContent = about;
    this.about.hidden = !about;
    if (this.changed('why', why)) this.why.textContent = why;
    if (this.changed('far', far)) this.far.textContent = far;
    this.#offer(compute, busy);
    this.missing.textContent = about ? missingWords(state) : '';
    this.missing.hidden = !this.missing.textContent;
  }

  /**
   * The buttons that there is a use for. One that leaves with the focus hands it to the other, or to the
   * choice.
   * @param {string | null} compute what a click computes
   * @param {boolean} busy whether something can be cancelled
   */
  #offer(compute, busy) {
    const root = /** @type {ShadowRoot} */ (this.getRootNode());
    const focused = root.activeElement;
    this.cancel.hidden = !busy;
    if (this.changed('compute', compute)) this.compute.textContent = compute ?? '';
    this.compute.hidden = compute === null;
    const left = [this.compute, this.cancel].some((button) => button === focused && button.hidden);
    if (!left) return;
    const choice = /** @type {HTMLElement} */ (root.querySelector('[data-map="choice"]'));
    const next = busy ? this.cancel : compute === null ? choice : this.compute;
    next.focus();
  }
}
