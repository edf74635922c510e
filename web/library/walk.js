// A walk as the library tells of it: frames, from what the worker's answers hold.

/** @import { Picture, Step, StepEngine, ToldWalk } from '../protocol.js' */
/** @import { Frame } from './cellflux.js' */

/**
 * A picture as `ImageData` has it, which `putImageData` takes.
 * @param {Picture} picture
 */
const picture = ({ width, height, rgba }) => ({ width, height, data: rgba });

/**
 * A step as a frame.
 * @param {Step} step
 * @param {number} index
 * @returns {Frame}
 */
export function frameOf(step, index) {
  const engine = /** @type {StepEngine | null | undefined} */ (step.engine);
  return {
    step: index,
    time: step.time,
    picture: picture(step.now),
    difference: picture(step.difference),
    change: step.change ?? null,
    engine: engine ? engine.engine : null,
  };
}

/**
 * The frames after an answer: those before that still hold, and the new ones.
 * @param {{ key: number | null, frames: Frame[] }} before
 * @param {ToldWalk | null} walk
 */
export function followedBy(before, walk) {
  if (!walk) return { key: null, frames: [], finished: false };
  const kept = before.key === walk.key ? before.frames.slice(0, walk.from) : [];
  const frames = [...kept, ...walk.steps.map((step, index) => frameOf(step, walk.from + index))];
  return { key: walk.key, frames, finished: walk.finished };
}
