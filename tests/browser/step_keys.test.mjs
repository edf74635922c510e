// The keys of a slider of steps, wherever it stands.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stepOfKey } from '../../web/step_keys.js';

test('arrows go a step within the walk, Home and End to its ends, and other keys nowhere', () => {
  for (const [key, from, to] of [
    ['ArrowRight', 1, 2],
    ['ArrowUp', 3, 3],
    ['ArrowLeft', 1, 0],
    ['ArrowDown', 0, 0],
    ['Home', 2, 0],
    ['End', 0, 3],
    ['a', 1, undefined],
    [' ', 1, undefined],
  ]) {
    assert.equal(stepOfKey(key, from, 3), to, `${key} at ${from}`);
  }
});
