// The bundle's own cells beside a chart: a letter for each group of them, its mean, and what they are.

import { done } from './perturbations.js';
import { phrase, plural } from './words.js';

/** @import { Mark } from './chart.js' */
/** @import { CellGroup, Perturbation } from './protocol.js' */

/** What groups are called, in order. */
export const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
/** Intervals of fewer cells are too short (crates/cellflux-measure, `sets::mean::Mean`). */
export const FEW = 5;

/**
 * What a group is called; after Z comes AA.
 * @param {number} index
 */
export const letterOf = (index) => (index < LETTERS.length
  ? LETTERS[index]
  : `${LETTERS[Math.floor(index / LETTERS.length) - 1]}${LETTERS[index % LETTERS.length]}`);

/**
 * A group's mean of a measure, where it has one.
 * @param {CellGroup} group
 * @param {number} index of the group
 * @param {number} place of the measure
 * @returns {Mark[]}
 */
export function markOf({ treated, batch, otherDose, means }, index, place) {
  const found = means[place];
  if (!found) return [];
  const far = otherDose || batch === 'other' || batch === 'unknown';
  return [{ letter: letterOf(index), treated, far, mean: found.mean, interval: found.interval }];
}

/**
 * What a group's cells are.
 * @param {CellGroup} group
 * @param {string} compound
 * @param {Perturbation} [perturbation] a treatment with a compound where it is not said
 */
export function wordsOf({ treated, synthetic, batch, otherDose, hasStart, cells }, compound, perturbation) {
  const treatment = done(perturbation, compound);
  const what = treated
    ? plural(synthetic ? 'cell_marks.drawn_cells' : 'cell_marks.real_cells', cells, { cells, treatment })
      + (otherDose ? phrase('shared.another_dose') : '')
    : plural(synthetic ? 'cell_marks.drawn_controls' : 'cell_marks.real_controls', cells, { cells });
  const where = {
    same: phrase('cell_marks.start_batch'),
    other: phrase('cell_marks.another_batch_than_start'),
    unknown: phrase('shared.not_known_start_batch'),
    none: '',
  }[batch];
  return `${what}${where}${hasStart ? phrase('cell_marks.start_among_them') : ''}`;
}
