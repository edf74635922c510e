// What is said of a level of source noise.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { offered, ofLevel } from '../../web/trained_noise.js';

test('a level that was trained is said to be so, another one is warned of', () => {
  const levels = { levels: [0, 0.5] };
  assert.deepEqual(offered(levels), [0, 0.5]);
  assert.deepEqual(ofLevel(levels, 0.5), {
    words: 'Here the network was trained with 0 and 0.5.', warns: false,
  });
  assert.deepEqual(ofLevel(levels, 0.25), {
    words: '0.25 was never trained: the network was trained with 0 and 0.5.', warns: true,
  });
  const range = { range: [0, 0.5] };
  assert.equal(ofLevel(range, 0.25).warns, false);
  // As a slider's steps add up.
  assert.equal(ofLevel(range, 0.1 + 0.4 + 1e-9).warns, false);
  assert.equal(ofLevel(range, 0.55).words, '0.55 was never trained: the network was trained with 0 to 0.5.');
  assert.equal(ofLevel({ levels: [0] }, 1).words, '1 was never trained: the network was trained with 0.');
});

test('nothing is said where the bundle does not say', () => {
  assert.deepEqual(offered(null), []);
  assert.equal(ofLevel(null, 0.5), null);
  assert.equal(ofLevel({ levels: [0] }, undefined), null);
});
