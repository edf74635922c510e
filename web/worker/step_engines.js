// Which engine computed each step of a walk, and in which number format. It stays with the steps when another
// engine takes over.

/** @import { Walk } from '../../pkg/cellflux_wasm.js' */
/** @import { StepEngine } from '../protocol.js' */

export class StepEngines {
  /**
   * By walk; null at step 0, which no engine computes.
   * @type {WeakMap<Pick<Walk, 'steps'>, (StepEngine | null)[]>}
   */
  #of = new WeakMap();

  /**
   * The steps that a walk has reached since were computed by this engine.
   * @param {Pick<Walk, 'steps'>} walk
   * @param {StepEngine | null} engine
   */
  note(walk, engine) {
    const named = this.#named(walk);
    while (named.length < walk.steps()) named.push(engine);
  }

  /**
   * A walk has turned to another recipe and may have lost steps.
   * @param {Pick<Walk, 'steps'>} walk
   */
  cut(walk) {
    const named = this.#named(walk);
    named.length = Math.min(named.length, walk.steps());
  }

  /**
   * @param {Pick<Walk, 'steps'>} walk
   * @param {number} step
   */
  of(walk, step) {
    return this.#named(walk)[step] ?? null;
  }

  #named(walk) {
    if (!this.#of.has(walk)) this.#of.set(walk, [null]);
    return this.#of.get(walk);
  }
}
