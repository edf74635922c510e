// Having maps of the change drawn: velocities, what the condition adds to them, and differences to other
// images. They are asked of the worker while the visitor looks at them, and are of one walk. What has to be
// computed for them is computed on a click, while nobody calls.

import { momentOf, stepAt } from './linked_time.js';
import { NOTHING_MAPPED, otherCondition, untreatedKey } from './maps.js';

/** @import { Mapped } from './maps.js' */
/** @import { Change } from './protocol.js' */
/** @import { State } from './state.js' */
/** @import { Heard, WorkerClient } from './worker_client.js' */

export class Mapping {
  #state;
  #set;
  #worker;
  #asking = false;
  /** What was asked for last. */
  #asked = [];

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

  /** Another map is chosen: what failed for the one before is not its failure. */
  turn() {
    if (this.#maps.failed) this.#patch({ failed: null });
  }

  /** Computes what the map in view needs. */
  compute() {
    const { view, cursor } = this.#state();
    if (view.map === 'untreated') this.#walkUntreated();
    if (view.map === 'guidance') {
      this.#patch({ evaluating: cursor, failed: null });
      this.#call(this.#worker.call('effect', { step: cursor }));
    }
  }

  /** Computes no more; of the other walk nothing stays. */
  cancel() {
    const { untreated, evaluating } = this.#maps;
    this.#patch({ untreated: null, evaluating: null, news: this.#maps.news + 1 });
    if (untreated) this.#side([]);
    if (evaluating !== null) this.#call(this.#worker.call('effect', { step: null }));
  }

  /**
   * Something that was asked for has come further, or cannot.
   * @param {Heard} heard
   */
  hear(heard) {
    const { key, news, untreated, evaluating } = this.#maps;
    if (heard.event === 'effect' && heard.key === key) {
      const left = evaluating === heard.step ? null : evaluating;
      this.#patch({ evaluating: left, news: news + 1, failed: heard.failed?.sentence ?? null });
    }
    if (heard.event !== 'side' || heard.key !== untreatedKey(key) || !untreated) return;
    if ('failed' in heard) {
      this.#patch({ untreated: null, failed: heard.failed.sentence });
    } else {
      const { step, time, of, finished } = heard;
      this.#patch({ untreated: { times: [...untreated.times.slice(0, step), time], of, finished } });
    }
  }

  /** Asks for what is in view now, unless that is here or on its way. One question at a time. */
  follow() {
    const { phase, walk, cursor, view, panels, changes } = this.#state();
    const { key, untreated, news } = this.#maps;
    // Another worker counts walks anew, and knows nothing of what the one before was asked.
    if (phase === 'opening') {
      if (key !== null) this.#patch(NOTHING_MAPPED);
      return;
    }
    const step = walk?.steps[cursor];
    if (!step || walk.recorded) return;
    if (walk.key !== key && (key !== null || view.map !== 'difference')) {
      this.#patch({ ...NOTHING_MAPPED, key: /** @type {number} */ (walk.key) });
      if (untreated) this.#side([]);
      return;
    }
    if (this.#asking || changes > 0 || view.map === 'difference') return;
    // A step whose picture has changed is another object.
    const wanted = [step, view.map, panels, news, this.#beside];
    if (wanted.every((value, index) => value === this.#asked[index])) return;
    this.#asked = wanted;
    this.#ask(cursor);
  }

  async #ask(step) {
    const { view: { map }, panels } = this.#state();
    this.#asking = true;
    try {
      const { key, news: asOf } = this.#maps;
      const other = map === 'untreated' ? this.#beside : null;
      const beside = other === null ? null : { key: untreatedKey(key), step: other };
      const drawn = await this.#worker.call('map', { map, step, panels, beside });
      // The walk may have become another one meanwhile.
      if (drawn.key === this.#maps.key) this.#patch({ drawn, asOf });
    } catch (error) {
      if (error?.kind !== 'bad-recipe') this.#patch({ failed: error.message });
    } finally {
      this.#asking = false;
    }
    this.follow();
  }

  /**
   * The step of the other walk that stands beside the one in view; null as long as it is not reached. With
   * given times that is the step of the same number; a solver that finds its times on the way must have found
   * all of them.
   */
  get #beside() {
    const { walk, cursor } = this.#state();
    const { untreated } = this.#maps;
    if (!untreated || !walk) return null;
    const { times, finished } = untreated;
    if (walk.times) return cursor < times.length ? cursor : null;
    return finished ? stepAt(times, momentOf(walk.steps.map(({ time }) => time), cursor)) : null;
  }

  #walkUntreated() {
    const { takesDose } = this.#state();
    const control = otherCondition(this.#state());
    if (!control) return;
    const dose = takesDose ? { dose: control.doses[0] ?? 0 } : {};
    /** @type {Change} */
    const change = { compound: control.id, ...dose };
    this.#patch({ untreated: { times: [], of: null, finished: false }, failed: null });
    this.#side([{ key: untreatedKey(this.#maps.key), change, wants: 'steps' }]);
  }

  /** @param {import('./protocol.js').SideJob[]} jobs */
  #side(jobs) {
    this.#call(this.#worker.call('side', { of: 'untreated', jobs }));
  }

  /** @param {Promise<unknown>} call */
  #call(call) {
    call.catch(({ message }) => this.#patch({ untreated: null, evaluating: null, failed: message }));
  }

  get #maps() {
    return this.#state().maps;
  }

  /** @param {Partial<Mapped>} patch */
  #patch(patch) {
    this.#set({ maps: { ...this.#maps, ...patch } });
  }
}
