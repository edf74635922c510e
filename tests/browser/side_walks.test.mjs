// Walks aside on a borrowed engine: what they do to the walk in view, to calls that come, and after a
// failure. The network is played by numbers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../web/failures.js';
import { SideWalks } from '../../web/worker/side_walks.js';

const STEPS = 2;
/** Velocities of a step. */
const STAGES = 2;

/** A walk aside; `fails` is asked before each velocity. */
class PlayedWalk {
  #stage = 0;
  #reached = 0;

  constructor(recipe, fails, log) {
    Object.assign(this, { recipe, fails, log });
  }

  async evaluate() {
    if (this.#stage + 1 >= STAGES) return false;
    this.#velocity();
    return true;
  }

  async step() {
    this.#velocity();
    this.#stage = 0;
    this.#reached += 1;
    return true;
  }

  #velocity() {
    this.fails(this);
    this.#stage += 1;
    this.log.push(`${this.recipe.seed}:${this.#reached}.${this.#stage}`);
  }

  /** What an engine that is taken out leaves of a step under way. */
  lost() {
    this.#stage = 0;
  }

  steps() { return this.#reached + 1; }
  finished() { return this.#reached === STEPS; }
  times() { return [0, 0.5, 1]; }
  time_of(step) { return step / STEPS; }
  values(step) { return new Float32Array([this.recipe.seed, step]); }
  picture(step) { return { now: `${this.recipe.seed}.${step} ${this.view ?? this.recipe.view}` }; }
  free() { this.log.push(`free ${this.recipe.seed}`); }
}

/** Walks aside of a played model, with everything that they say and do. */
function played({ wanted = () => false, fails = () => {} } = {}) {
  const [log, told] = [[], []];
  const walking = {
    canLend: true,
    /** Whether the walk in view has its engine. */
    whole: true,
    view: 'own',
    recipeWith: (change) => ({ ...change, view: walking.view }),
    redraw: async (other, { view }) => {
      log.push(`drawn ${view}`);
      other.view = view;
    },
    another: async (recipe) => new PlayedWalk(recipe, fails, log),
    lend: async (other, work) => {
      assert.ok(walking.whole, 'one engine is lent once');
      walking.whole = false;
      try {
        return await work();
      } finally {
        other.lost();
        walking.whole = true;
      }
    },
  };
  const say = (event, detail) => told.push({ event, ...detail });
  const aside = new SideWalks(/** @type {any} */ (walking), wanted, say, (image) => [...image]);
  return { aside, walking, log, told };
}

/** @returns {any} */
const jobs = (...seeds) => (
  { of: 'measures', jobs: seeds.map((seed) => ({ key: `seed ${seed}`, change: { seed } })) });
/** @returns {any} */
const pictures = (seeds, more = {}) => (
  { of: 'grid', jobs: seeds.map((seed) => (
    { key: `cell ${seed}`, change: { seed }, wants: 'picture', view: 'first', ...more })) });
const brief = (told) => told.map(({ key, step, failed }) => `${key}: ${failed ? failed.kind : step}`);

test('each walk is told from its start to its end, with what each step measures', async () => {
  const { aside, walking, told } = played();
  aside.take(jobs(1, 2));
  await aside.walkOn();
  assert.deepEqual(brief(told), [
    'seed 1: 0', 'seed 1: 1', 'seed 1: 2', 'seed 2: 0', 'seed 2: 1', 'seed 2: 2',
  ]);
  assert.deepEqual(told[5], {
    event: 'side', key: 'seed 2', step: 2, of: 2, finished: true, time: 1,
    measures: { time: 1, values: [2, 2] },
  });
  assert.ok(walking.whole);
  // Nothing is left: nothing is told again.
  await aside.walkOn();
  assert.equal(told.length, 6);
});

test('a call waits for one velocity at most, with the engine back, and the walk goes on later', async () => {
  let calls = false;
  const { aside, walking, log, told } = played({
    wanted: () => calls,
    fails: () => { calls = log.length === 2; },
  });
  aside.take(jobs(1));
  await aside.walkOn();
  assert.deepEqual(log, ['1:0.1', '1:0.2', '1:1.1']);
  assert.ok(walking.whole, 'back before the call is served');
  assert.deepEqual(brief(told), ['seed 1: 0', 'seed 1: 1']);
  calls = false;
  log.push('a call');
  await aside.walkOn();
  // The velocity of the step that was interrupted is evaluated again.
  assert.deepEqual(log.slice(4), ['1:1.1', '1:1.2', 'free 1']);
  assert.deepEqual(brief(told).at(-1), 'seed 1: 2');
});

test('while a call waits, or without an engine, nothing begins', async () => {
  const waiting = played({ wanted: () => true });
  waiting.aside.take(jobs(1));
  await waiting.aside.walkOn();
  assert.deepEqual(waiting.told, []);
  const without = played();
  without.walking.canLend = false;
  without.aside.take(jobs(1));
  await without.aside.walkOn();
  assert.deepEqual(without.told, []);
});

test('a lost device ends all that is left, and what is done is not walked again', async () => {
  let lost = true;
  const { aside, walking, log, told } = played({
    fails: ({ recipe }) => {
      if (lost && recipe.seed === 2) throw new Failure('device-lost', 'The GPU was lost.');
    },
  });
  aside.take(jobs(1, 2, 3));
  await aside.walkOn();
  assert.deepEqual(brief(told).slice(3), ['seed 2: 0', 'seed 2: device-lost', 'seed 3: device-lost']);
  assert.ok(walking.whole, 'back after the failure, too');
  lost = false;
  const before = log.length;
  aside.take(jobs(2, 3));
  await aside.walkOn();
  assert.deepEqual(brief(told).slice(6), [
    'seed 2: 0', 'seed 2: 1', 'seed 2: 2', 'seed 3: 0', 'seed 3: 1', 'seed 3: 2',
  ]);
  assert.ok(log.slice(before).every((line) => !line.startsWith('1:')));
});

test('a walk that fails by itself ends alone', async () => {
  const { aside, told } = played({
    fails: ({ recipe }) => {
      if (recipe.seed === 1) throw new Failure('bad-recipe', 'Step 1 is not finite.');
    },
  });
  aside.take(jobs(1, 2));
  await aside.walkOn();
  assert.deepEqual(brief(told), ['seed 1: 0', 'seed 1: bad-recipe', 'seed 2: 0', 'seed 2: 1', 'seed 2: 2']);
});

test('other jobs take the place of those before; the one under way goes on if among them', async () => {
  let calls = false;
  const { aside, log, told } = played({ wanted: () => calls, fails: () => { calls = log.length === 1; } });
  aside.take(jobs(1, 2));
  await aside.walkOn();
  calls = false;
  aside.take(jobs(3, 1));
  log.push('other jobs', 'and one more line');
  await aside.walkOn();
  assert.deepEqual(brief(told), [
    'seed 1: 0', 'seed 1: 1', 'seed 1: 2', 'seed 3: 0', 'seed 3: 1', 'seed 3: 2',
  ]);
  // Cancelled: the same key with another recipe is another walk.
  aside.take(jobs(4));
  aside.take(jobs());
  await aside.walkOn();
  assert.equal(told.length, 6);
});

test('the same key with another recipe is another walk', async () => {
  let calls = false;
  const { aside, log, told } = played({ wanted: () => calls, fails: () => { calls = log.length === 2; } });
  aside.take({ of: 'measures', jobs: [{ key: 'a', change: { seed: 1 } }] });
  await aside.walkOn();
  calls = false;
  log.push('other jobs');
  aside.take({ of: 'measures', jobs: [{ key: 'a', change: { seed: 2 } }] });
  await aside.walkOn();
  assert.deepEqual(brief(told), ['a: 0', 'a: 1', 'a: 0', 'a: 1', 'a: 2']);
  assert.ok(log.includes('free 1'));
});

test('a job of pictures is told each step’s picture and no measures', async () => {
  const { aside, told } = played();
  aside.take(pictures([1]));
  await aside.walkOn();
  assert.deepEqual(told.map(({ picture }) => picture), ['1.0 own', '1.1 own', '1.2 own']);
  assert.deepEqual(told.map(({ finished }) => finished), [false, false, true]);
  assert.ok(told.every(({ measures, view }) => measures === undefined && view === 'first'));
  const both = played();
  both.aside.take(pictures([1], { wants: 'both' }));
  await both.aside.walkOn();
  assert.ok(both.told.every(({ measures, picture }) => measures && picture));
});

test('a walk whose steps alone are wanted is not measured or drawn, and stays to be asked', async () => {
  const { aside, walking, log, told } = played();
  const steps = /** @type {any} */ ({ key: 'u', change: { seed: 5 }, wants: 'steps' });
  aside.take({ of: 'untreated', jobs: [steps] });
  aside.take(pictures([1]));
  await aside.walkOn();
  assert.deepEqual(brief(told).slice(0, 3), ['u: 0', 'u: 1', 'u: 2'], 'before the grid');
  assert.ok(told.slice(0, 3).every(({ measures, picture }) => !measures && !picture));
  assert.deepEqual([...aside.walkOf('u').values(2)], [5, 2]);
  assert.equal(aside.walkOf('v'), null);
  // Another view changes none of its numbers.
  walking.view = 'other';
  const before = log.length;
  aside.take({ of: 'untreated', jobs: [{ ...steps, has: true }] });
  await aside.walkOn();
  assert.equal(log.length, before);
  aside.take({ of: 'untreated', jobs: [] });
  assert.equal(log.at(-1), 'free 5');
  assert.equal(aside.walkOf('u'), null);
});

test('another list does not take the place of this one, and what is measured goes first', async () => {
  const { aside, told } = played();
  aside.take(pictures([1]));
  aside.take(jobs(2));
  await aside.walkOn();
  assert.deepEqual(brief(told), [
    'seed 2: 0', 'seed 2: 1', 'seed 2: 2', 'cell 1: 0', 'cell 1: 1', 'cell 1: 2',
  ]);
});

test('in another view the pictures of what is walked are drawn again, and nothing is walked', async () => {
  const { aside, walking, log, told } = played();
  aside.take(pictures([1, 2]));
  await aside.walkOn();
  const walked = log.length;
  walking.view = 'other';
  aside.take(pictures([1, 2], { view: 'second' }));
  await aside.walkOn();
  assert.deepEqual(log.slice(walked), ['drawn other', 'drawn other']);
  assert.deepEqual(told.slice(6).map(({ picture, view }) => `${view}: ${picture}`), [
    'second: 1.0 other', 'second: 1.1 other', 'second: 1.2 other',
    'second: 2.0 other', 'second: 2.1 other', 'second: 2.2 other',
  ]);
});

test('what the page has is neither walked nor told, and what leaves the list is freed', async () => {
  const { aside, log, told } = played();
  aside.take(pictures([1], { has: true }));
  await aside.walkOn();
  assert.deepEqual([log, told], [[], []]);
  aside.take(pictures([1]));
  await aside.walkOn();
  aside.take(pictures([1], { has: true }));
  await aside.walkOn();
  assert.equal(told.length, 3);
  // The page has lost it: it is told again, and not walked.
  const walked = log.length;
  aside.take(pictures([1]));
  await aside.walkOn();
  assert.deepEqual([told.length, log.length], [6, walked]);
  aside.take(pictures([]));
  assert.equal(log.at(-1), 'free 1');
});

test('a lost device leaves the pictures that are done, and in another order the first is walked first',
  async () => {
    let lost = true;
    const { aside, log, told } = played({
      fails: ({ recipe }) => {
        if (lost && recipe.seed === 2) throw new Failure('device-lost', 'The GPU was lost.');
      },
    });
    aside.take(pictures([1, 2, 3]));
    await aside.walkOn();
    assert.deepEqual(brief(told).slice(3), ['cell 2: 0', 'cell 2: device-lost', 'cell 3: device-lost']);
    lost = false;
    const walked = log.length;
    const { jobs: done } = pictures([1], { has: true });
    aside.take({ of: 'grid', jobs: [...pictures([3, 2]).jobs, ...done] });
    await aside.walkOn();
    assert.deepEqual(brief(told).slice(6), [
      'cell 3: 0', 'cell 3: 1', 'cell 3: 2', 'cell 2: 0', 'cell 2: 1', 'cell 2: 2',
    ]);
    assert.ok(log.slice(walked).every((line) => !line.startsWith('1:')));
  });
