// What generated cells measure under a compound beside the same cells without it: the ends of pairs of walks
// that share start and seed.

/** @import { Measure, MeasuredStep } from './protocol.js' */

/** @typedef {{ treated: MeasuredStep['values'], untreated: MeasuredStep['values'] }} Pair one seed's ends */

/**
 * How far one measure is apart, over the seeds that have it on both sides.
 * @typedef {object} Difference
 * @property {Measure} measure
 * @property {number} seeds
 * @property {number} mean of treated minus untreated, in the measure's unit
 * @property {number} low the smallest of them
 * @property {number} high the largest
 * @property {number | null} percent the mean, of the untreated ends' mean; null where that is 0
 */

const AREA = 'nucleus.area';
const CUT_OFF = 'nucleus.cut-off';
/** How the names of channels' means end. */
export const MEAN = '.mean';
const TEXTURE = '.laplacian-energy';

/**
 * The difference of one measure; null where no pair has it.
 * @param {Measure[]} list
 * @param {Pair[]} pairs
 * @param {string} name
 * @returns {Difference | null}
 */
export function differenceOf(list, pairs, name) {
  const place = list.findIndex((measure) => measure.name === name);
  const known = pairs
    .map(({ treated, untreated }) => [treated[place], untreated[place]])
    .filter((ends) => ends.every((value) => value !== null && value !== undefined));
  if (place < 0 || !known.length) return null;
  const differences = known.map(([treated, untreated]) => treated - untreated);
  const [mean, base] = [meanOf(differences), meanOf(known.map(([, untreated]) => untreated))];
  return {
    measure: list[place],
    seeds: known.length,
    mean,
    low: Math.min(...differences),
    high: Math.max(...differences),
    percent: base === 0 ? null : (100 * mean) / base,
  };
}

/**
 * The nucleus's area, the mean of the channel whose mean changes most, and that channel's texture; those that
 * there are. `cutOff` counts pairs in which a nucleus reaches the border, so that its area is a lower bound.
 * @param {Measure[]} list
 * @param {Pair[]} pairs
 * @returns {{ differences: Difference[], cutOff: number }}
 */
export function compared(list, pairs) {
  const means = list
    .filter(({ name }) => name.endsWith(MEAN))
    .map(({ name }) => differenceOf(list, pairs, name))
    .filter((difference) => difference !== null);
  const [most = null] = [...means].sort((a, b) => Math.abs(b.mean) - Math.abs(a.mean));
  const channel = most?.measure.name.slice(0, -MEAN.length);
  const texture = most && differenceOf(list, pairs, `${channel}${TEXTURE}`);
  const cut = list.findIndex(({ name }) => name === CUT_OFF);
  return {
    differences: [differenceOf(list, pairs, AREA), most, texture].filter((difference) => difference !== null),
    cutOff: pairs.filter(({ treated, untreated }) => treated[cut] === 1 || untreated[cut] === 1).length,
  };
}

const meanOf = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
