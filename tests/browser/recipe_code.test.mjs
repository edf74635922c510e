// The walk as code: what is written is what other tests run. The Rust and the shell's line are files beside
// the Rust tests (tests/fixtures/recipe_code); the Python is run here where CELLFLUX_PYTHON names one with
// torch.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { codesOf } from '../../web/recipe_code.js';

const LINK = 'v=1&c=rounded-cell&start=control-1&a=1.2&solver=euler&grid=uniform&steps=2&noise=0';
const recipe = /** @type {any} */ ({ solver: 'euler', alpha: 1.2, compound: 'rounded-cell' });
const [python, line, rust] = codesOf(recipe, LINK, '../web/bundles/synthetic-tiny');
const golden = (name) => readFileSync(new URL(`../fixtures/recipe_code/${name}`, import.meta.url), 'utf8');

test('the Rust that the page writes is the file that the workspace’s tests compile and run', () => {
  assert.equal(rust.text, golden('walk.rs'));
});

test('the line for a shell is the file that the command’s tests run, and no link ends its quotes', () => {
  const [, short] = codesOf(recipe, 'c=drug&a=1.2&solver=heun2&grid=uniform&steps=4&noise=0');
  assert.equal(short.text, golden('walk.sh'));
  const [, odd] = codesOf(recipe, "c=drug'; rm -rf / #");
  assert.equal(odd.text, "cellflux run 'c=drug'\\''; rm -rf / #' --bundle 'BUNDLE' --out walk\n");
  assert.match(line.text, /--bundle '\.\.\/web\/bundles\/synthetic-tiny'/);
});

test('where there can be no code it is said why', () => {
  const of = (more) => codesOf({ ...recipe, ...more }, LINK);
  assert.match(of({ solver: 'dopri5' })[0].why, /adaptive solver/);
  assert.match(of({ compound: null, smiles: 'CCO' })[0].why, /typed/);
  assert.match(of({ compound: null, smiles: 'CCO' })[2].why, /cellflux-chem/);
  assert.match(of({ dose: 1 })[0].why, /dose/);
  assert.ok([python, line, rust].every(({ text, why }) => text && !why));
});

/** A field with a known walk in the place of the network: v = c - x with a condition, -x without. */
const FIELD = `import torch
model = None


def velocity(model, x, t, condition):
    assert t.shape == (1,) and x.shape[0] == 1
    drive = 0.0 if condition is None else condition.sum() * (1 + t)
    return drive - x


`;

const guided = (x, t) => 1.2 * 3 * (1 + t) - x;
const SOLVED = {
  euler: (x, t, h) => x + h * guided(x, t),
  midpoint: (x, t, h) => x + h * guided(x + (h / 2) * guided(x, t), t + h / 2),
  heun2: (x, t, h) => x + (h / 2) * (guided(x, t) + guided(x + h * guided(x, t), t + h)),
  // Of a field that is linear in x and t the 3/8 rule and the classical one are the same.
  rk4: (x, t, h) => {
    const k1 = guided(x, t);
    const k2 = guided(x + (h / 2) * k1, t + h / 2);
    const k3 = guided(x + (h / 2) * k2, t + h / 2);
    const k4 = guided(x + h * k3, t + h);
    return x + (h / 6) * (k1 + 2 * k2 + 2 * k3 + k4);
  },
};

function npy(shape, values) {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`;
  const padded = `${header.padEnd(117)}\n`;
  const length = Buffer.alloc(2);
  length.writeUInt16LE(padded.length);
  return Buffer.concat([Buffer.from('\x93NUMPY\x01\x00', 'latin1'), length, Buffer.from(padded, 'latin1'),
    Buffer.from(Float32Array.from(values).buffer)]);
}

const PYTHON = process.env.CELLFLUX_PYTHON;
const NO_PYTHON = { skip: !PYTHON && 'CELLFLUX_PYTHON names no Python with torch and safetensors' };
for (const solver of Object.keys(SOLVED)) {
  test(`the PyTorch lines walk as ${solver} does`, NO_PYTHON, () => {
    const folder = mkdtempSync(join(tmpdir(), 'cellflux-code-'));
    try {
      const times = [0, 0.25, 0.5, 0.75, 1];
      const xs = [0.5];
      for (const t of times.slice(1)) xs.push(SOLVED[solver](xs.at(-1), t - 0.25, 0.25));
      writeFileSync(join(folder, 'trajectory.npy'), npy([5, 1, 1, 1], xs));
      writeFileSync(join(folder, 'times.npy'), npy([5], times));
      writeFileSync(join(folder, 'manifest.json'),
        JSON.stringify({ conditions: { list: [{ id: 'control' }, { id: 'drug' }] } }));
      const [{ text }] = codesOf({ ...recipe, solver, compound: 'drug' }, LINK, '.');
      const vectors = 'from safetensors.torch import save_file\n'
        + 'save_file({"vectors": torch.tensor([[0.0, 0.0], [1.0, 2.0]])}, "conditions.safetensors")\n';
      writeFileSync(join(folder, 'walk.py'), FIELD + vectors + text);
      const said = execFileSync(PYTHON, ['walk.py'], { cwd: folder, encoding: 'utf8' });
      assert.ok(Number(/last step: (\S+)/.exec(said)[1]) < 1e-6, said);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
