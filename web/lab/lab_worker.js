// The lab's worker: everything of a lab that takes time. It loads the lab's module, learns and walks. What it
// is asked and what it answers is in protocol.js beside it.

import init, * as module from '../../pkg/cellflux_lab_wasm.js';
import { STOPPED } from '../failures.js';
import { LAB_INTEGRITY } from '../worker/module_integrity.js';
import { startModule } from '../worker/start_module.js';
import { ARROWS, CELLS, ERROR_STEPS, HALF, LINES, MOST_MOMENTS } from './protocol.js';

/** @import { Fields, Learnt, Opened, Point, Seen, Settings, View } from './protocol.js' */

/** Steps over which the loss is averaged. */
const STEPS_OF_LOSS = 100;
/** Points of the loss curve. */
const POINTS_OF_CURVE = 160;

/** @type {Promise<unknown>} */
let started = null;
/** @type {module.Lab} */
let lab = null;

/** Starts the module once; after a failure the next call tries again. */
function start() {
  const address = new URL('../../pkg/cellflux_lab_wasm_bg.wasm', import.meta.url);
  started ??= startModule(init, address, 'cellflux_lab_wasm_bg.wasm', LAB_INTEGRITY).catch((error) => {
    started = null;
    throw error;
  });
  return started;
}

/** @returns {Learnt} */
const learnt = () => ({
  steps: lab.steps(),
  loss: lab.loss(STEPS_OF_LOSS) ?? null,
  curve: lab.curve(POINTS_OF_CURVE),
  diverged: lab.is_diverged(),
  reflowed: lab.is_reflowed(),
});

/** The least loss, or null where it is not known in closed form. */
function leastLoss() {
  try {
    return lab.least_loss();
  } catch (error) {
    if (error?.kind === 'no-exact-field') return null;
    throw error;
  }
}

const calls = {
  /**
   * Opens a lab that has learnt nothing yet; fields that are left out have their defaults.
   * @param {{ settings: Partial<Settings>, view: Partial<View> }} args
   * @returns {Promise<Opened>}
   */
  async open({ settings, view }) {
    await start();
    const opened = new module.Lab(settings);
    lab?.free();
    lab = opened;
    return {
      settings: lab.settings(),
      view: { ...module.default_view(), ...view },
      parameters: lab.parameter_count(),
      leastLoss: leastLoss(),
    };
  },

  /**
   * Learns for a while, or fewer steps.
   * @param {{ steps: number, milliseconds: number }} args
   * @returns {Learnt}
   */
  learn({ steps, milliseconds }) {
    const end = performance.now() + milliseconds;
    try {
      for (let step = 0; step < steps && performance.now() < end; step += 1) lab.learn(1);
    } catch (error) {
      // A state of the lab, which its page shows with the ways out of it.
      if (error?.kind !== 'diverged') throw error;
    }
    return learnt();
  },

  /** @returns {Learnt} */
  reset() {
    lab.reset();
    return learnt();
  },

  /**
   * @param {{ rate: number }} args
   * @returns {Learnt}
   */
  rate({ rate }) {
    lab.set_rate(rate);
    return learnt();
  },

  /** @returns {Learnt} */
  reflow() {
    lab.reflow();
    return learnt();
  },

  /**
   * @param {{ view: View, densities: boolean, pairs: boolean }} args
   * @returns {Seen}
   */
  look({ view, densities, pairs }) {
    const walked = lab.walk(view);
    try {
      const times = walked.times();
      // A walk of many steps shows the arrows of the moment before.
      const every = Math.ceil(times.length / MOST_MOMENTS);
      const arrows = [];
      const at = [...times].map((_, step) => walked.at(step));
      times.forEach((time, step) => {
        arrows.push(step % every ? arrows.at(-1) : lab.arrows(view, time, HALF, ARROWS));
      });
      return {
        times,
        at,
        arrows,
        densities: densities ? at.map((points) => module.density(points, HALF, CELLS)) : null,
        // Of the step that is learnt next.
        pairs: pairs ? lab.pairs(lab.steps()).slice(0, 4 * LINES) : null,
        goals: lab.goals(view),
        straightness: walked.straightness(),
        cost: walked.transport_cost(),
        distance: walked.distance(),
      };
    } finally {
      walked.free();
    }
  },

  /**
   * How far a view's walk ends from where a fine one ends.
   * @param {{ view: View }} args
   * @returns {number}
   */
  error({ view }) {
    const walked = lab.walk(view);
    try {
      return lab.error(view, walked);
    } finally {
      walked.free();
    }
  },

  /**
   * The same of every solver and each of `ERROR_STEPS`, one solver after the other.
   * @param {{ view: View }} args
   * @returns {Float64Array}
   */
  errors({ view }) {
    return lab.errors(view, Uint32Array.from(ERROR_STEPS));
  },

  /**
   * The fields that guidance is made of, at a time.
   * @param {{ view: View, t: number }} args
   * @returns {Fields}
   */
  fields({ view, t }) {
    const condition = view.condition ?? 0;
    const of = (field, change) => {
      try {
        return lab.arrows({ ...view, field, ...change }, t, HALF, ARROWS);
      } catch (error) {
        if (error?.kind === 'no-exact-field') return null;
        throw error;
      }
    };
    const all = (field) => [
      of(field, { condition, guidance: 1 }),
      of(field, { condition: null }),
      of(field, { condition, guidance: view.guidance }),
    ];
    return { learnt: all('learnt'), exact: all('exact') };
  },

  /**
   * The logarithm of the density that a view's field gives to a point at the end of the path.
   * @param {{ view: View, point: Point }} args
   * @returns {number}
   */
  likelihood({ view, point }) {
    return lab.log_likelihood(view, Float64Array.from(point))[0];
  },

  /**
   * A quantity of a view by its name, which a lesson asks for; null where there is none yet.
   * @param {{ view: View, name: string }} args
   * @returns {number | null}
   */
  quantity({ view, name }) {
    return lab.quantity(view, name) ?? null;
  },

  /**
   * The points of pasted text, inside the lab's square.
   * @param {{ text: string }} args
   * @returns {Float64Array}
   */
  pasted({ text }) {
    return module.pasted_points(text);
  },
};

/** What went wrong, as the page is told of it. */
function described(error) {
  if (globalThis.WebAssembly && error instanceof WebAssembly.RuntimeError) return STOPPED;
  return { kind: error?.kind ?? 'internal', sentence: error?.sentence ?? String(error?.message ?? error) };
}

let queue = Promise.resolve();

addEventListener('message', ({ data: { id, call, args } }) => {
  queue = queue.then(async () => {
    try {
      self.postMessage({ id, value: await calls[call](args) });
    } catch (error) {
      self.postMessage({ id, trouble: described(error) });
    }
  });
});

self.postMessage({ event: 'here' });
