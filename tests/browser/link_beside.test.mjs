// What a link holds of walks that are compared: it comes back as it was, stays within its bound, keeps the
// visitor's crop out, and is read without harm, whatever stands there.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_GRID } from '../../web/grid.js';
import { LONGEST } from '../../web/link_at.js';
import { besideOf, inAddress, isChosen, parted, withBeside } from '../../web/link_beside.js';

const LINK = 'v=1&model=m&start=c1&c=taxol&a=1.2&noise=0.5&seed=7';
const { rows, columns, real } = NO_GRID;
const plain = { rows, columns, real, chosen: {} };
const none = { pin: null, grid: plain };

test('without anything that is compared a link is as before', () => {
  assert.equal(isChosen(plain), false);
  assert.deepEqual(withBeside(LINK, none), { link: LINK, left: [] });
  assert.deepEqual(withBeside(LINK, null), { link: LINK, left: [] });
  assert.deepEqual(parted(`${LINK}&at=3`), { link: `${LINK}&at=3`, beside: null });
});

test('a grid and a pinned walk come back as they were', () => {
  const chosen = { compound: ['a;b:c,d&e=f', 'µM'], alpha: [0.5, 2], seed: [], solver: ['dopri5'] };
  const grid = { rows: 'seed', columns: 'compound', chosen, real: false };
  const pin = 'v=2&model=m&start=c1&smiles=C%28%3DO%29&a=3&seed=7';
  const { link, left } = withBeside(`${LINK}&at=4`, { pin, grid: /** @type {any} */ (grid) });
  assert.deepEqual(left, []);
  assert.doesNotMatch(link, /[^\w.~!*'():;,=&%-]/);
  const again = parted(link);
  assert.equal(again.link, `${LINK}&at=4`);
  assert.deepEqual(again.beside.grid, grid);
  const fields = (text) => new Map(text.split('&').map((field) => field.split('=')));
  assert.deepEqual(new Map([...fields(again.beside.pin)].sort()), new Map([...fields(pin)].sort()));
});

test('a walk pinned as it is in view needs no word, and still is pinned', () => {
  const { link } = withBeside(LINK, { ...none, pin: LINK });
  assert.equal(link, `${LINK}&also=pin:`);
  assert.equal(parted(link).beside.pin, LINK);
});

test('grey panels and the cell beside the walk come back, the cell by its place', () => {
  const { link, left } = withBeside(LINK, { ...none, panels: true, cell: 3 });
  assert.deepEqual([link, left], [`${LINK}&also=panels:1;cell:3`, []]);
  assert.deepEqual(parted(link).beside, { ...none, panels: true, cell: 3 });
  const state = { pin: null, grid: plain, panels: true, recipe: /** @type {any} */ ({ compound: 'taxol' }) };
  assert.deepEqual(besideOf({ ...state, real: { open: true, of: 'another walk', at: 3 } }),
    { ...none, panels: true, cell: 0 }, 'beside another walk the first cell stands');
  assert.deepEqual(besideOf({ ...state, panels: false, real: { open: false, of: '', at: 3 } }), none);
  for (const also of ['panels:0', 'panels', 'cell:', 'cell:-1', 'cell:1e3', 'cell:999999999']) {
    const { beside } = parted(`${LINK}&also=${also}`);
    assert.deepEqual([beside.panels, beside.cell], [undefined, undefined], also);
  }
  const room = withBeside(LINK, { ...none, panels: true, cell: 3 }, LINK.length + 2);
  assert.deepEqual(room, { link: LINK, left: ['the grey panels', 'the bundle’s cell beside the walk'] });
});

test('a link stays within its bound, and what has no room is told', () => {
  const names = Array.from({ length: 40 }, (_, index) => `${'x'.repeat(200)}${index}`);
  const grid = { ...plain, chosen: { compound: names } };
  const { link, left } = withBeside(LINK, { pin: 'v=1&c=dmso', grid });
  assert.ok(link.length < LONGEST);
  assert.deepEqual(left, ['what the grid compares']);
  assert.ok(parted(link).beside.pin.includes('c=dmso'), 'what is shorter still has room');
  assert.deepEqual(withBeside(LINK, { pin: 'v=1&c=dmso', grid }, LINK.length + 4).link, LINK);
});

test('the crop of a pinned walk stays out of links that do not hold it already', () => {
  const pin = LINK.replace('start=c1', 'crop=AAAA');
  const { link, left } = withBeside(LINK, { ...none, pin });
  assert.equal(link, LINK);
  assert.match(left[0], /starts from your crop/);
  // Both start from it: the address has neither, a copied link has it once.
  const own = LINK.replace('start=c1&', '').concat('&crop=AAAA');
  const both = { ...none, pin: own.replace('a=1.2', 'a=2') };
  assert.ok(!inAddress(own, both).includes('AAAA'));
  const copied = withBeside(own, both).link;
  assert.equal(copied.match(/AAAA/g).length, 1);
  assert.equal(parted(copied).beside.pin, both.pin);
  // Nobody plants a crop, either.
  assert.equal(parted(`${LINK}&also=pin:crop=AAAA`).beside.pin, null);
});

test('whatever stands there is read as far as it can be', () => {
  for (const also of ['', ';', ':', 'rows:', 'rows:__proto__;columns:constructor', 'pin', '%', 'alpha:x,,NaN',
    'toString:1', `compound:${'a,'.repeat(5000)}`, 'real', 'alpha:%']) {
    const { link, beside } = parted(`${LINK}&also=${also}`);
    assert.equal(link, LINK, also);
    if (!beside) continue;
    assert.equal(beside.grid.rows, rows);
    assert.equal(beside.grid.columns, columns);
    for (const values of Object.values(beside.grid.chosen)) assert.ok(values.length <= 64);
    for (const value of beside.grid.chosen.alpha ?? []) assert.ok(Number.isFinite(value));
  }
});
