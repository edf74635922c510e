// What the colours below the picture of the change mean: a strip for each channel, drawn by the module that
// draws the maps, from less over the same to more; of a magnitude one strip from nothing to much.

import { el } from './html.js';
import { isRate } from './map_words.js';
import { paint } from './pixels.js';
import { phrase } from './words.js';

/** @import { ChangeLegend, MapName, Picture } from './protocol.js' */

const SHARE = phrase('change_scale.share_range_from_black');
const RATE = phrase('change_scale.per_unit_t');

/** A legend on one line, empty until it is told of channels. */
export class ChangeScale {
  constructor() {
    this.less = el('span', {}, phrase('change_scale.less'));
    this.below = el('span', { class: 'strips' });
    this.same = el('span', {}, phrase('change_scale.same'));
    this.above = el('span', { class: 'strips' });
    this.more = el('span', {}, phrase('change_scale.more'));
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
    this.unit.textContent = phrase('change_scale.full_scale', { rate: RATE });
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
      about: phrase('change_scale.colours_speed_from_0', { scale, rate: RATE, share: SHARE }) };
  }
  if (map === 'velocity') {
    return { less: phrase('change_scale.falls', {
      scale,
    }), same: 'stays', more: phrase('change_scale.rises', { scale }),
      about: phrase('change_scale.colours_velocity_from_falling', { scale, rate: RATE, share: SHARE }) };
  }
  const [of, rate] = map === 'guidance'
    ? [phrase('change_scale.what_compound_adds'), ` ${RATE}`]
    : [phrase('change_scale.difference'), ''];
  return { less: phrase('change_scale.less_2', {
    scale,
  }), same: 'same', more: phrase('change_scale.more_2', { scale }),
    about: phrase('change_scale.colours_from_less_more', { of, scale, rate, share: SHARE }) };
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
