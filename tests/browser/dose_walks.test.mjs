// Walks across doses: which they are, when they are refused, what is asked of the worker and what comes of
// it, and what their ends give. Nothing is computed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placed } from '../../web/chart.js';
import { axisOf, dosePlan, doseTable, pointsOf, responseOf } from '../../web/dose_plan.js';
import { DoseWalks } from '../../web/dose_walks.js';
import { NO_DOSES } from '../../web/doses.js';

const RECIPE = {
  control: 'c1', compound: 'taxol', dose: 3, direction: 'forward', solver: 'euler', grid: 'uniform', steps: 2,
  alpha: 1, noise: 0, seed: 7, rtol: 1e-5, atol: 1e-5, hidden: [], channels: [],
};
const compound = (id, more = {}) => ({
  id, name: id.toUpperCase(), smiles: null, doses: [0.3, 3, 30], trainedDoses: [0.3, 3, 30], seen: true,
  batches: [], control: false, ...more,
});

/** @returns {any} */
const stateWith = (doses = {}, more = {}) => ({
  recipe: RECIPE,
  manifest: { size: [10, 10] },
  channels: [{}, {}, {}],
  compounds: [compound('dmso', { control: true, doses: [0], trainedDoses: [] }), compound('taxol')],
  samples: [{ id: 'c1' }],
  examples: [],
  takesDose: true,
  takesStructures: false,
  phase: 'ready',
  changes: 0,
  doses: { ...NO_DOSES, ...doses },
  ...more,
});

test('the walks are the one in view at each dose, and for other seeds where anything is random', () => {
  const { plan } = dosePlan(stateWith({ seeds: 3 }), 1);
  assert.deepEqual(plan.walks.map(({ recipe, seed }) => [recipe.dose, seed]),
    [0.3, 0.949, 3, 9.49, 30].map((dose) => [dose, 7]));
  for (const { recipe } of plan.walks) assert.deepEqual({ ...recipe, dose: 3 }, RECIPE);
  const noisy = dosePlan(stateWith({ seeds: 3 }, { recipe: { ...RECIPE, noise: 0.5 } }), 1).plan;
  assert.deepEqual(noisy.seeds, [7, 8, 9]);
  assert.equal(noisy.walks.length, 15);
  assert.equal(noisy.walks.map(({ shown }) => shown).lastIndexOf(true), 4, 'the film is of the first seed');
  assert.equal(new Set(noisy.walks.map(({ key }) => key)).size, 15);
});

test('a bundle without doses, and a compound with one, have nothing to compare', () => {
  assert.deepEqual(pointsOf(stateWith({}, { takesDose: false }), 5), []);
  const untreated = stateWith({}, { recipe: { ...RECIPE, compound: 'dmso', dose: 0 } });
  assert.ok(pointsOf(untreated, 5).length < 2);
  assert.match(dosePlan(untreated, 1).refused, /no two doses/);
});

test('conditions that are one compound at several doses are walked as such', () => {
  const compounds = [10, 1].map((dose) => compound(`a-${dose}`, {
    smiles: 'CCO', doses: [dose], trainedDoses: null,
  }));
  const state = stateWith({}, {
    compounds, takesDose: false, recipe: { ...RECIPE, compound: 'a-10', dose: undefined },
  });
  const { plan } = dosePlan(state, 1);
  assert.deepEqual(plan.walks.map(({ recipe, point }) => [recipe.compound, recipe.dose, point.dose]),
    [['a-1', undefined, 1], ['a-10', undefined, 10]]);
});

test('what cannot be walked is refused in a sentence', () => {
  const back = { recipe: { ...RECIPE, direction: 'reverse' } };
  assert.match(dosePlan(stateWith({}, back), 1).refused, /Only a walk forward ends at t = 1/);
  const many = Array.from({ length: 40 }, (_, index) => index + 1);
  const crowded = { compounds: [compound('taxol', { doses: many })] };
  assert.equal(dosePlan(stateWith({}, crowded), 1).refused,
    '40 doses from 1 seed are 40 walks; at most 36 are walked. Take fewer of either.');
  const long = { recipe: { ...RECIPE, steps: 1000 }, manifest: { size: [96, 96] } };
  assert.match(dosePlan(stateWith({}, long), 1).refused, /at most 160 MB/);
});

test('the response is a curve, a band over seeds, rings between the data, and a table', () => {
  const { plan } = dosePlan(stateWith({ seeds: 2 }, { recipe: { ...RECIPE, noise: 1 } }), 1);
  const ends = Object.fromEntries(plan.walks.map(({ key, point, seed }) => [key, [point.dose + seed, null]]));
  delete ends[plan.walks[0].key];
  const response = responseOf(plan, ends, 0);
  assert.deepEqual(response.curve.map(({ value }) => value), [null, 7.949, 10, 16.490000000000002, 37]);
  assert.deepEqual(response.curve.map(({ open }) => open), [false, true, false, true, false]);
  assert.deepEqual(response.band.map(({ time, low, high }) => [time, high - low].map(Math.round)),
    [[1, 1], [3, 1], [9, 1], [30, 1]]);
  const axis = axisOf(plan.points);
  assert.deepEqual(axis.ticks, [0.3, 0.949, 3, 9.49, 30]);
  const places = placed({ ...response, times: [0.3, 30], unit: 'px', marks: [], axis });
  const gaps = places.across.slice(1).map(({ x }, index) => Math.round(x - places.across[index].x));
  assert.equal(new Set(gaps).size, 1, 'a decade is as wide as the next');
  assert.equal(places.label, axis.label);

  /** @type {any} */
  const list = [{ name: 'nucleus.area', unit: 'px' }, { name: 'nuclei.count', unit: '' }];
  const lines = doseTable(plan, { ends, list }).trimEnd().split('\n');
  assert.equal(lines[0], 'compound,dose [micromolar],training,seed,nucleus.area [px],nuclei.count');
  assert.equal(lines.length, 10, 'a walk that has not ended has no row');
  assert.equal(lines[2], 'taxol,3,cells of this dose were trained on,7,10,');
  assert.match(lines[1], /^taxol,0\.949,.*interpolated by the network: no cell .*was trained on,7,7\.949,$/);
});

/** Walks whose worker is played; `calls` are what it was asked. */
function played(more = {}) {
  let state = stateWith({}, more);
  const calls = [];
  const worker = {
    call: async (name, args) => {
      calls.push({ name, ...args });
      return { list: [{ name: 'nucleus.area', unit: 'px' }], groups: [] };
    },
  };
  const set = (patch) => { state = { ...state, ...patch }; };
  const shots = [];
  const walks = new DoseWalks(() => state, set, /** @type {any} */ (worker), {
    attempt: (work) => work(),
    record: async (given) => { shots.push(...given); throw new Error('recorded'); },
  });
  const tell = (job, step) => walks.hear(/** @type {any} */ ({
    key: job.key, step, of: 2, time: step / 2, finished: step === 2, picture: `${job.key} ${step}`,
    view: job.view, measures: { time: step / 2, values: [step] },
  }));
  const jobs = () => calls.filter(({ name }) => name === 'side').at(-1).jobs;
  return { walks, calls, set, tell, jobs, shots, state: () => state };
}

test('the module that measures comes first, and of other seeds no picture is asked for', async () => {
  const { walks, calls, jobs, set } = played();
  set({ recipe: { ...RECIPE, noise: 1 }, doses: { ...NO_DOSES, seeds: 2 } });
  await walks.walk();
  assert.deepEqual(calls.map(({ name }) => name), ['cells', 'cells', 'cells', 'cells', 'side']);
  // The controls, and the cells of each dose of the data.
  assert.deepEqual(calls.slice(0, 4).map(({ compound, dose }) => [compound, dose]),
    [[null, null], ['taxol', 0.3], ['taxol', 3], ['taxol', 30]]);
  assert.deepEqual(jobs().map(({ wants }) => wants),
    [...Array(5).fill('both'), ...Array(5).fill('measures')]);
  assert.equal(jobs()[0].change.dose, 0.3);
  assert.ok(!('hidden' in jobs()[0].change));
});

test('cells whose dose is not stated are not put at one', async () => {
  const { walks, calls } = played({ examples: [{ condition: 'taxol', dose: '' }] });
  await walks.walk();
  assert.deepEqual(calls.map(({ name }) => name), ['cells', 'side']);
});

test('what is told grows the film and gives the ends, and what is done is not asked for again', async () => {
  const { walks, jobs, tell, state } = played();
  await walks.walk();
  const asked = jobs();
  for (const step of [0, 1, 2]) tell(asked[0], step);
  const { cells, ends } = state().doses;
  assert.deepEqual(cells[asked[0].key].pictures.length, 3);
  assert.deepEqual(ends, { [asked[0].key]: [2] });
  for (const job of asked.slice(1)) {
    walks.hear({ key: job.key, failed: { kind: 'device-lost', sentence: 'The GPU was lost.' } });
  }
  assert.deepEqual([state().doses.running, state().doses.stopped], [false, 'The GPU was lost.']);
  await walks.goOn();
  assert.deepEqual(jobs().map(({ has }) => has), [true, false, false, false, false]);
  for (const job of asked.slice(1)) for (const step of [0, 1, 2]) tell(job, step);
  assert.deepEqual([state().doses.running, state().doses.stopped], [false, null]);
});

test('cancelled, nothing more is taken, also where the question was on its way', async () => {
  const { walks, calls, jobs, tell, state } = played();
  const asking = walks.walk();
  walks.cancel();
  await asking;
  assert.deepEqual(jobs(), []);
  assert.equal(calls.filter(({ name }) => name === 'side').length, 1);
  tell({ key: state().doses.plan.walks[0].key }, 0);
  assert.deepEqual(state().doses.cells, {});
});

test('when channels are shown otherwise the film is asked for again, drawn so', async () => {
  const { walks, calls, jobs, set, tell, state } = played();
  await walks.walk();
  for (const job of jobs()) for (const step of [0, 1, 2]) tell(job, step);
  const before = calls.length;
  walks.follow();
  assert.equal(calls.length, before);
  set({ recipe: { ...RECIPE, hidden: [1] } });
  walks.follow();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(state().doses.running, true);
  assert.ok(jobs().every(({ has, view }) => !has && view === '[[1],[]]'));
});

test('a lost worker stops them, and another crop of the visitor’s takes them away', async () => {
  const { walks, set, state } = played({ uploaded: { key: 'crop 1' } });
  set({ recipe: { ...RECIPE, control: 'upload' } });
  await walks.walk();
  set({ phase: 'opening' });
  walks.follow();
  assert.deepEqual([state().doses.running, state().doses.stopped],
    [false, 'The computation was started again.']);
  set({ phase: 'ready', uploaded: { key: 'crop 2' } });
  walks.follow();
  assert.equal(state().doses.plan, null);
});

test('the film goes from the lowest dose to the highest, each picture with what it is', async () => {
  const { walks, jobs, shots, tell } = played();
  await walks.walk();
  for (const job of jobs()) for (const step of [0, 1, 2]) tell(job, step);
  await assert.rejects(async () => walks.film(), /recorded/);
  assert.deepEqual(shots.map(({ label }) => label), [0.3, 0.949, 3, 9.49, 30].map((dose) =>
    `${dose} µM, t = 1.000, generated, not measured`));
  assert.match(shots[1].caption, /^interpolated by the network/);
  // At its beginning nothing of it is generated.
  shots.length = 0;
  walks.choose({ part: 0 });
  await assert.rejects(async () => walks.film(), /recorded/);
  assert.equal(shots[0].label, '0.3 µM, t = 0.000, the start');
});
