// A grid of walks as a printed table: what each cell shows at the time in view, and the words around it. The
// results' module draws it (crates/cellflux-print, `table.rs`).

import * as figures from './figures.js';
import { dimensionName, NOT_BEGUN, viewOf } from './grid.js';
import { captionOf, sharedWords, shownStep, valueWords } from './grid_plan.js';
import { LONGEST } from './link_at.js';
import { withBeside } from './link_beside.js';
import { momentAlong } from './linked_time.js';
import { realBeside } from './real_beside.js';
import { phrase } from './words.js';

/** @import { Plan, Planned, Value } from './grid.js' */
/** @import { Moment } from './linked_time.js' */
/** @import { FigureWords, PrintedTable } from './printed.js' */
/** @import { Picture, Recipe } from './protocol.js' */
/** @import { State } from './state.js' */

/** What is said where there is no walk. */
const BEYOND = phrase('grid_figure.beyond_compound_doses_data');

/**
 * Whether all that has come of a grid is drawn as the walk in view, so that one legend holds for all.
 * @param {Pick<State, 'grid' | 'recipe'>} state
 */
export const canBePrinted = ({ grid: { plan, cells }, recipe }) => {
  const begun = plan?.cells.filter(({ key }) => cells[key]?.pictures.length) ?? [];
  return begun.length > 0 && begun.every(({ key }) => cells[key].view === viewOf(recipe));
};

/**
 * The table of a grid that was walked.
 * @param {State} state
 * @returns {{ base: Recipe, table: PrintedTable, pictures: Picture[], words: FigureWords }}
 */
export function tableOf(state) {
  const { grid: { plan, part } } = state;
  const moment = momentAlong(plan.base.direction, part);
  const printing = new Printing(state, plan, moment);
  const { rows, columns } = plan;
  const cellOf = (row, column) => plan.cells.find((cell) => cell.row === row && cell.column === column);
  const firstIn = (name, value) => plan.cells.find((cell) => cell[name] === value);
  const named = (side, value) => valueWords(side.of, value, state);
  const table = {
    columns: [
      ...columns.values.map((value) => named(columns, value)),
      ...(plan.real === 'column' ? [phrase('shared.not_generated')] : []),
    ],
    rows: [
      ...rows.values.map((row) => ({
        heading: named(rows, row),
        cells: [
          ...columns.values.map((column) => printing.walk(cellOf(row, column))),
          ...(plan.real === 'column' ? [printing.real(firstIn('row', row))] : []),
        ],
      })),
      ...(plan.real === 'row'
        ? [{ heading: phrase('shared.not_generated'), cells: columns.values.map((column) =>
            printing.real(firstIn('column', column))) }]
        : []),
    ],
  };
  return { base: plan.base, table, pictures: printing.pictures, words: wordsOf(state, plan, moment) };
}

class Printing {
  #state;
  #moment;
  /** @type {Picture[]} */
  pictures = [];

  /**
   * @param {State} state
   * @param {Plan} plan
   * @param {Moment} moment
   */
  constructor(state, plan, moment) {
    this.#state = state;
    this.#moment = moment;
  }

  /** @param {Planned} [cell] */
  walk(cell) {
    if (!cell) return { picture: null, caption: BEYOND };
    const reached = this.#state.grid.cells[cell.key] ?? NOT_BEGUN;
    const step = shownStep(reached, this.#moment);
    const picture = step === null ? null : this.#kept(reached.pictures[step]);
    return { picture, caption: captionOf(cell, reached, step) };
  }

  /** @param {Planned} [cell] */
  real(cell) {
    const found = cell && realBeside(cell.recipe, this.#state);
    if (!found) return { picture: null, caption: phrase('grid_figure.none_bundle') };
    const picture = this.#state.thumbnails.get(found.tile.id);
    const [width, height] = this.#state.manifest.size;
    const fits = picture && picture.width === width && picture.height === height;
    return { picture: fits ? this.#kept(picture) : null, caption: found.words };
  }

  /** @param {Picture} picture */
  #kept(picture) {
    this.pictures.push(picture);
    return this.pictures.length - 1;
  }
}

/**
 * @param {State} state
 * @param {Plan} plan
 * @param {Moment} moment
 * @returns {FigureWords}
 */
function wordsOf(state, { base, rows, columns, cells, real }, moment) {
  const at = phrase('shared.t', {
    time: figures.time(moment.time), back: moment.back ? phrase('grid_figure.on_way_back') : '',
  });
  const chosen = { [rows.of]: rows.values, [columns.of]: columns.values };
  const grid = { rows: rows.of, columns: columns.of, chosen, real: real !== null };
  const { link: also, left } = withBeside('', { pin: null, grid }, LONGEST - state.link.length);
  const named = (side) => dimensionName(side.of, state.compounds);
  const own = viewOf(base) !== viewOf({ hidden: [], channels: [] });
  return {
    title: phrase('grid_figure.walks', { named: named(rows), columns: named(columns), at }),
    lines: [
      phrase('grid_figure.all_walks', { shared: sharedWords({ base, rows, columns }, state) }),
      ...licences(state, cells.map(({ recipe }) => recipe), real !== null),
      ...(real && own ? [phrase('grid_figure.cells_not_generated_shown')] : []),
      ...left.map((words) => phrase('grid_figure.link_no_room', { words })),
    ],
    is_of_walk: false,
    also,
  };
}

/**
 * Where the images that were not generated come from.
 * @param {State} state
 * @param {Recipe[]} recipes
 * @param {boolean} real
 */
function licences(state, recipes, real) {
  const tiles = [...(state.samples ?? []), ...(state.examples ?? [])];
  const starts = recipes.map(({ control }) => tiles.find(({ id }) => id === control));
  const beside = real ? recipes.map((recipe) => realBeside(recipe, state)?.tile) : [];
  const said = [...starts, ...beside].filter(Boolean).map(({ source, licence }) => `${source}; ${licence}`);
  const all = [...new Set(said)];
  return all.length ? [phrase('grid_figure.starts_cells_not_generated', { all: all.join('. ') })] : [];
}
