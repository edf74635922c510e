// Which nucleus a tap is on, which one is next, and what is said of those that were found.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as nuclei from '../../web/nuclei.js';

const at = (x, y, area = 300) => ({ x, y, area });
/** A field of 1280 pixels across in a window of 390. */
const SCALE = 1280 / 320;

test('a tap is on a nucleus from 12 CSS pixels on at every zoom, and on all of a larger one', () => {
  const field = [at(400, 300)];
  assert.equal(nuclei.nucleusAt(field, [400 + 11.9 * SCALE, 300], SCALE), 0);
  assert.equal(nuclei.nucleusAt(field, [400 + 12.1 * SCALE, 300], SCALE), null);
  assert.equal(nuclei.nucleusAt(field, [412.1, 300], 1), null, 'closer, 12 of its pixels are 12 CSS pixels');
  const large = [at(400, 300, Math.PI * 100 ** 2)];
  assert.equal(nuclei.nucleusAt(large, [400, 399], 1), 0);
  assert.equal(nuclei.nucleusAt(large, [400, 401], 1), null);
  assert.equal(nuclei.nucleusAt([], [1, 1], SCALE), null);
});

test('of nuclei near each other the nearest one is meant', () => {
  const field = [at(100, 100), at(110, 100), at(110, 112)];
  assert.equal(nuclei.nucleusAt(field, [103, 100], SCALE), 0);
  assert.equal(nuclei.nucleusAt(field, [107, 101], SCALE), 1);
  assert.equal(nuclei.nucleusAt(field, [111, 109], SCALE), 2);
});

test('going on and back runs around the list, from an end of it at first', () => {
  assert.equal(nuclei.beside(3, null, 1), 0);
  assert.equal(nuclei.beside(3, null, -1), 2);
  assert.deepEqual([0, 1, 2].map((index) => nuclei.beside(3, index, 1)), [1, 2, 0]);
  assert.deepEqual([0, 1, 2].map((index) => nuclei.beside(3, index, -1)), [2, 0, 1]);
  assert.equal(nuclei.beside(1, 0, 1), 0);
});

test('a ring lies outside of its nucleus, and can be seen in a large image', () => {
  const image = { width: 400, height: 200 };
  const area = Math.PI * 8 ** 2;
  assert.equal(
    nuclei.ringPath([at(50, 60, area)], image),
    'M40 60a10 10 0 1 0 20 0a10 10 0 1 0 -20 0',
  );
  assert.match(nuclei.ringPath([at(50, 60, area)], { width: 4000, height: 2000 }), /^M30 60a20 20 /);
  assert.equal(nuclei.ringPath([], image), '');
  assert.equal(nuclei.ringPath([at(5, 5), at(9, 9)], image).match(/M/g).length, 2);
});

const FOUND = {
  key: 1, channel: 2, plane: 0, count: 17, listed: Array.from({ length: 17 }, (_, x) => at(x, x, 412)),
  reduction: 1, size: /** @type {[number, number]} */ ([1280, 1024]),
};

test('what was found is said in one sentence, and what was left out with it', () => {
  const said = (more) => nuclei.foundSentence(/** @type {any} */ ({ ...FOUND, ...more }), 'DNA');
  assert.equal(said({}), '17 nuclei were found in the plane of DNA.');
  assert.equal(said({ count: 1, listed: [at(1, 1)] }), '1 nucleus was found in the plane of DNA.');
  assert.equal(said({ count: 0, listed: [] }),
    'No nuclei were found in the plane of DNA; place the crop by hand.');
  assert.equal(said({ count: 2345, listed: Array(1000).fill(at(1, 1)) }),
    '2,345 nuclei were found in the plane of DNA; the 1,000 largest are offered.');
  assert.match(said({ plane: -1, count: 0, listed: [] }), /^Choose a plane for DNA/);
  assert.equal(nuclei.foundSentence({ key: 1, looking: true }, ''), 'Looking for nuclei…');
  assert.equal(nuclei.foundSentence({ key: 1, failed: 'no connection' }, ''),
    'Nuclei could not be looked for: no connection.');
  assert.equal(nuclei.chosenSentence(FOUND.listed, 2), 'Nucleus 3 of 17, 412 px in area.');
});

test('a plane that was reduced is said to be, with what is missed in it', () => {
  assert.match(nuclei.howSentence(FOUND), /Otsu/);
  assert.doesNotMatch(nuclei.howSentence(FOUND), /reduced/);
  assert.match(nuclei.howSentence({ ...FOUND, reduction: 3, size: [1000, 750] }),
    /reduced to 1000 × 750 pixels for that; what is less than 18 px across in your image is not found\.$/);
  assert.match(nuclei.howSentence({ ...FOUND, count: 0, listed: [] }), /^They are looked for/);
  assert.equal(nuclei.howSentence({ key: 1, looking: true }), '');
  assert.equal(nuclei.howSentence({ ...FOUND, plane: -1 }), '');
});
