// Having walks across doses walked: what is asked of the worker, what comes of it, and what is kept of it.
// What has come stays whatever happens to the worker, and is drawn again when the channels are shown
// otherwise.

import { isOfTheData } from './dose.js';
import { dosePlan, doseTable } from './dose_plan.js';
import { time } from './figures.js';
import { NOT_BEGUN, viewOf, withStep } from './grid.js';
import { isGenerated, shownStep } from './grid_plan.js';
import { momentAlong } from './linked_time.js';
import { informed } from './notices.js';
import { saveFile } from './save_file.js';
import { phrase } from './words.js';

/** @import { CellsAt, DosePlan, DoseWalk, Doses } from './doses.js' */
/** @import { Shot } from './film.js' */
/** @import { SideFailure, SideJob, SideStep } from './protocol.js' */
/** @import { State } from './state.js' */
/** @import { WorkerClient } from './worker_client.js' */

/**
 * What the explorer does for it.
 * @typedef {object} Explorer
 * @property {(work: () => Promise<unknown>) => Promise<unknown>} attempt runs what may fail
 * @property {(shots: Shot[]) => Promise<{ type: string, bytes: Blob }>} record makes a video
 */

export class DoseWalks {
  #state;
  #set;
  #worker;
  #explorer;
  #serial = 0;
  /** The view that was asked for last. */
  #view = '';
  /** Tells questions apart: of two under way the later one counts. */
  #question = 0;

  /**
   * @param {() => State} state
   * @param {(patch: Partial<State>) => void} set
   * @param {Pick<WorkerClient, 'call'>} worker
   * @param {Explorer} explorer
   */
  constructor(state, set, worker, explorer) {
    this.#state = state;
    this.#set = set;
    this.#worker = worker;
    this.#explorer = explorer;
  }

  /**
   * Changes what is chosen.
   * @param {Partial<Doses>} patch
   */
  choose(patch) {
    this.#patch({ refused: null, ...patch });
  }

  /** Walks across the doses of the compound in view, in place of those before. */
  walk() {
    const { plan, refused } = dosePlan(this.#state(), this.#serial + 1);
    if (refused) {
      this.#patch({ refused });
      return undefined;
    }
    this.#serial += 1;
    this.#patch({ plan, cells: {}, ends: {}, refused: null, part: 1, running: true, stopped: null });
    return this.#ask();
  }

  /** Walks whatever has not reached its end. */
  goOn() {
    const cells = Object.fromEntries(
      Object.entries(this.#doses.cells).map(([key, cell]) => [key, { ...cell, failed: null }]));
    this.#patch({ cells, running: true, stopped: null });
    return this.#ask();
  }

  /** Walks no more; what has come stays. */
  cancel() {
    this.#patch({ running: false, stopped: phrase('shared.cancelled') });
    this.#forget();
  }

  /**
   * A walk has come further, or cannot.
   * @param {SideStep | SideFailure} told
   */
  hear(told) {
    const { plan, cells: before, ends, running } = this.#doses;
    const walk = plan?.walks.find(({ key }) => key === told.key);
    if (!running || !walk) return;
    const cell = before[told.key] ?? NOT_BEGUN;
    if ('failed' in told) {
      const cells = { ...before, [told.key]: { ...cell, failed: told.failed.sentence } };
      this.#patch({ cells, running: this.#hasLeft(cells, ends), stopped: told.failed.sentence });
      return;
    }
    const { of, finished, measures } = told;
    const now = walk.shown ? withStep(cell, told) : { ...cell, of, finished, failed: null };
    const cells = { ...before, [told.key]: now };
    const measured = finished && measures ? { ...ends, [told.key]: measures.values } : ends;
    this.#patch({ cells, ends: measured, running: this.#hasLeft(cells, measured) });
  }

  /** What a change of the explorer's state asks for. */
  follow() {
    const { plan, running, stopped, cells, ends } = this.#doses;
    const { phase, changes, recipe, uploaded } = this.#state();
    if (!plan || !recipe) return;
    if (phase === 'opening') {
      if (running) this.#patch({ running: false, stopped: phrase('shared.computation_started_again') });
      return;
    }
    if (plan.upload && uploaded && uploaded.key !== plan.upload) {
      this.#patch({ plan: null, cells: {}, ends: {}, running: false, stopped: null });
      this.#forget();
      return;
    }
    if (phase !== 'ready' || changes > 0 || (stopped && !running) || viewOf(recipe) === this.#view) return;
    if (!running && plan.walks.every((walk) => this.#isDone(walk, cells, ends))) return;
    this.#patch({ running: true });
    this.#ask();
  }

  /** The ends as a table, as a file. */
  save() {
    const { plan, ends, list } = this.#doses;
    if (!plan) return;
    const bytes = new TextEncoder().encode(doseTable(plan, { ends, list }));
    saveFile(`${this.#fileName(plan.base.compound)}.csv`, 'text/csv', bytes);
  }

  /** The pictures that are shown, from the lowest dose to the highest, as a video. */
  film() {
    return this.#explorer.attempt(async () => {
      const { plan, cells, part } = this.#doses;
      const moment = momentAlong('forward', part);
      const shots = plan.walks.filter(({ shown }) => shown).flatMap(({ key, point, recipe }) => {
        const cell = cells[key] ?? NOT_BEGUN;
        const step = shownStep(cell, moment);
        if (step === null) return [];
        const what = isGenerated(recipe, step)
          ? phrase('dose_walks.generated_not_measured')
          : phrase('shared.start');
        return [{
          picture: cell.pictures[step],
          label: phrase('dose_walks.m_t', { dose: point.dose, times: time(cell.times[step]), what }),
          caption: point.standing.words,
        }];
      });
      if (!shots.length) return;
      const notice = informed(phrase('dose_walks.film_being_recorded_takes'));
      this.#set({ notice });
      const { type, bytes } = await this.#explorer.record(shots);
      if (this.#state().notice === notice) this.#set({ notice: null });
      saveFile(`${this.#fileName(plan.base.compound)}.webm`, type, bytes);
    });
  }

  get #doses() {
    return this.#state().doses;
  }

  /** @param {string | null} compound */
  #fileName(compound) {
    return `cellflux-${compound ?? 'typed-compound'}-doses`;
  }

  /** @param {Partial<Doses>} patch */
  #patch(patch) {
    this.#set({ doses: { ...this.#doses, ...patch } });
  }

  /**
   * Whether all of a walk has come, its pictures drawn as the walk in view is.
   * @param {DoseWalk} walk
   */
  #isDone({ key, shown }, cells, ends) {
    const drawn = !shown || cells[key]?.view === viewOf(this.#state().recipe);
    return Boolean(cells[key]?.finished && ends[key]) && drawn;
  }

  #hasLeft(cells, ends) {
    const { walks } = this.#doses.plan;
    return walks.some((walk) => !cells[walk.key]?.failed && !this.#isDone(walk, cells, ends));
  }

  /** Asks for all walks that are not done, those of the film first. */
  async #ask() {
    const { plan, cells, ends } = this.#doses;
    const view = viewOf(this.#state().recipe);
    this.#view = view;
    this.#question += 1;
    const question = this.#question;
    const jobs = plan.walks.map((walk) => {
      // How channels are shown is the walk's in view.
      const { hidden, channels, ...change } = walk.recipe;
      return /** @type {SideJob} */ ({
        key: walk.key, change, wants: walk.shown ? 'both' : 'measures', view,
        has: this.#isDone(walk, cells, ends),
      });
    });
    try {
      // With the cells beside the curves comes the module that measures.
      const beside = await this.#beside(plan);
      if (question !== this.#question) return;
      this.#patch(beside);
      await this.#worker.call('side', { of: 'doses', jobs });
    } catch (error) {
      if (question !== this.#question || !this.#doses.running) return;
      this.#patch({ running: false, stopped: error.message ?? String(error) });
    }
  }

  /**
   * What is measured, and the bundle's own cells: controls, and those treated at the doses of the data.
   * @param {DosePlan} plan
   * @returns {Promise<Pick<Doses, 'list' | 'groups'>>}
   */
  async #beside({ base, points }) {
    const { samples, examples, takesDose } = this.#state();
    const start = samples?.some(({ id }) => id === base.control) ? base.control : null;
    const { list, groups } = await this.#worker.call('cells', { compound: null, start, dose: null });
    const all = groups.map((group) => /** @type {CellsAt} */ ({ dose: null, group }));
    for (const { dose, compound, standing } of points) {
      // Cells whose dose is not stated stand at none.
      const unstated = takesDose && examples?.some((cell) => cell.condition === compound && !cell.dose);
      if (!isOfTheData(standing) || unstated) continue;
      const found = await this.#worker.call('cells', { compound, start, dose: takesDose ? dose : null });
      const treated = found.groups.filter((group) => group.treated && !group.otherDose);
      all.push(...treated.map((group) => ({ dose, group })));
    }
    return { list, groups: all };
  }

  /** Nothing more is walked. */
  #forget() {
    this.#question += 1;
    this.#worker.call('side', { of: 'doses', jobs: [] }).catch(() => {});
  }
}
