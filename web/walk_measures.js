// Measuring the walk in view: its steps as they come, the bundle's cells beside it, and walks aside, from
// other seeds and without the compound. All is asked of the worker while the visitor looks at it, and is of
// one walk: a change that makes another walk of it begins anew.

import { asked, controlOf, OF_A_WALK } from './measures.js';
import { saveFile } from './save_file.js';

/** @import { Measures, OtherWalk } from './measures.js' */
/** @import { Change, SideFailure, SideStep } from './protocol.js' */
/** @import { State } from './state.js' */
/** @import { WorkerClient } from './worker_client.js' */

/** How many other seeds are added at once. */
const MORE_SEEDS = 4;
const SEEDS = 2 ** 32;

/**
 * What the explorer does for it.
 * @typedef {object} Explorer
 * @property {(work: () => Promise<unknown>) => Promise<unknown>} attempt runs what may fail
 * @property {() => Promise<void>} walkedHere has the network walk what is in view, if that was recorded
 */

export class WalkMeasures {
  #state;
  #set;
  #worker;
  #explorer;
  #asking = false;

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
  }

  /** Looks at it, or no longer. What failed is tried again. */
  async open(open = this.#measures.open) {
    if (open !== this.#measures.open || this.#measures.failed) this.#patch({ open, failed: null });
    if (open) await this.#explorer.attempt(this.#explorer.walkedHere);
  }

  /** Asks for what is in view now, unless that is here or on its way. One question at a time. */
  follow() {
    const { phase, walk, recipe } = this.#state();
    const { key, open } = this.#measures;
    // Another worker counts walks anew.
    if (phase === 'opening') {
      if (key !== null) this.#patch({ ...OF_A_WALK, beside: null });
      return;
    }
    if (!walk || walk.recorded || !recipe) return;
    if (walk.key !== key && (open || key !== null)) {
      const { running } = this.#measures;
      this.#patch({ ...OF_A_WALK, key: /** @type {number} */ (walk.key), seed: recipe.seed });
      if (running) this.#walkAside([]);
    }
    if (open) this.#ask();
  }

  /** More seeds. */
  repeat() {
    const { seed, seeds } = this.#measures;
    const used = new Set([seed, ...seeds]);
    const more = [];
    for (let next = (seed + 1) % SEEDS; more.length < MORE_SEEDS; next = (next + 1) % SEEDS) {
      if (!used.has(next)) more.push(next);
    }
    this.#patch({ seeds: [...seeds, ...more] });
    this.goOn();
  }

  /** The same walks without the compound. */
  compare() {
    this.#patch({ compared: true });
    this.goOn();
  }

  /** Walks aside whatever of what was asked for has not reached its end. */
  goOn() {
    const others = this.#measures.others.map((other) => ({ ...other, failed: false }));
    this.#patch({ others, running: true, stopped: null });
    this.#walkAside(asked(this.#measures).filter(({ finished }) => !finished));
  }

  /** Leaves what has not reached its end. */
  cancel() {
    const others = this.#measures.others.filter(({ finished }) => finished);
    const seeds = this.#measures.seeds.filter((seed) =>
      others.some((other) => other.seed === seed && !other.untreated));
    const compared = others.some(({ untreated }) => untreated);
    this.#patch({ others, seeds, compared, running: false, stopped: null });
    this.#walkAside([]);
  }

  /**
   * A walk aside has come further, or cannot.
   * @param {SideStep | SideFailure} told
   */
  hear(told) {
    const all = asked(this.#measures);
    const walk = all.find(({ key }) => key === told.key);
    if (!walk || !this.#measures.running) return;
    const failed = 'failed' in told;
    const now = failed
      ? { ...walk, failed }
      : {
          ...walk,
          steps: [...walk.steps.slice(0, told.step), told.measures],
          of: told.of,
          finished: told.finished,
        };
    const others = [...this.#measures.others.filter(({ key }) => key !== told.key), now];
    const left = all.some((each) => each.key !== told.key && !each.finished && !each.failed);
    const running = left || !(now.finished || now.failed);
    const stopped = failed ? told.failed.sentence : this.#measures.stopped;
    this.#patch({ others, running, stopped });
  }

  /** The table of the walk in view and of those aside that have reached their ends, as a file. */
  save() {
    return this.#explorer.attempt(async () => {
      await this.#explorer.walkedHere();
      const { recipe, compounds } = this.#state();
      const own = recipe.smiles ?? recipe.compound;
      const others = asked(this.#measures)
        .filter(({ finished }) => finished)
        .map(({ seed, untreated, steps }) => (
          { compound: untreated ? controlOf(compounds).id : own, seed, steps }));
      const { name, type, bytes } = await this.#worker.call('table', { others });
      saveFile(name, type, bytes);
    });
  }

  get #measures() {
    return this.#state().measures;
  }

  /** @param {Partial<Measures>} patch */
  #patch(patch) {
    this.#set({ measures: { ...this.#measures, ...patch } });
  }

  /** @param {OtherWalk[]} walks */
  #walkAside(walks) {
    const { compounds, takesDose } = this.#state();
    const control = controlOf(compounds);
    const dose = takesDose ? { dose: control?.doses[0] ?? 0 } : {};
    const jobs = walks.map(({ key, seed, untreated }) => {
      const without = untreated ? { compound: control.id, ...dose } : {};
      return { key, change: /** @type {Change} */ ({ seed, ...without }) };
    });
    this.#worker.call('side', { of: 'measures', jobs }).catch((error) => this.#stop(error));
  }

  /** The worker could not take them. */
  #stop({ message }) {
    this.#patch({ running: false, stopped: message });
  }

  async #ask() {
    const { recipe, walk, takesDose, samples, examples } = this.#state();
    const { failed, beside, steps } = this.#measures;
    if (this.#asking || failed) return;
    const tiles = [...samples, ...examples];
    const cells = {
      compound: recipe.compound,
      start: tiles.some(({ id }) => id === recipe.control) ? recipe.control : null,
      dose: takesDose ? (recipe.dose ?? null) : null,
    };
    const besideNow = JSON.stringify(cells);
    if (beside === besideNow && steps.length >= walk.steps.length) return;
    this.#asking = true;
    try {
      if (beside !== besideNow) {
        const found = await this.#worker.call('cells', cells);
        this.#patch({ ...found, beside: besideNow });
      } else {
        const from = steps.length;
        const measured = await this.#worker.call('measure', { from });
        // The walk may have become another one meanwhile.
        const same = measured.key === this.#measures.key && from === this.#measures.steps.length;
        if (same && !measured.steps.length) return;
        if (same) this.#patch({ steps: [...this.#measures.steps, ...measured.steps] });
      }
    } catch (error) {
      this.#patch({ failed: error.message ?? String(error) });
    } finally {
      this.#asking = false;
    }
    this.follow();
  }
}
