// Which cells of the bundle stand beside a generated one, and what they are.

import { atDose } from './dose.js';
import { answerOf } from './state.js';
import { phrase } from './words.js';

/** @import { Recipe, Tile } from './protocol.js' */
/** @import { State } from './state.js' */

/** @typedef {Pick<State, 'samples' | 'examples' | 'takesDose'>} Gallery */

/**
 * Cells of one kind beside a walk.
 * @typedef {object} CellsBeside
 * @property {string} key names them
 * @property {string[]} ids of those that are taken, at most `MOST`
 * @property {number} of how many they are the first ones
 * @property {boolean} drawn by a program, and not imaged
 * @property {boolean} answer whether it is the one that was drawn as the true answer for the start
 * @property {boolean} untreated whether their condition is a control
 * @property {boolean} otherDose whether there are none at the walk's dose
 * @property {'plate' | 'batch' | 'other' | 'unknown' | 'none'} where of the start's plate or batch, of
 *   others, or not known; none of drawn cells
 */

/** More cells than this are not fetched for a histogram. */
const MOST = 32;

/**
 * Whether the bundle has treated cells to show.
 * @param {Pick<State, 'examples'>} state
 */
export const hasReal = ({ examples }) => Boolean(examples?.length);

/** @param {Recipe} recipe @param {Gallery} gallery */
const ofCompound = (recipe, { examples }) =>
  examples.filter(({ condition }) => recipe.compound && condition === recipe.compound);

/** @param {Recipe} recipe @param {Gallery} gallery */
const startOf = (recipe, { samples, examples }) =>
  [...samples, ...examples].find(({ id }) => id === recipe.control);

/** @param {Recipe} recipe @param {Gallery} gallery */
const ofDose = (recipe, { takesDose }) => (/** @type {Tile} */ { dose }) =>
  !takesDose || !dose || dose === atDose(recipe.dose);

/** @typedef {{ tile: Tile, words: string }} CellBeside a cell of the bundle, and what it is */

/**
 * The cell of the bundle that stands beside a walk: the first of `allBeside`.
 * @param {Recipe} recipe
 * @param {Gallery} gallery
 * @returns {CellBeside | null}
 */
export const realBeside = (recipe, gallery) => allBeside(recipe, gallery)[0] ?? null;

/**
 * The bundle's cells of a walk's compound: first its true answer where that was drawn, then those of the
 * dose, and of these first those of the start's plate, then of its batch.
 * @param {Recipe} recipe
 * @param {Gallery} gallery
 * @returns {CellBeside[]}
 */
export function allBeside(recipe, gallery) {
  const start = startOf(recipe, gallery);
  const near = ({ batch }) => Boolean(start?.batch) && batch === start.batch;
  const nearer = (tile) => near(tile) && Boolean(tile.plate) && tile.plate === start.plate;
  const dosed = ofDose(recipe, gallery);
  const rank = (tile) => 8 * Number(tile.synthetic && tile.id === answerOf(recipe))
    + 4 * Number(dosed(tile)) + 2 * Number(near(tile)) + Number(nearer(tile));
  const cells = [...ofCompound(recipe, gallery)].sort((a, b) => rank(b) - rank(a));
  return cells.map((tile) => ({ tile, words: besideWords(recipe, gallery, tile) }));
}

/**
 * What a cell is beside a walk.
 * @param {Recipe} recipe
 * @param {Gallery} gallery
 * @param {Tile} tile
 */
function besideWords(recipe, gallery, tile) {
  const start = startOf(recipe, gallery);
  const batch = start?.batch ?? null;
  const other = ofDose(recipe, gallery)(tile) ? '' : phrase('real_beside.another_dose', { dose: tile.dose });
  const kind = tile.untreated ? phrase('real_beside.control_cell') : phrase('shared.treated_cell');
  if (tile.synthetic) {
    const what = tile.id === answerOf(recipe)
      ? phrase('real_beside.drawn_true_answer_start')
      : phrase('real_beside.drawn', { kind });
    return `${what}${other}`;
  }
  const near = Boolean(batch) && tile.batch === batch;
  const nearer = near && Boolean(tile.plate) && tile.plate === start.plate;
  const apart = batch && tile.batch
    ? phrase('real_beside.another_batch')
    : phrase('real_beside.not_known_start_batch');
  const where = near ? phrase('real_beside.start', {
    nearer: nearer ? phrase('real_beside.plate') : phrase('real_beside.batch'),
  }) : apart;
  return phrase('real_beside.real', { kind, where, other });
}

/**
 * The bundle's cells of the walk's compound: real ones where there are any, of the walk's dose and of the
 * start's plate, else batch, as far as there are such. Drawn ones are the true answer where there is one.
 * @param {Recipe} recipe
 * @param {Gallery} gallery
 * @returns {CellsBeside | null}
 */
export function cellsBeside(recipe, gallery) {
  const all = ofCompound(recipe, gallery);
  const real = all.filter(({ synthetic }) => !synthetic);
  const drawn = !real.length;
  const answers = drawn ? all.filter(({ id }) => id === answerOf(recipe)) : [];
  const own = answers.length ? answers : drawn ? all : real;
  if (!own.length) return null;
  const dosed = own.filter(ofDose(recipe, gallery));
  const { cells, where } = nearest(dosed.length ? dosed : own, startOf(recipe, gallery));
  const ids = cells.slice(0, MOST).map(({ id }) => id);
  return {
    key: ids.join('\n'), ids, of: cells.length, drawn,
    answer: answers.length > 0,
    untreated: own[0].untreated,
    otherDose: !dosed.length,
    where: drawn ? 'none' : where,
  };
}

/**
 * Those of a start's plate, else of its batch, else all.
 * @param {Tile[]} cells
 * @param {Tile | undefined} start
 * @returns {{ cells: Tile[], where: CellsBeside['where'] }}
 */
function nearest(cells, start) {
  const batch = start?.batch ?? null;
  const ofBatch = cells.filter((tile) => (tile.batch ?? null) === batch);
  const ofPlate = ofBatch.filter(({ plate }) => plate && plate === start?.plate);
  if (ofPlate.length) return { cells: ofPlate, where: 'plate' };
  if (batch && ofBatch.length) return { cells: ofBatch, where: 'batch' };
  return { cells, where: batch && cells.every((tile) => tile.batch) ? 'other' : 'unknown' };
}
