// The GPU against the CPU path: which of them walks, what is kept of it, and who computed which step. Engines
// and clocks are played.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enginesOf, stepsInWords } from '../../web/engine_words.js';
import { ChangeOver } from '../../web/worker/change_over.js';
import { KeptChoice, modelIdentity } from '../../web/worker/kept_choice.js';
import { StepEngines } from '../../web/worker/step_engines.js';
import { isOfTheDevice } from '../../web/worker/trouble.js';

/** Lets everything run that waits for nothing but promises. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A contest with a clock that only evaluations move: each takes as long as the next of `times` says. */
function contest(times, { within = undefined } = {}) {
  let clock = 0;
  const engine = {
    freed: 0,
    probes: 0,
    free: () => { engine.freed += 1; },
    probe: async () => {
      const time = times[engine.probes];
      engine.probes += 1;
      if (time instanceof Error) throw time;
      clock += time;
    },
  };
  const kept = [];
  const over = new ChangeOver({ now: () => clock, ...(within ? { within } : {}) });
  const rival = {
    build: async () => ({ engine, why: 'built' }),
    keep: (timed) => kept.push(timed),
    forget: () => kept.pop(),
  };
  return { engine, kept, over, rival };
}

test('a GPU that is not ready decides nothing, and the CPU goes on', async () => {
  const { over, rival, engine } = contest([1]);
  assert.equal(over.isDue, false);
  over.begin({ ...rival, build: () => new Promise(() => {}) });
  await settled();
  assert.equal(over.isDue, false);
  assert.equal(await over.decide(100), null);
  assert.equal(engine.probes, 0);
});

test('a faster GPU takes over after one evaluation, and what was measured is kept', async () => {
  const { over, rival, engine, kept } = contest([20]);
  over.begin(rival);
  await settled();
  assert.equal(over.isDue, true);
  const decided = await over.decide(100);
  assert.equal(decided.outcome, 'faster');
  assert.equal(decided.built.engine, engine);
  assert.deepEqual([decided.cpu, decided.gpu], [100, 20]);
  assert.deepEqual(kept, [{ cpu: 100, gpu: 20 }]);
  assert.deepEqual([engine.probes, engine.freed], [1, 0]);
  assert.equal(over.isDue, false, 'it is decided once');
  assert.equal(await over.decide(100), null);
});

test('an evaluation that warms up may be slow: the second decides', async () => {
  const { over, rival } = contest([500, 30]);
  over.begin(rival);
  await settled();
  const { outcome, gpu } = await over.decide(100);
  assert.deepEqual([outcome, gpu], ['faster', 30]);
});

test('a GPU that is slower in both evaluations is let go, and the next visit knows', async () => {
  const { over, rival, engine, kept } = contest([1500, 1400]);
  over.begin(rival);
  await settled();
  const { outcome, gpu, built } = await over.decide(100);
  assert.deepEqual([outcome, gpu, built], ['slower', 1400, null]);
  assert.equal(engine.freed, 1);
  assert.deepEqual(kept, [{ cpu: 100, gpu: 1400 }]);
});

test('a device that is lost while it is timed leaves the walk to the CPU, and nothing is kept', async () => {
  const lost = Object.assign(new Error('the GPU device was lost'), { kind: 'device-lost' });
  const { over, rival, engine, kept } = contest([lost]);
  over.begin(rival);
  await settled();
  const decided = await over.decide(100);
  assert.deepEqual([decided.outcome, decided.error], ['failed', lost]);
  assert.deepEqual([engine.freed, kept.length], [1, 0]);
});

test('a GPU engine that cannot be made is told of, and nothing is kept', async () => {
  const { over, rival, kept } = contest([]);
  const error = new Error('out of memory');
  over.begin({ ...rival, build: () => Promise.reject(error) });
  await settled();
  assert.equal(over.isDue, true);
  const decided = await over.decide(100);
  assert.deepEqual([decided.outcome, decided.error, kept.length], ['failed', error, 0]);
  assert.equal(over.isDue, false);
});

test('a GPU that does not answer in time is let go when it does', async () => {
  const { over, rival, engine, kept } = contest([20], { within: async () => false });
  over.begin(rival);
  await settled();
  const { outcome } = await over.decide(100);
  await settled();
  assert.deepEqual([outcome, engine.freed, kept.length], ['late', 1, 0]);
});

test('another choice of engine ends a trial: what is built too late is freed', async () => {
  const { over, rival, engine } = contest([20]);
  let build;
  over.begin({ ...rival, build: () => new Promise((resolve) => { build = resolve; }) });
  over.begin(null);
  build({ engine });
  await settled();
  assert.deepEqual([over.isDue, engine.freed], [false, 1]);
});

test('the CPU’s engine stays until the GPU has made a step, and can go on once', async () => {
  const { over, rival, engine, kept } = contest([20]);
  over.begin(rival);
  await settled();
  await over.decide(100);
  assert.equal(kept.length, 1);
  over.keepBefore(engine);
  assert.equal(over.takeBefore(), engine);
  assert.equal(kept.length, 0, 'a GPU that failed at its first step is timed again at the next visit');
  assert.equal(over.takeBefore(), null);
  over.keepBefore(engine);
  over.settled();
  assert.deepEqual([engine.freed, over.takeBefore()], [1, null]);
  for (const kind of /** @type {const} */ (['device-lost', 'out-of-memory', 'gpu'])) {
    assert.ok(isOfTheDevice({ kind, sentence: '' }), kind);
  }
  assert.ok(!isOfTheDevice({ kind: 'stopped', sentence: '' }), 'a trap leaves nothing to go on with');
});

/** A browser's cache that holds text. */
function cache() {
  const held = new Map();
  return {
    held,
    match: async (key) => held.get(key)?.clone(),
    put: async (key, response) => { held.set(key, response); },
    delete: async (key) => held.delete(key),
  };
}

test('what was measured is kept by adapter and model, for thirty days', async () => {
  let now = 1e12;
  const store = /** @type {any} */ (cache());
  const choice = (adapter, model) =>
    new KeptChoice(adapter, model, { cache: Promise.resolve(store), now: () => now });
  await choice('a', 'm').keep({ cpu: 100, gpu: 20 });
  assert.deepEqual(await choice('a', 'm').read(), { cpu: 100, gpu: 20, at: 1e12 });
  assert.equal(await choice('b', 'm').read(), null);
  assert.equal(await choice('a', 'n').read(), null);
  now += 31 * 24 * 3600 * 1000;
  assert.equal(await choice('a', 'm').read(), null, 'drivers change');
  now = 1e12;
  await choice('a', 'm').forget();
  assert.equal(await choice('a', 'm').read(), null);
});

test('damaged text, and a browser that keeps nothing, count as nothing measured', async () => {
  const store = /** @type {any} */ (cache());
  const choice = new KeptChoice('a', 'm', { cache: Promise.resolve(store) });
  await choice.keep({ cpu: 1, gpu: 2 });
  const [key] = store.held.keys();
  for (const text of ['', '{', '{"cpu":0,"gpu":1,"at":1}', '{"cpu":"1","gpu":1,"at":1}', 'x'.repeat(2000)]) {
    store.held.set(key, new Response(text));
    assert.equal(await choice.read(), null, text.slice(0, 40));
  }
  const none = new KeptChoice('a', 'm', { cache: Promise.resolve(null) });
  await none.keep({ cpu: 1, gpu: 2 });
  await none.forget();
  assert.equal(await none.read(), null);
});

test('models are told apart by their weights', () => {
  const file = (path, sha256) => ({ path, sha256 });
  const one = { files: [file('model-0.safetensors', '0123456789'), file('a.png', 'ffffffff')] };
  assert.equal(modelIdentity(one), '01234567');
  const other = { files: [file('model-0.safetensors', '9123456789')] };
  assert.notEqual(modelIdentity(other), modelIdentity(one));
});

test('steps keep the engine that computed them when another takes over or the walk turns', () => {
  const walk = { reached: 1, steps: () => walk.reached };
  const engines = new StepEngines();
  const [cpu, gpu] = /** @type {const} */ ([
    { engine: 'candle', dtype: 'f32' },
    { engine: 'wgpu', dtype: 'f16' },
  ]);
  walk.reached = 3;
  engines.note(walk, cpu);
  walk.reached = 5;
  engines.note(walk, gpu);
  const named = () => Array.from({ length: walk.reached }, (_, step) => ({ engine: engines.of(walk, step) }));
  assert.deepEqual(named().map(({ engine }) => engine), [null, cpu, cpu, gpu, gpu]);
  const words = stepsInWords(named());
  assert.match(words, /^Steps 1 to 2 by candle, f32; steps 3 to 4 by wgpu, f16\. /);
  assert.match(words, /not exact/);
  walk.reached = 2;
  engines.cut(walk);
  walk.reached = 3;
  engines.note(walk, gpu);
  assert.deepEqual(enginesOf(named()), [
    { name: 'candle, f32', from: 1, to: 1 },
    { name: 'wgpu, f16', from: 2, to: 2 },
  ]);
});

test('steps say that they ran under quick weights, and a walk under both sorts is not called exact', () => {
  const full = /** @type {const} */ ({ engine: 'candle', dtype: 'f32', quick: null });
  const quick = /** @type {const} */ ({ ...full, quick: 'int8' });
  const under = (...engines) => stepsInWords([{ engine: null }, ...engines.map((engine) => ({ engine }))]);
  assert.equal(under(quick, quick), 'Steps 1 to 2 by candle, f32, under quick int8 weights');
  const both = under(quick, full);
  assert.match(both, /^Step 1 by candle, f32, under quick int8 weights; step 2 by candle, f32\. /);
  assert.match(both, /Quick weights .* not exact: walked again under the full ones/);
  const gpu = /** @type {const} */ ({ engine: 'wgpu', dtype: 'f16', quick: null });
  assert.match(under(quick, gpu), /Engines round differently, so this walk is not exact/);
});

test('a walk of one engine says nothing of exactness, and a recording says nothing at all', () => {
  const engine = /** @type {const} */ ({ engine: 'candle', dtype: 'f32' });
  assert.equal(stepsInWords([{ engine: null }, { engine }, { engine }]), 'Steps 1 to 2 by candle, f32');
  assert.equal(stepsInWords([{ engine: null }, { engine }]), 'Step 1 by candle, f32');
  assert.equal(stepsInWords([{}, {}]), null);
  assert.equal(stepsInWords([]), null);
});
