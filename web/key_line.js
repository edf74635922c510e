// A sign of charts and what it means, as a line of the page's legend.

import { el } from './html.js';

/** @import { Key } from './printed.js' */

/** @param {Key} key */
export function keyLine({ sign, words, standing }) {
  if (sign === 'remark') return el('li', standing ? { 'data-standing': standing } : {}, words);
  if (typeof sign === 'object') return el('li', {}, el('b', {}, sign.letter), ' ', words);
  return el('li', {}, el('span', { class: `key ${sign}`, 'aria-hidden': 'true' }), words);
}
