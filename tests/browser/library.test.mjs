// What the package of npm promises beside its tests in projects of others (tests/library): progress in the
// words of transformers.js, frames that are kept as long as they hold, and a type for every public call.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { MANIFEST, Progress, WEIGHTS } from '../../web/library/progress.js';
import { followedBy, frameOf } from '../../web/library/walk.js';

const picture = { width: 1, height: 1, rgba: new Uint8ClampedArray(4) };
const step = (time) => ({ time, now: picture, difference: picture, change: time });
const walk = (key, from, times, finished = false) =>
  ({ key, from, finished, noised: false, times: null, steps: times.map(step) });

test('each file is told of in order and once, and the end is ready', () => {
  const told = [];
  const progress = new Progress('m', (info) => told.push(info));
  progress.begin(MANIFEST);
  progress.end(MANIFEST);
  progress.end(MANIFEST);
  progress.weights(1, 4);
  progress.begin(WEIGHTS);
  progress.begin(WEIGHTS);
  progress.weights(1, 4);
  progress.weights(1, 4);
  progress.weights(4, 4);
  progress.end(WEIGHTS);
  progress.weights(4, 4);
  progress.ready();
  progress.ready();
  assert.deepEqual(told.map(({ status, file = '' }) => `${status} ${file}`), [
    'initiate manifest.json', 'download manifest.json', 'done manifest.json', 'initiate weights',
    'download weights', 'progress weights', 'progress weights', 'done weights', 'ready ',
  ]);
  assert.deepEqual(told[5], {
    status: 'progress', name: 'm', file: WEIGHTS, progress: 25, loaded: 1, total: 4,
  });
});

test('weights that did not come are begun again, and what is done stays done', () => {
  const told = [];
  const progress = new Progress('m', ({ status }) => told.push(status));
  progress.begin(MANIFEST);
  progress.end(MANIFEST);
  progress.begin(WEIGHTS);
  progress.again();
  progress.begin(MANIFEST);
  progress.begin(WEIGHTS);
  assert.deepEqual(told, ['initiate', 'download', 'done', 'initiate', 'download', 'initiate', 'download']);
});

test('frames are added to those of the same walk and taken away with it', () => {
  let state = followedBy({ key: null, frames: [] }, walk(1, 0, [0]));
  state = followedBy(state, walk(1, 1, [0.5]));
  assert.deepEqual(state.frames.map(({ step, time }) => [step, time]), [[0, 0], [1, 0.5]]);
  state = followedBy(state, walk(1, 1, [0.6, 1], true));
  assert.deepEqual(state.frames.map(({ time }) => time), [0, 0.6, 1]);
  assert.ok(state.finished);
  state = followedBy(state, walk(2, 0, [0]));
  assert.equal(state.frames.length, 1);
  assert.deepEqual(followedBy(state, null).frames, []);
});

test('a frame has its picture as ImageData takes it, and says what is not known', () => {
  const frame = frameOf({ time: 0, now: picture, difference: picture }, 0);
  assert.deepEqual(frame.picture, { width: 1, height: 1, data: picture.rgba });
  assert.equal(frame.change, null);
  assert.equal(frame.engine, null);
});

/** The public members of the classes in a file, by class. */
function members(name) {
  const path = fileURLToPath(new URL(`../../web/library/${name}`, import.meta.url));
  const source = ts.createSourceFile(name, ts.sys.readFile(path), ts.ScriptTarget.Latest, true);
  const found = new Map();
  for (const statement of source.statements) {
    if (!ts.isClassDeclaration(statement)) continue;
    const names = statement.members
      .map((member) => member.name)
      .filter((name) => name && !ts.isPrivateIdentifier(name))
      .map((name) => name.getText(source));
    found.set(statement.name.text, new Set(names));
  }
  return found;
}

test('every public call has a type, and every type its call', () => {
  const typed = members('cellflux.d.ts');
  for (const [file, name] of [['session.js', 'Session'], ['view.js', 'Explorer']]) {
    const own = members(file).get(name);
    // Listeners are added as to every EventTarget.
    const promised = new Set([...typed.get(name)].filter((member) => member !== 'addEventListener'));
    assert.ok(own.size > 5, name);
    assert.deepEqual([...promised].sort(), [...own].sort(), name);
  }
});
