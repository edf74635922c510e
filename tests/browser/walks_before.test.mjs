// Walks that were in view before: which are kept, and when a walk is another one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changed, numbersOf, sameStart, sharesNoStep } from '../../web/worker/recipe_view.js';
import { MOST_BYTES, MOST_WALKS, WalksBefore } from '../../web/worker/walks_before.js';

/** A walk of so many steps, which knows whether it was freed. */
const walk = (steps) => {
  const played = { freed: false, steps: () => steps, free: () => { played.freed = true; } };
  return /** @type {any} */ (played);
};

test('a walk comes back once, and of two with the same numbers the longer is kept', () => {
  const before = new WalksBefore();
  const [short, long, other] = [walk(2), walk(5), walk(1)];
  before.keep('a', long, 10);
  before.keep('b', other, 10);
  before.keep('a', short, 10);
  assert.deepEqual([short.freed, long.freed], [true, false]);
  assert.equal(before.take('a'), long);
  assert.equal(before.take('a'), null);
  assert.equal(before.take('b'), other);
  before.keep('a', short, 10);
  before.keep('a', long, 10);
  assert.equal(before.take('a'), long, 'and whichever came first');
});

test('what is over the bounds is freed, the oldest first, and another bundle frees all', () => {
  const before = new WalksBefore();
  const walks = Array.from({ length: MOST_WALKS + 2 }, () => walk(1));
  for (const [index, each] of walks.entries()) before.keep(String(index), each, 10);
  assert.deepEqual(walks.map(({ freed }) => freed).slice(0, 3), [true, true, false]);
  const [half, more] = [walk(1), walk(1)];
  before.keep('half', half, MOST_BYTES / 8);
  before.keep('more', more, MOST_BYTES / 8);
  assert.ok(walks.every(({ freed }) => freed), 'two that take all the room there is');
  assert.deepEqual([half.freed, more.freed], [false, false]);
  const huge = walk(2);
  before.keep('huge', huge, MOST_BYTES);
  assert.ok(half.freed && more.freed && huge.freed, 'one that is too large is not kept at all');
  const last = walk(3);
  before.keep('last', last, 10);
  before.clear();
  assert.ok(last.freed);
  assert.equal(before.take('last'), null);
});

test('a walk that cannot be freed any more stops nothing', () => {
  const before = new WalksBefore();
  before.keep('a', /** @type {any} */ ({ steps: () => 1, free: () => { throw new Error('trap'); } }), 1);
  before.clear();
});

const RECIPE = {
  model: 'm', start: { example: 'c1' }, condition: 'taxol',
  sampling: {
    solver: 'euler', grid: 'uniform', steps: 4, alpha: 1, noise: 0, seed: 7, rtol: 1e-5, atol: 1e-5,
  },
};
const differently = (change) => changed(RECIPE, change);

test('how a walk is looked at is no part of its numbers', () => {
  assert.equal(numbersOf({ ...RECIPE, view: { hidden: [1], step: 3 } }), numbersOf(RECIPE));
  assert.notEqual(numbersOf(differently({ alpha: 2 })), numbersOf(RECIPE));
});

test('a walk keeps steps that the next may share, and leaves for one that shares none', () => {
  const leaves = (change) => sharesNoStep(RECIPE, differently(change));
  const changes = [{ compound: 'dmso' }, { control: 'c2' }, { alpha: 2 }, { solver: 'rk4' }, { noise: 1 }];
  for (const change of changes) {
    assert.equal(leaves(change), true, JSON.stringify(change));
  }
  for (const change of [{ steps: 8 }, { grid: 'edm' }, { seed: 8 }, { direction: 'return' }, { rtol: 0.1 }]) {
    assert.equal(leaves(change), false, JSON.stringify(change));
  }
});

test('two walks begin with the same pictures if their starts, noise and views are the same', () => {
  const begins = (change) => sameStart(RECIPE, differently(change));
  assert.ok(begins({ alpha: 2 }) && begins({ compound: 'dmso' }) && begins({ seed: 8 }));
  assert.ok(!begins({ control: 'c2' }) && !begins({ noise: 1 }) && !begins({ direction: 'reverse' }));
  assert.ok(!sameStart(RECIPE, { ...RECIPE, view: { hidden: [1], channels: [] } }));
  const noisy = differently({ noise: 1 });
  assert.ok(!sameStart(noisy, changed(noisy, { seed: 8 })));
});
