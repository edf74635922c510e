// A cell of the bundle beside the prediction, as the page's state has it.

/** @import { Picture, Recipe } from './protocol.js' */

/**
 * The cell that is shown.
 * @typedef {object} RealCell
 * @property {boolean} open whether the visitor looks at it
 * @property {string} of the walks beside which `at` was chosen
 * @property {number} at its place among the cells beside the walk
 * @property {string | null} key of the picture: which cell, and in which view
 * @property {Picture | null} picture
 * @property {string | null} failed why it did not come
 */

/**
 * What decides which cells stand beside a walk.
 * @param {Pick<Recipe, 'compound' | 'control' | 'dose'>} recipe
 */
export const walksOf = ({ compound, control, dose }) => JSON.stringify([compound, control, dose ?? null]);

/**
 * The place among the cells beside a walk that the visitor has come to; the first one beside another walk.
 * @param {Pick<RealCell, 'of' | 'at'>} cell
 * @param {Pick<Recipe, 'compound' | 'control' | 'dose'> | null | undefined} recipe
 */
export const placeOf = ({ of, at }, recipe) => (recipe && of === walksOf(recipe) ? at : 0);

/** @type {RealCell} */
export const NO_REAL_CELL = { open: false, of: '', at: 0, key: null, picture: null, failed: null };
