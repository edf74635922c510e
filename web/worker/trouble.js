// What went wrong in the worker, as the page is told of it.

import { KINDS, STOPPED } from '../failures.js';

/** @import { Kind, Trouble } from '../failures.js' */

/**
 * A failure in words. A wasm trap has no sentence of its own, and leaves the instance unusable: the page
 * starts another worker.
 * @returns {Trouble}
 */
export function described(error) {
  if (globalThis.WebAssembly && error instanceof WebAssembly.RuntimeError) return STOPPED;
  const kind = KINDS.includes(error?.kind) ? error.kind : 'internal';
  return { kind, sentence: error?.sentence ?? String(error?.message ?? error) };
}

/** @type {ReadonlySet<Kind>} */
const OF_THE_DEVICE = new Set(/** @type {const} */ (['out-of-memory', 'device-lost', 'gpu', 'limits']));

/**
 * Whether a failure is a GPU device's: the CPU could go on.
 * @param {Trouble} trouble
 */
export const isOfTheDevice = ({ kind }) => OF_THE_DEVICE.has(kind);

/** @type {ReadonlySet<Kind>} */
const OF_THE_ENGINE = new Set(
  /** @type {const} */ (['no-engine', 'out-of-memory', 'device-lost', 'gpu', 'cpu', 'stopped']),
);

/**
 * Whether a failure is the engine's: another walk on it would fail, too.
 * @param {Trouble} trouble
 */
export const isOfTheEngine = ({ kind }) => OF_THE_ENGINE.has(kind);
