// What the outlines of the histograms are of, and what a window cuts off of the bundle's treated cells, in
// words. What is drawn is never called real.

import { cutOff, percent, SILENT } from './view.js';

/** @import { Counted, Window } from './protocol.js' */
/** @import { CellsBeside } from './real_beside.js' */
/** @import { Start } from './state.js' */

/** @typedef {{ line: 'filled' | 'solid' | 'dashed' | null, words: string }} LegendLine */

const WHERE = {
  plate: ', of the start’s plate',
  batch: ', of the start’s batch',
  other: ', of other batches than the start’s',
  unknown: ', not known to be of the start’s batch',
  none: '',
};

/** @param {CellsBeside} beside @param {number} n */
const cellsOf = ({ drawn, untreated }, n) =>
  `${drawn ? 'drawn' : 'real'} ${untreated ? 'control' : 'treated'} cell${n === 1 ? '' : 's'}`;

/**
 * The outlines, each with its line's name, what it is of and of how many pictures.
 * @param {string} now what the picture in view is, as its stamp says
 * @param {Start | null} start
 * @param {{ name: string, control: boolean }} compound
 * @param {CellsBeside | null} beside
 * @param {Counted | null} counted of those cells, once that is known
 * @returns {LegendLine[]}
 */
export function legendLines(now, start, { name, control }, beside, counted) {
  /** @type {LegendLine[]} */
  const lines = [{ line: 'filled', words: `Filled, now: ${lower(now)}, n = 1` }];
  if (start) lines.push({ line: 'solid', words: `Solid line, start: ${startWords(start)}, n = 1` });
  const none = control
    ? `This bundle holds no real cells of ${name} beside the controls to start from.`
    : `This bundle holds no real treated cells of ${name}.`;
  if (!beside) return [...lines, { line: null, words: none }];
  const isNone = beside.drawn ? ` ${none}` : '';
  if (!counted) return [...lines, { line: null, words: `The bundle’s cells are being counted.${isNone}` }];
  if ('failed' in counted) {
    return [...lines, { line: null, words: `The bundle’s cells could not be counted: ${counted.failed}` }];
  }
  const { cells, missing } = counted;
  if (!cells) {
    const words = `No picture of the bundle’s ${cellsOf(beside, beside.of)} came; closing and opening this `
      + `tries again.${isNone}`;
    return [...lines, { line: null, words }];
  }
  const some = beside.of > cells ? ` of ${beside.of}` : '';
  const lacking = missing ? ` (${missing} did not come)` : '';
  const under = beside.untreated ? '' : ` under ${name}`;
  const dose = beside.otherDose ? ' at another dose' : '';
  const what = beside.answer ? ', the true answer for this start' : WHERE[beside.where];
  const words = `Dashed line: ${cellsOf(beside, cells)}${under}${dose}${what}, n = ${cells}${some}${lacking}`;
  return [...lines, { line: 'dashed', words: isNone ? `${words}.${isNone}` : words }];
}

/** @param {Start} start */
function startWords({ kind, synthetic }) {
  if (kind === 'noise') return 'noise';
  if (kind === 'upload') return 'your image';
  return `${synthetic ? 'drawn' : 'real'} ${kind === 'treated' ? 'treated' : 'control'} cell`;
}

/**
 * Which share of the cells' pixels lies outside of a window.
 * @param {CellsBeside} beside
 * @param {number} cells
 * @param {number[]} counts of a channel
 * @param {Window} window
 * @returns {{ sentence: string, warns: boolean }}
 */
export function outsideSentence(beside, cells, counts, window) {
  const { dark, bright } = cutOff(counts, window);
  const sentence = `${cells} ${cellsOf(beside, cells)}: ${percent(bright)} of pixels brighter than the `
    + `window, ${percent(dark)} darker.`;
  const ends = [...(bright > SILENT ? ['bright'] : []), ...(dark > SILENT ? ['dark'] : [])];
  if (!ends.length) return { sentence, warns: false };
  const where = ends.length === 2 ? 'at both ends' : `at the ${ends[0]} end`;
  return { sentence: `${sentence} Warning: more than 1 % is cut off ${where}.`, warns: true };
}

const lower = (words) => words.charAt(0).toLowerCase() + words.slice(1);
