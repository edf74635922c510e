// A chart of the page as a part of a printed figure: what the chart shows, in numbers, where the page has
// placed it. The results' module draws it (crates/cellflux-print, `charts.rs`).

import { HIGH, WIDE } from './chart.js';
import * as figures from './figures.js';

/** @import { placed } from './chart.js' */
/** @import { PrintedChart, Spot } from './printed.js' */

/**
 * The pieces of a path of `M` and `L`.
 * @param {string} path
 * @returns {Spot[][]}
 */
export const piecesOf = (path) => path.replace(/Z$/, '').split('M').filter(Boolean).map((piece) =>
  piece.split('L').map((spot) => /** @type {Spot} */ (spot.split(' ').map(Number))));

/**
 * @param {{ title: string, note: string, unit: string }} words
 * @param {ReturnType<typeof placed>} places
 * @returns {PrintedChart}
 */
export function printed({ title, note, unit }, places) {
  const [, , , floor] = places.frame;
  return {
    title, note, unit,
    label: places.label,
    wide: WIDE,
    high: HIGH,
    frame: places.frame,
    up: places.up.map(({ value, y }) => ({ text: figures.tick(value), at: y })),
    across: places.across.map(({ value, x }) => ({ text: figures.tick(value), at: x })),
    curve: piecesOf(places.curve),
    others: places.others.flatMap(piecesOf),
    band: piecesOf(places.band).flat(),
    points: places.points.map(({ x, y, open }) => ({ at: [x, y], open })),
    means: places.marks.map(({ letter, treated, far, at = undefined, x, y, ends }) => ({
      letter, treated, far,
      named: at === undefined ? [x, floor + 14] : [x + 8, y + 3],
      at: [x, y],
      interval: ends ? [ends[0], ends[1]] : null,
    })),
  };
}
