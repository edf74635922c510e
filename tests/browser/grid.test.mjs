// What a grid walks: its recipes and their order, its limits, the real cells beside it, what differs in
// words, and what is asked of the worker. Nothing is computed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inOrder, NO_GRID, NOT_BEGUN, withStep } from '../../web/grid.js';
import { chosenOf, costOf, offered, planOf, sharedWords, valueWords } from '../../web/grid_plan.js';
import { presetsOf } from '../../web/grid_presets.js';
import { GridWalks } from '../../web/grid_walks.js';
import { realBeside } from '../../web/real_beside.js';
import { differences } from '../../web/recipe_words.js';

const RECIPE = {
  control: 'c1', compound: 'taxol', direction: 'forward', solver: 'euler', grid: 'uniform', steps: 2,
  alpha: 1, noise: 0, seed: 7, rtol: 1e-5, atol: 1e-5, hidden: [], channels: [],
};
const compound = (id, more = {}) => (
  { id, name: id.toUpperCase(), doses: [], batches: [], control: false, ...more });
const tile = (id, more = {}) => ({
  id, condition: 'dmso', treated: false, synthetic: false, untreated: true, batch: null, number: 1, dose: '',
  label: id, note: id, ...more,
});

/** @returns {any} */
const stateWith = (grid = {}, more = {}) => ({
  recipe: RECIPE,
  manifest: { size: [10, 10] },
  channels: [{}, {}, {}],
  compounds: [compound('dmso', { control: true }), compound('taxol', { batches: ['W2'] }), compound('ciclo')],
  samples: [tile('c1', { batch: 'W1' }), tile('c2', { batch: 'W2', number: 2 })],
  examples: [],
  flowSource: 'control',
  takesDose: false,
  trainedNoise: null,
  phase: 'ready',
  changes: 0,
  grid: { ...NO_GRID, ...grid },
  ...more,
});
const planned = (grid, more) => planOf(stateWith(grid, more), 1);

test('a grid is the walk in view with each pair of values, row by row', () => {
  const { plan } = planned({
    rows: 'compound', columns: 'alpha', chosen: { compound: ['dmso', 'taxol'], alpha: [1, 2] },
  });
  assert.deepEqual(plan.cells.map(({ recipe }) => [recipe.compound, recipe.alpha]), [
    ['dmso', 1], ['dmso', 2], ['taxol', 1], ['taxol', 2],
  ]);
  for (const { recipe } of plan.cells) {
    assert.deepEqual({ ...recipe, compound: 'taxol', alpha: 1 }, RECIPE);
  }
  assert.equal(new Set(plan.cells.map(({ key }) => key)).size, 4);
  const state = stateWith();
  assert.equal(sharedWords(plan, state), 'control c1, Euler, 2 steps, source noise 0');
  assert.equal(valueWords('alpha', 2, state), 'α = 2');
  assert.equal(valueWords('compound', 'taxol', state), 'TAXOL');
});

test('without a choice the walk’s own value stands beside another one', () => {
  assert.deepEqual(chosenOf(stateWith(), 'compound'), ['dmso', 'taxol']);
  assert.deepEqual(chosenOf(stateWith(), 'alpha'), [1, 1.5]);
  assert.deepEqual(chosenOf(stateWith(), 'control'), ['c1', 'c2']);
  assert.deepEqual(chosenOf(stateWith(), 'seed'), [7, 8]);
  assert.equal('dose' in offered(stateWith()), false);
  const noise = offered(stateWith({}, { flowSource: 'noise' }));
  assert.deepEqual(['control', 'noise'].filter((name) => name in noise), []);
  // What was chosen stays on offer when the walk in view has another seed.
  assert.ok(offered(stateWith({ chosen: { seed: [3] } })).seed.includes(3));
});

test('a grid that cannot be walked is refused in a sentence', () => {
  const many = Array.from({ length: 40 }, (_, index) => compound(`x${index}`));
  const { refused } = planned(
    { rows: 'compound', columns: 'alpha', chosen: { compound: many.map(({ id }) => id), alpha: [1] } },
    { compounds: many },
  );
  assert.equal(refused, 'This grid has 40 × 1 = 40 cells; at most 36 are walked. Leave out some values.');
  assert.match(planned({ rows: 'alpha', columns: 'alpha' }).refused, /vary the same/);
  assert.match(planned({ chosen: { alpha: [] } }).refused, /at least one value of “Guidance α”/);
  assert.match(planned({ rows: 'seed' }).refused, /every seed gives the same walk/);
  assert.equal(planned({ rows: 'seed', columns: 'noise', chosen: { noise: [0, 0.5] } }).refused, null);
  assert.match(planned({ rows: 'steps' }, { recipe: { ...RECIPE, solver: 'dopri5' } }).refused, /adaptive/);
  const large = planned({ chosen: { alpha: [1, 2] } }, {
    recipe: { ...RECIPE, steps: 1000 }, manifest: { size: [96, 96] },
  });
  assert.match(large.refused, /about \d+ MB of memory, and at most 160 MB/);
});

test('the cost counts pictures and numbers of every step, and every evaluation', () => {
  const { plan } = planned({ rows: 'solver', chosen: { solver: ['euler', 'rk4'], alpha: [1] } });
  assert.deepEqual(costOf(plan.cells, stateWith()), { bytes: 2 * 3 * 10 * 10 * 4 * 4, evaluations: 2 + 8 });
});

test('doses are those that a compound was given at, and another compound has its highest', () => {
  const compounds = [
    compound('dmso', { control: true, doses: [0] }), compound('taxol', { doses: [1, 3] }),
  ];
  const more = { compounds, takesDose: true, recipe: { ...RECIPE, dose: 3 } };
  const two = planned({ columns: 'alpha', chosen: { alpha: [1] } }, more).plan;
  assert.deepEqual(two.cells.map(({ recipe }) => recipe.dose), [0, 3]);
  const doses = planned({ columns: 'dose', chosen: { dose: [0, 1, 3] } }, more).plan;
  assert.deepEqual(doses.cells.map(({ row, column }) => [row, column]), [
    ['dmso', 0], ['taxol', 1], ['taxol', 3],
  ]);
});

test('a treated cell is no start for other compounds', () => {
  const examples = [tile('t1', { condition: 'taxol', treated: true, untreated: false })];
  const recipe = { ...RECIPE, control: 't1', direction: 'reverse' };
  const more = { examples, recipe, lastControl: 'c2' };
  const { plan } = planned({}, more);
  assert.deepEqual([plan.base.control, plan.base.direction], ['c2', 'forward']);
  const other = planned({ rows: 'steps' }, more).plan;
  assert.deepEqual([other.base.control, other.base.direction], ['t1', 'reverse']);
});

test('beside a walk stands a real cell, rather of its dose and batch, and is said to be what it is', () => {
  const treated = { condition: 'taxol', treated: true, untreated: false };
  const far = tile('far', { ...treated, batch: 'W9' });
  const near = tile('near', { ...treated, batch: 'W1' });
  const beside = (examples, recipe = RECIPE, more = {}) =>
    realBeside(/** @type {any} */ (recipe), stateWith({}, { examples, ...more }))?.words;
  assert.equal(beside([far, near]), 'real treated cell of the start’s batch');
  assert.equal(beside([far]), 'real treated cell of another batch');
  assert.equal(beside([tile('x', treated)]), 'real treated cell not known to be of the start’s batch');
  assert.equal(beside([tile('x', { ...treated, synthetic: true })]), 'drawn treated cell');
  assert.equal(beside([tile('c1-taxol', { ...treated, synthetic: true })]),
    'drawn: the true answer for this start');
  assert.equal(beside([tile('c', { treated: true })], { ...RECIPE, compound: 'dmso' }),
    'real control cell not known to be of the start’s batch');
  assert.equal(beside([{ ...far, dose: ' at 1 µM' }], { ...RECIPE, dose: 3 }, { takesDose: true }),
    'real treated cell of another batch at 1 µM, another dose');
  assert.equal(beside([]), undefined);
});

test('what differs between two walks is said in words, and what has no effect is not', () => {
  const from = /** @type {any} */ (RECIPE);
  const named = stateWith();
  const words = (more) => differences(from, { ...from, ...more }, named);
  assert.deepEqual(words({}), []);
  assert.deepEqual(words({ alpha: 1.6, compound: 'dmso' }), ['compound TAXOL → DMSO', 'α 1 → 1.6']);
  assert.deepEqual(words({ seed: 9 }), [], 'nothing is random');
  assert.deepEqual(words({ seed: 9, noise: 0.5 }), ['source noise 0 → 0.5', 'seed 7 → 9']);
  assert.deepEqual(words({ control: 'upload', direction: 'return' }), [
    'start control c1 → your image', 'direction forward → there and back',
  ]);
  assert.deepEqual(words({ compound: null, smiles: 'CCO' }), ['compound TAXOL → CCO']);
  assert.deepEqual(words({ solver: 'rk4', steps: 5, rtol: 1e-3 }), [
    'solver Euler → Runge–Kutta 3/8', 'steps 2 → 5',
  ]);
  assert.deepEqual(words({ hidden: [0] }), ['channels are shown otherwise']);
  // Two cells of one plate have one label.
  named.samples[1].label = 'c1';
  assert.deepEqual(words({ control: 'c2' }), ['start c1 → c2']);
});

test('presets are there where the bundle has what they need', () => {
  const ids = (more) => presetsOf(stateWith({}, more)).map(({ id }) => id);
  assert.deepEqual(ids(), ['batches', 'return']);
  const [batches] = presetsOf(stateWith());
  assert.deepEqual(batches.grid.chosen, { control: ['c2', 'c1'], compound: ['dmso', 'taxol'] });
  const one = [tile('c1', { batch: 'W1' }), tile('c2', { batch: 'W1' })];
  assert.deepEqual(ids({ samples: one }), ['return']);
  const drawn = [tile('c1', { synthetic: true }), tile('c2', { synthetic: true })];
  assert.deepEqual(ids({ samples: drawn }), ['return']);
  assert.deepEqual(ids({ flowSource: 'noise' }), ['noise', 'return']);
});

test('a step that is told grows a cell, and one drawn again takes the place of the old picture', () => {
  const picture = (name) => /** @type {any} */ (name);
  const told = (step, name, view) => /** @type {any} */ (
    { key: 'a', step, of: 1, time: step, picture: picture(name), finished: step === 1, view });
  const once = [told(0, 'p', 'v'), told(1, 'q', 'v')].reduce(withStep, NOT_BEGUN);
  assert.deepEqual(once, {
    times: [0, 1], pictures: ['p', 'q'], of: 1, finished: true, failed: null, view: 'v',
  });
  const again = withStep(once, told(0, 'P', 'w'));
  assert.deepEqual([again.pictures, again.finished], [['P', 'q'], false]);
});

/** A grid whose worker is played; `calls` are the lists that it was given. */
function played(grid = {}) {
  let state = stateWith({ chosen: { compound: ['dmso', 'taxol'], alpha: [1, 2] }, ...grid });
  const calls = [];
  const worker = { call: async (name, args) => { calls.push(args); return {}; } };
  const set = (patch) => { state = { ...state, ...patch }; };
  const walks = new GridWalks(() => state, set, /** @type {any} */ (worker));
  const tell = (job, step, more = {}) => walks.hear(/** @type {any} */ (
    { key: job.key, step, of: 2, time: step / 2, finished: step === 2, picture: `${job.key} ${step}`,
      view: job.view, ...more }));
  return { walks, calls, set, tell, state: () => state };
}

test('what is on the screen is walked first', async () => {
  const { walks, calls } = played();
  walks.walk();
  const keys = calls[0].jobs.map(({ key }) => key);
  assert.equal(calls[0].of, 'grid');
  walks.see([keys[2]]);
  await new Promise((resolve) => setTimeout(resolve, 400));
  assert.deepEqual(calls[1].jobs.map(({ key }) => key), [keys[2], keys[0], keys[1], keys[3]]);
  const cells = keys.map((key) => /** @type {any} */ ({ key }));
  assert.deepEqual(inOrder(cells, new Set([keys[3]])).map(({ key }) => key),
    [keys[3], keys[0], keys[1], keys[2]]);
});

test('after a lost device what is done is kept, and only the rest is asked for again', () => {
  const { walks, calls, tell, state } = played();
  walks.walk();
  const { jobs } = calls[0];
  assert.ok(jobs.every(({ wants, has }) => wants === 'picture' && !has));
  for (const step of [0, 1, 2]) tell(jobs[0], step);
  for (const job of jobs.slice(1)) {
    walks.hear({ key: job.key, failed: { kind: 'device-lost', sentence: 'The GPU was lost.' } });
  }
  assert.deepEqual([state().grid.running, state().grid.stopped], [false, 'The GPU was lost.']);
  walks.goOn();
  assert.deepEqual(calls[1].jobs.map(({ has }) => has), [true, false, false, false]);
  for (const job of jobs.slice(1)) for (const step of [0, 1, 2]) tell(job, step);
  assert.equal(state().grid.running, false);
  assert.equal(state().grid.stopped, null);
});

test('cancelled, nothing more is asked for or taken, and another worker is asked when the visitor goes on',
  () => {
    const { walks, calls, set, tell, state } = played();
    walks.walk();
    const [job] = calls[0].jobs;
    walks.cancel();
    assert.deepEqual(calls[1].jobs, []);
    tell(job, 0);
    assert.deepEqual(state().grid.cells, {});
    walks.goOn();
    set({ phase: 'opening' });
    walks.follow();
    assert.deepEqual([state().grid.running, state().grid.stopped], [
      false, 'The computation was started again.',
    ]);
    set({ phase: 'ready' });
    walks.follow();
    assert.equal(calls.length, 3);
  });

test('when channels are shown otherwise every cell is asked for again, drawn so', () => {
  const { walks, calls, set, tell, state } = played();
  walks.walk();
  for (const job of calls[0].jobs) for (const step of [0, 1, 2]) tell(job, step);
  walks.follow();
  assert.equal(calls.length, 1);
  set({ recipe: { ...RECIPE, hidden: [1] } });
  walks.follow();
  assert.equal(calls.length, 2);
  assert.ok(calls[1].jobs.every(({ has, view }) => !has && view !== calls[0].jobs[0].view));
  assert.equal(state().grid.running, true);
  walks.follow();
  assert.equal(calls.length, 2);
});

test('another image of the visitor’s takes away a grid of the one before', () => {
  const { walks, calls, set, state } = played();
  set({ recipe: { ...RECIPE, control: 'upload' }, uploaded: { key: 'crop 1' } });
  walks.walk();
  walks.follow();
  assert.ok(state().grid.plan);
  set({ uploaded: { key: 'crop 2' } });
  walks.follow();
  assert.equal(state().grid.plan, null);
  assert.deepEqual(calls.at(-1).jobs, []);
});
