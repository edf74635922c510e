// Walks beside each other are compared at one time on the path: which step of each that is.
//
// The rule: of the steps whose time is not later than the one in question, the latest. A walk there and back
// passes every time twice; then the step on the same way counts. Where a walk has no step that early, its
// earliest.

/** @import { Walk } from './state.js' */

/** Times of two walks that differ by less are one. */
const SAME = 1e-6;

/**
 * A time on the path, and whether it is meant on the way back of a walk there and back.
 * @typedef {{ time: number, back: boolean }} Moment
 */

/**
 * The turn of a walk there and back; nothing of one that goes one way, or has not come to the turn.
 * @param {number[]} times of its steps
 */
function turnOf(times) {
  const turn = times.indexOf(Math.max(...times));
  return turn > 0 && turn < times.length - 1 ? turn : null;
}

/** Steps on the way that is meant. */
function onTheWay(times, back) {
  const turn = turnOf(times);
  return [...times.keys()].filter((step) => turn === null || (back ? step >= turn : step <= turn));
}

/**
 * When a step is.
 * @param {number[]} times of the walk's steps
 * @param {number} step
 * @returns {Moment}
 */
export function momentOf(times, step) {
  const turn = turnOf(times);
  return { time: times[step], back: turn !== null && step > turn };
}

/**
 * The step of a walk that stands beside a moment of another.
 * @param {number[]} times of its steps, at least the first
 * @param {Moment} moment
 */
export function stepAt(times, { time, back }) {
  const steps = onTheWay(times, back);
  const passed = steps.filter((step) => times[step] <= time + SAME);
  if (!passed.length) return steps.reduce((best, step) => (times[step] < times[best] - SAME ? step : best));
  return passed.reduce((best, step) => (times[step] > times[best] + SAME ? step : best));
}

/**
 * The step nearest to a moment, and never the start: where a walk goes on to that was under way.
 * @param {number[]} times
 * @param {Moment} moment
 */
export function stepNear(times, { time, back }) {
  const far = (step) => Math.abs(times[step] - time);
  const steps = onTheWay(times, back).filter((step) => step > 0);
  return steps.reduce((best, step) => (far(step) < far(best) - SAME ? step : best), steps[0] ?? 0);
}

/**
 * Whether a step of a walk is at a moment or beyond. The adaptive solver finds its times on the way, so that
 * the walk's direction decides.
 * @param {Pick<Walk, 'times' | 'steps'>} walk
 * @param {number} step
 * @param {Moment} moment
 */
export function hasArrived({ times, steps }, step, { time, back }) {
  if (times) return step >= stepNear(times, { time, back });
  if (step < 1) return false;
  const [before, now] = [steps[step - 1].time, steps[step].time];
  const falls = now < before;
  if (back || steps[1].time < steps[0].time) return falls && now <= time + SAME;
  return falls || now >= time - SAME;
}

/**
 * The moment at a part of the whole way: forward, from treated to control, or there and back.
 * @param {'forward' | 'reverse' | 'return'} direction
 * @param {number} part 0 at the start, 1 at the end
 * @returns {Moment}
 */
export function momentAlong(direction, part) {
  if (direction === 'reverse') return { time: 1 - part, back: false };
  if (direction === 'forward') return { time: part, back: false };
  return part <= 0.5 ? { time: 2 * part, back: false } : { time: 2 - 2 * part, back: true };
}
