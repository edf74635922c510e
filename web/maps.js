// What is mapped of the walk in view, as the page's state has it. The difference to the control comes with
// every step; every other map is asked of the worker (mapping.js).

import { controlOf } from './measures.js';

/** @import { Compound, DrawnMap, Recipe } from './protocol.js' */

/**
 * What is mapped of the walk in view.
 * @typedef {object} Mapped
 * @property {DrawnMap | null} drawn last
 * @property {number | null} key of the walk that this is of
 * @property {Untreated | null} untreated the walk under the control's condition, once it was asked for
 * @property {number | null} evaluating the step at which what the condition adds is evaluated
 * @property {number} news counts what has come since: what is lacking may be there
 * @property {number} asOf the count at which the last one was drawn
 * @property {string | null} failed why something that was asked for did not come
 */

/**
 * The walk under the control's condition, as far as it has come: the times of its steps, and of how many.
 * @typedef {{ times: number[], of: number | null, finished: boolean }} Untreated
 */

/** @type {Mapped} */
export const NOTHING_MAPPED = {
  drawn: null, key: null, untreated: null, evaluating: null, news: 0, asOf: 0, failed: null,
};

/**
 * The condition that a walk in view is compared with; null where there is none, or the walk is under it.
 * @param {{ compounds?: Compound[], recipe?: Recipe | null }} state
 * @returns {Compound | null}
 */
export function otherCondition({ compounds, recipe }) {
  const control = controlOf(compounds);
  return control && recipe?.compound !== control.id ? control : null;
}

/** The key of the walk under the control's condition, beside the walk of this key. */
export const untreatedKey = (key) => `${key} untreated`;
