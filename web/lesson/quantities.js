// What lessons ask of an explorer's walk, by name. Each is computed of the walk in view; none is written into
// the page. The same names stand in crates/cellflux-site/src/components/lesson/question.rs.

/** @import { State } from '../state.js' */
/** @import { DrawnMap } from '../protocol.js' */

/** Evaluations of the velocity in a step; the adaptive solver's differ from step to step. */
const STAGES = { euler: 1, midpoint: 2, heun2: 2, rk4: 4 };

/**
 * What is there to compute from.
 * @typedef {object} InView
 * @property {() => State} state
 * @property {(map: 'velocity' | 'guidance', step: number) => Promise<DrawnMap>} map
 */

/** @type {Record<string, (walk: InView) => Promise<number | null> | number | null>} */
export const QUANTITIES = {
  // The root mean square of the mean velocity of the step that led here, per unit of t.
  velocity_norm: async (walk) => (await walk.map('velocity', walk.state().cursor)).size,

  // How much the image in view differs from the start, as a root mean square in model range.
  change_norm: ({ state }) => state().walk.steps[state().cursor].change,

  // How large what the condition adds to the velocity is, as a share of the velocity that the walk follows
  // from here. Both are root mean squares.
  guidance_share: async (walk) => {
    const step = walk.state().cursor;
    const { size } = await walk.map('guidance', step);
    const next = await walk.map('velocity', step + 1);
    return size === null || !next.size ? null : size / next.size;
  },

  // What Heun's method would add to the step of Euler's that led here, as a root mean square in model range.
  local_error: async (walk) => {
    const { recipe, cursor } = walk.state();
    return recipe.solver === 'euler' ? (await walk.map('velocity', cursor)).localError : null;
  },

  // Evaluations of the velocity in the whole walk.
  evaluations: ({ state }) => {
    const { times } = state().walk;
    const stages = STAGES[state().recipe.solver];
    return times && stages ? (times.length - 1) * stages : null;
  },
};

/** The steps beyond the one in view that must be reached for a quantity. @param {string} name */
export const stepsAhead = (name) => (name === 'guidance_share' || name === 'local_error' ? 1 : 0);
