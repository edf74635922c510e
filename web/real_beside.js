// Which cell of the bundle stands beside a generated one, and what it is.

import { answerOf } from './state.js';

/** @import { Recipe, Tile } from './protocol.js' */
/** @import { State } from './state.js' */

/**
 * Whether the bundle has treated cells to show.
 * @param {Pick<State, 'examples'>} state
 */
export const hasReal = ({ examples }) => Boolean(examples?.length);

/**
 * The cell of the bundle that stands beside a walk: its true answer where that was drawn, else one of the
 * compound, rather of the dose and of the start's batch.
 * @param {Recipe} recipe
 * @param {Pick<State, 'samples' | 'examples' | 'takesDose'>} bundle
 * @returns {{ tile: Tile, words: string } | null}
 */
export function realBeside(recipe, { samples, examples, takesDose }) {
  const own = examples.filter(({ condition }) => recipe.compound && condition === recipe.compound);
  const batch = [...samples, ...examples].find(({ id }) => id === recipe.control)?.batch ?? null;
  const near = (tile) => Boolean(batch) && tile.batch === batch;
  const dosed = ({ dose }) => !takesDose || !dose || dose === ` at ${recipe.dose} µM`;
  const rank = (tile) =>
    4 * Number(tile.synthetic && tile.id === answerOf(recipe)) + 2 * Number(dosed(tile)) + Number(near(tile));
  const tile = own.reduce((best, each) => (!best || rank(each) > rank(best) ? each : best), null);
  if (!tile) return null;
  const other = dosed(tile) ? '' : `${tile.dose}, another dose`;
  const kind = tile.untreated ? 'control cell' : 'treated cell';
  if (tile.synthetic) {
    const what = tile.id === answerOf(recipe) ? 'drawn: the true answer for this start' : `drawn ${kind}`;
    return { tile, words: `${what}${other}` };
  }
  const where = near(tile)
    ? 'of the start’s batch'
    : batch && tile.batch ? 'of another batch' : 'not known to be of the start’s batch';
  return { tile, words: `real ${kind} ${where}${other}` };
}
