// Micrometres on the page: scale bars, crops at the model's scale, and the square that is placed by hand.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cropAtScale, inWords, roundLength, scaleSentence, sideAtScale } from '../../web/scale.js';
import { modelScale } from '../../web/worker/manifest_view.js';
import { statistics, threshold, unlike } from '../../web/worker/likeness.js';

test('a scale bar is a round length of about a quarter of what is in view', () => {
  for (let across = 0.05; across < 1e5; across *= 1.07) {
    const length = roundLength(across);
    assert.ok(length / across > 0.15 && length / across < 0.4, `${length} of ${across}`);
    assert.match(length.toExponential(), /^[125]e/);
  }
  assert.equal(roundLength(32), 10);
  assert.equal(roundLength(64 * 0.65), 10);
  // A zoom of 16 on the same image.
  assert.equal(roundLength(2), 0.5);
});

test('lengths are written in the unit in which they are plain', () => {
  assert.deepEqual([0.005, 0.5, 1, 20, 1000].map(inWords), ['5 nm', '500 nm', '1 µm', '20 µm', '1 mm']);
});

const MODEL = { pixelUm: 0.5, side: 96 };
const field = (more) => ({
  width: 400, height: 300, extent: [1, 1], smallest: 16, pixelUm: 0.25, scaleFrom: 'OME-XML',
  crop: { x: 0, y: 0, side: 192 }, ...more,
});

test('a crop at the model’s scale is as large on the specimen as the model’s images', () => {
  assert.equal(sideAtScale(MODEL, 0.25), 192);
  assert.deepEqual(cropAtScale(field({}), MODEL), { x: 104, y: 54, side: 192 });
  assert.equal(cropAtScale(field({ pixelUm: null }), MODEL), null);
  assert.equal(cropAtScale(field({}), { ...MODEL, pixelUm: null }), null);
  assert.equal(cropAtScale(field({ pixelUm: 0.1 }), MODEL), null, 'no room for 480 px');
  assert.equal(cropAtScale(field({ pixelUm: 4 }), MODEL), null, '12 px show no cell');
});

test('the editor says at which scale the crop is, or that this is unknown', () => {
  assert.equal(
    scaleSentence(field({}), MODEL),
    'Crop at the model’s scale: 192 px × 0.25 µm (OME-XML).',
  );
  assert.equal(
    scaleSentence(field({ crop: { side: 96 } }), MODEL),
    'Cells look 2 times as large as in the model’s images; at their scale the side is 192 px.',
  );
  const said = (pixelUm) => scaleSentence(field({ pixelUm }), MODEL);
  assert.match(said(0.1), /the side would be 480 px, more than your image has/);
  assert.match(said(4), /would be 12 px, fewer than the 16 px that show a cell/);
  const unknown = 'so the scale is unknown: choose the side so that a nucleus looks as large as in the '
    + 'samples.';
  const none = { pixelUm: null, side: 96 };
  assert.equal(scaleSentence(field({ pixelUm: null }), MODEL), `Your image states no pixel size, ${unknown}`);
  assert.equal(scaleSentence(field({}), none), `The data state no pixel size, ${unknown}`);
  assert.equal(
    scaleSentence(field({ pixelUm: null }), none),
    `Neither the data nor your image states the size of a pixel, ${unknown}`,
  );
});

test('a manifest may state the size of a pixel or of a crop', () => {
  assert.deepEqual(modelScale({ width: 96, height: 64, pixel_size_um: 0.5 }), { pixelUm: 0.5, side: 96 });
  assert.deepEqual(modelScale({ width: 96, height: 64, crop_size_um: 48 }), { pixelUm: 0.5, side: 96 });
  assert.deepEqual(modelScale({ width: 96, height: 64 }), { pixelUm: null, side: 96 });
});

test('statistics are those of each channel’s bytes', () => {
  const coded = Uint8Array.from([...Array(50).fill(10), ...Array(50).fill(30), ...Array(99).fill(0), 200]);
  assert.deepEqual(statistics(coded, 2), [
    { mean: 20, spread: 10, bright: 30 },
    { mean: 2, spread: Math.sqrt((99 * 4 + 198 ** 2) / 100), bright: 0 },
  ]);
});

const like = (mean, spread = 12, bright = 90) => ({ mean, spread, bright });

test('a crop is called unlike the controls only where it is far from what so few can tell', () => {
  const controls = [38, 40, 42, 39, 41, 40, 38, 42].map((mean) => [like(mean)]);
  // Their standard deviation is 1.6: 6.2 of them are not enough for eight controls, 24.9 are.
  assert.deepEqual(unlike([like(50)], controls, ['actin'], false), []);
  assert.deepEqual(unlike([like(80)], controls, ['actin'], false), [
    'Actin is 24.9 standard deviations brighter than this bundle’s controls (n = 8).',
  ]);
  assert.deepEqual(unlike([like(0)], controls, ['actin'], true), [
    'Actin is 24.9 standard deviations darker than this bundle’s controls (n = 8, drawn by a program).',
  ]);
  assert.deepEqual(unlike([like(40, 40)], controls, ['DNA'], false), [
    'The contrast of DNA is 28.0 standard deviations higher than in this bundle’s controls (n = 8).',
  ]);
  assert.deepEqual(unlike([like(40, 12, 20)], controls, ['DNA'], false), [
    'The brightest parts of DNA are 70.0 standard deviations darker than in this bundle’s controls (n = 8).',
  ]);
  assert.deepEqual(unlike([like(80)], controls.slice(0, 2), ['actin'], false), [], 'two say nothing');
  // The fewer there are, the farther.
  const far = [3, 4, 8, 16, 1000].map(threshold);
  assert.deepEqual(far, far.toSorted((a, b) => b - a));
  assert.ok(far[0] > 30 && far[4] > 5 && far[4] < 6, far.join());
});
