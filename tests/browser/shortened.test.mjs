// Long names in short places.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shortened } from '../../web/shortened.js';

test('a name that fits stays as it is', () => {
  assert.equal(shortened('cell_w1.tif', 11), 'cell_w1.tif');
});

test('a long name keeps both ends, and most of the end, where the channel stands', () => {
  const name = 'HEPG2-01_Plate1_B02_site1_2026-03-14_long-exposure_w4_actin.ome.tif';
  const short = shortened(name, 34);
  assert.equal([...short].length, 34);
  assert.ok(short.startsWith('HEPG2') && short.endsWith('w4_actin.ome.tif'), short);
});

test('a letter outside the basic plane is not cut in two', () => {
  assert.equal(shortened('𝛼'.repeat(9), 4), '𝛼…𝛼𝛼');
});
