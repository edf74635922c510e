// The worker: everything that takes time. It loads the wasm package, brings the bundle, runs the network.
//
// The page sends { id, call, args }; the answer is { id, value } or { id, trouble: { kind, sentence } }. On its own the
// worker sends { event: 'here' | 'download' | 'starting' | 'thumbnail' | 'structure' | 'tuned' | 'note', ... }; `here` is its first word.
//
//   open    { src, link }               manifest view, recipe, link, walk, download { total, cached }
//   pictures {}                         brings thumbnails and drawings that have not come, once more
//   download {}                         brings the weights
//   load    { engine }                  starts an engine on them; answers { engine, walk, ... }
//   cancel  {}                          stops a download
//   engine  { engine }                  another engine, at the step reached
//   change  { change }                  part of a recipe; restarts only what it must
//   link    { link }                    the exploration that a link describes
//   step    { playing }                 one more solver step; while playing, the device goes on with the next
//   show    { visible }                 the walk again with these channels
//   decode  { files }                   the visitor's own image
//   arrange { assignment, crop, reading, redraw }   its channels and crop; answers previews
//   use_upload {}                       makes the crop the control
//   keep    { kind, step, visible }     a file to save
//
// Calls run one after the other, in the order they came; only `download` runs beside the others, so that a visitor may choose while
// the weights come, and `cancel` overtakes. A `step` under way gives way to a call that has come meanwhile, after the evaluation it
// is at, and answers without a step. When no call has come for a while, the GPU engine's tiles are measured, one at a time: a call
// waits for one of them at most.

import { Exploring } from './worker/exploring.js';

/** How long nobody must have called before tiles are measured, and between two of them: the screen needs the GPU, too. */
const QUIET_MS = 2000;
const BETWEEN_MS = 100;

/** Calls that have come and not been begun. */
let waiting = 0;

const exploring = new Exploring((event, detail, transfer) => postMessage({ event, ...detail }, transfer ?? []), () => waiting > 0);

/** A wasm trap has no sentence of its own, and leaves the instance unusable: the page starts another worker. */
function described(error) {
  if (error?.sentence) return { kind: error.kind, sentence: error.sentence };
  if (globalThis.WebAssembly && error instanceof WebAssembly.RuntimeError) {
    return { kind: 'stopped', sentence: 'The computation stopped unexpectedly, most likely for want of memory; what you chose is kept, and the steps can be walked again.' };
  }
  return { kind: error?.kind ?? 'internal', sentence: String(error?.message ?? error) };
}

/** Calls that wait for no other. */
const ASIDE = new Set(['download', 'cancel']);

let queue = Promise.resolve();

async function answer({ id, call, args }) {
  try {
    if (!Exploring.CALLS.has(call)) throw new Error(`${call} is not a call of this worker`);
    const { value, transfer } = await exploring[call](args);
    postMessage({ id, value }, transfer ?? []);
  } catch (error) {
    postMessage({ id, trouble: described(error) });
  }
}

let timer;

/** Measures a tile after a while without a call, and another, as long as there is one. */
function tuneAfter(milliseconds) {
  clearTimeout(timer);
  timer = setTimeout(() => {
    queue = queue.then(async () => {
      if (waiting === 0 && (await exploring.tune())) tuneAfter(BETWEEN_MS);
    });
  }, milliseconds);
}

addEventListener('message', ({ data }) => {
  if (ASIDE.has(data.call)) {
    answer(data);
    return;
  }
  waiting += 1;
  queue = queue.then(async () => {
    waiting -= 1;
    await answer(data);
    tuneAfter(QUIET_MS);
  });
});

postMessage({ event: 'here' });
