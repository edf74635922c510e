// The lab's parts that need no browser: links, arrows, the loss chart.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  BATCHES, batchesOf, errorsBySolver, leadingTo, secondOf, SOLVERS, sourceOf, SOURCES, TARGETS, targetOf,
  withSecond,
} from '../../web/lab/choices.js';
import { lengthen, pointAt } from '../../web/lab/drawing.js';
import { applied, difference, read, written } from '../../web/lab/lab_link.js';
import { placed } from '../../web/lab/loss_chart.js';
import { arrowsOf, between, cellsOf, fastestOf, placing } from '../../web/lab/plane.js';
import { ARROWS, CELLS, ERROR_STEPS, HALF } from '../../web/lab/protocol.js';

const OWN = {
  settings: {
    seed: 0,
    source: { kind: 'gaussian', mean: [0, 0], spread: 1 },
    conditions: [{ label: 'Two moons', target: { kind: 'moons', spread: 0.1 } }],
    learning: { batch: 256, rate: 0.002 },
  },
  view: { field: 'learnt', condition: 0, steps: 20 },
};

test('a link holds what differs from the page’s own lab, and leads back to it', () => {
  const lab = structuredClone(OWN);
  lab.settings.seed = 7;
  lab.settings.learning.rate = 0.01;
  lab.view.condition = null;
  assert.deepEqual(difference(lab, OWN), {
    settings: { seed: 7, learning: { rate: 0.01 } },
    view: { condition: null },
  });
  const change = read(`#${written(lab, OWN)}`);
  assert.deepEqual(applied(OWN, change), lab);
});

test('a distribution of another kind takes the place of the page’s own', () => {
  const lab = structuredClone(OWN);
  lab.settings.source = { kind: 'ring', radius: 2, spread: 0.1 };
  lab.settings.conditions = [{ label: 'a & b = c', target: { kind: 'letters', text: 'A', spread: 0 } }];
  assert.deepEqual(applied(OWN, read(`#other=1&${written(lab, OWN)}`)), lab);
});

test('the page’s own lab needs no link, and what is no lab’s link is none', () => {
  assert.equal(written(OWN, OWN), '');
  for (const hash of ['', '#', '#heading', '#lab=', '#lab=%', '#lab=7', '#lab=[1]', '#lab={"a"']) {
    assert.equal(read(hash), null, hash);
  }
});

test('arrows start on a grid from the lower left, and the fastest is nearly a cell long', () => {
  const velocities = new Float64Array(2 * ARROWS * ARROWS);
  velocities[0] = 2;
  velocities[2 * ARROWS + 1] = -1;
  const arrows = arrowsOf(velocities);
  const cell = (2 * HALF) / ARROWS;
  assert.equal(arrows.length, ARROWS * ARROWS);
  assert.ok(Math.abs(arrows[0].from[0] - (-HALF + cell / 2)) < 1e-12);
  assert.ok(Math.abs(arrows[0].to[0] - arrows[0].from[0] - 0.9 * cell) < 1e-12);
  const up = arrows[ARROWS];
  assert.ok(Math.abs(up.from[1] - (-HALF + 1.5 * cell)) < 1e-12);
  assert.ok(Math.abs(up.to[1] - up.from[1] + 0.45 * cell) < 1e-12);
  assert.equal(up.speed, 0.5);
  assert.ok(arrowsOf(new Float64Array(8)).every(({ from, to }) => from[0] === to[0] && from[1] === to[1]));
});

test('up is up on the canvas', () => {
  const place = placing(800);
  assert.deepEqual(place(-HALF, HALF), [0, 0]);
  assert.deepEqual(place(0, 0), [400, 400]);
  assert.deepEqual(place(HALF, -HALF), [800, 800]);
});

test('a drawn line has points of the plane that are apart, and none outside it', () => {
  assert.deepEqual(pointAt(0, 0, 400), [-HALF, HALF]);
  assert.deepEqual(pointAt(300, 100, 400), [HALF / 2, HALF / 2]);
  assert.deepEqual(pointAt(-50, 900, 400), [-HALF, -HALF]);
  const strokes = [[[0, 0]], []];
  for (const x of [1, 1.01, 1.2]) lengthen(strokes, [x, 0]);
  assert.deepEqual(strokes, [[[0, 0]], [[1, 0], [1.2, 0]]]);
});

test('the loss chart begins at 0 and shows the least loss below the curve', () => {
  const places = placed(Float64Array.of(50, 4, 100, 2), 1);
  assert.match(places.line, /^M[\d.]+ [\d.]+L[\d.]+ [\d.]+$/);
  const [, high, low] = places.line.match(/^M\S+ (\S+)L\S+ (\S+)$/).map(Number);
  assert.ok(high < low && low < places.least);
  assert.equal(places.up[0].value, 0);
  assert.equal(placed(Float64Array.of(1, 3), null).least, null);
});

test('a target of the list is found again, and another is none of them', () => {
  for (const [index, { name, target }] of TARGETS.entries()) {
    assert.equal(targetOf(leadingTo(OWN.settings, target, name)), index);
  }
  assert.equal(targetOf(leadingTo(OWN.settings, { kind: 'points', points: [[0, 0]], spread: 0 }, 'x')), -1);
});

test('a density has a square for each cell that is not empty, and the densest is full', () => {
  const density = new Float64Array(CELLS * CELLS);
  density[0] = 2;
  density[CELLS + 1] = 1;
  const cell = (2 * HALF) / CELLS;
  const [first, second, ...others] = cellsOf(density);
  assert.deepEqual(others, []);
  assert.deepEqual([first.share, second.share], [1, 0.5]);
  // Corners are upper left ones.
  assert.ok(Math.abs(first.corner[0] + HALF) < 1e-12 && Math.abs(first.corner[1] + HALF - cell) < 1e-12);
  assert.ok(Math.abs(second.corner[0] + HALF - cell) < 1e-12);
  assert.ok(Math.abs(second.corner[1] + HALF - 2 * cell) < 1e-12);
  assert.deepEqual(cellsOf(new Float64Array(CELLS * CELLS)), []);
});

test('batches of the list are found again, and others are none of them', () => {
  for (const [index, { batches }] of BATCHES.entries()) {
    assert.equal(batchesOf({ ...OWN.settings, batches }), index);
  }
  assert.equal(batchesOf({ ...OWN.settings, batches: [[1, 2]] }), -1);
});

test('between two moments of a walk particles stand between their places', () => {
  const at = [Float64Array.of(0, 2), Float64Array.of(1, 4)];
  assert.deepEqual([...between(at, 0)], [0, 2]);
  assert.deepEqual([...between(at, 0.5)], [0.5, 3]);
  assert.deepEqual([...between(at, 1)], [1, 4]);
  assert.deepEqual([...between(at, 1.5)], [1, 4], 'none after the last');
});

test('fields beside each other are drawn to one scale', () => {
  const slow = new Float64Array(2 * ARROWS * ARROWS);
  slow[0] = 1;
  assert.equal(fastestOf(slow), 1);
  const [alone] = arrowsOf(slow);
  const [beside] = arrowsOf(slow, 4);
  assert.ok(Math.abs((alone.to[0] - alone.from[0]) - 4 * (beside.to[0] - beside.from[0])) < 1e-12);
  assert.equal(beside.speed, 0.25);
});

test('errors are told by solver, each with all numbers of steps', () => {
  const count = SOLVERS.length * ERROR_STEPS.length;
  const rows = errorsBySolver(Float64Array.from({ length: count }, (_, index) => index));
  assert.deepEqual(rows.map(({ solver }) => solver), SOLVERS.map(([, words]) => words));
  assert.deepEqual(rows.flatMap(({ errors }) => errors), Array.from({ length: count }, (_, index) => index));
});

test('a target takes the first condition’s place, and a second one comes and goes', () => {
  const [first, second] = TARGETS;
  const two = withSecond(leadingTo(OWN.settings, first.target, first.name), 1);
  assert.deepEqual(two.conditions.map(({ label }) => label), [first.name, second.name]);
  assert.equal(secondOf(two), 1);
  const other = leadingTo(two, { kind: 'points', points: [[0, 0]], spread: 0 }, 'yours');
  assert.deepEqual(other.conditions.map(({ label }) => label), ['yours', second.name]);
  assert.equal(secondOf(withSecond(two, null)), null);
  assert.equal(secondOf({ ...two, conditions: [...two.conditions, ...two.conditions] }), -1);
});

test('a source of the list is found again, and another is none of them', () => {
  for (const [index, { source }] of SOURCES.entries()) {
    assert.equal(sourceOf({ ...OWN.settings, source }), index);
  }
  assert.equal(sourceOf({ ...OWN.settings, source: { kind: 'moons', spread: 3 } }), -1);
});
