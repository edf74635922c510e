// What is measured of a walk: its own steps, the bundle's cells beside it, and walks aside.

/** @import { CellGroup, Compound, Measure, MeasuredStep } from './protocol.js' */

/**
 * A walk aside, as far as it has come.
 * @typedef {object} OtherWalk
 * @property {string} key
 * @property {number} seed
 * @property {boolean} untreated under the control condition, else as the walk in view
 * @property {MeasuredStep[]} steps
 * @property {number | null} of how many steps; null where the solver finds them on the way
 * @property {boolean} finished
 * @property {boolean} failed
 */

/**
 * What is measured of a walk.
 * @typedef {object} Measures
 * @property {boolean} open whether the visitor looks at it
 * @property {Measure[] | null} list what is measured of an image
 * @property {CellGroup[]} groups the bundle's cells
 * @property {number} missing cells that did not come
 * @property {string | null} beside what those cells lie beside
 * @property {number | null} key of the walk
 * @property {number} seed of it
 * @property {MeasuredStep[]} steps of it
 * @property {number[]} seeds other seeds asked for
 * @property {boolean} compared whether the untreated walk was asked for
 * @property {OtherWalk[]} others
 * @property {boolean} running whether walks aside are under way
 * @property {string | null} stopped why they are not, where that was a failure
 * @property {string | null} failed why nothing more can be measured for now
 */

/** What is of one walk, before any. */
export const OF_A_WALK = {
  key: null, seed: 0, steps: [], seeds: [], compared: false, others: [], running: false, stopped: null,
  failed: null,
};

/** @type {Measures} */
export const NOTHING_MEASURED = {
  open: false, list: null, groups: [], missing: 0, beside: null, ...OF_A_WALK,
};

/**
 * The condition of the bundle's untreated cells.
 * @param {Compound[] | undefined} compounds
 */
export const controlOf = (compounds) => compounds?.find(({ control }) => control) ?? null;

/**
 * The walks aside that are asked for, one seed after the other: as in view, and without the compound.
 * @param {Measures} measures
 * @returns {OtherWalk[]} as far as they have come
 */
export function asked({ key, seed, seeds, compared, others }) {
  const walk = (of, untreated) => {
    const own = `${key} ${untreated ? 'untreated' : 'treated'} ${of}`;
    const reached = others.find((other) => other.key === own);
    return reached ?? {
      key: own, seed: of, untreated, steps: [], of: null, finished: false, failed: false,
    };
  };
  return [seed, ...seeds].flatMap((each) => [
    ...(each === seed ? [] : [walk(each, false)]),
    ...(compared ? [walk(each, true)] : []),
  ]);
}

/**
 * The ends of treated and untreated walks with the same seed, of those seeds where both are reached.
 * @param {Measures} measures
 * @param {boolean} finished whether that has reached its end
 */
export function pairsOf({ seed, steps, others }, finished) {
  const ends = (untreated) => new Map(others
    .filter((other) => other.finished && other.untreated === untreated)
    .map((other) => [other.seed, other.steps.at(-1).values]));
  const [treated, untreated] = [ends(false), ends(true)];
  if (finished && steps.length) treated.set(seed, steps.at(-1).values);
  return [...treated]
    .filter(([each]) => untreated.has(each))
    .map(([each, values]) => ({ treated: values, untreated: untreated.get(each) }));
}
