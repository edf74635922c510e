// What the page is told of a walk's steps.

/** @import { Walk } from '../../pkg/cellflux_wasm.js' */
/** @import { MeasuredStep, StepEngine, ToldWalk } from '../protocol.js' */

/**
 * A walk with its pictures from a step on: those that the page does not have yet.
 * @param {Walk} walk
 * @param {{ key: number, from: number, engineOf: (step: number) => StepEngine | null }} known its name for
 *   the page, that step, and which engine computed a step
 * @returns {ToldWalk}
 */
export function toldWalk(walk, { key, from, engineOf }) {
  const times = walk.times();
  const toldStep = (step) => (
    { ...walk.picture(step), clipped: walk.clipped(step), engine: engineOf(step) });
  return {
    key,
    noised: walk.noised(),
    times: times ? [...times] : null,
    finished: walk.finished(),
    quick: walk.quick() === undefined ? null : { dtype: walk.quick(), link: walk.seen_link() },
    from,
    steps: listOf(walk.steps() - from, (index) => toldStep(from + index)),
    ...(from === 0 ? { start: walk.control(), clipped: walk.clipped_start() } : {}),
  };
}

/**
 * Trials that the adaptive solver rejected.
 * @param {Walk} walk
 */
export function rejectedIn(walk) {
  const rejected = listOf(walk.steps(), (index) => walk.rejected_of(index));
  return rejected.reduce((sum, each) => sum + each, 0);
}

/**
 * What the steps reached measure, from one on.
 * @param {Walk} walk
 * @param {number} from
 * @param {(image: Float32Array) => MeasuredStep['values']} measure
 * @returns {MeasuredStep[]}
 */
export const measuredSteps = (walk, from, measure) =>
  listOf(Math.max(0, walk.steps() - from), (index) => (
    { time: walk.time_of(from + index), values: measure(walk.values(from + index)) }));

const listOf = (length, value) => Array.from({ length }, (_, index) => value(index));
