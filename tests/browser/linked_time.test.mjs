// Which step of a walk stands beside a moment of another, and where a walk goes on to.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasArrived, momentAlong, momentOf, stepAt, stepNear } from '../../web/linked_time.js';
import { pinNow, pinOf } from '../../web/pin.js';

const FORWARD = [0, 0.25, 0.5, 0.75, 1];
const REVERSE = [...FORWARD].reverse();
const RETURN = [0, 0.5, 1, 0.5, 0];
const at = (time, back = false) => ({ time, back });

test('beside a moment stands the last step that is not later', () => {
  assert.equal(stepAt(FORWARD, at(0.5)), 2);
  assert.equal(stepAt(FORWARD, at(0.74)), 2);
  assert.equal(stepAt(FORWARD, at(0.75 - 1e-9)), 3);
  assert.equal(stepAt(FORWARD, at(1)), 4);
  // A grid that begins later than 0, and a walk that has come less far.
  assert.equal(stepAt([0.02, 0.4], at(0)), 0);
  assert.equal(stepAt([0, 0.25], at(1)), 1);
});

test('a walk back is found by its time, and short of that its earliest time is shown', () => {
  assert.equal(stepAt(REVERSE, at(0.5)), 2);
  assert.equal(stepAt(REVERSE, at(0.6)), 2);
  assert.equal(stepAt([1, 0.75], at(0.5)), 1);
});

test('of a walk there and back the step on the same way is shown', () => {
  assert.equal(stepAt(RETURN, at(0.5)), 1);
  assert.equal(stepAt(RETURN, at(0.5, true)), 3);
  assert.equal(stepAt(RETURN, at(0, true)), 4);
  assert.deepEqual(momentOf(RETURN, 3), at(0.5, true));
  assert.deepEqual(momentOf(RETURN, 2), at(1));
  assert.deepEqual(momentOf(REVERSE, 3), at(0.25));
  // One way has no way back.
  assert.equal(stepAt(FORWARD, at(0.5, true)), 2);
});

test('a walk goes on to the nearest step, and never to its start', () => {
  assert.equal(stepNear(FORWARD, at(0.6)), 2);
  assert.equal(stepNear(FORWARD, at(0.01)), 1);
  assert.equal(stepNear([0, 1], at(0.1)), 1);
  assert.equal(stepNear(RETURN, at(0.4, true)), 3);
  assert.equal(stepNear(REVERSE, at(0.3)), 3);
});

test('a walk has arrived at its step, or, where its times are found on the way, at its time', () => {
  const fixed = { times: FORWARD, steps: [] };
  assert.deepEqual([1, 2, 3].map((step) => hasArrived(fixed, step, at(0.5))), [false, true, true]);
  const found = (...times) => ({ times: null, steps: times.map((time) => ({ time })) });
  const last = (walk, moment) => hasArrived(/** @type {any} */ (walk), walk.steps.length - 1, moment);
  assert.equal(last(found(0), at(0.5)), false);
  assert.equal(last(found(0, 0.3), at(0.5)), false);
  assert.equal(last(found(0, 0.3, 0.6), at(0.5)), true);
  assert.equal(last(found(1, 0.7), at(0.5)), false);
  assert.equal(last(found(1, 0.7, 0.4), at(0.5)), true);
  assert.equal(last(found(0, 0.6, 1), at(0.5, true)), false);
  assert.equal(last(found(0, 0.6, 1, 0.4), at(0.5, true)), true);
});

test('a part of the way is a moment in every direction', () => {
  assert.deepEqual(momentAlong('forward', 1), at(1));
  assert.deepEqual(momentAlong('reverse', 1), at(0));
  assert.deepEqual(momentAlong('return', 0.5), at(1));
  assert.deepEqual(momentAlong('return', 0.75), at(0.5, true));
  assert.deepEqual(momentAlong('return', 1), at(0, true));
});

/** @returns {any} */
const state = (link, steps, more = {}) => ({
  link, walk: { steps: Array(steps).fill({ time: 0 }) }, recipe: {}, start: {}, compoundName: 'Taxol',
  ...more,
});

test('a pinned walk goes on with the walk in view until that is another one', () => {
  const pin = pinOf(state('a', 1));
  assert.equal(pinNow(state('a', 3, { pin })).walk.steps.length, 3);
  assert.equal(pinNow(state('b', 3, { pin })), pin);
  // The same walk begun anew keeps what was pinned.
  const far = pinNow(state('a', 3, { pin }));
  assert.equal(pinNow(state('a', 1, { pin: far })), far);
  assert.equal(pinOf(/** @type {any} */ ({ walk: null })), null);
});
