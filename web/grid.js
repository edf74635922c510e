// A grid of walks as the page's state has it: what was chosen, what is walked, and how far each walk is.

import { capital, wordsFor } from './perturbations.js';
import { phrase } from './words.js';

/** @import { Compound, Picture, Recipe, SideStep } from './protocol.js' */

/** @typedef {'compound' | 'control' | 'seed' | 'noise' | 'alpha' | 'dose' | 'steps' | 'solver'} Dimension */
/** @typedef {string | number} Value of a dimension */

/** @type {Record<Dimension, string>} */
export const DIMENSIONS = {
  compound: phrase('grid.compound'),
  control: phrase('grid.start_image'),
  seed: phrase('shared.seed'),
  noise: phrase('shared.source_noise'),
  alpha: phrase('shared.guidance'),
  dose: phrase('shared.dose'),
  steps: phrase('shared.steps'),
  solver: phrase('shared.solver'),
};

/**
 * A dimension's name; that of the conditions is by what they are.
 * @param {Dimension} of
 * @param {Compound[] | undefined} compounds
 */
export const dimensionName = (of, compounds) =>
  (of === 'compound' ? capital(wordsFor(compounds).one) : DIMENSIONS[of]);

/** The most walks of a grid. */
export const MOST_CELLS = 36;
/** The most bytes of their pictures and numbers. */
export const MOST_BYTES = 160e6;

/**
 * A walk of the grid.
 * @typedef {object} Planned
 * @property {string} key
 * @property {Value} row
 * @property {Value} column
 * @property {Recipe} recipe all that decides its numbers
 */

/**
 * What is walked, once the visitor has asked for it: later changes of the walk in view do not reach it.
 * @typedef {object} Plan
 * @property {number} serial tells plans apart
 * @property {Recipe} base what rows and columns do not vary
 * @property {string | null} upload the crop that it starts from, where that is the visitor's
 * @property {{ of: Dimension, values: Value[] }} rows
 * @property {{ of: Dimension, values: Value[] }} columns
 * @property {Planned[]} cells row by row; a compound has none at a dose beyond its own
 * @property {'row' | 'column' | null} real where real cells stand
 */

/**
 * A walk of the grid, as far as it has come.
 * @typedef {object} Cell
 * @property {number[]} times of the steps reached
 * @property {Picture[]} pictures of them
 * @property {number | null} of how many steps
 * @property {boolean} finished
 * @property {string | null} failed why it cannot go on
 * @property {string} view which view its pictures are drawn in
 */

/**
 * What the visitor compares.
 * @typedef {object} Grid
 * @property {boolean} open
 * @property {Dimension} rows
 * @property {Dimension} columns
 * @property {Partial<Record<Dimension, Value[]>>} chosen
 * @property {boolean} real whether real cells stand beside the generated ones
 * @property {number} part of the way whose pictures are shown, 0 to 1
 * @property {string | null} refused why the grid was not walked
 * @property {Plan | null} plan
 * @property {Record<string, Cell>} cells by their keys
 * @property {boolean} running
 * @property {string | null} stopped why not, where something is left
 */

/** @type {Grid} */
export const NO_GRID = {
  open: false, rows: 'compound', columns: 'alpha', chosen: {}, real: true, part: 1, refused: null,
  plan: null, cells: {}, running: false, stopped: null,
};

/** @type {Cell} */
export const NOT_BEGUN = { times: [], pictures: [], of: null, finished: false, failed: null, view: '' };

/** A name for how pictures are drawn. */
export const viewOf = ({ hidden, channels }) => JSON.stringify([hidden ?? [], channels ?? []]);

/**
 * The order in which cells are walked: those on the screen first, then the others, row by row.
 * @param {Planned[]} cells
 * @param {ReadonlySet<string>} seen keys of those on the screen
 */
export const inOrder = (cells, seen) => [
  ...cells.filter(({ key }) => seen.has(key)),
  ...cells.filter(({ key }) => !seen.has(key)),
];

/**
 * A cell with a step more, or one drawn again.
 * @param {Cell} cell
 * @param {SideStep} told
 * @returns {Cell}
 */
export function withStep(cell, { step, time, picture, of, finished, view }) {
  const [times, pictures] = [[...cell.times], [...cell.pictures]];
  times[step] = time;
  pictures[step] = picture;
  return { times, pictures, of, finished, failed: null, view };
}
