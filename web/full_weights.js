// From a bundle's quick weights to its full ones: they come while the visitor walks, and the engine is then
// started anew with them. Steps that are there stay, and say under which weights they ran.

import { informed, warned } from './notices.js';
import { phrase } from './words.js';

/** @import { State } from './state.js' */
/** @import { WorkerClient } from './worker_client.js' */

const TRY_AGAIN = [{ label: phrase('shared.try_again'), intent: 'full' }];
const WALK_AGAIN = [{ label: phrase('full_weights.walk_again_full_weights'), intent: 'again' }];

/** Where there is another notice, the visitor has to deal with that first. */
const isFree = (notice) => notice?.kind !== 'trouble' && notice?.kind !== 'warning';

export class FullWeights {
  #state;
  #set;
  #worker;
  #underWay = false;
  /** Whether the engine is being exchanged, of which the page shows nothing. */
  changing = false;

  /**
   * @param {() => State} state the explorer's
   * @param {(patch: Partial<State>) => void} set changes it
   * @param {WorkerClient} worker
   */
  constructor(state, set, worker) {
    this.#state = state;
    this.#set = set;
    this.#worker = worker;
  }

  /** Brings the full weights and changes to them. It never fails: where it cannot, walks go on without. */
  async bring() {
    if (this.#underWay) return;
    this.#underWay = true;
    try {
      await this.#worker.call('full', {});
      await this.#change();
      this.#tell();
    } catch (error) {
      // A worker that has ended: the one that is started now begins anew.
      if (error?.kind !== 'stopped') this.#set({ notice: without(error, this.#state()) });
    } finally {
      this.#underWay = false;
    }
  }

  /** The engine that was asked for, with the full weights. */
  async #change() {
    const { engineAsked, pace } = this.#state();
    this.changing = true;
    try {
      const started = await this.#worker.call('engine', { engine: engineAsked });
      this.#set({ ...started, pace: started.pace ?? pace });
    } finally {
      this.changing = false;
    }
  }

  /** Of steps that ran under the quick weights: they can be walked again. */
  #tell() {
    const { walk, notice, engine } = this.#state();
    if (!walk?.quick || !isFree(notice)) return;
    const sentence = phrase('full_weights.full_weights_come_steps', {
      weights: engine.weights, dtype: walk.quick.dtype,
    });
    this.#set({ notice: { ...informed(sentence), actions: WALK_AGAIN } });
  }
}

/**
 * Why walks go on under the quick weights.
 * @param {any} error
 * @param {State} state
 */
function without(error, { engine }) {
  const why = String(error?.sentence ?? error?.message ?? error).replace(/\.$/, '');
  const sentence = phrase('full_weights.walks_go_on_under', { why, weights: engine?.weights ?? '' });
  return { ...warned(sentence), actions: TRY_AGAIN };
}
