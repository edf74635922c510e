// The peer's network is the network: its velocities are the goldens'.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { before, test } from 'node:test';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import { readSafetensors } from './safetensors.mjs';
import { TOLERANCE, worstError } from './tfjs_check.mjs';
import { tfjsNetwork } from './tfjs_unet.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const goldens = join(process.env.CELLFLUX_SHARED ?? join(here, '../../../shared'), 'reference/goldens');

before(async () => {
  await tf.setBackend('wasm');
  await tf.ready();
});

for (const name of ['micro', 'heads_updown', 'official_slim']) {
  test(`${name} computed by tfjs is the golden, with a condition and without`, async () => {
    const [weights, golden] = await Promise.all(
      ['model', 'io'].map(async (file) => readSafetensors(
        new Uint8Array(await readFile(join(goldens, name, `${file}.safetensors`))),
      )),
    );
    const network = tfjsNetwork(tf, weights.tensors, JSON.parse(golden.metadata.config));
    const { numTensors } = tf.memory();
    const error = await worstError(tf, network, golden.tensors);
    assert.ok(error < TOLERANCE, `${name}: relative error ${error}`);
    assert.equal(tf.memory().numTensors, numTensors, 'an evaluation leaves nothing behind');
  });
}
