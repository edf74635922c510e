// What the colours below “Difference” mean: a strip for each channel, drawn by the module that draws the
// differences, from less over the same to more.

import { el } from './html.js';
import { paint } from './pixels.js';

/** @import { ChangeLegend, Picture } from './protocol.js' */

/** A legend on one line, empty until it is told of channels. */
export class ChangeScale {
  constructor() {
    this.less = el('span', {}, 'less');
    this.below = el('span', { class: 'strips' });
    this.above = el('span', { class: 'strips' });
    this.more = el('span', {}, 'more');
    this.element = el('div', { class: 'change-scale', role: 'img', hidden: true },
      this.less, this.below, el('span', {}, 'same'), this.above, this.more);
  }

  /** @param {ChangeLegend | null} legend */
  show(legend) {
    this.element.hidden = !legend?.strips.length;
    if (this.element.hidden) return;
    const { scale, strips } = legend;
    this.less.textContent = `less −${scale}`;
    this.more.textContent = `more +${scale}`;
    const about = `Colours of the difference, from ${scale} less to ${scale} more, as a share of the range `
      + 'from black to full scale';
    this.element.setAttribute('aria-label', about);
    this.element.title = about;
    this.below.replaceChildren(...strips.map(({ picture }) => painted(part(picture, 0, 0.5))));
    this.above.replaceChildren(...strips.map(({ picture }) => painted(part(picture, 0.5, 1))));
  }
}

/** @param {Picture} picture */
function painted(picture) {
  const canvas = el('canvas', {});
  paint(canvas, picture);
  return canvas;
}

/** The pixels of a row from one share of its width to another. @returns {Picture} */
function part({ width, rgba }, from, to) {
  const [first, end] = [Math.floor(width * from), Math.ceil(width * to)];
  return { width: end - first, height: 1, rgba: rgba.slice(4 * first, 4 * end) };
}
