// Walks aside: other walks than the one in view, on the same engine, while nobody calls. The page says which
// ones it wants and is told of each step; one walk is under way at a time.
//
// The engine is lent for a solver step and is back with the walk in view before the next call is served,
// after a failure, too. A call waits for one evaluation at most; what a step had evaluated until then is
// evaluated again later.

import { nextTurn } from './next_turn.js';
import { described, isOfTheEngine } from './trouble.js';

/** @import { Walk } from '../../pkg/cellflux_wasm.js' */
/** @import { Args, MeasuredStep, Say } from '../protocol.js' */
/** @import { Walking } from './walking.js' */

/** @typedef {{ key: string, recipe: object }} Job a walk that has not reached its end */

export class SideWalks {
  #walking;
  #wanted;
  #say;
  #measure;
  /**
   * What is left to walk, in order; the first may be under way.
   * @type {Job[]}
   */
  #jobs = [];
  /**
   * The first job's walk, once it has begun.
   * @type {Walk | null}
   */
  #walk = null;

  /**
   * @param {Pick<Walking, 'another' | 'canLend' | 'lend' | 'recipeWith'>} walking lends the engine
   * @param {() => boolean} wanted whether a call waits
   * @param {Say} say
   * @param {(image: Float32Array) => MeasuredStep['values']} measure
   */
  constructor(walking, wanted, say, measure) {
    this.#walking = walking;
    this.#wanted = wanted;
    this.#say = say;
    this.#measure = measure;
  }

  /**
   * Walks these from now on, each as the recipe in view with a change, and none of those before; one of them
   * that is under way goes on.
   * @param {Args<'side'>} args
   */
  take({ jobs }) {
    const [under] = this.#walk ? this.#jobs : [];
    const next = jobs.map(({ key, change }) => ({ key, recipe: this.#walking.recipeWith(change) }));
    const same = under && next.findIndex((job) => isSame(job, under));
    if (same >= 0) next.unshift(...next.splice(same, 1));
    else this.#end();
    this.#jobs = next;
  }

  /** Forgets all of them, for another bundle. */
  clear() {
    this.#end();
    this.#jobs = [];
  }

  /** Walks until a call comes or nothing is left. It never fails: the page is told what did. */
  async walkOn() {
    while (this.#jobs.length && this.#walking.canLend && !this.#wanted()) {
      try {
        await this.#step();
      } catch (error) {
        this.#fail(error);
      }
      await nextTurn();
    }
  }

  /** One solver step of the first job, or its start. */
  async #step() {
    const [{ recipe }] = this.#jobs;
    if (!this.#walk) {
      this.#walk = await this.#walking.another(recipe);
      this.#tell();
      return;
    }
    const walk = this.#walk;
    const reached = await this.#walking.lend(walk, async () => {
      while (await walk.evaluate()) {
        await nextTurn();
        if (this.#wanted()) return false;
      }
      return walk.step(false);
    });
    if (reached) this.#tell();
    else if (walk.finished()) this.#next();
  }

  /** Tells the page of the step reached. */
  #tell() {
    const [{ key }] = this.#jobs;
    const walk = this.#walk;
    const step = walk.steps() - 1;
    const finished = walk.finished();
    this.#say('side', {
      key,
      step,
      of: walk.times() ? walk.times().length - 1 : null,
      finished,
      measures: { time: walk.time_of(step), values: this.#measure(walk.values(step)) },
    });
    if (finished) this.#next();
  }

  /** A failure of the engine ends all; another one only the walk that it is of. */
  #fail(error) {
    const failed = described(error);
    const ended = isOfTheEngine(failed) ? this.#jobs : this.#jobs.slice(0, 1);
    for (const { key } of ended) this.#say('side', { key, failed });
    this.#end();
    this.#jobs = this.#jobs.slice(ended.length);
  }

  #next() {
    this.#end();
    this.#jobs = this.#jobs.slice(1);
  }

  #end() {
    const walk = this.#walk;
    this.#walk = null;
    // After a trap nothing can be freed any more.
    try {
      walk?.free();
    } catch {
      // The page starts another worker.
    }
  }
}

const isSame = (a, b) => a.key === b.key && JSON.stringify(a.recipe) === JSON.stringify(b.recipe);
