// What the lab's page and its worker say to each other: calls by name, with their arguments and answers.
// Points are flat arrays `x, y, x, y, …`.

/** @typedef {[x: number, y: number]} Point */
/**
 * See `Distribution` in crates/cellflux-lab.
 * @typedef {{ kind: string, [setting: string]: any }} Distribution
 */
/** @typedef {{ label: string, source?: Distribution, target: Distribution }} Condition */

/**
 * What a lab is made of (`Settings` in crates/cellflux-lab).
 * @typedef {object} Settings
 * @property {number} seed
 * @property {Distribution} source
 * @property {Condition[]} conditions
 * @property {Point[]} batches
 * @property {{ coupling: string, times: string, noise: number, noise_probability: number }} path
 * @property {{ widths: number[], time_features: number }} network
 * @property {{ batch: number, rate: number, drop_condition: number }} learning
 */

/**
 * What of it is looked at (`View` in crates/cellflux-lab).
 * @typedef {object} View
 * @property {'learnt' | 'exact'} field
 * @property {number | null} condition
 * @property {number} guidance
 * @property {number | null} batch
 * @property {number} particles
 * @property {string} solver
 * @property {number} steps
 * @property {boolean} reverse
 */

/**
 * How the plane shows it: the particles' density in place of them, lines from sources to targets of pairs,
 * and a point whose likelihood was asked for.
 * @typedef {{ densities: boolean, pairs: boolean, point: Point | null }} Display
 */

/**
 * How far learning has come.
 * @typedef {object} Learnt
 * @property {number} steps
 * @property {number | null} loss mean of the last 100 steps
 * @property {Float64Array} curve `step, mean loss, step, mean loss, …`
 * @property {boolean} diverged
 * @property {boolean} reflowed
 */

/**
 * A lab that was opened.
 * @typedef {object} Opened
 * @property {Settings} settings defaults included
 * @property {View} view defaults included
 * @property {number} parameters of the network
 * @property {number | null} leastLoss the loss below which no network can learn, where it is known
 */

/**
 * What a view shows.
 * @typedef {object} Seen
 * @property {Float64Array} times
 * @property {Float64Array[]} at each time's particles
 * @property {Float64Array[]} arrows each time's velocities, on a grid, row after row from the bottom
 * @property {Float64Array[] | null} densities each time's density of the particles in a grid's cells, row
 *   after row from the bottom; null where it was not asked for
 * @property {Float64Array | null} pairs `x0, y0, x1, y1` of some pairs of the next step; null where they were
 *   not asked for
 * @property {Float64Array} goals points of the end that the particles walk to
 * @property {number} straightness
 * @property {number} cost mean squared distance between start and end
 * @property {number} distance squared energy distance between the particles' end and the goals
 */

/**
 * Velocities on a grid of the conditional, the null and the guided field, of what was learnt and exactly;
 * null where no exact field is known.
 * @typedef {{ learnt: Float64Array[], exact: (Float64Array | null)[] }} Fields
 */

/** The half side of the square that is drawn. */
export const HALF = 4;
/** Arrows beside each other. */
export const ARROWS = 17;
/** Cells beside each other of a density. */
export const CELLS = 40;
/** Pairs whose lines are drawn. */
export const LINES = 80;
/** Steps of the walks whose errors are compared. */
export const ERROR_STEPS = [1, 2, 4, 8, 16];
/** Most moments of a walk at which arrows are asked for. */
export const MOST_MOMENTS = 60;
