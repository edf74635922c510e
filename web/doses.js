// Walks across doses as the page's state has them: what was chosen, what is walked, and how far each walk is.

/** @import { Standing } from './dose.js' */
/** @import { Cell } from './grid.js' */
/** @import { CellGroup, Measure, MeasuredStep, Recipe } from './protocol.js' */

/**
 * A dose in micromolar, the bundle's condition that stands for it, and what training had of it.
 * @typedef {{ dose: number, compound: string | null, standing: Standing }} DosePoint
 */

/**
 * A walk under one dose.
 * @typedef {object} DoseWalk
 * @property {string} key
 * @property {DosePoint} point
 * @property {number} seed
 * @property {Recipe} recipe all that decides its numbers
 * @property {boolean} shown whether it is one of the film; of other seeds only the end is measured
 */

/**
 * What is walked, once the visitor has asked for it: later changes of the walk in view do not reach it.
 * @typedef {object} DosePlan
 * @property {number} serial tells plans apart
 * @property {string} name of the compound
 * @property {string} compound its id, or the structure of one that was typed
 * @property {string | null} upload the crop that it starts from, where that is the visitor's
 * @property {Recipe} base what doses and seeds do not vary
 * @property {DosePoint[]} points by rising dose
 * @property {number[]} seeds the film's first
 * @property {DoseWalk[]} walks seed by seed
 */

/**
 * Cells of the bundle that are alike: control cells, or cells treated with the compound at a dose.
 * @typedef {{ dose: number | null, group: CellGroup }} CellsAt
 */

/**
 * @typedef {object} Doses
 * @property {boolean} open
 * @property {number} count of doses
 * @property {number} seeds how many
 * @property {number} part of the way whose pictures are shown, 0 to 1
 * @property {string | null} refused why they were not walked
 * @property {DosePlan | null} plan
 * @property {Record<string, Cell>} cells by the walks' keys
 * @property {Record<string, MeasuredStep['values']>} ends what is measured at t = 1, by the walks' keys
 * @property {Measure[]} list what is measured
 * @property {CellsAt[]} groups the bundle's cells beside them
 * @property {boolean} running
 * @property {string | null} stopped why not, where something is left
 */

/** How many doses there may be, and how many seeds. */
export const COUNTS = [5, 7, 9, 12];
export const SEED_COUNTS = [1, 2, 3];

/** @type {Doses} */
export const NO_DOSES = {
  open: false, count: COUNTS[0], seeds: SEED_COUNTS[0], part: 1, refused: null, plan: null, cells: {},
  ends: {}, list: [], groups: [], running: false, stopped: null,
};
