// The GPU against the CPU path. The network walks on the CPU, which is ready at once, while the GPU's
// programs are compiled; when the GPU is ready, an evaluation on it is timed, between two steps or while
// nobody calls, and it takes over if it was faster. The CPU's engine stays until the GPU has made a step: if
// the device fails before, the CPU goes on.

/** @typedef {'faster' | 'slower' | 'late' | 'failed'} Outcome */

/**
 * @template Engine, Built
 * @typedef {object} Rival
 * @property {() => Promise<Built & { engine: Engine }>} build the GPU's engine and what is known of it
 * @property {(times: { cpu: number, gpu: number }) => void} keep what was measured, for the next visit
 * @property {() => void} forget what was kept: the engine failed after all
 */

/**
 * @template {{ probe: () => Promise<void>, free: () => void }} Engine
 * @template {object} Built
 */
export class ChangeOver {
  #now;
  #within;
  /** @type {{ rival: Rival<Engine, Built>, built: (Built & { engine: Engine }) | null, error: unknown,
   *   failed: boolean } | null} */
  #trial = null;
  /**
   * The CPU's engine after a change, until the GPU has made a step.
   * @type {Engine | null}
   */
  #before = null;
  /**
   * Whose engine has taken over.
   * @type {Rival<Engine, Built> | null}
   */
  #faster = null;

  /**
   * @param {object} [given]
   * @param {() => number} [given.now] milliseconds
   * @param {(work: Promise<void>) => Promise<boolean>} [given.within] false where work took too long
   */
  constructor({ now = () => performance.now(), within = inTime } = {}) {
    this.#now = now;
    this.#within = within;
  }

  /**
   * Another engine walks from now on, with this rival or without one; a trial that was under way is over.
   * @param {Rival<Engine, Built> | null} rival
   */
  begin(rival) {
    this.#drop();
    if (!rival) return;
    const trial = { rival, built: null, error: null, failed: false };
    this.#trial = trial;
    rival.build().then((built) => {
      if (this.#trial === trial) trial.built = built;
      else release(built.engine);
    }, (error) => {
      trial.error = error;
      trial.failed = true;
    });
  }

  /** Whether the rival is ready to be timed, or has failed. */
  get isDue() {
    return Boolean(this.#trial?.built || this.#trial?.failed);
  }

  /**
   * Times the rival against the engine that walks; where it was faster, the engine is the caller's, who puts
   * it in place and hands the one before to `keepBefore`.
   * @param {number} cpu milliseconds of an evaluation on the engine that walks
   * @returns {Promise<{ outcome: Outcome, cpu: number, gpu: number | null,
   *   built: (Built & { engine: Engine }) | null, error: unknown } | null>} null where there is
   *   nothing to decide yet
   */
  async decide(cpu) {
    const trial = this.#trial;
    if (!trial || !this.isDue) return null;
    this.#trial = null;
    const ended = (outcome, gpu = null, error = null) => ({ outcome, cpu, gpu, built: null, error });
    if (trial.failed) return ended('failed', null, trial.error);
    const { built, rival } = trial;
    let gpu = Infinity;
    try {
      // The first evaluation may warm up; where it is faster already, it decides.
      for (let turn = 0; turn < 2 && gpu >= cpu; turn += 1) {
        const began = this.#now();
        const work = built.engine.probe();
        if (!(await this.#within(work))) {
          work.then(() => release(built.engine), () => release(built.engine));
          return ended('late');
        }
        gpu = Math.min(gpu, this.#now() - began);
      }
    } catch (error) {
      release(built.engine);
      return ended('failed', null, error);
    }
    rival.keep({ cpu, gpu });
    if (gpu >= cpu) {
      release(built.engine);
      return ended('slower', gpu);
    }
    this.#faster = rival;
    return { outcome: 'faster', cpu, gpu, built, error: null };
  }

  /**
   * After a change: the engine before, to go on with if the new one fails at its first step.
   * @param {Engine | null} engine
   */
  keepBefore(engine) {
    this.#before = engine;
  }

  /** The new engine has made a step: the one before is not needed any more. */
  settled() {
    release(this.#before);
    this.#before = null;
  }

  /**
   * The engine before, once, where the new one has failed before it made a step.
   * @returns {Engine | null}
   */
  takeBefore() {
    const before = this.#before;
    this.#before = null;
    if (before) this.#faster?.forget();
    return before;
  }

  #drop() {
    release(this.#trial?.built?.engine ?? null);
    this.#trial = null;
    this.settled();
  }
}

/** How long an evaluation on the GPU may take in a trial. */
const TRIAL_MS = 10_000;

/** Whether work is done in time; its failure is thrown. */
async function inTime(work) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve(false), TRIAL_MS);
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** @param {{ free: () => void } | null} engine */
function release(engine) {
  // After a trap nothing can be freed any more.
  try {
    engine?.free();
  } catch {
    // The page starts another worker.
  }
}
