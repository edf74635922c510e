// Maps of the change: where their numbers come from, when the network is evaluated for them, and what the
// page says beside them. The walks are played by numbers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aboutOf, captionOf, choicesOf, COMPUTED, drawnIn, lackOf } from '../../web/map_words.js';
import { Mapping } from '../../web/mapping.js';
import { NOTHING_MAPPED, otherCondition, untreatedKey } from '../../web/maps.js';
import { Failure } from '../../web/failures.js';
import { Maps } from '../../web/worker/maps.js';

const TIMES = [0, 0.25, 1];

/** A walk of one pixel in two channels, the second of which is hidden. A picture is what was drawn of it. */
function playedWalk({ key = 1, frames = [[0, 0], [1, -1], [4, -1]], times = TIMES } = {}) {
  const walk = {
    evaluated: 0,
    key: () => key,
    steps: () => frames.length,
    time_of: (step) => times[step],
    values: (step) => Float32Array.from(frames[step]),
    velocity: (step) => (step === 0 ? undefined : Float32Array.from(
      frames[step], (value, index) => (value - frames[step - 1][index]) / (times[step] - times[step - 1]))),
    channels: () => [{ visible: true }, { visible: false }],
    map: (values, size, alone) => ({ values: [...values], size, alone }),
    magnitude_strip: () => 'strip',
    condition_effect: async (step) => {
      walk.evaluated += 1;
      return Float32Array.from([step, 10]);
    },
  };
  return walk;
}

/** Maps of a played walk, with everything that they say. */
function played(walk = playedWalk(), other = null) {
  const told = [];
  const walking = {
    inView: walk,
    canLend: true,
    evaluations: 0,
    get key() { return this.inView.key(); },
  };
  const state = { calls: false };
  const maps = new Maps(
    /** @type {any} */ (walking),
    { walkOf: (key) => (key === 'other' ? /** @type {any} */ (other) : null) },
    () => state.calls,
    (event, detail) => told.push({ event, ...detail }),
  );
  const map = (name, step, { panels = false, beside = null } = {}) =>
    /** @type {any} */ (maps.map({ map: name, step, panels, beside }));
  return { maps, map, walking, state, told };
}

test('a velocity is the one of the step that led here, and the start has none', () => {
  const { map, walking } = played();
  const found = map('velocity', 2);
  assert.deepEqual(found.picture, { values: [4, 0], size: false, alone: undefined });
  assert.deepEqual([found.from, found.time, found.key, found.step], [0.25, 1, 1, 2]);
  assert.ok(Math.abs(found.size - Math.sqrt(8)) < 1e-6);
  assert.equal(found.strip, null);
  const speed = map('speed', 1, { panels: true });
  assert.deepEqual(speed.picture, { values: [4, -4], size: true, alone: undefined });
  assert.equal(speed.strip, 'strip');
  assert.deepEqual(speed.panels, [{ channel: 0, picture: { values: [4, -4], size: true, alone: 0 } }]);
  assert.equal(map('velocity', 0).picture, null);
  assert.equal(walking.inView.evaluated, 0, 'nothing is evaluated for a velocity');
});

test('differences are taken from the noised start, and from the other walk as far as it has come', () => {
  const other = playedWalk({ frames: [[0, 0], [0.5, 0]], times: [0, 0.2] });
  const { map } = played(playedWalk({ frames: [[1, 1], [2, 1], [4, 0]] }), other);
  assert.deepEqual(map('noised-start', 2).picture.values, [3, -1]);
  const found = map('untreated', 2, { beside: { key: 'other', step: 1 } });
  assert.deepEqual(found.picture.values, [3.5, 0]);
  assert.deepEqual([found.from, found.time], [0.2, 1]);
  assert.equal(map('untreated', 2, { beside: { key: 'other', step: 2 } }).picture, null);
  assert.equal(map('untreated', 2, { beside: { key: 'gone', step: 1 } }).picture, null);
  assert.equal(map('untreated', 2).picture, null);
});

test('what the compound adds is evaluated once it is asked for, while nobody calls, and kept', async () => {
  const { maps, map, walking, state, told } = played();
  await maps.evaluate();
  assert.deepEqual([map('guidance', 1).picture, walking.inView.evaluated], [null, 0]);
  maps.ask(1);
  state.calls = true;
  await maps.evaluate();
  assert.equal(walking.inView.evaluated, 0, 'a call goes first');
  state.calls = false;
  await maps.evaluate();
  await maps.evaluate();
  assert.deepEqual(told, [{ event: 'effect', key: 1, step: 1 }]);
  assert.deepEqual(map('guidance', 1).picture.values, [1, 10]);
  assert.equal(map('guidance', 2).picture, null);
  assert.deepEqual([walking.inView.evaluated, walking.evaluations], [1, 1]);
  maps.ask(2);
  maps.ask(null);
  await maps.evaluate();
  assert.equal(walking.inView.evaluated, 1, 'cancelled');
});

test('of another walk nothing is evaluated or shown that was asked for before', async () => {
  const { maps, map, walking, told } = played();
  maps.ask(1);
  await maps.evaluate();
  maps.ask(2);
  walking.inView = playedWalk({ key: 2 });
  await maps.evaluate();
  assert.equal(walking.inView.evaluated, 0);
  assert.equal(map('guidance', 1).picture, null);
  assert.equal(told.length, 1);
});

test('a failure is told, and nothing else is lost', async () => {
  const { maps, map, walking, told } = played();
  walking.inView.condition_effect = async () => {
    throw new Failure('device-lost', 'The GPU was lost.');
  };
  maps.ask(1);
  await maps.evaluate();
  assert.deepEqual(told, [
    { event: 'effect', key: 1, step: 1, failed: { kind: 'device-lost', sentence: 'The GPU was lost.' } },
  ]);
  assert.ok(map('velocity', 1).picture);
});

const CONTROL = { id: 'dmso', name: 'DMSO', control: true, doses: [] };
const TAXOL = { id: 'taxol', name: 'Taxol', control: false, doses: [3] };

/** @returns {any} what the page knows */
const page = (map, more = {}) => ({
  phase: 'ready', cursor: 1, changes: 0, panels: false, takesDose: false, compounds: [TAXOL, CONTROL],
  recipe: { compound: 'taxol', alpha: 1.2 }, start: { kind: 'control' },
  walk: { key: 1, noised: false, finished: false, times: [0, 0.25, 1], steps: [{ time: 0 }, { time: 0.25 }] },
  view: { hidden: [], channels: [], map }, maps: { ...NOTHING_MAPPED, key: 1 }, ...more,
});
const drawn = (map, more = {}) => (
  { map, key: 1, step: 1, time: 0.25, from: 0, size: 0.5, picture: {}, panels: [], strip: null, ...more });
const mapsOf = (state) => choicesOf(state).map(({ map }) => map);

test('a choice that a walk does not have is absent, unless a link asks for it', () => {
  assert.deepEqual(mapsOf(page('difference')), ['difference', 'untreated', 'velocity', 'speed', 'guidance']);
  const noised = page('difference');
  noised.walk.noised = true;
  assert.ok(mapsOf(noised).includes('noised-start'));
  for (const without of [{ compounds: [TAXOL] }, { recipe: { compound: 'dmso', alpha: 1 } }]) {
    assert.equal(otherCondition(page('difference', without)), null);
    assert.ok(!mapsOf(page('difference', without)).includes('untreated'));
    assert.ok(mapsOf(page('untreated', without)).includes('untreated'));
  }
  assert.match(lackOf(page('untreated', { compounds: [TAXOL] }), null).why, /no control condition/);
  const own = page('untreated', { recipe: { compound: 'dmso', alpha: 1 } });
  assert.equal(lackOf(own, null).why, 'The walk in view is the one under DMSO.');
});

test('beside every map stands what it is, and that a velocity is computed and not measured', () => {
  for (const map of ['velocity', 'speed', 'guidance']) {
    const state = page(map);
    assert.ok(aboutOf(state, drawn(map)).includes(`${COMPUTED}.`), map);
    assert.equal(captionOf(state, drawn(map)).stamp, COMPUTED);
    assert.match(captionOf(state, drawn(map)).note, /0\.500 per unit of t on average$/);
  }
  const step = aboutOf(page('velocity'), drawn('velocity'));
  assert.match(step, /^The mean velocity of the step from t = 0\.000 to 0\.250,/);
  const ended = page('velocity');
  ended.walk.finished = true;
  assert.match(aboutOf(ended, drawn('velocity')), /At the end of the walk it is its last step’s\./);
  assert.match(aboutOf(page('velocity'), drawn('velocity', { from: 0.5 })), /goes back in t/);
  assert.match(aboutOf(page('guidance'), null), /v = α v\(c\) \+ \(1 − α\) v\(null\).*Here α = 1\.2\./);
  const plain = page('guidance', { recipe: { compound: 'taxol', alpha: 1 } });
  assert.match(aboutOf(plain, null), /Here α = 1: the walk follows v\(c\) alone/);
  assert.match(aboutOf(page('untreated'), drawn('untreated', { from: 0.25 })), /under DMSO.*not measured\.$/);
  const later = aboutOf(page('untreated'), drawn('untreated', { from: 0.2 }));
  assert.match(later, /stands the last step of the other walk that is not later, t = 0\.200\.$/);
  assert.match(lackOf(page('velocity', { cursor: 0 }), null).why, /^No step leads to the start/);
});

test('what has to be computed waits for a click, and can be cancelled', () => {
  const lacking = drawn('guidance', { picture: null });
  const asked = lackOf(page('guidance'), lacking);
  assert.equal(asked.compute, 'Compute it at t = 0.250 (two evaluations)');
  assert.equal(asked.busy, false);
  const maps = { ...NOTHING_MAPPED, key: 1, evaluating: 1 };
  const busy = lackOf(page('guidance', { maps }), lacking);
  assert.deepEqual([busy.compute, busy.busy], [null, true]);
  // What has just come is about to be drawn, and is not lacking.
  const came = { ...NOTHING_MAPPED, key: 1, news: 1, asOf: 0 };
  assert.equal(lackOf(page('guidance', { maps: came }), lacking).compute, null);
  assert.equal(lackOf(page('guidance'), drawn('guidance')).why, '');
  const loading = lackOf(page('guidance', { phase: 'loading' }), lacking);
  assert.deepEqual([loading.compute, /once it is loaded/.test(loading.why)], [null, true]);
  const walking = { ...NOTHING_MAPPED, key: 1, untreated: { times: [0, 0.5], of: 2, finished: false } };
  const far = lackOf(page('untreated', { maps: walking }), drawn('untreated', { picture: null }));
  assert.deepEqual([far.why, far.far, far.busy], ['Walking under DMSO.', 'Step 1 of 2.', true]);
});

test('a map of another walk or of another choice is not shown', () => {
  const maps = { ...NOTHING_MAPPED, key: 1, drawn: drawn('velocity') };
  assert.ok(drawnIn(page('velocity', { maps })));
  assert.equal(drawnIn(page('speed', { maps })), null);
  const other = page('velocity', { maps });
  other.walk.key = 2;
  assert.equal(drawnIn(other), null);
});

/** A page whose worker answers with what it was asked. */
function mapped(state) {
  const calls = [];
  const worker = { call: async (call, args) => {
    calls.push({ call, ...args });
    return call === 'map' ? drawn(args.map, { step: args.step, key: state.walk.key }) : {};
  } };
  const set = (patch) => Object.assign(state, patch);
  return { calls, mapping: new Mapping(() => state, set, /** @type {any} */ (worker)) };
}
const settled = () => new Promise((resolve) => setTimeout(resolve));

test('the page asks for the map in view once, and for nothing while the difference is', async () => {
  const state = page('difference');
  const { calls, mapping } = mapped(state);
  mapping.follow();
  await settled();
  assert.deepEqual(calls, []);
  state.view = { ...state.view, map: 'velocity' };
  mapping.follow();
  mapping.follow();
  await settled();
  assert.equal(calls.length, 1);
  assert.equal(state.maps.drawn.map, 'velocity');
  state.cursor = 0;
  mapping.follow();
  await settled();
  assert.deepEqual(calls.map(({ step }) => step), [1, 0]);
});

test('the walk under the control has its own dose, and is let go when the walk is another', async () => {
  const state = page('untreated', { takesDose: true });
  const { calls, mapping } = mapped(state);
  mapping.compute();
  const [{ of, jobs }] = calls;
  assert.equal(of, 'untreated');
  assert.deepEqual(jobs, [
    { key: untreatedKey(1), change: { compound: 'dmso', dose: 0 }, wants: 'steps' },
  ]);
  const told = async (step, time, more) => {
    mapping.hear(/** @type {any} */ (
      { event: 'side', key: untreatedKey(1), step, of: 2, finished: false, time, ...more }));
    mapping.follow();
    await settled();
  };
  const asked = () => calls.filter(({ call }) => call === 'map').map(({ beside }) => beside?.step ?? null);
  // Asked before it has begun, and once more when the step in view is there.
  await told(0, 0);
  await told(1, 0.5);
  await told(2, 1, { finished: true });
  assert.deepEqual(asked(), [null, 1]);
  assert.deepEqual(state.maps.untreated, { times: [0, 0.5, 1], of: 2, finished: true });
  state.walk = { ...state.walk, key: 2 };
  mapping.follow();
  assert.deepEqual(calls.at(-1), { call: 'side', of: 'untreated', jobs: [] });
  assert.deepEqual([state.maps.untreated, state.maps.key], [null, 2]);
});

test('where solvers find their times, the last step that is not later stands beside', async () => {
  const state = page('untreated');
  const { calls, mapping } = mapped(state);
  state.walk.times = null;
  mapping.compute();
  for (const [step, time] of [0, 0.2, 0.6, 1].entries()) {
    mapping.hear(/** @type {any} */ (
      { event: 'side', key: untreatedKey(1), step, of: null, finished: time === 1, time }));
    mapping.follow();
    await settled();
  }
  const beside = calls.filter(({ call }) => call === 'map').map((call) => call.beside?.step ?? null);
  assert.deepEqual(beside, [null, 1], 'asked again only when all times are found');
});

test('a failure is said until something else is chosen or asked for', () => {
  const state = page('guidance');
  const { calls, mapping } = mapped(state);
  mapping.compute();
  assert.deepEqual(calls, [{ call: 'effect', step: 1 }]);
  const failed = { kind: 'device-lost', sentence: 'The GPU was lost.' };
  mapping.hear(/** @type {any} */ ({ event: 'effect', key: 1, step: 1, failed }));
  assert.deepEqual([state.maps.failed, state.maps.evaluating], ['The GPU was lost.', null]);
  assert.equal(lackOf(state, drawn('guidance', { picture: null })).why, 'The GPU was lost.');
  mapping.turn();
  assert.equal(state.maps.failed, null);
  mapping.compute();
  mapping.cancel();
  assert.deepEqual(calls.at(-1), { call: 'effect', step: null });
  assert.equal(state.maps.evaluating, null);
});
