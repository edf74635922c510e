// What is handed over for a printed figure of a grid or of charts: what the page shows, and its words.
// Nothing is drawn.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HIGH, placed, WIDE } from '../../web/chart.js';
import { piecesOf, printed } from '../../web/chart_figure.js';
import { NO_GRID, viewOf } from '../../web/grid.js';
import { canBePrinted, tableOf } from '../../web/grid_figure.js';
import { planOf } from '../../web/grid_plan.js';
import { parted } from '../../web/link_beside.js';

const RECIPE = {
  control: 'c1', compound: 'taxol', direction: 'forward', solver: 'euler', grid: 'uniform', steps: 2,
  alpha: 1, noise: 0, seed: 7, rtol: 1e-5, atol: 1e-5, hidden: [], channels: [],
};
const compound = (id, control = false) => ({ id, name: id.toUpperCase(), doses: [], batches: [], control });
const tile = (id, more = {}) => ({
  id, condition: 'dmso', treated: false, synthetic: false, untreated: true, batch: null, number: 1, dose: '',
  label: id, note: id, source: 'a microscope', licence: 'CC0-1.0', ...more,
});
const picture = (side, shade) =>
  ({ width: side, height: side, rgba: new Uint8ClampedArray(4 * side * side).fill(shade) });

/** A grid of two compounds by two guidances, of which the last walk waits. @returns {any} */
function walked(more = {}) {
  const treated = { condition: 'taxol', treated: true, untreated: false };
  const state = {
    recipe: RECIPE, link: 'v=1&c=taxol', manifest: { size: [4, 4] }, channels: [{}, {}],
    compounds: [compound('dmso', true), compound('taxol')], samples: [tile('c1')],
    examples: [tile('t1', { ...treated, licence: 'CC-BY-4.0' })],
    thumbnails: new Map([['t1', picture(4, 9)]]), flowSource: 'control', takesDose: false,
    trainedNoise: null, changes: 0, phase: 'ready',
    grid: { ...NO_GRID, chosen: { compound: ['dmso', 'taxol'], alpha: [1, 2] } }, ...more,
  };
  const { plan } = planOf(/** @type {any} */ (state), 1);
  const done = (shade) => ({
    times: [0, 0.5, 1], pictures: [0, 1, 2].map((step) => picture(4, shade + step)), of: 2, finished: true,
    failed: null, view: viewOf(RECIPE),
  });
  const cells = Object.fromEntries(plan.cells.slice(0, 3).map(({ key }, index) => [key, done(10 * index)]));
  return { ...state, grid: { ...state.grid, plan, cells } };
}

test('a grid’s figure has the table of the page, at the time in view, with words and its link', () => {
  const { base, table, pictures, words } = tableOf(walked());
  assert.deepEqual(table.columns, ['α = 1', 'α = 2', 'Not generated']);
  assert.deepEqual(table.rows.map(({ heading }) => heading), ['DMSO', 'TAXOL']);
  const captions = table.rows.map(({ cells }) => cells.map(({ caption }) => caption));
  assert.deepEqual(captions[0].slice(0, 2), ['t = 1.000, generated', 't = 1.000, generated']);
  assert.deepEqual(captions[1].slice(1, 2), ['Waits']);
  assert.equal(captions[0][2], 'None in this bundle');
  assert.match(captions[1][2], /^real treated cell/);
  const shades = table.rows.map(({ cells }) => cells.map((cell) =>
    (cell.picture === null ? null : pictures[cell.picture].rgba[0])));
  assert.deepEqual(shades, [[2, 12, null], [22, null, 9]]);
  assert.equal(words.title, 'Walks by Compound and Guidance α, at t = 1.000');
  assert.equal(words.lines[0], 'All walks: control c1, Euler, 2 steps, source noise 0');
  assert.match(words.lines[1], /a microscope; CC0-1\.0\. a microscope; CC-BY-4\.0/);
  assert.equal(words.is_of_walk, false);
  const { beside } = parted(`v=1&c=taxol${words.also}`);
  assert.deepEqual(beside.grid, {
    rows: 'compound', columns: 'alpha', real: true, chosen: { compound: ['dmso', 'taxol'], alpha: [1, 2] },
  });
  assert.equal(base.compound, 'taxol');
});

test('a start is not called generated, and a cell of another size is told and not shown', () => {
  const state = walked({ thumbnails: new Map([['t1', picture(5, 9)]]) });
  const { table } = tableOf({ ...state, grid: { ...state.grid, part: 0 } });
  assert.equal(table.rows[0].cells[0].caption, 't = 0.000, the start');
  assert.equal(table.rows[1].cells[2].picture, null);
});

test('a grid is printed once something of it is there, and all in one view', () => {
  const state = walked();
  assert.equal(canBePrinted(state), true);
  assert.equal(canBePrinted({ ...state, recipe: { ...RECIPE, hidden: [1] } }), false);
  assert.equal(canBePrinted({ ...state, grid: { ...state.grid, cells: {} } }), false);
  assert.equal(canBePrinted({ ...state, grid: NO_GRID }), false);
});

test('a printed chart has all that stands in the page’s, inside its box', () => {
  const curve = [0, 0.5, 1].map((time, step) => ({ time, value: step === 1 ? null : 10 + step }));
  const mark = { letter: 'A', treated: true, far: false, mean: 11, interval: [10, 13] };
  const places = placed({
    times: [0, 1], unit: 'µm²', curve, others: [curve], marks: /** @type {any} */ ([mark]),
    band: [{ time: 0, low: 9, high: 12 }, { time: 1, low: 10, high: 13 }],
  });
  const chart = printed({ title: 'area', note: 'The area.', unit: 'µm²' }, places);
  assert.deepEqual([chart.wide, chart.high, chart.unit, chart.label], [WIDE, HIGH, 'µm²', 'time t']);
  // The missing value interrupts the line; points have none there.
  assert.equal(chart.curve.length, 2);
  assert.equal(chart.points.length, 2);
  assert.equal(chart.band.length, 4);
  assert.deepEqual(chart.curve[0][0], chart.points[0].at);
  assert.equal(chart.means[0].interval.length, 2);
  const spots = [...chart.curve.flat(), ...chart.others.flat(), ...chart.band, chart.means[0].at];
  for (const [x, y] of spots) assert.ok(x >= 0 && x <= WIDE && y >= 0 && y <= HIGH, `${x} ${y}`);
  assert.ok(chart.up.length > 1 && chart.across.some(({ text }) => text === '0.5'));
  assert.deepEqual(piecesOf(''), []);
});
