// Which of the bundle's cells stand beside a histogram, what they are called, and what a window cuts off of
// them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { legendLines, outsideSentence } from '../../web/histogram_words.js';
import { cellsBeside } from '../../web/real_beside.js';
import { cutOff } from '../../web/view.js';
import { countsOf } from '../../web/worker/cell_counts.js';

const tile = (id, more = {}) => ({
  id, condition: 'taxol', treated: true, synthetic: false, untreated: false, batch: 'W1', plate: 'P1',
  number: 1, dose: '', label: id, note: '', source: '', licence: '', ...more,
});
const START = tile('c1', { condition: 'dmso', treated: false, untreated: true });
const RECIPE = /** @type {any} */ ({ control: 'c1', compound: 'taxol' });
const beside = (examples, { recipe = RECIPE, start = START, takesDose = false } = {}) =>
  cellsBeside(recipe, { samples: [start], examples, takesDose });

test('cells are of the start’s plate where the bundle has such, else of its batch, else any', () => {
  const all = [
    tile('far', { batch: 'W2', plate: 'P9' }), tile('batch', { plate: 'P2' }), tile('plate'),
    tile('other', { condition: 'dmso' }),
  ];
  const found = (examples, more) => {
    const { ids, where } = beside(examples, more);
    return [ids.join(), where];
  };
  assert.deepEqual(found(all), ['plate', 'plate']);
  assert.deepEqual(found(all.slice(0, 2)), ['batch', 'batch']);
  assert.deepEqual(found(all.slice(0, 1)), ['far', 'other']);
  assert.deepEqual(found([tile('x', { batch: null, plate: null })]), ['x', 'unknown']);
  // A plate's name alone says little: another batch may have one of the same name.
  assert.deepEqual(found([tile('same-name', { batch: 'W2' })]), ['same-name', 'other']);
  const upload = { recipe: { ...RECIPE, control: 'upload' } };
  assert.deepEqual(found(all.slice(0, 2), upload), ['far,batch', 'unknown']);
  assert.equal(beside([]), null);
  assert.equal(beside(all, { recipe: { ...RECIPE, compound: null } }), null, 'a typed compound has none');
});

test('real and drawn cells are never taken together, and of drawn ones the true answer is', () => {
  const drawn = { synthetic: true, batch: null, plate: null };
  const mixed = beside([tile('d', drawn), tile('r')]);
  assert.deepEqual([mixed.ids, mixed.drawn], [['r'], false]);
  const answer = beside([tile('d', drawn), tile('c1-taxol', drawn)]);
  assert.deepEqual(answer.ids, ['c1-taxol']);
  assert.deepEqual([answer.drawn, answer.answer, answer.where], [true, true, 'none']);
  const others = beside([tile('d', drawn), tile('e', drawn)]);
  assert.deepEqual([others.ids, others.answer], [['d', 'e'], false]);
});

test('cells of the walk’s dose come first, and those of another are said to be', () => {
  const recipe = { ...RECIPE, dose: 3 };
  const all = [tile('one', { dose: ' at 1 µM' }), tile('three', { dose: ' at 3 µM' })];
  const found = beside(all, { recipe, takesDose: true });
  assert.deepEqual([found.ids, found.otherDose], [['three'], false]);
  assert.equal(beside(all.slice(0, 1), { recipe, takesDose: true }).otherDose, true);
  assert.equal(beside(all.slice(0, 1), { recipe }).otherDose, false, 'a model without doses has no other');
});

test('of very many cells only the first are fetched, and how many there are is known', () => {
  const { ids, of } = beside(Array.from({ length: 40 }, (_, index) => tile(`t${index}`)));
  assert.deepEqual([ids.length, of], [32, 40]);
});

const CONTROL = { title: 'Control', note: '', kind: 'control', synthetic: false, batch: 'W1' };
const TAXOL = { name: 'Taxol', control: false };
const counted = (cells, missing = 0) => ({ key: '', counts: [], cells, missing });
const words = (...given) =>
  legendLines(.../** @type {Parameters<typeof legendLines>} */ (given)).map((line) => line.words);

test('each outline has a line of its own, a name and a number', () => {
  const lines = legendLines('Generated, not measured', CONTROL, TAXOL, beside([tile('a'), tile('b')]),
    counted(2));
  assert.deepEqual(lines, [
    { line: 'filled', words: 'Filled, now: generated, not measured, n = 1' },
    { line: 'solid', words: 'Solid line, start: real control cell, n = 1' },
    { line: 'dashed', words: 'Dashed line: real treated cells under Taxol, of the start’s plate, n = 2' },
  ]);
  const [, upload, last] = words('The start, unchanged', { ...CONTROL, kind: 'upload' }, TAXOL,
    beside([tile('a', { batch: 'W2' })]), counted(1));
  assert.equal(upload, 'Solid line, start: your image, n = 1');
  assert.equal(last,
    'Dashed line: real treated cell under Taxol, of other batches than the start’s, n = 1');
  const many = { ...beside([tile('a')]), of: 40, otherDose: true };
  assert.match(words('x', CONTROL, TAXOL, many, counted(31, 1)).at(-1),
    / under Taxol at another dose, of the start’s plate, n = 31 of 40 \(1 did not come\)$/);
});

test('without real treated cells nothing is claimed, and drawn ones are called drawn', () => {
  const none = 'This bundle holds no real treated cells of Taxol.';
  assert.equal(words('x', CONTROL, TAXOL, null, null).at(-1), none);
  const drawn = beside([tile('c1-taxol', { synthetic: true, batch: null })]);
  const start = { ...CONTROL, synthetic: true, batch: null };
  const [, own, last] = words('x', start, TAXOL, drawn, counted(1));
  assert.equal(own, 'Solid line, start: drawn control cell, n = 1');
  assert.equal(last,
    `Dashed line: drawn treated cell under Taxol, the true answer for this start, n = 1. ${none}`);
  for (const found of [null, counted(0, 1)]) {
    const { line, words: said } = legendLines('x', start, TAXOL, drawn, found).at(-1);
    assert.equal(line, null);
    assert.match(said, / This bundle holds no real treated cells of Taxol\.$/);
  }
  assert.match(words('x', CONTROL, TAXOL, drawn, { key: '', failed: 'No connection.' }).at(-1),
    /could not be counted: No connection\.$/);
  assert.match(words('x', CONTROL, { name: 'DMSO', control: true }, null, null).at(-1),
    /no real cells of DMSO beside the controls to start from\.$/);
});

test('what a window cuts off of counted bytes is a share of all pixels, and the ends are not cut off', () => {
  const coded = Uint8Array.from([51, 102, 103, 255, 0, 0, 50, 51]);
  const [first, second] = countsOf(coded, 2).map((counts) => [...counts]);
  assert.deepEqual([first[51], first[255], second[0], second.length], [1, 1, 2, 256]);
  // As `a_window_cuts_off_what_lies_beyond_its_ends…` in crates/cellflux-image.
  const window = { low: 0.2, high: 0.4 };
  assert.deepEqual(cutOff(first, window), { dark: 0, bright: 0.5 });
  assert.deepEqual(cutOff(second, window), { dark: 0.75, bright: 0 });
  assert.deepEqual(cutOff(new Array(256).fill(0), window), { dark: 0, bright: 0 });
});

test('more than one per cent at an end is a warning, in words', () => {
  const cells = beside([tile('a'), tile('b')]);
  const counts = (dark, bright) => {
    const all = new Array(256).fill(0);
    [all[0], all[100], all[255]] = [dark, 1000 - dark - bright, bright];
    return all;
  };
  const window = { low: 0.1, high: 0.5 };
  const said = (dark, bright) => outsideSentence(cells, 2, counts(dark, bright), window);
  assert.deepEqual(said(10, 4), {
    sentence: '2 real treated cells: 0.4 % of pixels brighter than the window, 1.0 % darker.', warns: false,
  });
  assert.deepEqual(said(0, 32), {
    sentence: '2 real treated cells: 3.2 % of pixels brighter than the window, 0.0 % darker. Warning: more '
      + 'than 1 % is cut off at the bright end.',
    warns: true,
  });
  assert.match(said(20, 0).sentence, /cut off at the dark end\.$/);
  assert.match(said(20, 20).sentence, /cut off at both ends\.$/);
  const drawn = beside([tile('c1-taxol', { synthetic: true })]);
  assert.match(outsideSentence(drawn, 1, counts(0, 0), window).sentence, /^1 drawn treated cell: /);
});
