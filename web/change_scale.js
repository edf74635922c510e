// What the colours below the picture of the change mean: a strip for each channel, drawn by the module that
// draws the maps, from less over the same to more; of a magnitude one strip from nothing to much.

import { el } from './html.js';
import { isRate } from './map_words.js';
import { paint } from './pixels.js';

/** @import { ChangeLegend, MapName, Picture } from './protocol.js' */

const SHARE = 'as a share of the range from black to full scale';
const RATE = 'per unit of t';

/** A legend on one line, empty until it is told of channels. */
export class ChangeScale {
  constructor() {
    this.less = el('span', {}, 'less');
    this.below = el('span', { class: 'strips' });
    this.same = el('span', {}, 'same');
    this.above = el('span', { class: 'strips' });
    this.more = el('span', {}, 'more');
    this.unit = el('span', { class: 'unit', hidden: true });
    this.element = el('div', { class: 'change-scale', role: 'img', hidden: true },
      this.less, this.below, this.same, this.above, this.more, this.unit);
  }

  /**
   * @param {ChangeLegend | null} legend
   * @param {MapName} map what the picture shows
   * @param {Picture | null} strip the colours of a magnitude
   */
  show(legend, map = 'difference', strip = null) {
    const size = map === 'speed';
    this.element.hidden = !legend?.strips.length || (size && !strip);
    if (this.element.hidden) return;
    const { scale, strips } = legend;
    const { less, same, more, about } = wordsOf(map, scale);
    this.less.textContent = less;
    this.same.textContent = same;
    this.more.textContent = more;
    this.unit.hidden = !isRate(map);
    this.unit.textContent = `of full scale ${RATE}`;
    this.element.setAttribute('aria-label', about);
    this.element.title = about;
    this.below.hidden = size;
    this.same.hidden = size;
    this.below.replaceChildren(...strips.map(({ picture }) => painted(part(picture, 0, 0.5))));
    this.above.replaceChildren(...(size
      ? [painted(strip)] : strips.map(({ picture }) => painted(part(picture, 0.5, 1)))));
  }
}

/**
 * @param {MapName} map
 * @param {number} scale
 */
function wordsOf(map, scale) {
  if (map === 'speed') {
    return { less: '0', same: '', more: String(scale),
      about: `Colours of the speed, from 0 to ${scale} ${RATE}, ${SHARE}` };
  }
  if (map === 'velocity') {
    return { less: `falls −${scale}`, same: 'stays', more: `rises +${scale}`,
      about: `Colours of the velocity, from falling by ${scale} to rising by ${scale} ${RATE}, ${SHARE}` };
  }
  const [of, rate] = map === 'guidance' ? ['what the compound adds', ` ${RATE}`] : ['the difference', ''];
  return { less: `less −${scale}`, same: 'same', more: `more +${scale}`,
    about: `Colours of ${of}, from ${scale} less to ${scale} more${rate}, ${SHARE}` };
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
