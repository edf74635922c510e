// What the outlines of the histograms are of, and what a window cuts off of the bundle's treated cells, in
// words. What is drawn is never called real.

import { cutOff, percent, SILENT } from './view.js';
import { lowered, phrase, plural } from './words.js';

/** @import { Counted, Window } from './protocol.js' */
/** @import { CellsBeside } from './real_beside.js' */
/** @import { Start } from './state.js' */

/** @typedef {{ line: 'filled' | 'solid' | 'dashed' | null, words: string }} LegendLine */

const WHERE = {
  plate: phrase('histogram_words.start_plate'),
  batch: phrase('histogram_words.start_batch'),
  other: phrase('histogram_words.other_batches_than_start'),
  unknown: phrase('shared.not_known_start_batch'),
  none: '',
};

/** @param {Pick<CellsBeside, 'drawn' | 'untreated'>} beside @param {number} n */
function cellsOf({ drawn, untreated }, n) {
  if (untreated) return plural(drawn ? 'histogram_words.drawn_controls' : 'histogram_words.real_controls', n);
  return plural(drawn ? 'histogram_words.drawn_treated' : 'histogram_words.real_treated', n);
}

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
  const lines = [{ line: 'filled', words: phrase('histogram_words.filled_now_n_1', { now: lower(now) }) }];
  if (start) lines.push({ line: 'solid', words: phrase('histogram_words.solid_line_start_n', {
    start: startWords(start),
  }) });
  const none = control
    ? phrase('histogram_words.bundle_holds_no_real', { name })
    : phrase('histogram_words.bundle_holds_no_real_2', { name });
  if (!beside) return [...lines, { line: null, words: none }];
  const isNone = beside.drawn ? ` ${none}` : '';
  if (!counted) return [...lines, { line: null, words: phrase('histogram_words.bundle_cells_being_counted', {
    isNone,
  }) }];
  if ('failed' in counted) {
    return [...lines, { line: null, words: phrase('histogram_words.bundle_cells_could_not', {
      failed: counted.failed,
    }) }];
  }
  const { cells, missing } = counted;
  if (!cells) {
    const words = phrase('histogram_words.no_picture_bundle_came', {
      kind: cellsOf(beside, beside.of), isNone,
    });
    return [...lines, { line: null, words }];
  }
  const some = beside.of > cells ? phrase('shared.of', { of: beside.of }) : '';
  const lacking = missing ? phrase('histogram_words.did_not_come', { missing }) : '';
  const under = beside.untreated ? '' : phrase('histogram_words.under', { name });
  const dose = beside.otherDose ? phrase('shared.another_dose') : '';
  const what = beside.answer ? phrase('histogram_words.true_answer_start') : WHERE[beside.where];
  const words = phrase('histogram_words.dashed_line_n', {
    kind: cellsOf(beside, cells), under, dose, what, cells, some, lacking,
  });
  return [...lines, { line: 'dashed', words: isNone ? `${words}.${isNone}` : words }];
}

/** @param {Start} start */
function startWords({ kind, synthetic }) {
  if (kind === 'noise') return phrase('shared.noise');
  if (kind === 'upload') return phrase('shared.your_image');
  return cellsOf({ drawn: synthetic, untreated: kind !== 'treated' }, 1);
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
  const sentence = phrase('histogram_words.pixels_brighter_than_window', {
    cells, kind: cellsOf(beside, cells), bright: percent(bright), dark: percent(dark),
  });
  const ends = [...(bright > SILENT ? ['bright'] : []), ...(dark > SILENT ? ['dark'] : [])];
  if (!ends.length) return { sentence, warns: false };
  const where = ends.length === 2
    ? phrase('histogram_words.cut_at_both')
    : phrase(ends[0] === 'bright' ? 'histogram_words.cut_at_bright' : 'histogram_words.cut_at_dark');
  return { sentence: `${sentence} ${where}`, warns: true };
}

const lower = (words) => lowered(words.charAt(0)) + words.slice(1);
