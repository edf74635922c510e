// The fields that guidance is made of, beside each other: that of the condition, the null field and the
// guided one, as the network has learnt them and, where it is known, exactly. All arrows have one scale.

import { fixed, time } from '../figures.js';
import { el } from '../html.js';
import { drawField, fastestOf } from './plane.js';
import { phrase } from '../words.js';

/** @import { Fields, View } from './protocol.js' */

/** @typedef {{ view: View, t: number, label: string }} Wanted what is shown, with the condition's name */

/** Dots along a side of each canvas. */
const SIDE = 240;

export class FieldsBeside {
  #bring;
  #colour;
  /** @type {Wanted | null} */
  #wanted = null;
  /** @type {Wanted | null} */
  #shown = null;
  #running = false;

  /**
   * @param {(wanted: Wanted) => Promise<Fields>} bring
   * @param {() => string} colour of the arrows
   */
  constructor(bring, colour) {
    this.#bring = bring;
    this.#colour = colour;
    this.about = el('p', { class: 'hint' });
    this.figures = el('div', { class: 'lab-fields' });
    this.element = el(
      'details',
      { on: { toggle: () => this.#follow() } },
      el('summary', {}, phrase('fields_beside.fields')),
      this.about,
      this.figures,
    );
  }

  /** Shows these fields, once the visitor has opened the fold. @param {Wanted} wanted */
  show(wanted) {
    this.#wanted = wanted;
    this.#follow();
  }

  /** Draws what is shown again, in the colours of now. */
  drawAgain() {
    this.#wanted ??= this.#shown;
    this.#follow();
  }

  /** One question after the other; what was wanted meanwhile is asked once. */
  async #follow() {
    if (this.#running) return;
    this.#running = true;
    try {
      while (this.#wanted && this.element.open) {
        const wanted = this.#wanted;
        this.#wanted = null;
        this.#draw(wanted, await this.#bring(wanted));
        this.#shown = wanted;
      }
    } catch (failure) {
      this.about.textContent = failure.sentence ?? failure.message;
      this.figures.replaceChildren();
    } finally {
      this.#running = false;
    }
  }

  /** @param {Wanted} wanted @param {Fields} fields */
  #draw({ view, t, label }, { learnt, exact }) {
    const which = [
      phrase('fields_beside.conditional', { label }),
      phrase('fields_beside.null'),
      phrase('fields_beside.guided', { alpha: fixed(view.guidance, 1) }),
    ];
    const all = [
      ...learnt.map((arrows, index) => ({ arrows, name: phrase('fields_beside.learnt', {
        field: which[index],
      }) })),
      ...exact.map((arrows, index) => ({ arrows, name: phrase('fields_beside.exact', {
        field: which[index],
      }) })),
    ].filter(({ arrows }) => arrows);
    const fastest = Math.max(...all.map(({ arrows }) => fastestOf(arrows)));
    this.about.textContent = phrase('fields_beside.about', { t: time(t) });
    this.figures.replaceChildren(...all.map(({ arrows, name }) => {
      const canvas = el('canvas', { width: SIDE, height: SIDE, 'aria-hidden': 'true' });
      drawField(canvas.getContext('2d'), arrows, this.#colour(), fastest);
      return el('figure', {}, canvas, el('figcaption', {}, name));
    }));
  }
}
