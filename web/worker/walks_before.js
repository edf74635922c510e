// Walks that were in view before: going back to one shows it again, and walks nothing twice. Each is kept as
// the module has it, with its steps and without an engine, so that what is made of a walk can be made of it.

/** @import { Walk } from '../../pkg/cellflux_wasm.js' */

/** At most so many walks, and so many bytes of their steps: a page beside others has little memory. */
export const MOST_WALKS = 24;
export const MOST_BYTES = 48e6;

/** Numbers are 32-bit floats. */
const NUMBER = 4;

export class WalksBefore {
  /** @type {{ numbers: string, walk: Walk, bytes: number }[]} the oldest first */
  #kept = [];

  /**
   * Keeps a walk; of two with the same numbers the one that has come further. What is over the bounds is
   * freed, the oldest first.
   * @param {string} numbers what it computes
   * @param {Walk} walk
   * @param {number} length numbers of a step
   */
  keep(numbers, walk, length) {
    const other = this.take(numbers);
    const further = other && other.steps() > walk.steps() ? other : walk;
    free(further === walk ? other : walk);
    this.#kept.push({ numbers, walk: further, bytes: NUMBER * length * further.steps() });
    while (this.#kept.length > MOST_WALKS || this.#bytes > MOST_BYTES) free(this.#kept.shift().walk);
  }

  /**
   * Gives a walk back to be in view.
   * @param {string} numbers
   * @returns {Walk | null}
   */
  take(numbers) {
    const at = this.#kept.findIndex((each) => each.numbers === numbers);
    return at < 0 ? null : this.#kept.splice(at, 1)[0].walk;
  }

  /** Forgets all, for another bundle. */
  clear() {
    for (const { walk } of this.#kept) free(walk);
    this.#kept = [];
  }

  get #bytes() {
    return this.#kept.reduce((sum, { bytes }) => sum + bytes, 0);
  }
}

/** @param {Walk | null} walk */
export function free(walk) {
  // After a trap nothing can be freed any more.
  try {
    walk?.free();
  } catch {
    // The page starts another worker.
  }
}
