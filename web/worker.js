// The worker: everything that takes time. It loads the wasm package, brings the bundle, runs the network.
// What it is asked and what it answers is in protocol.js.
//
// When no call has come for a while, walks aside go on, and after them the GPU engine's tiles are measured,
// one at a time: a call waits for one evaluation or one tile at most.
//
// A worker whose first message is a line to another one helps that, and is called by nobody else.

import { ASIDE } from './protocol.js';
import { Exploring } from './worker/exploring.js';
import { Helping } from './worker/helping.js';
import { described } from './worker/trouble.js';
import { phrase } from './words.js';

/** How long nobody must have called before walks aside go on: longer than between two steps being played. */
const PAUSE_MS = 250;
/**
 * How long nobody must have called before tiles are measured, and between two of them: the screen needs the
 * GPU, too.
 */
const QUIET_MS = 2000;
const BETWEEN_MS = 100;

/** Calls that have come and not been begun. */
let waiting = 0;

const say = (event, detail) => self.postMessage({ event, ...detail });
const exploring = new Exploring(say, () => waiting > 0);

let queue = Promise.resolve();

async function answer({ id, call, args }) {
  try {
    const does = exploring.calls[call];
    if (!does) throw new Error(phrase('worker.not_call_worker', { call }));
    const value = await does(args);
    // A file's bytes are the page's from here on.
    self.postMessage({ id, value }, { transfer: call === 'keep' ? [value.bytes.buffer] : [] });
  } catch (error) {
    self.postMessage({ id, trouble: described(error) });
  }
}

let timer;

/** Goes on with walks aside after a pause without a call, and then with tiles. */
function idleAfterPause() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    queue = queue.then(async () => {
      // A call that has come gets its answer first, and then a pause of its own.
      if (waiting === 0) await exploring.walkAside();
      if (waiting === 0) tuneAfter(QUIET_MS - PAUSE_MS);
    });
  }, PAUSE_MS);
}

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
  if (data.help) {
    new Helping(data.help);
    return;
  }
  if (ASIDE.has(data.call)) {
    answer(data);
    return;
  }
  waiting += 1;
  exploring.giveWay();
  queue = queue.then(async () => {
    waiting -= 1;
    await answer(data);
    idleAfterPause();
  });
});

self.postMessage({ event: 'here' });
