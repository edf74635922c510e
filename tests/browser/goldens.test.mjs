// The reference network's numbers, measured inside Chromium.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { builtModule } from './built_module.mjs';
import { launch } from './chromium.mjs';
import { SITE } from './explorer_page.mjs';
import { leftOut } from './extended.mjs';

const VELOCITIES = ['velocity_conditional', 'velocity_unconditional'];
const besides = process.env.CELLFLUX_SHARED && join(process.env.CELLFLUX_SHARED, 'reference/goldens');

/**
 * Enough to tell a wrong network, condition, guidance or solver; all other trajectories are measured
 * natively, where it is quick.
 */
const GOLDENS = [
  {
    name: 'micro',
    folder: fileURLToPath(new URL('../fixtures/micro', import.meta.url)),
    outputs: [...VELOCITIES, 'traj_heun2'],
  },
  ...['heads_updown', 'official_slim'].map((name) => ({
    name,
    folder: besides && join(besides, name),
    outputs: VELOCITIES,
  })),
];

/** A safetensors file with some of its tensors. */
function keepTensors(file, wanted) {
  const length = Number(file.readBigUInt64LE(0));
  const { __metadata__, ...tensors } = JSON.parse(file.subarray(8, 8 + length));
  const kept = { __metadata__ };
  const parts = [];
  let end = 0;
  for (const [name, tensor] of Object.entries(tensors).filter(([name]) => wanted(name))) {
    const [from, to] = tensor.data_offsets;
    parts.push(file.subarray(8 + length + from, 8 + length + to));
    kept[name] = { ...tensor, data_offsets: [end, end + to - from] };
    end += to - from;
  }
  const text = JSON.stringify(kept);
  const header = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([size, header, ...parts]);
}

let browser;
let page;
let module;
before(async () => {
  browser = await launch();
  page = await browser.newPage();
  module = await builtModule(SITE, 'cellflux_wasm');
  // Any document of the origin without a policy of its own.
  await page.goto(new URL('explorer.js', SITE).href);
});
after(() => browser.close());

for (const engine of (process.env.CELLFLUX_ENGINES ?? 'candle wgpu').split(' ')) {
  for (const { name, folder, outputs } of GOLDENS) {
    const skip = !(folder && existsSync(folder))
      ? 'the reference goldens are not beside the repository'
      : leftOut(name === 'official_slim' && engine === 'wgpu');
    test(
      `the network inside Chromium equals the golden \`${name}\` on ${engine}`,
      { timeout: 300_000, skip },
      async () => {
        const io = keepTensors(
          await readFile(join(folder, 'io.safetensors')),
          (tensor) => !/^(velocity_|traj_|x1_)/.test(tensor) || outputs.includes(tensor),
        );
        const model = await readFile(join(folder, 'model.safetensors'));
        const rows = await page.evaluate(
          async ([module, files, engine]) => {
            const [weights, golden] = files.map((text) =>
              Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)),
            );
            const wasm = await import(module);
            await wasm.default();
            try {
              return await wasm.verify(weights, golden, engine);
            } catch (trouble) {
              return trouble;
            }
          },
          [module, [model.toString('base64'), io.toString('base64')], engine],
        );
        assert.ok(Array.isArray(rows), rows.sentence);
        for (const row of rows) {
          console.log(
            `${name}, ${engine}, ${row.output}: ${row.relative_error.toExponential(2)} (bound ${row.bound})`,
          );
        }
        assert.deepEqual(rows.map((row) => row.output).sort(), [...outputs].sort());
        assert.ok(rows.every((row) => row.ok));
      },
    );
  }
}
