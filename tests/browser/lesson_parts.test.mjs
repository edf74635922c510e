// What of lessons needs no browser: their part of the address, checking answers, quantities, a presenter's
// keys.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { joined, ofLessons, ofOthers, readProgress, writeProgress } from '../../web/course_link.js';
import { check } from '../../web/lesson/answers.js';
import { wayOf } from '../../web/lesson/lecture.js';
import { QUANTITIES } from '../../web/lesson/quantities.js';
import { localError } from '../../web/worker/maps.js';

test('progress is written into the address behind the explorers’ links, and read back', () => {
  const progress = { open: 'euler', done: ['source', 'path'], lecture: true };
  const hash = joined('v=1&c=taxol&&v=1&c=dmso', writeProgress(progress));
  assert.equal(hash, 'v=1&c=taxol&&v=1&c=dmso&&lesson=euler&lecture&done=source,path');
  assert.deepEqual(readProgress(`#${hash}`), progress);
  assert.equal(ofOthers(`#${hash}`), 'v=1&c=taxol&&v=1&c=dmso');
  assert.equal(ofLessons(`#${hash}`), 'lesson=euler&lecture&done=source,path');
  assert.equal(writeProgress({ open: null, done: [], lecture: true }), '');
  assert.deepEqual(readProgress('#flow'), { open: null, done: [], lecture: false });
  assert.deepEqual(readProgress('#lesson=<b>&done=a,B,c').done, ['a', 'c']);
});

/** A computation whose states have these numbers. */
const computed = (inView, ofLesson = inView) => ({
  inView: (name) => Promise.resolve(inView[name] ?? null),
  ofLesson: (name) => Promise.resolve(ofLesson[name] ?? null),
  of: (state, name) => Promise.resolve(state[name] ?? null),
});

test('a number is right within its tolerance of what is computed, and wrong beyond', async () => {
  const question = /** @type {const} */ ({ kind: 'number', quantity: 'velocity_norm', tolerance: 0.05 });
  const at = computed({}, { velocity_norm: 0.4 });
  for (const [answer, right] of [['0.4', true], ['0.419', true], ['0.381', true], ['0.43', false],
    ['0.37', false], ['-0.4', false], ['', false], ['a lot', false]]) {
    assert.equal((await check(question, answer, at)).right, right, answer);
  }
  assert.match((await check(question, '2', at)).said, /too large/);
  const { said } = await check(question, '2', at);
  assert.doesNotMatch(said, /0\.4/, 'a wrong answer is not told the right one');
  assert.equal((await check(question, '0', computed({}))).right, false);
});

test('of ranges the one that holds the computed number is right, its upper end left out', async () => {
  const question = /** @type {const} */ ({
    kind: 'choice', quantity: 'guidance_share', best: null,
    options: [{ least: null, most: 0.2 }, { least: 0.2, most: 0.8 }, { least: 0.8, most: null }],
  });
  const rightOf = async (value) => {
    const verdicts = [];
    for (const answer of ['0', '1', '2', null]) {
      verdicts.push((await check(question, answer, computed({}, { guidance_share: value }))).right);
    }
    return verdicts;
  };
  assert.deepEqual(await rightOf(0.1), [true, false, false, false]);
  assert.deepEqual(await rightOf(0.2), [false, true, false, false]);
  assert.deepEqual(await rightOf(0.8), [false, false, true, false]);
});

test('of states the one with the least or the greatest number is right', async () => {
  const options = [{ state: { straightness: 3 } }, { state: { straightness: 1 } }];
  const answered = (best, answer) =>
    check({ kind: 'choice', quantity: 'straightness', best, options }, answer, computed({}));
  assert.equal((await answered('least', '1')).right, true);
  assert.equal((await answered('least', '0')).right, false);
  assert.equal((await answered('greatest', '0')).right, true);
});

test('something is reached by what is in view, with no more evaluations than allowed', async () => {
  const question = /** @type {const} */ ({
    kind: 'reach', quantity: 'lab_error', below: 0.01, evaluations: 16,
  });
  const reached = async (error, evaluations) =>
    (await check(question, null, computed({ lab_error: error, evaluations }, {}))).right;
  assert.equal(await reached(0.005, 16), true);
  assert.equal(await reached(0.005, 17), false);
  assert.equal(await reached(0.01, 16), false);
});

const played = (recipe, sizes, cursor = 1) => ({
  state: () => /** @type {any} */ ({
    recipe, cursor,
    walk: { times: [0, 0.25, 0.5, 0.75, 1], steps: [{ change: 0 }, { change: 0.3 }, { change: 0.5 }] },
  }),
  map: (map, step) => Promise.resolve(/** @type {any} */ (sizes[map][step])),
});

test('quantities of a walk are those of the step in view', async () => {
  const walk = played({ solver: 'euler' }, {
    velocity: { 1: { size: 1.2, localError: 0.02 }, 2: { size: 0.8 } },
    guidance: { 1: { size: 0.4 } },
  });
  assert.equal(await QUANTITIES.velocity_norm(walk), 1.2);
  assert.equal(await QUANTITIES.change_norm(walk), 0.3);
  assert.equal(await QUANTITIES.guidance_share(walk), 0.5);
  assert.equal(await QUANTITIES.local_error(walk), 0.02);
  assert.equal(await QUANTITIES.evaluations(walk), 4);
  const heun = played({ solver: 'heun2' }, { velocity: { 1: { localError: 0.02 } } });
  assert.equal(await QUANTITIES.local_error(heun), null);
  assert.equal(await QUANTITIES.evaluations(heun), 8);
  assert.equal(await QUANTITIES.evaluations(played({ solver: 'dopri5' }, {})), null);
});

test('the local error of Euler’s step is half of it times the change of the velocity', () => {
  // x = t²: the velocities of steps of 1/2 are 1/2 and 3/2, and Heun’s method would add 1/4.
  const [times, velocities] = [[0, 0.5, 1], [null, 0.5, 1.5]];
  const walk = /** @type {any} */ ({
    steps: () => 3,
    time_of: (step) => times[step],
    velocity: (step) => Float32Array.of(velocities[step], velocities[step]),
  });
  assert.equal(localError(walk, 1), 0.25);
  assert.equal(localError(walk, 2), null);
  assert.equal(localError(walk, 0), null);
});

test('clickers and arrow keys lead on and back, unless a field needs the arrows', () => {
  const press = (key, target = null, more = {}) => wayOf(/** @type {any} */ ({
    key,
    ctrlKey: false,
    altKey: false,
    metaKey: false,
    shiftKey: false,
    composedPath: () => [target],
    ...more,
  }));
  const field = { matches: (selector) => selector.includes('input') };
  assert.deepEqual(['PageDown', 'PageUp', 'ArrowRight', 'ArrowLeft', 'Escape', 'a'].map((key) => press(key)),
    ['on', 'back', 'on', 'back', 'leave', null]);
  assert.equal(press('ArrowRight', field), null);
  assert.equal(press('PageDown', field), 'on');
  assert.equal(press('ArrowRight', null, { altKey: true }), null);
});
