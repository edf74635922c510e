// Which map of the change stands beside “Now”: the choice, what it shows in words, and what has to be
// computed for it.

import { el, Part } from '../html.js';
import { aboutOf, choicesOf, drawnIn, lackOf, missingWords } from '../map_words.js';

/** @import { State } from '../state.js' */

/** Shows `state.view.map` and what is known of it. */
export class MapChoice extends Part {
  connectedCallback() {
    if (this.firstChild) return;
    this.select = el('select', {
      id: 'change-map',
      disabled: true,
      on: { change: () => this.intend('map', { map: this.select.value }) },
    }, el('option', {}, 'Difference to the control'));
    this.about = el('p', { class: 'map-about', 'data-map': 'about', hidden: true });
    this.why = el('span', { role: 'status', 'data-map': 'why' });
    this.far = el('span', { 'data-map': 'far' });
    const button = (intent, words) => el('button',
      { type: 'button', class: 'chip', 'data-do': intent, on: { click: () => this.intend(intent) } }, words);
    this.compute = button('map-compute', '');
    this.cancel = button('map-cancel', 'Cancel');
    this.missing = el('p', { class: 'map-about', 'data-map': 'missing', hidden: true });
    this.append(
      el('div', { class: 'map-choice' },
        el('label', { htmlFor: 'change-map' }, 'Third picture'), this.select),
      this.about,
      el('p', { class: 'map-computed' }, this.why, ' ', this.far, ' ', this.compute, ' ', this.cancel),
      this.missing);
    this.#offer(null, false);
  }

  /** @param {State} state */
  update(state) {
    const { walk, view, phase } = state;
    if (!walk || !state.recipe) return;
    const choices = choicesOf(state);
    if (this.changed('choices', JSON.stringify(choices))) {
      this.select.replaceChildren(...choices.map(({ map, words }) => el('option', { value: map }, words)));
    }
    this.select.value = view.map;
    // A recording has pictures of the difference only, and stays in view until the network is there.
    this.select.disabled = Boolean(walk.recorded) && phase !== 'ready';
    const drawn = drawnIn(state);
    const { why, far, compute, busy } = lackOf(state, drawn);
    this.about.textContent = aboutOf(state, drawn);
    this.about.hidden = !this.about.textContent;
    if (this.changed('why', why)) this.why.textContent = why;
    this.far.textContent = far;
    this.#offer(compute, busy);
    this.missing.textContent = missingWords(state);
    this.missing.hidden = !this.missing.textContent;
  }

  /**
   * The buttons that there is a use for. One that leaves with the focus hands it to the other, or to the
   * choice.
   * @param {string | null} compute what a click computes
   * @param {boolean} busy whether something can be cancelled
   */
  #offer(compute, busy) {
    const { activeElement } = /** @type {ShadowRoot} */ (this.getRootNode());
    this.compute.textContent = compute ?? '';
    this.compute.hidden = compute === null;
    this.cancel.hidden = !busy;
    const left = [this.compute, this.cancel].some((button) => button === activeElement && button.hidden);
    if (left) (busy ? this.cancel : this.select).focus();
  }
}
