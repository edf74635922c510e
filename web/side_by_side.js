// Walks beside each other: one that is pinned, those of a grid, and those across doses. What the visitor does
// there is done to the walk in view.

import { DoseWalks } from './dose_walks.js';
import { film } from './film.js';
import { tableOf } from './grid_figure.js';
import { GridWalks } from './grid_walks.js';
import { momentOf, stepAt } from './linked_time.js';
import { pinOf } from './pin.js';
import { PinnedAgain } from './pinned_again.js';
import { saveFile } from './save_file.js';

/** @import { Moment } from './linked_time.js' */
/** @import { PrintedCharts } from './printed.js' */
/** @import { Change, Exploration, Recipe } from './protocol.js' */
/** @import { SideFailure, SideStep } from './protocol.js' */
/** @import { State } from './state.js' */
/** @import { Walker } from './walker.js' */
/** @import { WorkerClient } from './worker_client.js' */

/**
 * What the explorer does for it.
 * @typedef {object} Explorer
 * @property {(work: () => Promise<unknown>) => Promise<unknown>} attempt runs what may fail
 * @property {(work: () => Promise<unknown>) => Promise<void>} waitFor runs what steps wait for
 * @property {() => Promise<unknown>} settled waits until every change has been answered
 * @property {(answer: Exploration) => void} follow takes over what the worker answered
 * @property {(change: Change, moment: Moment | null) => void} change changes the walk in view, and goes on to
 *   a moment of it
 * @property {(moment: Moment | null) => void} goOnTo
 */

const timesOf = ({ steps }) => steps.map(({ time }) => time);

export class SideBySide {
  #state;
  #set;
  #worker;
  #walker;
  #explorer;
  /** @type {GridWalks} */
  grid;
  /** @type {DoseWalks} */
  doses;
  /** @type {PinnedAgain} */
  pins;

  /**
   * @param {() => State} state
   * @param {(patch: Partial<State>) => void} set
   * @param {WorkerClient} worker
   * @param {Walker} walker
   * @param {Explorer} explorer
   */
  constructor(state, set, worker, walker, explorer) {
    this.#state = state;
    this.#set = set;
    this.#worker = worker;
    this.#walker = walker;
    this.#explorer = explorer;
    this.grid = new GridWalks(state, set, worker);
    this.pins = new PinnedAgain(state, set, worker);
    this.doses = new DoseWalks(state, set, worker, { attempt: explorer.attempt, record: film });
  }

  /**
   * A walk aside has come further, or cannot.
   * @param {SideStep | SideFailure} told
   */
  hear(told) {
    this.grid.hear(told);
    this.doses.hear(told);
    this.pins.hear(told);
  }

  /** What a change of the explorer's state asks for. */
  follow() {
    this.grid.follow();
    this.doses.follow();
    this.pins.follow();
  }

  /**
   * What a visitor may intend here.
   * @param {any} detail
   * @returns {Record<string, () => unknown>}
   */
  intents(detail) {
    return {
      grid: () => this.grid.choose(detail.patch),
      'grid-preset': () => this.grid.preset(detail.id),
      'grid-walk': () => this.grid.walk(),
      'grid-on': () => this.grid.goOn(),
      'grid-off': () => this.grid.cancel(),
      'grid-seen': () => this.grid.see(detail.keys),
      'grid-open': () => this.#open(this.#state().grid.plan?.cells, detail),
      doses: () => this.doses.choose(detail.patch),
      'doses-walk': () => this.doses.walk(),
      'doses-on': () => this.doses.goOn(),
      'doses-off': () => this.doses.cancel(),
      'doses-open': () => this.#open(this.#state().doses.plan?.walks, detail),
      'keep-doses': () => this.doses.save(),
      'film-doses': () => this.doses.film(),
      'keep-table': () => this.#keepTable(detail.kind),
      'keep-charts': () => this.#keepCharts(detail),
      pin: () => this.#pin(),
      unpin: () => this.#set({ pin: null }),
      swap: () => this.#swap(),
      'goto-moment': () => this.#goto(detail.moment),
    };
  }

  /**
   * Opens one of the walks beside, and goes on to what its picture shows.
   * @param {{ key: string, recipe: Recipe }[] | undefined} walks
   * @param {{ key: string, moment: Moment }} which
   */
  #open(walks, { key, moment }) {
    const cell = walks?.find((each) => each.key === key);
    if (!cell) return;
    // How channels are shown stays as it is.
    const { hidden, channels, map, ...change } = cell.recipe;
    this.#explorer.change(change, moment);
  }

  /**
   * Saves the grid as a figure.
   * @param {'png' | 'svg'} kind
   */
  #keepTable(kind) {
    const { base, table, pictures, words } = tableOf(this.#state());
    return this.#keep({ base, words, table, pictures, charts: null, kind, name: 'grid' });
  }

  /**
   * Saves charts as a figure.
   * @param {{ kind: 'png' | 'svg', name: string, base: Recipe | null, charts: PrintedCharts, title: string,
   *   lines: string[], isOfWalk: boolean }} detail
   */
  #keepCharts({ kind, name, base, charts, title, lines, isOfWalk }) {
    const words = { title, lines, is_of_walk: isOfWalk, also: '' };
    return this.#keep({ base, words, table: null, pictures: [], charts, kind, name });
  }

  /** @param {import('./protocol.js').Args<'keep_beside'>} wanted */
  #keep(wanted) {
    return this.#explorer.attempt(async () => {
      await this.#explorer.settled();
      const { name, type, bytes } = await this.#worker.call('keep_beside', wanted);
      saveFile(name, type, bytes);
    });
  }

  /** Keeps the walk in view beside those that follow. */
  async #pin() {
    await this.#explorer.settled();
    this.#set({ pin: pinOf(this.#state()) });
  }

  /** The pinned walk comes into view, at the moment that was, and the one in view is pinned. */
  #swap() {
    const { pin, walk, cursor, changes } = this.#state();
    const now = pinOf(this.#state());
    if (!pin || !now || changes > 0) return undefined;
    const { attempt, follow, goOnTo, waitFor } = this.#explorer;
    const moment = cursor > 0 ? momentOf(timesOf(walk), cursor) : null;
    this.#walker.pause();
    return waitFor(() => attempt(async () => {
      follow(await this.#worker.call('link', { link: pin.link }));
      this.#set({ pin: now });
      goOnTo(moment);
    }));
  }

  /**
   * Shows the step of the walk in view that stands beside a moment of another.
   * @param {Moment} moment
   */
  #goto(moment) {
    this.#walker.pause();
    this.#walker.goto(stepAt(timesOf(this.#state().walk), moment));
  }
}
