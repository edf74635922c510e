// Helpers at the other ends of lines: who is asked, what is made of silence and failure. The helpers are
// played; the clock is the test's.

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Helpers } from '../../web/worker/helpers.js';

/** The other end of a line, which notes what it is asked and answers when the test says so. */
function line() {
  const { port1, port2 } = new MessageChannel();
  const asked = [];
  let came = () => {};
  port2.on('message', (question) => {
    asked.push(question);
    came();
  });
  const next = async () => {
    if (!asked.length) await new Promise((resolve) => { came = () => resolve(undefined); });
    return asked.shift();
  };
  return { port: /** @type {any} */ (port1), next, says: (answer) => port2.postMessage(answer), asked };
}

const HANDED = () => ({
  module: /** @type {any} */ ('the module'), manifest: new Uint8Array(1), conditions: new Uint8Array(2),
  weights: new Uint8Array(3),
});

/** Helpers that have the network, with their lines and what the page is told. */
async function ready(count) {
  const told = [];
  const helpers = new Helpers(async () => HANDED(), (event, detail) => told.push({ event, ...detail }),
    () => 100);
  const lines = [];
  for (let id = 1; id <= count; id += 1) {
    const other = line();
    const taken = helpers.take({ id, port: other.port });
    const { number, ask } = await other.next();
    assert.equal(ask, 'load');
    other.says({ number, bytes: 7 });
    assert.deepEqual(await taken, { bytes: 7 });
    lines.push(other);
  }
  return { helpers, lines, told, end: () => helpers.clear() };
}

const image = () => new Float32Array([1, 2]);
const walk = () => ({ text: '{}', from: null });
const listener = () => {
  const heard = { steps: [], ends: [] };
  return { heard, onStep: (step) => heard.steps.push(step), whenDone: (trouble) => heard.ends.push(trouble) };
};
const soon = () => new Promise((resolve) => { setImmediate(() => setImmediate(resolve)); });

test('half of a velocity is asked of a free helper, and of nobody while none is free', async () => {
  const { helpers, lines: [other], end } = await ready(1);
  const half = helpers.ask(0.5, image());
  assert.equal(helpers.ask(0.5, image()), null);
  const { number, ask, t } = await other.next();
  assert.deepEqual([ask, t], ['half', 0.5]);
  other.says({ number, velocity: new Float32Array([3]) });
  assert.deepEqual([...(await half)], [3]);
  assert.ok(helpers.isOneFree);
  end();
});

test('nobody is asked while the tab is in the background, and walks are left there', async () => {
  const { helpers, lines: [other], end } = await ready(1);
  const { heard, ...hears } = listener();
  helpers.walk(walk(), hears);
  const { number } = await other.next();
  helpers.setAlone(true);
  assert.deepEqual(await other.next(), { ask: 'stop', number });
  other.says({ number, finished: false });
  await soon();
  assert.deepEqual(heard.ends, [null]);
  assert.equal(helpers.ask(0, image()), null);
  helpers.setAlone(false);
  assert.ok(helpers.ask(0, image()));
  end();
});

test('a helper that says nothing is given up, and its question is answered with nothing', async () => {
  const { helpers, lines: [other], told, end } = await ready(1);
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    const half = helpers.ask(0.5, image());
    mock.timers.tick(3_999);
    assert.deepEqual(told, []);
    mock.timers.tick(2);
    assert.equal(await half, null);
    assert.deepEqual(told, [{ event: 'lost', id: 1 }]);
    assert.equal(helpers.ask(0.5, image()), null);
  } finally {
    mock.timers.reset();
    end();
    other.says({});
  }
});

test('a helper that dies in a walk ends it, with the steps that have come', async () => {
  const { helpers, lines: [other], end } = await ready(1);
  const { heard, ...hears } = listener();
  assert.ok(helpers.walk(walk(), hears));
  const { number } = await other.next();
  other.says({ number, alive: true });
  other.says({ number, step: { values: image(), place: new Float64Array(5) } });
  await soon();
  helpers.leave(1);
  await soon();
  assert.equal(heard.steps.length, 1);
  assert.deepEqual(heard.ends, [null]);
  end();
});

test('a failure of the engine costs the helper, one of a walk only that', async () => {
  const { helpers, lines: [other, another], told, end } = await ready(2);
  for (const [line, kind] of [[other, 'bad-recipe'], [another, 'stopped']]) {
    const { heard, ...hears } = listener();
    // The first is free again when the second is asked, so it is kept busy.
    if (line === another) helpers.ask(0, image());
    helpers.walk(walk(), hears);
    const { number } = await line.next();
    line.says({ number, trouble: { kind, sentence: 'It failed.' } });
    await soon();
    assert.equal(heard.ends[0].kind, kind);
  }
  assert.deepEqual(told, [{ event: 'lost', id: 2 }]);
  end();
});

test('where a line does not let the compiled module through, the helper brings it itself', async () => {
  const helpers = new Helpers(async () => HANDED(), () => {}, () => null);
  const other = line();
  const taken = helpers.take({ id: 1, port: other.port });
  assert.equal((await other.next()).module, 'the module');
  other.says({ unread: true });
  const { number, module } = await other.next();
  assert.equal(module, null);
  other.says({ number, bytes: 9 });
  assert.deepEqual(await taken, { bytes: 9 });
  helpers.clear();
});

test('a helper that cannot have the network is refused with its reason', async () => {
  const helpers = new Helpers(async () => HANDED(), () => assert.fail('it was never there'), () => null);
  const other = line();
  const taken = helpers.take({ id: 1, port: other.port });
  const { number } = await other.next();
  other.says({ number, trouble: { kind: 'out-of-memory', sentence: 'Memory ran out.' } });
  await assert.rejects(taken, { kind: 'out-of-memory', message: 'Memory ran out.' });
  assert.ok(!helpers.isOneFree);
});
