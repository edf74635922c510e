// What an explorer tells the tab's history and does when the browser goes back, with a played tab, worker and
// explorer.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';

const entries = [{ hash: '', state: null }];
let at = 0;
const listeners = new Map();
const address = (hash) => { if (hash !== undefined) entries[at].hash = hash; };
const played = {
  location: {
    get hash() { return entries[at].hash; },
    get href() { return `https://x.org/${entries[at].hash}`; },
  },
  history: {
    get state() { return entries[at].state; },
    pushState(state, _, hash) {
      entries.splice(at + 1, entries.length, { hash: entries[at].hash, state: structuredClone(state) });
      at += 1;
      address(hash);
    },
    replaceState(state, _, hash) {
      entries[at].state = structuredClone(state);
      address(hash);
    },
  },
  document: { getElementById: (name) => (name === 'flow' ? {} : null) },
  addEventListener: (type, listener) => listeners.set(type, [...(listeners.get(type) ?? []), listener]),
  removeEventListener: (type, listener) =>
    listeners.set(type, listeners.get(type).filter((each) => each !== listener)),
  Element: class {},
};
for (const [name, value] of Object.entries(played)) {
  Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
}
const fire = (type) => { for (const listener of listeners.get(type) ?? []) listener({ type }); };
const go = (by) => { at += by; fire('popstate'); };
const settle = (ms = 0) => new Promise((resolve) => setTimeout(resolve, ms));

const { Linked, takePlace } = await import('../../web/linked.js');
const { NO_GRID } = await import('../../web/grid.js');
const { NO_REAL_CELL, walksOf } = await import('../../web/real_cell.js');

const RECIPE = {
  control: 'c1', compound: 'taxol', direction: 'forward', solver: 'euler', grid: 'uniform', steps: 9,
  alpha: 1, noise: 0, seed: 7, hidden: [], channels: [],
};
const linkOf = (recipe) => `v=1&c=${recipe.compound}&a=${recipe.alpha}`;

/** An explorer whose worker answers links at once, or when the test lets it. */
function opened({ attributes = {} } = {}) {
  let state = /** @type {any} */ ({
    phase: 'ready', link: '', cursor: 0, recipe: null, pin: null, grid: NO_GRID, notice: null,
    panels: false, real: NO_REAL_CELL,
    compounds: ['taxol', 'dmso', 'ciclo'].map((id) => ({ id, name: id })), samples: [], examples: [],
  });
  const [calls, steps, held] = [[], [], []];
  let holds = false;
  const set = (patch) => {
    const before = state;
    state = { ...state, ...patch };
    linked.changed(before);
  };
  const show = (recipe) => set({ recipe: { ...RECIPE, ...recipe }, link: linkOf({ ...RECIPE, ...recipe }) });
  const answerOf = (link) => {
    const fields = new URLSearchParams(link);
    const recipe = { ...RECIPE, compound: fields.get('c'), alpha: Number(fields.get('a') ?? 1) };
    return { recipe, link: linkOf(recipe), at: fields.has('at') ? Number(fields.get('at')) : null };
  };
  const worker = {
    call: async (name, { link }) => {
      calls.push(link);
      if (holds) await new Promise((resolve) => held.push(resolve));
      if (link.includes('c=nothing')) throw Object.assign(new Error('no'), { kind: 'bad-link' });
      return answerOf(link);
    },
  };
  const pressed = new Map();
  const element = /** @type {any} */ ({
    hasAttribute: (name) => name in attributes,
    getAttribute: (name) => attributes[name] ?? null,
    addEventListener: (type, listener) => pressed.set(type, listener),
    removeEventListener: () => {},
    shadowRoot: { activeElement: null, querySelector: () => null },
  });
  const linked = new Linked(() => state, set, /** @type {any} */ (worker), takePlace(), {
    element,
    pause: () => {},
    waitFor: async (work) => { await work(); },
    pinAgain: () => {},
    showAlone: (panels) => set({ panels }),
    follow: ({ recipe, link }) => set({ recipe, link, cursor: 0 }),
    walkTo: (step) => { steps.push(step); if (step !== null) set({ cursor: step }); },
  });
  return {
    linked, calls, steps, set, show, state: () => state,
    press: (type, event = {}) => pressed.get(type)({ type, composedPath: () => [null], ...event }),
    hold: () => { holds = true; },
    release: () => { holds = false; for (const each of held.splice(0)) each(); },
  };
}

const first = opened();
after(() => first.linked.end());

test('what is opened is no entry, what is chosen is one at once, with the step that was left', async () => {
  first.show({});
  await settle(400);
  assert.deepEqual(entries.map(({ hash }) => hash), ['#v=1&c=taxol&a=1&at=0']);
  first.linked.touch();
  first.set({ cursor: 4 });
  await settle();
  assert.match(entries[0].hash, /at=0/, 'the step follows after a pause');
  first.show({ compound: 'dmso' });
  first.set({ cursor: 0 });
  await settle();
  assert.deepEqual(entries.map(({ hash }) => hash), ['#v=1&c=taxol&a=1&at=4', '#v=1&c=dmso&a=1&at=0']);
  first.set({ cursor: 2 });
  await settle(400);
  assert.equal(entries[1].hash, '#v=1&c=dmso&a=1&at=2');
});

test('back is followed, goes to the step of its entry, is said and is no entry itself', async () => {
  const count = entries.length;
  go(-1);
  await settle(400);
  assert.equal(first.calls.at(-1), 'v=1&c=taxol&a=1&at=4');
  assert.equal(first.steps.at(-1), 4);
  assert.equal(first.state().notice.sentence, 'Back to taxol.');
  assert.deepEqual([entries.length, at], [count, 0]);
  go(1);
  await settle(400);
  assert.equal(first.state().notice.sentence, 'Forward to dmso.');
  assert.equal(first.state().cursor, 2);
});

test('of several steps back while the worker is busy the last decides, and nothing is mixed up', async () => {
  first.show({ compound: 'ciclo' });
  await settle(400);
  const before = entries.map(({ hash }) => hash);
  assert.equal(before.length, 3);
  first.hold();
  go(-1);
  go(-1);
  first.release();
  await settle(400);
  assert.equal(first.state().recipe.compound, 'taxol');
  assert.equal(at, 0);
  assert.deepEqual(entries.map(({ hash }) => hash), before, 'no entry was written over');
  // There and back again before anything is answered.
  first.hold();
  go(1);
  go(-1);
  first.release();
  await settle(400);
  assert.equal(first.state().recipe.compound, 'taxol');
  assert.deepEqual(entries.map(({ hash }) => hash), before);
});

test('a gesture is one entry, when it ends', async () => {
  go(2);
  await settle(400);
  const count = entries.length;
  first.press('pointerdown', { button: 0 });
  for (const alpha of [1.1, 1.2, 1.3]) {
    first.show({ compound: 'ciclo', alpha });
    await settle(20);
  }
  assert.equal(entries.length, count);
  fire('pointerup');
  assert.equal(entries.length, count + 1);
  assert.match(entries[at].hash, /a=1\.3/);
  // An answer that comes after it belongs to it.
  first.show({ compound: 'ciclo', alpha: 1.4 });
  await settle();
  assert.equal(entries.length, count + 1);
  assert.match(entries[at].hash, /a=1\.4/);
});

test('a pinned walk comes back without asking the worker, and the step in view stays', async () => {
  first.set({ cursor: 5 });
  first.set({ pin: { link: 'v=1&c=dmso&a=1', walk: {} } });
  await settle();
  first.set({ pin: null });
  await settle();
  first.set({ cursor: 6 });
  await settle(400);
  const asked = first.calls.length;
  go(-1);
  await settle(50);
  assert.equal(first.state().pin.link, 'v=1&c=dmso&a=1');
  assert.equal(first.state().notice.sentence, 'Back: a walk is pinned.');
  go(-1);
  await settle(50);
  assert.equal(first.state().pin, null);
  assert.equal(first.calls.length, asked);
  assert.equal(first.state().cursor, 6);
});

test('grey panels and the cell beside the walk are choices, and no walk is asked for', async () => {
  const asked = first.calls.length;
  const looks = () => [first.state().panels, first.state().real.open, first.state().real.at];
  first.set({ panels: true });
  await settle();
  first.set({ real: { ...NO_REAL_CELL, open: true } });
  await settle();
  first.set({ real: { ...first.state().real, of: walksOf(first.state().recipe), at: 2 } });
  await settle();
  assert.match(entries[at].hash, /&also=panels:1;cell:2$/);
  // A picture that has come is no choice.
  const count = entries.length;
  first.set({ real: { ...first.state().real, key: 'a', picture: {} } });
  await settle();
  assert.equal(entries.length, count);
  go(-1);
  await settle(50);
  assert.deepEqual(looks(), [true, true, 0]);
  assert.equal(first.state().notice.sentence, 'Back: the bundle’s cell beside the walk.');
  go(-1);
  await settle(50);
  assert.deepEqual(looks(), [true, false, 0]);
  go(-1);
  await settle(50);
  assert.equal(first.state().panels, false);
  assert.equal(first.state().notice.sentence, 'Back: the grey panels.');
  go(3);
  await settle(50);
  assert.deepEqual(looks(), [true, true, 2]);
  assert.equal(first.calls.length, asked);
  go(-3);
  await settle(50);
});

test('an anchor is left alone, and a link that cannot be followed gives way to what is in view', async () => {
  const shown = first.state().link;
  entries.splice(at + 1, entries.length, { hash: '#flow', state: null });
  go(1);
  first.set({ cursor: 7 });
  await settle(400);
  assert.equal(entries[at].hash, '#flow');
  assert.equal(first.state().link, shown);
  entries.splice(at + 1, entries.length, { hash: '#c=nothing', state: null });
  go(1);
  await settle(400);
  assert.equal(first.state().notice.kind, 'trouble');
  assert.ok(entries[at].hash.startsWith(`#${shown}`), entries[at].hash);
  entries.splice(at + 1, entries.length, { hash: `#crop=${'A'.repeat(9000)}`, state: null });
  go(1);
  await settle(400);
  assert.match(first.state().notice.sentence, /9,006 characters.*The walk in view stays/);
  assert.ok(entries[at].hash.startsWith(`#${shown}`), entries[at].hash);
});

test('a second explorer is in the address once it was used, and back undoes its choice alone', async () => {
  const second = opened({ attributes: { address: 'embed.html?model=b' } });
  assert.equal(second.linked.address, 'https://x.org/embed.html?model=b');
  second.show({ compound: 'dmso' });
  await settle(400);
  assert.doesNotMatch(entries[at].hash, /&&/);
  const asked = first.calls.length;
  second.linked.touch();
  second.show({ compound: 'ciclo' });
  await settle(400);
  assert.match(entries[at].hash, /&&v=1&c=ciclo/);
  go(-1);
  await settle(400);
  assert.equal(second.state().recipe.compound, 'dmso');
  assert.equal(second.state().notice.sentence, 'Back to dmso.');
  assert.equal(first.calls.length, asked, 'the first one has nothing to do');
  second.linked.end();
});
