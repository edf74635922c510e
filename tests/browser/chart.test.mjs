// Where everything stands in a chart, which walks make a band, and what is compared: computed without a
// document.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { letterOf, markOf } from '../../web/cell_marks.js';
import { bandOf, curveOf, ends, HIGH, nearestStep, placed, ticks, WIDE } from '../../web/chart.js';
import { compared, differenceOf } from '../../web/comparison.js';
import { measured, signed, tick } from '../../web/figures.js';
import { nameInWords } from '../../web/measure_names.js';
import { asked, NOTHING_MEASURED, pairsOf } from '../../web/measures.js';

const points = (...values) => values.map((value, step) => ({ time: step / (values.length - 1 || 1), value }));

test('a scale has a few round numbers, all of them between its ends', () => {
  assert.deepEqual(ticks(0, 1, 4), [0, 0.5, 1]);
  assert.deepEqual(ticks(-0.25, 0.35, 4), [-0.2, 0, 0.2]);
  assert.deepEqual(ticks(812, 1190, 4), [900, 1000, 1100]);
  assert.deepEqual(ticks(3, 3, 4), [3]);
  for (const [low, high] of [[0.0123, 0.0131], [1e-9, 3e-9], [0, 7e6], [-5, 12], [99.99, 100.01]]) {
    const found = ticks(low, high, 4);
    assert.ok(found.length >= 2 && found.length <= 6, `${low} to ${high}: ${found}`);
    assert.ok(found.every((value) => value >= low - 1e-12 && value <= high + 1e-12), found.join());
    assert.ok(found.every((value) => String(value).length < 9), found.join());
  }
});

test('everything charted lies within the axes, and equal values in their middle', () => {
  const mark = { letter: 'A', treated: false, far: false, mean: 30, interval: [-10, 40] };
  const band = [{ time: 0, low: 1, high: 25 }, { time: 1, low: 2, high: 5 }];
  const curve = points(5, null, 7, 3);
  const charted = { times: [0, 1], unit: 'px', curve, others: [], band, marks: [mark] };
  const places = placed(charted);
  const heights = [...places.points.map(({ y }) => y), ...places.marks[0].ends, places.marks[0].y];
  assert.ok(heights.every((y) => y > 0 && y < HIGH), heights.join());
  assert.ok(places.marks[0].x > places.right && places.marks[0].x < WIDE);
  // Larger is further up, and a step without a value interrupts the line.
  assert.ok(places.points[1].y < places.points[0].y);
  assert.equal(places.points.length, 3);
  assert.match(places.curve, /^M[\d. ]+M[\d. ]+L[\d. ]+$/);
  assert.match(places.band, /^M.*L.*L.*L.*Z$/);
  assert.deepEqual([places.timeAt(places.x(0.25)), places.timeAt(-9), places.timeAt(999)].map(
    (time) => Math.round(100 * time) / 100), [0.25, 0, 1]);
  const flat = placed({ ...charted, curve: points(4, 4), band: [], marks: [] });
  assert.equal(flat.points[0].y, flat.points[1].y);
  assert.ok(!Number.isNaN(flat.points[0].y));
  assert.deepEqual(ends([]), [0, 1]);
  assert.deepEqual(placed({ ...charted, curve: points(null), band: [], marks: [] }).points, []);
});

test('a band goes from the smallest to the largest of all walks at each step that all have reached', () => {
  const [one, two] = [points(1, 5, 3), points(2, 4, null)];
  assert.deepEqual(bandOf([one, two]), [
    { time: 0, low: 1, high: 2 }, { time: 0.5, low: 4, high: 5 },
  ]);
  assert.deepEqual(bandOf([one]), [], 'one walk has no spread');
  assert.deepEqual(bandOf([one, points(1, 2)]), [], 'walks with times of their own');
  assert.equal(bandOf([one.slice(0, 1), two]).length, 1, 'a walk under way has the first steps');
});

test('a place between two steps is the nearer one’s, and there and back the side in view', () => {
  assert.equal(nearestStep([0, 0.5, 1], 0.7, 0), 1);
  assert.equal(nearestStep([0, 0.5, 1], 0.8, 0), 2);
  const back = [0, 0.5, 1, 0.5, 0];
  assert.deepEqual([nearestStep(back, 0.5, 0), nearestStep(back, 0.5, 4)], [1, 3]);
});

test('a measure of steps is a curve, without a value where an image has none', () => {
  const steps = [{ time: 0, values: [1, null] }, { time: 1, values: [2, 4] }];
  assert.deepEqual(curveOf(steps, 1), [{ time: 0, value: null }, { time: 1, value: 4 }]);
});

const names = [
  'nucleus.area', 'nucleus.cut-off', 'a.mean', 'b.mean', 'a.laplacian-energy', 'b.laplacian-energy',
];
const list = names.map((name) => ({ name, unit: '', about: '', source: '' }));

test('compared are the area, the mean of the channel that changes most, and its texture', () => {
  const pairs = [
    { treated: [120, 0, 0.5, 0.2, 1, 3], untreated: [100, 0, 0.4, 0.5, 1, 2] },
    { treated: [90, 1, 0.5, 0.3, 1, 5], untreated: [100, 0, 0.4, 0.5, 1, 2] },
  ];
  const { differences, cutOff } = compared(list, pairs);
  assert.deepEqual(differences.map(({ measure }) => measure.name),
    ['nucleus.area', 'b.mean', 'b.laplacian-energy']);
  const [area, mean, texture] = differences;
  assert.deepEqual([area.mean, area.low, area.high, area.percent, area.seeds], [5, -10, 20, 5, 2]);
  assert.ok(Math.abs(mean.mean + 0.25) < 1e-12 && Math.abs(mean.percent + 50) < 1e-9);
  assert.deepEqual([texture.mean, texture.percent], [2, 100]);
  assert.equal(cutOff, 1);
});

test('a seed without a value is left out, and of nothing there is no percentage', () => {
  const pairs = [
    { treated: [null, 0, 1, 0, 0, 0], untreated: [100, 0, 0, 0, 0, 0] },
    { treated: [110, 0, 1, 0, 0, 0], untreated: [100, 0, 0, 0, 0, 0] },
  ];
  assert.equal(differenceOf(list, pairs, 'nucleus.area').seeds, 1);
  assert.equal(differenceOf(list, pairs, 'a.mean').percent, null);
  assert.equal(differenceOf(list, pairs, 'c.mean'), null);
  assert.equal(differenceOf(list, [], 'a.mean'), null);
  assert.deepEqual(compared([], pairs).differences, []);
});

test('walks aside are asked for seed by seed, and pairs are of the same seed', () => {
  const step = (value) => ({ time: 1, values: [value] });
  const other = (seed, untreated, value, finished = true) => (
    { key: `3 ${untreated ? 'untreated' : 'treated'} ${seed}`, seed, untreated, steps: [step(value)], of: 1,
      finished, failed: false });
  const measures = {
    ...NOTHING_MEASURED, key: 3, seed: 7, seeds: [8, 9], compared: true, steps: [step(0)],
    others: [other(8, true, 80), other(8, false, 8), other(9, false, 9, false), other(7, true, 70)],
  };
  const told = asked(measures).map(({ seed, untreated, finished }) => [seed, untreated, finished]);
  assert.deepEqual(told, [
    [7, true, true], [8, false, true], [8, true, true], [9, false, false], [9, true, false],
  ]);
  const ofSeed = (treated, untreated) => ({ treated: [treated], untreated: [untreated] });
  assert.deepEqual(pairsOf(measures, true), [ofSeed(8, 80), ofSeed(0, 70)]);
  assert.deepEqual(pairsOf(measures, false), [ofSeed(8, 80)], 'the walk in view is under way');
  // A walk of another key is no longer meant.
  assert.equal(asked({ ...measures, key: 4 }).some(({ finished }) => finished), false);
});

test('numbers have four digits, a minus sign and, where nothing is, a dash', () => {
  assert.deepEqual([0.0123456, -2.5, 1234.5, null, undefined, 0].map(measured),
    ['0.01235', '−2.5', '1,235', '–', '–', '0']);
  assert.deepEqual([3, -3, 0].map(signed), ['+3', '−3', '0']);
  assert.deepEqual([0.12345, -2000, 0].map(tick), ['0.12345', '−2,000', '0']);
});

test('measures have names in words, with the channels as the manifest writes them', () => {
  const channels = ['actin', 'DNA'].map((name) => ({ name }));
  assert.equal(nameInWords('nucleus.area', channels), 'Area of the nucleus');
  assert.equal(nameInWords('dna.mean', channels), 'Mean of DNA');
  assert.equal(nameInWords('actin-dna.correlation', channels), 'Correlation of actin and DNA');
  assert.equal(nameInWords('er.laplacian-energy', channels), 'Fine detail of er');
  assert.equal(nameInWords('something.else', channels), 'something.else');
});

test('a mark at a dose stands at it and takes no room beside the curve, and letters go on after Z', () => {
  assert.deepEqual([0, 25, 26, 52].map(letterOf), ['A', 'Z', 'AA', 'BA']);
  /** @type {any} */
  const group = {
    treated: true, synthetic: false, batch: 'same', otherDose: false, hasStart: false, cells: 1,
    means: [{ n: 1, mean: 4, interval: null }, null],
  };
  const [mark] = markOf(group, 1, 0);
  assert.deepEqual([mark.letter, mark.mean, mark.far], ['B', 4, false]);
  assert.deepEqual(markOf(group, 1, 1), []);
  const axis = { label: 'dose', ticks: [1, 10], part: Math.log10 };
  const curve = [{ time: 1, value: 3 }, { time: 10, value: 5, open: true }];
  /** @type {any} */
  const charted = { times: [1, 10], unit: '', curve, others: [], band: [], axis };
  const places = placed({ ...charted, marks: [{ ...mark, at: 10 }] });
  assert.equal(places.marks[0].x, places.right);
  assert.equal(places.right, placed({ ...charted, marks: [] }).right);
  assert.ok(placed({ ...charted, marks: [mark] }).right < places.right);
  assert.deepEqual(places.points.map(({ open }) => open), [false, true]);
});
