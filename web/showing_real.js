// A cell of the bundle beside the prediction, as large and in the same colours and windows: which one it is,
// and its picture, which the worker draws while the visitor looks at it.

import { viewOf } from './grid.js';
import { allBeside } from './real_beside.js';
import { placeOf, walksOf } from './real_cell.js';

/** @import { CellBeside } from './real_beside.js' */
/** @import { RealCell } from './real_cell.js' */
/** @import { State } from './state.js' */
/** @import { WorkerClient } from './worker_client.js' */

/**
 * The cells beside the walk in view, and the place of the one that is shown: the first until the visitor has
 * asked for others.
 * @param {State} state
 * @returns {{ cells: CellBeside[], at: number }}
 */
export function cellsShown(state) {
  const { recipe, real, examples } = state;
  const cells = recipe && examples ? allBeside(recipe, state) : [];
  return { cells, at: cells.length ? placeOf(real, recipe) % cells.length : 0 };
}

/** Asks for the picture of the cell in view. One question at a time. */
export class ShowingReal {
  #state;
  #set;
  #worker;
  #asking = false;

  /**
   * @param {() => State} state
   * @param {(patch: Partial<State>) => void} set
   * @param {Pick<WorkerClient, 'call'>} worker
   */
  constructor(state, set, worker) {
    this.#state = state;
    this.#set = set;
    this.#worker = worker;
  }

  /**
   * What a visitor may intend here.
   * @returns {Record<string, () => unknown>}
   */
  intents() {
    return { 'real-cell': () => this.#turn(), 'real-next': () => this.#next() };
  }

  /** Shows it, or no longer. What failed is tried again. */
  #turn() {
    const { open, failed } = this.#state().real;
    this.#patch({ open: !open, ...(failed ? { key: null, failed: null } : {}) });
  }

  #next() {
    const { recipe } = this.#state();
    const { cells, at } = cellsShown(this.#state());
    if (cells.length) this.#patch({ of: walksOf(recipe), at: (at + 1) % cells.length });
  }

  /** Asks for what is in view now, unless that is here or on its way. */
  async follow() {
    const { phase, recipe, walk, real } = this.#state();
    if (this.#asking || !real.open || !recipe || !walk || ['opening', 'failed'].includes(phase)) return;
    const { cells, at } = cellsShown(this.#state());
    if (!cells.length) return;
    const { id } = cells[at].tile;
    const key = JSON.stringify([id, viewOf(recipe)]);
    if (key === real.key) return;
    this.#asking = true;
    try {
      this.#patch({ key, failed: null, ...await this.#worker.call('cell_picture', { id }) });
    } catch (error) {
      this.#patch({ key, picture: null, failed: error.message ?? String(error) });
    } finally {
      this.#asking = false;
    }
    // Another cell or view may be asked for meanwhile.
    this.follow();
  }

  /** @param {Partial<RealCell>} patch */
  #patch(patch) {
    this.#set({ real: { ...this.#state().real, ...patch } });
  }
}
