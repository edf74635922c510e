// What the worker says by itself, in the explorer's state.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toldBy } from '../../web/heard.js';
import { silent, troubled } from '../../web/notices.js';
import { EMPTY } from '../../web/state.js';

const state = (more = {}) => /** @type {any} */ ({ ...EMPTY, ...more });

test('a picture joins those that have come, and the state of before stays as it was', () => {
  const before = state({ thumbnails: new Map([['a', 1]]) });
  const told = toldBy(/** @type {any} */ ({ event: 'thumbnail', id: 'b', picture: 2 }), before);
  assert.deepEqual([...told.thumbnails], [['a', 1], ['b', 2]]);
  assert.equal(before.thumbnails.size, 1);
});

test('bytes that arrive leave the rest of what is known of the download', () => {
  const before = state({ download: { cached: false, total: 9 } });
  const heard = /** @type {const} */ ({ event: 'download', loaded: 3, total: 9, secondsLeft: 2 });
  assert.deepEqual(toldBy(heard, before), {
    download: { cached: false, loaded: 3, total: 9, secondsLeft: 2 },
  });
});

test('a note takes the place of news and not of a trouble', () => {
  const note = /** @type {any} */ ({ event: 'note', sentence: 'One worker could not start.' });
  assert.equal(toldBy(note, state()).notice.kind, 'warning');
  const notice = troubled({ kind: 'gpu', sentence: 'The GPU is gone.' });
  assert.equal(toldBy(note, state({ notice })), null);
});

test('a word of the worker takes away that it was silent, and nothing else', () => {
  const { notice } = toldBy({ event: 'silent' }, state());
  assert.deepEqual(notice, silent());
  assert.deepEqual(toldBy({ event: 'heard' }, state({ notice })), { notice: null });
  const other = troubled({ kind: 'gpu', sentence: 'The GPU is gone.' });
  assert.equal(toldBy({ event: 'heard' }, state({ notice: other })), null);
});
