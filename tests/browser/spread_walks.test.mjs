// Walks aside that are spread over helpers: which walk goes where, what is left when a call comes, and that
// nothing is lost with a helper. The network and the helpers are played.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextTurn } from '../../web/worker/next_turn.js';
import { SideWalks } from '../../web/worker/side_walks.js';

const STEPS = 3;

/** A walk of numbers that say where they were computed. */
class PlayedWalk {
  #values = [['start']];

  constructor(recipe, log) {
    Object.assign(this, { recipe, log });
  }

  async evaluate() { return false; }

  async step() {
    if (this.finished()) return false;
    this.#values.push([`here ${this.steps()}`]);
    this.log.push(`${this.recipe.seed} here ${this.steps() - 1}`);
    return true;
  }

  take_step(values) {
    if (this.finished()) throw new Error('beyond the end');
    this.#values.push(values);
  }

  steps() { return this.#values.length; }
  finished() { return this.steps() === STEPS + 1; }
  times() { return [0, 0.3, 0.6, 1]; }
  time_of(step) { return step / STEPS; }
  values(step) { return this.#values[step]; }
  place_of(step) { return [step]; }
  evaluations_of() { return 1; }
  picture(step) { return { now: this.#values[step][0] }; }
  free() { this.log.push(`free ${this.recipe.seed}`); }
}

/** Helpers of which each walks when the test lets it. */
class PlayedHelpers {
  /** @type {any[]} what each free or busy helper is at */
  at;
  stopped = 0;

  constructor(count) {
    this.at = Array.from({ length: count }, () => null);
  }

  get isOneFree() { return this.at.includes(null); }

  walk({ text, from }, listener) {
    const place = this.at.indexOf(null);
    const reached = from ? from.place[0] : 0;
    this.at[place] = { seed: Number(text), reached, ...listener };
    return () => this.end(place);
  }

  /** A helper goes a step on; at the end it is free. */
  async step(place) {
    const at = this.at[place];
    at.reached += 1;
    at.onStep({ values: [`helper ${at.reached}`], place: [at.reached] });
    if (at.reached === STEPS) this.end(place);
    for (let turn = 0; turn < 4; turn += 1) await nextTurn();
  }

  end(place, trouble = null) {
    const at = this.at[place];
    this.at[place] = null;
    at?.whenDone(trouble);
  }

  stopWalks() {
    this.stopped += 1;
    this.at.forEach((at, place) => at && this.end(place));
  }
}

function played({ helpers = 1, slow = false } = {}) {
  const [log, told] = [[], []];
  let wanted = false;
  let go = () => {};
  const walking = {
    canLend: true,
    evaluations: 0,
    recipeWith: (change) => change,
    redraw: async () => {},
    given: async (recipe) => ({ text: String(recipe.seed) }),
    another: async (recipe) => new PlayedWalk(recipe, log),
    // A slow walk here waits for the test before each step.
    lend: async (other, work) => {
      if (slow) await new Promise((resolve) => { go = () => resolve(undefined); });
      return work();
    },
  };
  const others = new PlayedHelpers(helpers);
  const say = (event, detail) => told.push(detail);
  const aside = new SideWalks(/** @type {any} */ (walking), () => wanted, say, (image) => [...image],
    /** @type {any} */ (others));
  return {
    aside, log, told, others, walking,
    call: (comes) => {
      wanted = comes;
      if (comes) aside.giveWay();
    },
    here: async () => {
      go();
      for (let turn = 0; turn < 6; turn += 1) await nextTurn();
    },
  };
}

/** @returns {any} */
const pictures = (...seeds) => (
  { of: 'grid', jobs: seeds.map((seed) => (
    { key: `cell ${seed}`, change: { seed }, wants: 'picture', view: 'own' })) });
const shown = (told, seed) => told.filter(({ key }) => key === `cell ${seed}`).map(({ picture }) => picture);
const turns = async (count = 8) => { for (let turn = 0; turn < count; turn += 1) await nextTurn(); };

test('what stands first on the list is walked here, what comes next by helpers, in that order', async () => {
  const { aside, told, others, here } = played({ helpers: 2, slow: true });
  aside.take(pictures(1, 2, 3, 4));
  const walked = aside.walkOn();
  await turns();
  assert.deepEqual(others.at.map(({ seed }) => seed), [2, 3]);
  for (let step = 0; step < STEPS; step += 1) await others.step(0);
  // The one that is free takes the next one as soon as the walk here has come to an evaluation's end.
  await here();
  assert.equal(others.at[0].seed, 4);
  for (let step = 0; step < STEPS; step += 1) {
    await others.step(0);
    await others.step(1);
    await here();
  }
  await walked;
  assert.deepEqual(shown(told, 1), ['start', 'here 1', 'here 2', 'here 3']);
  for (const seed of [2, 3, 4]) {
    assert.deepEqual(shown(told, seed), ['start', 'helper 1', 'helper 2', 'helper 3'], `cell ${seed}`);
  }
});

test('a call ends waiting for helpers and stops them; afterwards nothing is walked again', async () => {
  const { aside, told, others, call } = played();
  aside.take(pictures(1, 2));
  const walked = aside.walkOn();
  await turns(20);
  await others.step(0);
  call(true);
  await walked;
  assert.equal(others.stopped, 1);
  assert.ok(others.isOneFree);
  call(false);
  await aside.walkOn();
  assert.deepEqual(shown(told, 1), ['start', 'here 1', 'here 2', 'here 3']);
  assert.deepEqual(shown(told, 2), ['start', 'helper 1', 'here 2', 'here 3']);
});

test('a walk whose helper is lost goes on from its last step', async () => {
  const { aside, told, others } = played();
  aside.take(pictures(1, 2));
  const walked = aside.walkOn();
  await turns(20);
  await others.step(0);
  others.end(0);
  others.at = ['nobody'];
  await walked;
  assert.deepEqual(shown(told, 2), ['start', 'helper 1', 'here 2', 'here 3']);
});

test('a walk that failed with a helper is walked here, and nowhere else', async () => {
  const { aside, told, others } = played();
  aside.take(pictures(1, 2, 3));
  const walked = aside.walkOn();
  await turns(1);
  await turns(2);
  others.end(0, { kind: 'bad-recipe', sentence: 'It failed.' });
  await turns(30);
  while (others.at[0]) await others.step(0);
  await walked;
  assert.deepEqual(shown(told, 2), ['start', 'here 1', 'here 2', 'here 3']);
  assert.equal(shown(told, 3).length, STEPS + 1);
});

test('a walk that leaves the list is left by its helper, and freed once', async () => {
  const { aside, log, told, others, call } = played();
  aside.take(pictures(1, 2));
  const walked = aside.walkOn();
  await turns(20);
  const late = others.at[0];
  call(true);
  await walked;
  aside.take(pictures(1));
  // A step that was on its way comes to nothing.
  late.onStep({ values: ['late'], place: [1] });
  assert.deepEqual(log.filter((what) => what === 'free 2'), ['free 2']);
  assert.ok(others.isOneFree);
  assert.ok(!shown(told, 2).includes('late'));
});

test('a single walk stays here, where a helper computes half of it', async () => {
  const { aside, told, others } = played();
  aside.take(pictures(1));
  await aside.walkOn();
  assert.ok(others.isOneFree);
  assert.deepEqual(shown(told, 1), ['start', 'here 1', 'here 2', 'here 3']);
});
