// When helpers are started: for a CPU that walks, and beside a GPU only once that has not taken over.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Sharing } from '../../web/worker/sharing.js';

/** What the page is told, in its order. */
function told(wait) {
  /** @type {boolean[]} */
  const all = [];
  return { all, sharing: new Sharing((helped) => all.push(helped), wait) };
}

const after = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

test('a CPU that walks without a rival is helped at once, and a GPU never', () => {
  const { all, sharing } = told(60_000);
  sharing.begin({ helped: true, rival: false });
  sharing.begin({ helped: false, rival: false });
  sharing.stays();
  assert.deepEqual(all, [true, false]);
});

test('beside a GPU that may take over no helper is started, and none after it has', async () => {
  const { all, sharing } = told(5);
  sharing.begin({ helped: true, rival: true });
  assert.deepEqual(all, [false]);
  sharing.begin({ helped: false, rival: false });
  await after(30);
  assert.deepEqual(all, [false, false]);
});

test('a GPU that proves slower, or fails, leaves the CPU with helpers, once', () => {
  const { all, sharing } = told(60_000);
  sharing.begin({ helped: true, rival: true });
  sharing.stays();
  sharing.stays();
  assert.deepEqual(all, [false, true]);
});

test('a GPU that is not ready for long holds helpers up no longer', async () => {
  const { all, sharing } = told(5);
  sharing.begin({ helped: true, rival: true });
  await after(30);
  assert.deepEqual(all, [false, true]);
});

test('under weights with which nobody helps a rival changes nothing', async () => {
  const { all, sharing } = told(5);
  sharing.begin({ helped: false, rival: true });
  await after(30);
  sharing.stays();
  assert.deepEqual(all, [false]);
});
