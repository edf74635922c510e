// Which start a walk has after another compound or another way was chosen.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { followed, EMPTY } from '../../web/state.js';
import { leavingCell, withStart } from '../../web/where_walks_start.js';

const CELL = { id: 'cell', condition: 'taxol', treated: true, untreated: false, label: '', note: '' };
const UNTREATED = { ...CELL, id: 'plain', condition: 'dmso', untreated: true };

/** @returns {any} */
const from = (control, direction, more = {}) => ({
  ...EMPTY, recipe: { control, direction, compound: 'taxol' }, examples: [CELL, UNTREATED],
  samples: [{ id: 'c1' }, { id: 'c2' }], lastControl: 'c2', flowSource: 'control', ...more,
});
const START = { direction: 'forward', control: 'c2' };

test('a cell treated with one compound is no start for another, whichever way it is walked', () => {
  for (const direction of ['reverse', 'forward', 'return']) {
    const { change, notice } = leavingCell(from('cell', direction), 'colchicine');
    const kept = direction === 'reverse' ? 'forward' : direction;
    assert.deepEqual(change, { ...START, direction: kept });
    assert.match(notice.sentence, /not treated with this compound; it starts from a control again/);
  }
  assert.deepEqual(leavingCell(from('cell', 'reverse'), null).change, START, 'a typed compound');
  assert.deepEqual(leavingCell(from('cell', 'reverse'), 'taxol'), { change: {}, notice: null });
});

test('a control keeps its direction under every compound, and an untreated cell does forward', () => {
  for (const direction of ['reverse', 'forward', 'return']) {
    assert.deepEqual(leavingCell(from('c1', direction), 'colchicine').change, {}, direction);
  }
  assert.deepEqual(leavingCell(from('plain', 'forward'), 'colchicine').change, {});
  assert.deepEqual(leavingCell(from('plain', 'reverse'), 'colchicine').change, START);
});

test('another way than back begins with a control in place of a treated cell, and with noise again', () => {
  for (const direction of /** @type {const} */ (['forward', 'return'])) {
    assert.deepEqual(withStart(from('cell', 'reverse'), { direction }), { direction, control: 'c2' });
    assert.deepEqual(withStart(from('c1', 'reverse'), { direction }), { direction });
    assert.deepEqual(withStart(from('cell', 'reverse', { flowSource: 'noise' }), { direction }),
      { direction, control: 'noise' });
  }
  assert.deepEqual(withStart(from('c1', 'forward'), { direction: 'reverse' }), { direction: 'reverse' });
  assert.deepEqual(withStart(from('cell', 'reverse'), { alpha: 2 }), { alpha: 2 });
});

test('an untreated cell is a control by title and by kind', () => {
  const startOf = (control) => {
    const state = from(control, 'reverse');
    return followed(state, { recipe: { ...state.recipe, hidden: [], channels: [] } }).start;
  };
  assert.deepEqual([startOf('plain').title, startOf('plain').kind], ['Control', 'control']);
  assert.deepEqual([startOf('cell').title, startOf('cell').kind], ['Treated cell', 'treated']);
});
