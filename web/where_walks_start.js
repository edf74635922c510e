// Which start a walk has after a change: a cell that was treated is a start only for a walk back under its
// own compound.

import { informed } from './notices.js';
import { wordsFor } from './perturbations.js';
import { phrase } from './words.js';

/** @import { Change } from './protocol.js' */
/** @import { Notice } from './notices.js' */
/** @import { State } from './state.js' */

/**
 * The control walked from last, else the first there is; noise for a flow that starts from noise.
 * @param {State} state
 */
export const firstControl = ({ flowSource, lastControl, samples }) =>
  flowSource === 'noise' ? 'noise' : (lastControl ?? samples?.[0]?.id);

/**
 * The example that a walk starts from.
 * @param {State} state
 */
const cellOf = ({ recipe, examples }) => examples?.find(({ id }) => id === recipe?.control);

/**
 * What else changes under another compound, and what is said of it. A cell that was treated with the one
 * before is no start for it, so the walk starts from the last control; back from there makes no sense, there
 * and back does. An untreated cell serves every compound, but not where its walk goes back from treatment.
 * @param {State} state
 * @param {string | null} compound of the bundle; null for one that was typed
 * @returns {{ change: Change, notice: Notice | null }}
 */
export function leavingCell(state, compound) {
  const cell = cellOf(state);
  const serves = cell?.untreated && state.recipe.direction !== 'reverse';
  if (!cell || serves || cell.condition === compound) return { change: {}, notice: null };
  const source = state.flowSource === 'noise' ? phrase('shared.noise') : phrase('where_walks_start.control');
  const { one } = wordsFor(state.compounds);
  const lacks = one === wordsFor([]).one
    ? phrase('where_walks_start.not_treated_compound')
    : phrase('where_walks_start.had_no_such', { one });
  const sentence = phrase('where_walks_start.cell_walk_starts_from', { lacks, source });
  const direction = state.recipe.direction === 'reverse' ? 'forward' : state.recipe.direction;
  return { change: { direction, control: firstControl(state) }, notice: informed(sentence) };
}

/**
 * A change of settings with what comes with it. Another way than back begins where the flow does: with noise
 * again where that is its source, and with a control in place of a treated cell.
 * @param {State} state
 * @param {Change} change
 * @returns {Change}
 */
export function withStart(state, change) {
  const { direction } = change;
  if (!direction || direction === 'reverse') return change;
  const cell = cellOf(state);
  const anew = state.flowSource === 'noise' || (cell && !cell.untreated);
  return anew ? { ...change, control: firstControl(state) } : change;
}
