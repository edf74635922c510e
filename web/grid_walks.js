// Having the walks of a grid walked: what is asked of the worker, in which order, and what comes of it. What
// has come is kept whatever happens to the worker, and is drawn again when the channels are shown otherwise.

import { inOrder, NOT_BEGUN, viewOf, withStep } from './grid.js';
import { planOf } from './grid_plan.js';
import { presetsOf } from './grid_presets.js';
import { phrase } from './words.js';

/** @import { Grid } from './grid.js' */
/** @import { SideFailure, SideStep } from './protocol.js' */
/** @import { State } from './state.js' */
/** @import { WorkerClient } from './worker_client.js' */

/** A list that is scrolled tells many times what is on the screen. */
const ORDER_MS = 300;

export class GridWalks {
  #state;
  #set;
  #worker;
  #serial = 0;
  /** @type {ReadonlySet<string>} */
  #seen = new Set();
  #orderTimer;
  /** The view that was asked for last. */
  #view = '';

  /**
   * @param {() => State} state
   * @param {(patch: Partial<State>) => void} set
   * @param {WorkerClient} worker
   */
  constructor(state, set, worker) {
    this.#state = state;
    this.#set = set;
    this.#worker = worker;
  }

  /**
   * Changes what is chosen.
   * @param {Partial<Grid>} patch
   */
  choose(patch) {
    this.#patch({ refused: null, ...patch });
  }

  /**
   * A grid that shows something, walked at once.
   * @param {string} id
   */
  preset(id) {
    const grid = presetsOf(this.#state()).find((preset) => preset.id === id)?.grid;
    if (!grid) return;
    this.choose({ ...grid, chosen: { ...this.#grid.chosen, ...grid.chosen } });
    this.walk();
  }

  /** Walks the grid that is chosen, in place of the one before. */
  walk() {
    const { plan, refused } = planOf(this.#state(), this.#serial + 1);
    if (refused) {
      this.#patch({ refused });
      return;
    }
    this.#serial += 1;
    this.#seen = new Set();
    // What was walked stays chosen, and stands in the link, whatever becomes of the walk in view.
    const { rows, columns } = plan;
    const chosen = { ...this.#grid.chosen, [rows.of]: rows.values, [columns.of]: columns.values };
    this.#patch({ plan, chosen, cells: {}, refused: null, part: 1, running: true, stopped: null });
    this.#ask();
  }

  /** Walks whatever has not reached its end. */
  goOn() {
    const cells = Object.fromEntries(
      Object.entries(this.#grid.cells).map(([key, cell]) => [key, { ...cell, failed: null }]));
    this.#patch({ cells, running: true, stopped: null });
    this.#ask();
  }

  /** Walks no more; what has come stays. */
  cancel() {
    this.#patch({ running: false, stopped: phrase('shared.cancelled') });
    this.#call([]);
  }

  /**
   * Which cells are on the screen: they are walked first.
   * @param {string[]} keys
   */
  see(keys) {
    this.#seen = new Set(keys);
    clearTimeout(this.#orderTimer);
    this.#orderTimer = setTimeout(() => {
      if (this.#grid.running) this.#ask();
    }, ORDER_MS);
  }

  /**
   * A walk has come further, or cannot.
   * @param {SideStep | SideFailure} told
   */
  hear(told) {
    const { plan, cells: before, running } = this.#grid;
    if (!running || !plan?.cells.some(({ key }) => key === told.key)) return;
    const cell = before[told.key] ?? NOT_BEGUN;
    const failed = 'failed' in told;
    const now = failed ? { ...cell, failed: told.failed.sentence } : withStep(cell, told);
    const cells = { ...before, [told.key]: now };
    const left = plan.cells.some(({ key }) => !cells[key]?.failed && !this.#isDone(cells[key]));
    const stopped = failed ? told.failed.sentence : this.#grid.stopped;
    this.#patch({ cells, running: left, stopped });
  }

  /** What a change of the explorer's state asks for. */
  follow() {
    const { plan, running, stopped, cells } = this.#grid;
    const { phase, changes, recipe, uploaded } = this.#state();
    if (!plan || !recipe) return;
    if (phase === 'opening') {
      if (running) this.#patch({ running: false, stopped: phrase('shared.computation_started_again') });
      return;
    }
    if (plan.upload && uploaded && uploaded.key !== plan.upload) {
      this.#patch({ plan: null, cells: {}, running: false, stopped: null });
      this.#call([]);
      return;
    }
    if (phase !== 'ready' || changes > 0 || (stopped && !running) || viewOf(recipe) === this.#view) return;
    if (!running && Object.values(cells).every((cell) => this.#isDone(cell))) return;
    this.#patch({ running: true });
    this.#ask();
  }

  get #grid() {
    return this.#state().grid;
  }

  /** @param {Partial<Grid>} patch */
  #patch(patch) {
    this.#set({ grid: { ...this.#grid, ...patch } });
  }

  /** Whether all of a cell has come, drawn as the walk in view is. */
  #isDone(cell) {
    return Boolean(cell?.finished) && cell.view === viewOf(this.#state().recipe);
  }

  #ask() {
    const { plan, cells } = this.#grid;
    const view = viewOf(this.#state().recipe);
    this.#view = view;
    this.#call(inOrder(plan.cells, this.#seen).map(({ key, recipe }) => {
      // How channels are shown is the walk's in view.
      const { hidden, channels, map, ...change } = recipe;
      return { key, change, wants: 'picture', view, has: this.#isDone(cells[key]) };
    }));
  }

  /** @param {import('./protocol.js').SideJob[]} jobs */
  #call(jobs) {
    this.#worker.call('side', { of: 'grid', jobs }).catch(({ message }) => {
      if (this.#grid.running) this.#patch({ running: false, stopped: message });
    });
  }
}
