// Figures and films: the explorer's module says what one shows, the results' module draws it.

import { ChartFigure, Figure, TableFigure } from '../../pkg/cellflux_results_wasm.js';

/** @import { Walk } from '../../pkg/cellflux_wasm.js' */
/** @import { Args } from '../protocol.js' */
/** @import { Results } from './results.js' */

/**
 * @param {Pick<Results, 'start'>} results starts the module
 * @param {Walk} walk
 * @param {Walk | null} untreated the walk that its map of the change is taken from, where that needs one
 * @param {'all' | 'ends' | 'film'} steps which ones are shown
 * @param {(figure: Figure) => Uint8Array} made the file that is wanted
 * @returns {Promise<Uint8Array>}
 */
export async function drawn(results, walk, untreated, steps, made) {
  await results.start();
  const { sheet, pictures } = untreated && steps !== 'film'
    ? walk.figure_content_beside(steps, untreated) : await walk.figure_content(steps);
  const figure = new Figure(sheet, pictures);
  try {
    return made(figure);
  } finally {
    figure.free();
  }
}

/**
 * A table or charts, with what they say of themselves.
 * @param {Pick<Results, 'start'>} results starts the module
 * @param {any} about
 * @param {Pick<Args<'keep_beside'>, 'table' | 'pictures' | 'charts'>} shown
 * @param {(figure: TableFigure | ChartFigure) => Uint8Array} made the file that is wanted
 * @returns {Promise<Uint8Array>}
 */
export async function drawnBeside(results, about, { table, pictures, charts }, made) {
  await results.start();
  const figure = table
    ? new TableFigure({ about, ...table }, pictures) : new ChartFigure({ about, ...charts });
  try {
    return made(figure);
  } finally {
    figure.free();
  }
}
