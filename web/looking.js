// Looking closely at what is in view: how the channels are shown, histograms, grey panels and maps of the
// change. All but the first are asked of the worker while the visitor looks at them, and come of the
// network's own frames: a recording has no numbers, only pictures. The bundle's cells are counted beside the
// histograms, and one of them is shown beside the prediction.

import { Mapping } from './mapping.js';
import { troubled } from './notices.js';
import { cellsBeside } from './real_beside.js';
import { ShowingReal } from './showing_real.js';
import { toggled, viewIn, visibleIn, withChannel } from './view.js';

/** @import { Exploration, View } from './protocol.js' */
/** @import { State } from './state.js' */
/** @import { WorkerClient } from './worker_client.js' */

/**
 * What the explorer does for it.
 * @typedef {object} Explorer
 * @property {(work: () => Promise<unknown>) => Promise<unknown>} attempt runs what may fail
 * @property {() => Promise<void>} walkedHere has the network walk what is in view, if that was recorded
 * @property {(work: () => Promise<unknown>) => Promise<void>} waitFor runs what steps wait for
 * @property {(answer: Exploration) => void} follow takes over what the worker answered
 */

export class Looking {
  #state;
  #set;
  #worker;
  #explorer;
  #asking = false;
  /** What was asked for last. */
  #asked = [];
  /**
   * How the walk is to be shown, as far as the worker has not been told.
   * @type {View | null}
   */
  #wanted = null;
  #showing = false;
  #counting = false;
  /** @type {Mapping} */
  maps;
  #real;

  /**
   * @param {() => State} state
   * @param {(patch: Partial<State>) => void} set
   * @param {WorkerClient} worker
   * @param {Explorer} explorer
   */
  constructor(state, set, worker, explorer) {
    this.#state = state;
    this.#set = set;
    this.#worker = worker;
    this.#explorer = explorer;
    this.maps = new Mapping(state, set, worker);
    this.#real = new ShowingReal(state, set, worker);
  }

  /**
   * What a visitor may intend here.
   * @param {any} detail
   * @returns {Record<string, () => unknown>}
   */
  intents(detail) {
    const { view, panels } = this.#state();
    return {
      ...this.#real.intents(),
      channel: () => this.show(toggled(view, detail.index)),
      view: () => this.show(detail.view),
      map: () => {
        this.maps.turn();
        return this.show({ ...view, map: detail.map });
      },
      'map-compute': () => this.maps.compute(),
      'map-cancel': () => this.maps.cancel(),
      'auto-window': () => this.suitWindows(detail.channels),
      look: () => this.closer({ looking: detail.open }),
      panels: () => this.closer({ panels: !panels }),
    };
  }

  /**
   * Shows the walk otherwise. While the worker is at one view, only the last of those that follow is sent: a
   * slider asks for more of them than can be drawn.
   * @param {View} view
   */
  async show(view) {
    this.#setView(view);
    this.#wanted = view;
    if (this.#showing) return;
    this.#showing = true;
    const { attempt, walkedHere, waitFor } = this.#explorer;
    await attempt(walkedHere);
    await waitFor(() => attempt(() => this.#send()));
  }

  async #send() {
    try {
      while (this.#wanted) {
        const view = this.#wanted;
        this.#wanted = null;
        this.#explorer.follow(await this.#worker.call('show', { view }));
        // What the visitor has moved meanwhile stays where it is.
        if (this.#wanted) this.#setView(this.#wanted);
      }
    } catch (error) {
      const { recipe } = this.#state();
      this.#wanted = null;
      if (recipe) this.#setView(viewIn(recipe));
      throw error;
    } finally {
      this.#showing = false;
    }
  }

  /** @param {View} view */
  #setView(view) {
    this.#set({ view, visible: visibleIn(view, this.#state().channels) });
  }

  /**
   * Windows that suit the start and the step in view.
   * @param {number[]} indices of channels
   */
  suitWindows(indices) {
    const { attempt, walkedHere } = this.#explorer;
    return attempt(async () => {
      await walkedHere();
      const step = this.#state().cursor;
      const { histograms } = await this.#worker.call('look', { step, histograms: true, panels: false });
      const { view, channels } = this.#state();
      const suited = (before, index) => {
        const window = histograms.automatic[index];
        return window ? withChannel(before, channels, index, { window }) : before;
      };
      await this.show(indices.reduce(suited, view));
    });
  }

  /**
   * What is looked at closely: histograms, grey panels, both or nothing.
   * @param {Partial<Pick<State, 'looking' | 'panels'>>} patch
   */
  async closer(patch) {
    const { counted } = this.#state();
    // Opening it again tries again what did not come.
    const lacks = counted && ('failed' in counted || counted.missing > 0);
    this.#set(patch.looking && lacks ? { ...patch, counted: null } : patch);
    const { looking, panels } = this.#state();
    if (looking || panels) await this.#explorer.attempt(this.#explorer.walkedHere);
  }

  /** Asks for what is in view now, unless that is here or on its way. One question at a time. */
  follow() {
    this.#countCells();
    this.maps.follow();
    this.#real.follow();
    const { walk, cursor, looking, panels } = this.#state();
    const step = walk?.steps[cursor];
    if (this.#asking || !step || walk.recorded || !(looking || panels)) return;
    // A step whose picture has changed is another object.
    const wanted = [step, looking, panels];
    if (wanted.every((value, index) => value === this.#asked[index])) return;
    this.#asked = wanted;
    this.#ask(cursor, looking, panels);
  }

  /** Counts the bundle's cells beside the walk, while histograms are in view. */
  async #countCells() {
    const { looking, phase, recipe, counted } = this.#state();
    // Another bundle may be opened, by another worker.
    if (phase === 'opening' && counted) this.#set({ counted: null });
    if (this.#counting || !looking || !recipe || ['opening', 'failed'].includes(phase)) return;
    const cells = cellsBeside(recipe, this.#state());
    if (!cells || cells.key === counted?.key) return;
    const { key, ids } = cells;
    this.#counting = true;
    try {
      const found = await this.#worker.call('count_cells', { ids });
      this.#set({ counted: { key, ...found } });
    } catch (error) {
      this.#set({ counted: { key, failed: error.message ?? String(error) } });
    } finally {
      this.#counting = false;
    }
    // The walk may be under another compound meanwhile.
    this.#countCells();
  }

  async #ask(step, histograms, panels) {
    this.#asking = true;
    try {
      const look = await this.#worker.call('look', { step, histograms, panels });
      this.#set({ look: { ...look, at: step } });
    } catch (error) {
      // The walk may have become another one meanwhile; then the next question is on its way.
      if (error?.kind !== 'bad-recipe') this.#set({ notice: troubled(error) });
    } finally {
      this.#asking = false;
    }
    this.follow();
  }
}
