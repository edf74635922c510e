// Doses on a scale, those between the doses of the data, and what is said of each: computed without a page.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  doseAt, doseRange, dosesBetween, doseUnder, placeOf, sameAtOtherDoses, standingOf, STEP,
} from '../../web/dose.js';
import { manifestView } from '../../web/worker/manifest_view.js';

/** @returns {any} */
const compound = (id, more = {}) => (
  { id, smiles: null, doses: [0.3, 3, 30], trainedDoses: null, seen: true, control: false, ...more });
const DMSO = compound('dmso', { control: true, doses: [0], trainedDoses: [] });
const TAXOL = compound('taxol');

test('a range is that of the compound’s own doses, else of what training saw', () => {
  const held = compound('held', { seen: false, doses: [500] });
  const part = compound('part', { doses: [1, 2, 9], trainedDoses: [1, 2] });
  const all = [DMSO, TAXOL, held, part];
  assert.deepEqual(doseRange(TAXOL, all), [0.3, 30]);
  assert.deepEqual(doseRange(held, all), [500, 500]);
  assert.deepEqual(doseRange(DMSO, all), [0, 0]);
  assert.deepEqual(doseRange(null, all), [0.3, 30]);
  assert.deepEqual(doseRange(null, [DMSO, held, part]), [1, 2]);
  assert.deepEqual(doseRange(compound('dmso', { control: true, doses: [] }), all), [0, 0]);
  assert.equal(doseRange(compound('a', { doses: [] }), [compound('a', { doses: [] })]), null);
});

test('the scale is logarithmic, and where it begins with 0 that of 1 + dose', () => {
  assert.deepEqual([0.3, 3, 30].map((dose) => Number(placeOf(dose, [0.3, 30]).toFixed(9))), [0, 0.5, 1]);
  assert.equal(placeOf(0, [0, 99]), 0);
  assert.ok(Math.abs(placeOf(9, [0, 99]) - 0.5) < 1e-12);
  assert.equal(placeOf(7, [7, 7]), 0);
  assert.deepEqual([placeOf(0.1, [0.3, 30]), placeOf(99, [0.3, 30])], [0, 1]);
});

test('a place gives its dose in few digits, those of the data exactly, and none beyond the ends', () => {
  assert.equal(doseAt(0.25, [0.3, 30]), 0.949);
  assert.deepEqual([doseAt(0, [0.3, 30]), doseAt(1, [0.3, 30])], [0.3, 30]);
  assert.equal(doseAt(0.5 + STEP / 3, [0.3, 30], [3]), 3);
  assert.notEqual(doseAt(0.5 + STEP, [0.3, 30], [3]), 3);
  assert.equal(doseAt(0.5, [0, 99]), 9);
});

test('every step of the slider is another dose, and comes back to its own place', () => {
  /** @type {[number, number][]} */
  const ranges = [[0.3, 30], [1, 1.05], [1e-4, 1e5], [0, 30], [0, 1e9]];
  for (const range of ranges) {
    const doses = Array.from({ length: 1 / STEP + 1 }, (_, step) => doseAt(step * STEP, range));
    assert.equal(new Set(doses).size, doses.length, String(range));
    for (const [step, dose] of doses.entries()) {
      assert.equal(Math.round(placeOf(dose, range) / STEP), step, `${range}: ${dose}`);
      assert.ok(dose >= range[0] && dose <= range[1], `${range}: ${dose}`);
    }
  }
});

test('doses between are in the widest gaps, beside all of the data', () => {
  assert.deepEqual(dosesBetween([0.3, 30], [0.3, 3, 30], 3), [0.3, 3, 30]);
  assert.deepEqual(dosesBetween([0.3, 30], [0.3, 3, 30], 5), [0.3, 0.949, 3, 9.49, 30]);
  assert.deepEqual(dosesBetween([1, 1000], [1, 3, 1000], 4).filter((dose) => ![1, 3, 1000].includes(dose)),
    [54.8]);
  // The data’s own are never left out; a dose beyond the range is none of them.
  assert.deepEqual(dosesBetween([1, 8], [1, 2, 4, 8, 99], 2), [1, 2, 4, 8]);
  assert.deepEqual(dosesBetween([5, 5], [5], 7), [5]);
  assert.equal(dosesBetween([0, 30], [0, 30], 9).length, 9);
});

test('what is said of a dose follows from what training had of the compound', () => {
  const kind = (dose, of) => standingOf(dose, of).kind;
  const known = compound('known', { trainedDoses: [0.3, 3] });
  assert.deepEqual([0.3, 1, 30].map((dose) => kind(dose, TAXOL)), ['data', 'between', 'data']);
  assert.deepEqual([0.3, 1, 10, 30].map((dose) => kind(dose, known)),
    ['trained', 'between', 'beyond', 'untrained']);
  assert.equal(kind(0, DMSO), 'untrained');
  assert.deepEqual([3, 1].map((dose) => kind(dose, compound('held', { seen: false }))), ['unseen', 'unseen']);
  assert.equal(kind(1, null), 'unseen');
  assert.match(standingOf(1, TAXOL).words, /^interpolated by the network: no cell .* was trained on$/);
  assert.match(standingOf(10, known).words, /^extrapolated by the network/);
});

test('another compound keeps the dose where it may have it, and else has its highest', () => {
  const state = { compounds: [DMSO, TAXOL, compound('weak', { doses: [10, 50] })], takesDose: true };
  const under = (dose, id) => doseUnder({ ...state, recipe: /** @type {any} */ ({ dose }) }, id).dose;
  assert.equal(under(1, 'taxol'), 1);
  assert.equal(under(1, 'weak'), 50);
  assert.equal(under(1, 'dmso'), 0);
  // A compound that is typed after the control.
  assert.equal(under(0, null), 50);
  assert.deepEqual(doseUnder({ ...state, takesDose: false, recipe: null }, 'taxol'), {});
});

test('conditions of one structure at one dose each are one compound, if vectors tell them apart', () => {
  const one = (id, dose) => compound(id, { smiles: 'CCO', doses: [dose] });
  const [low, high] = [one('a', 1), one('b', 10)];
  const other = compound('c', { smiles: 'CC', doses: [3] });
  const compounds = [high, other, low];
  const ids = (of, more = {}) => sameAtOtherDoses(of, { compounds, ...more }).map(({ id }) => id);
  assert.deepEqual(ids(low), ['a', 'b']);
  assert.deepEqual(ids(other), []);
  assert.deepEqual(ids(low, { takesDose: true }), []);
  assert.deepEqual(ids(low, { takesStructures: true }), []);
  assert.deepEqual(ids(low, { compounds: [low, { ...high, doses: [1] }] }), []);
  assert.deepEqual(ids(TAXOL), []);
});

test('the manifest’s fields come to the page', () => {
  const condition = { id: 'taxol', name: 'Taxol', split: 'seen', doses_um: [1, 3], trained_doses_um: [3] };
  const manifest = {
    id: 'm', title: 'm', model: {}, image: { width: 4, height: 4, channels: [] },
    conditions: { encoder: { kind: 'one-hot' }, dose: { kind: 'log1p' }, list: [condition, {
      ...condition, id: 'x', split: 'held-out', trained_doses_um: undefined }] },
    provenance: { data_set: {}, created: '2026-01-01' },
  };
  const { compounds, takesDose } = manifestView(manifest);
  assert.equal(takesDose, true);
  assert.deepEqual(compounds.map(({ seen, doses, trainedDoses }) => [seen, doses, trainedDoses]),
    [[true, [1, 3], [3]], [false, [1, 3], null]]);
});
