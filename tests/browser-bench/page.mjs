// The page for a visitor without a GPU: how long from the weights to the first guided evaluation,
// with whichever engine the page takes, and how many pictures per second scrubbing shows. Prints a table and
// writes JSON.
//
//   CELLFLUX_URL=… node page.mjs [--rounds 5] [--json FILE]

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { WITHOUT_GPU, WITH_GPU, launch } from '../browser/chromium.mjs';
import { ExplorerPage, SITE } from '../browser/explorer_page.mjs';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    json: {
      type: 'string',
      default: fileURLToPath(new URL('../../target/bench/page.json', import.meta.url)),
    },
  },
});
const SCRUB_MS = 3000;
const STEPS = 10;

const SURROUNDINGS = { 'software adapter': WITH_GPU, 'no WebGPU': WITHOUT_GPU };

/** When the last weights arrived and when the engine was ready, according to the worker's messages. */
function watchWorker() {
  globalThis.moments = {};
  globalThis.Worker = class extends globalThis.Worker {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', ({ data }) => {
        if (data.event === 'download' && data.loaded === data.total) {
          globalThis.moments.weights = performance.now();
        }
        if (data.value?.engine) globalThis.moments.engine ??= performance.now();
      });
    }
  };
}

/**
 * Goes back and forth over the steps reached, one step per frame, and gives the milliseconds between frames.
 */
async function scrub([steps, milliseconds]) {
  const root = document.querySelector('cellflux-explorer').shadowRoot;
  const track = root.querySelector('.track');
  const between = [];
  const began = performance.now();
  for (let at = 0, before = began; performance.now() - began < milliseconds; at += 1) {
    track.dispatchEvent(
      new KeyboardEvent('keydown', {
        key: Math.floor(at / steps) % 2 ? 'ArrowLeft' : 'ArrowRight',
        bubbles: true,
      }),
    );
    const now = await new Promise(requestAnimationFrame);
    if (at > 0) between.push(now - before);
    before = now;
  }
  return between;
}

const quantile = (values, q) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(q * values.length))];

async function visit(flags) {
  const browser = await launch(flags);
  try {
    const explorer = await ExplorerPage.open(await browser.newContext(), SITE, { init: watchWorker });
    await explorer.ready();
    const { weights, engine } = await explorer.page.evaluate(() => globalThis.moments);
    const taken = await explorer.fact('engine');
    await explorer.set('solver', 'euler');
    await explorer.set('steps', STEPS);
    const before = await explorer.page.evaluate(() => performance.now());
    await explorer.forward();
    const evaluation = (await explorer.page.evaluate(() => performance.now())) - before;
    await explorer.walk();
    await explorer.page.locator('[data-do="first"]').click();
    const between = await explorer.page.evaluate(scrub, [STEPS, SCRUB_MS]);
    return { taken, ready_ms: engine - weights, first_evaluation_ms: engine - weights + evaluation, between };
  } finally {
    await browser.close();
  }
}

const rows = [];
for (const [name, flags] of Object.entries(SURROUNDINGS)) {
  const visits = [];
  for (let round = 0; round < Number(options.rounds); round += 1) visits.push(await visit(flags));
  const between = visits.flatMap((each) => each.between);
  rows.push({
    surroundings: name, engine: visits[0].taken, rounds: visits.length,
    ready_ms: quantile(visits.map((each) => each.ready_ms), 0.5),
    first_step_ms: quantile(visits.map((each) => each.first_evaluation_ms), 0.5),
    most_first_step_ms: Math.max(...visits.map((each) => each.first_evaluation_ms)),
    frames_per_second: 1000 / (between.reduce((sum, each) => sum + each, 0) / between.length),
    slowest_in_hundred_ms: quantile(between, 0.99),
  });
}
console.log(
  '| surroundings | engine taken | weights to ready, s | weights to first step shown, s (most) | scrubbing, '
    + 'frames/s | slowest frame in 100, ms |',
);
console.log('| --- | --- | --- | --- | --- | --- |');
for (const row of rows) {
  console.log(
    `| ${row.surroundings} | ${row.engine} | ${(row.ready_ms / 1000).toFixed(2)} | `
      + `${(row.first_step_ms / 1000).toFixed(2)} (${(row.most_first_step_ms / 1000).toFixed(2)}) | `
      + `${row.frames_per_second.toFixed(0)} | ${row.slowest_in_hundred_ms.toFixed(0)} |`,
  );
}
await mkdir(dirname(options.json), { recursive: true });
const report = {
  what: 'the page on a machine without a GPU',
  date: new Date().toISOString().slice(0, 10),
  rows,
};
await writeFile(options.json, `${JSON.stringify(report, null, 2)}\n`);
console.log(`JSON: ${options.json}`);
