// Where the square of a crop may be, and how the picture follows it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { about, aside, placed } from '../../web/crop_place.js';

const upload = (more) => ({
  width: 400, height: 300, extent: [1, 1], smallest: 16, crop: { x: 100, y: 100, side: 64 }, ...more,
});

test('a crop that is placed lies within the image, whatever was asked for', () => {
  assert.deepEqual(placed(upload(), { x: -5, y: 290 }), { x: 0, y: 236, side: 64 });
  assert.deepEqual(placed(upload(), { side: 5000 }), { x: 100, y: 0, side: 300 });
  assert.deepEqual(placed(upload(), { side: NaN, x: NaN }), { x: 0, y: 100, side: 16 });
  const wide = upload({ extent: [1, 0.5] });
  assert.deepEqual(placed(wide, { side: 400, y: 200 }), { x: 0, y: 100, side: 400 });
});

test('another side or middle is taken about the middle', () => {
  assert.deepEqual(about(upload(), { side: 32 }), { x: 116, y: 116, side: 32 });
  assert.deepEqual(about(upload(), { middle: [200, 150] }), { x: 168, y: 118, side: 64 });
});

test('the picture moves only as far as the square needs to come into view', () => {
  assert.equal(aside(0.2, 0.3), 0);
  assert.ok(Math.abs(aside(-0.2, 0.3) - 0.2) < 1e-12);
  assert.ok(Math.abs(aside(0.9, 0.3) + 0.2) < 1e-12);
  assert.equal(aside(-0.5, 2), 0, 'a square larger than the view stays as it is');
});
