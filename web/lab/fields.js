// The fields of a lab's forms.

import { el } from '../html.js';

/** Labels so far, for their fields' ids. */
let labels = 0;

/** A value of a list as an option, and the one that is chosen if the list does not have it. */
export const among = (list, chosen) =>
  [...new Set([...list, chosen])].sort((a, b) => a - b).map((value) => option(value, String(value)));

/** @returns {[string, string]} */
export const option = (value, words) => [String(value), words];

/** @param {(value: string) => void} wish */
export function select(wish) {
  const node = el('select', { on: { change: () => wish(node.value) } });
  return node;
}

/** Fills a select, unless it has these options already, so that an open one stays open. */
export function offer(node, options, chosen) {
  const key = JSON.stringify(options);
  if (node.dataset.options !== key) {
    node.dataset.options = key;
    node.replaceChildren(...options.map(([value, words]) => el('option', { value }, words)));
  }
  node.value = String(chosen);
}

export function setting(words, control, ...after) {
  labels += 1;
  control.id = `lab-setting-${labels}`;
  return el('div', { class: 'setting' }, el('label', { htmlFor: control.id }, words), control, ...after);
}
