// What a figure of a grid or of charts holds, as the page gives it to the module that prints it
// (crates/cellflux-print, `table.rs` and `charts.rs`).

import { language } from './words.js';

/** @typedef {[x: number, y: number]} Spot */
/** @typedef {'curve' | 'band' | 'remark' | { letter: string }} Sign */
/**
 * What a sign in the charts means; a remark may be about a standing of doses.
 * @typedef {{ sign: Sign, words: string, standing?: string }} Key
 */

/**
 * @typedef {object} PrintedChart
 * @property {string} title
 * @property {string} note
 * @property {string} unit
 * @property {string} label
 * @property {number} wide
 * @property {number} high
 * @property {[left: number, top: number, right: number, bottom: number]} frame
 * @property {{ text: string, at: number }[]} up
 * @property {{ text: string, at: number }[]} across
 * @property {Spot[][]} curve
 * @property {Spot[][]} others
 * @property {Spot[]} band
 * @property {{ at: Spot, open: boolean }[]} points
 * @property {PrintedMean[]} means
 */
/**
 * @typedef {{ letter: string, named: Spot, at: Spot, interval: [number, number] | null, treated: boolean,
 *   far: boolean }} PrintedMean
 */

/**
 * What a figure says of itself that the page knows: lines below it, whether the settings of the walk hold for
 * all that it shows, and what its link holds beyond the walk, `&also=…`.
 * @typedef {{ title: string, lines: string[], is_of_walk: boolean, also: string }} FigureWords
 */
/**
 * A table of walks, its pictures by their numbers.
 * @typedef {{ columns: string[], rows: { heading: string,
 *   cells: { picture: number | null, caption: string }[] }[] }} PrintedTable
 */
/** @typedef {{ keys: Key[], charts: PrintedChart[] }} PrintedCharts */

/**
 * The files that a grid or charts are kept as. The font of a PNG (crates/cellflux-print/fonts) has no Chinese
 * signs, and boxes would be drawn; the text of an SVG is shown in fonts of the reader's.
 */
export const KINDS = language === 'zh' ? ['svg'] : ['png', 'svg'];
