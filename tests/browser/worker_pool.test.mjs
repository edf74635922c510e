// How many workers a page has, and what becomes of those that fail: played by workers that compute nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MOST_BYTES, poolSize, WorkerPool } from '../../web/worker_pool.js';

/** Bytes of a module's memory, for which five workers fit. */
const MODULE = 90e6;
const DESK = { cores: 8, memory: 8, phone: false };

test('the pool has as many workers as there are processors, within its bound of memory', () => {
  assert.equal(poolSize({ ...DESK, cores: 2 }, MODULE), 2);
  assert.equal(poolSize(DESK, MODULE), 5);
  for (const bytes of [1e6, 20e6, MODULE, 200e6, 500e6]) {
    const size = poolSize({ cores: 64, memory: 64, phone: false }, bytes);
    assert.ok(size === 1 || size * bytes <= MOST_BYTES, `${size} of ${bytes}`);
  }
  // A model that is as large as the bound, and a browser that tells nothing, have one.
  assert.equal(poolSize(DESK, MOST_BYTES), 1);
  assert.equal(poolSize({ phone: false }, MODULE), 1);
});

test('a phone and a device with little memory stay at one worker', () => {
  assert.equal(poolSize({ ...DESK, phone: true }, MODULE), 1);
  assert.equal(poolSize({ ...DESK, memory: 1 }, MODULE), 1);
  assert.equal(poolSize({ ...DESK, memory: 4 }, MODULE), 4);
});

test('explorers of one page share its processors and its memory', () => {
  assert.equal(poolSize({ ...DESK, cores: 4 }, 20e6, { workers: 2, bytes: 88e6 }), 2);
  assert.equal(poolSize(DESK, MODULE, { workers: 2, bytes: 500e6 }), 1);
});

/** A worker that only can be ended or fail. */
class PlayedWorker extends EventTarget {
  ended = false;
  /** @type {any[]} */
  heard = [];

  postMessage(message) { this.heard.push(message); }
  terminate() { this.ended = true; }
  fail() { this.dispatchEvent(new Event('error', { cancelable: true })); }
}

/** A pool of played workers, with everything that it says and starts. */
function played({ cores = 3, start = () => {}, helper = async (args) => ({ bytes: MODULE }) } = {}) {
  const [calls, told, workers] = [[], [], []];
  const page = { hidden: false, changed: () => {} };
  const pool = new WorkerPool(async (call, args) => {
    calls.push(call === 'alone' ? `alone ${args.alone}` : `${call} ${args.id}`);
    args.port?.close();
    return call === 'helper' ? helper(args) : {};
  }, (event) => told.push(event), {
    start: async () => {
      await start();
      workers.push(new PlayedWorker());
      return /** @type {any} */ (workers.at(-1));
    },
    device: () => ({ ...DESK, cores }),
    asked: () => null,
    hidden: () => page.hidden,
    whenHidden: (listener) => { page.changed = listener; },
  });
  const notes = () => told.filter(({ event }) => event === 'note').map(({ sentence }) => sentence);
  return { pool, calls, told, workers, page, notes };
}

const soon = () => new Promise((resolve) => { setTimeout(resolve, 5); });

test('each helper gets a line to the worker, and the page is told what each of them takes', async () => {
  const { pool, calls, workers, told } = played();
  pool.want(MODULE);
  await soon();
  assert.equal(workers.length, 2);
  assert.ok(workers.every(({ heard }) => heard.length === 1 && heard[0].help));
  assert.deepEqual(calls, ['alone false', 'helper 1', 'helper 2']);
  const { each } = told.at(-1);
  assert.equal(each.length, 3);
  assert.ok(each.every((bytes) => bytes >= MODULE) && each.reduce((a, b) => a + b) <= MOST_BYTES);
  pool.end();
  assert.ok(workers.every(({ ended }) => ended));
  assert.deepEqual(pool.each, []);
});

test('an engine that takes no help ends the helpers, those that are starting as well', async () => {
  let go = () => {};
  const gate = new Promise((resolve) => { go = () => resolve(undefined); });
  const { pool, workers, calls } = played({ start: () => gate });
  pool.want(MODULE);
  pool.want(null);
  go();
  await soon();
  assert.ok(workers.length === 2 && workers.every(({ ended }) => ended));
  assert.deepEqual(calls, ['alone false']);
});

test('in a background tab the worker is told to compute alone, and again when the page is seen', async () => {
  const { pool, calls, page, workers } = played({ cores: 2 });
  pool.want(MODULE);
  await soon();
  for (const hidden of [true, false]) {
    page.hidden = hidden;
    page.changed();
  }
  assert.deepEqual(calls.slice(-2), ['alone true', 'alone false']);
  assert.ok(!workers[0].ended);
  pool.end();
});

test('in a background tab no helper is started before the page is seen', async () => {
  const { pool, page, workers } = played({ cores: 2 });
  page.hidden = true;
  pool.want(MODULE);
  await soon();
  assert.equal(workers.length, 0);
  page.hidden = false;
  page.changed();
  await soon();
  assert.equal(workers.length, 1);
  pool.end();
});

test('a helper that dies, or that the worker has given up, is replaced, but not for ever', async () => {
  const { pool, calls, workers, notes } = played({ cores: 2 });
  pool.want(MODULE);
  await soon();
  workers[0].fail();
  await soon();
  assert.ok(workers[0].ended);
  assert.deepEqual(calls.slice(-2), ['leave 1', 'helper 2']);
  for (let id = 2; id <= 4; id += 1) {
    pool.lost(id);
    await soon();
  }
  assert.equal(workers.length, 4);
  assert.ok(workers.every(({ ended }) => ended));
  assert.equal(pool.each.length, 1);
  assert.equal(notes().length, 1);
  assert.match(notes()[0], /no more are started; nothing .* is lost/);
  pool.end();
});

test('where a second copy does not fit into memory, the page stays at one worker and says so', async () => {
  const helper = async () => { throw new Error('Memory ran out.'); };
  const { pool, workers, notes } = played({ helper });
  pool.want(MODULE);
  await soon();
  assert.ok(workers.every(({ ended }) => ended));
  assert.equal(pool.each.length, 1);
  assert.equal(notes().length, 1);
  assert.match(notes()[0], /could not be started \(Memory ran out\), so the network computes in/);
  pool.end();
});

test('where the page may start no other worker, it goes on with the one it has', async () => {
  const start = () => { throw new Error('not allowed.'); };
  const { pool, notes } = played({ start, cores: 2 });
  pool.want(MODULE);
  await soon();
  assert.deepEqual([pool.each.length, notes().length], [1, 1]);
  pool.end();
});
