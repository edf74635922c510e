// One guided evaluation of one image (a batch of two) in browsers: our engines, onnxruntime-web's providers
// and tfjs's backends take turns, round by round, on the same weights and adapter. Prints a table and writes
// JSON. tfjs-webgl and tfjs-webgpu take part where they are named.
//
// node unet.mjs [--browsers chromium,firefox] [--networks tiny,official_slim] [--contestants …] [--rounds 5]
// [--json FILE]

import { mkdir, open, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BROWSERS, hasRealGpu } from './browsers.mjs';
import { serve } from './server.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const { values: options } = parseArgs({
  options: {
    browsers: { type: 'string', default: 'chromium,firefox,chromium-gpu' },
    networks: { type: 'string', default: 'tiny,official_slim' },
    contestants: {
      type: 'string',
      default: 'cellflux-cpu,cellflux-cpu-2,cellflux-wgpu-f32,ort-wasm,ort-wasm-2,ort-webgpu,tfjs-wasm,'
        + 'tfjs-wasm-2',
    },
    rounds: { type: 'string', default: '5' },
    json: { type: 'string', default: join(here, '../../target/bench/browsers.json') },
  },
});
/** An evaluation slower than this is measured in two rounds. */
const MINUTES_MS = 60_000;
const SLOW_ROUNDS = 2;

const shared = process.env.CELLFLUX_SHARED ?? join(here, '../../../shared');
const reference = join(shared, 'reference');

const NETWORKS = {
  tiny: {
    side: 64,
    weights: 'checkpoints/bbbc021-tiny.safetensors',
    config: 'checkpoints/bbbc021-tiny.safetensors',
    onnx: 'onnx/bbbc021-tiny-b2.onnx',
  },
  official_slim: {
    side: 96,
    weights: 'goldens/official_slim/model.safetensors',
    config: 'goldens/official_slim/io.safetensors',
    onnx: 'onnx/official_slim-b2.onnx',
    golden: 'goldens/official_slim/io.safetensors',
  },
};

/** The network's configuration, from the metadata of a safetensors file. */
async function configOf(file) {
  const handle = await open(file);
  try {
    const { buffer } = await handle.read(Buffer.alloc(8), 0, 8, 0);
    const length = Number(buffer.readBigUInt64LE());
    const header = await handle.read(Buffer.alloc(length), 0, length, 8);
    return JSON.parse(header.buffer.toString()).__metadata__.config;
  } finally {
    await handle.close();
  }
}

const median = (sorted) => sorted[sorted.length >> 1];

async function measure(browserName, networkName, url, rows) {
  const { weights, onnx, golden, config: file, side } = NETWORKS[networkName];
  const config = await configOf(join(reference, file));
  const network = {
    weights: `/reference/${weights}`,
    onnx: `/reference/${onnx}`,
    golden: golden && `/reference/${golden}`,
    side,
    config,
    condition: JSON.parse(config).condition_dim,
  };
  const browser = await BROWSERS[browserName]();
  try {
    if (browserName === 'chromium-gpu') {
      const page = await browser.page();
      await page.goto(`${url}bench/contestant.html`);
      if (!(await hasRealGpu(page))) throw new Error('no GPU here but a software adapter');
      await page.close();
    }
    const running = [];
    for (const kind of options.contestants.split(',')) {
      const page = await browser.page();
      await page.goto(`${url}bench/contestant.html`);
      try {
        const { what, first, error, gflop } = await page.evaluate(
          async ([kind, network]) => (await import('/bench/contestants.js')).start(kind, network),
          [kind, network],
        );
        console.error(
          `${browserName}, ${networkName}, ${kind}: `
            + `first evaluation ${(first / 1000).toFixed(1)} s (${what})`
            + (error === undefined ? '' : `, off by ${error.toExponential(1)} of the velocity's norm`),
        );
        running.push({ kind, page, what, first, error, gflop, times: [] });
      } catch (error) {
        console.error(
          `${browserName}, ${networkName}, ${kind} is left out: `
            + `${String(error?.message ?? error).split('\n')[0]}`,
        );
        await page.close();
      }
    }
    for (let round = 0; round < Number(options.rounds); round += 1) {
      for (const each of running) {
        if (round >= SLOW_ROUNDS && each.times.some((time) => time > MINUTES_MS)) continue;
        const { milliseconds, ...asked } = await each.page.evaluate(async () =>
          (await import('/bench/contestants.js')).evaluate(),
        );
        each.times.push(milliseconds);
        each.asked = asked;
      }
      console.error(`${browserName}, ${networkName}: round ${round + 1} of ${options.rounds}`);
    }
    const gflop = running.find((each) => each.gflop)?.gflop ?? NaN;
    for (const { kind, what, first, error, times, asked } of running) {
      const sorted = [...times].sort((a, b) => a - b);
      rows.push({
        browser: browserName,
        version: browser.version,
        network: networkName,
        contestant: kind,
        what,
        rounds: times.length,
        median_ms: median(sorted),
        least_ms: sorted[0],
        most_ms: sorted.at(-1),
        gflop,
        gflop_per_s: gflop / (median(sorted) / 1000),
        first_evaluation_ms: first,
        relative_error: error,
        gpu_peak_bytes: asked.peak,
        dispatches: asked.dispatches,
        submissions: asked.submissions,
        pipelines: asked.pipelines,
      });
    }
  } finally {
    await browser.close();
  }
}

/** How many times faster two workers, or two threads, are than one. */
function twoOverOne(rows, row) {
  if (!row.contestant.endsWith('-2')) return null;
  const one = rows.find((each) => each.browser === row.browser && each.network === row.network
    && `${each.contestant}-2` === row.contestant);
  return one ? one.median_ms / row.median_ms : null;
}

/** How many times faster ours is than the peer. */
function ratio(rows, row, peer) {
  const other = rows.find(
    (each) => each.browser === row.browser && each.network === row.network && each.contestant === peer,
  );
  return other && row.contestant.startsWith('cellflux') ? other.median_ms / row.median_ms : null;
}

function print(rows) {
  const head = [
    'browser',
    'network',
    'contestant',
    'median ms',
    'least',
    'most',
    'GFLOP/s',
    'x ort-webgpu',
    'x ort-wasm',
    'x ort-wasm-2',
    'x tfjs-wasm',
    'x tfjs-wasm-2',
    'two / one',
    'first s',
    'GPU MB',
    'dispatches',
    'submissions',
  ];
  const times = (value) => (value === null ? '' : value.toFixed(2));
  const lines = rows.map((row) =>
    [
      row.browser,
      row.network,
      row.contestant,
      row.median_ms.toFixed(0),
      row.least_ms.toFixed(0),
      row.most_ms.toFixed(0),
      row.gflop_per_s.toFixed(1),
      times(ratio(rows, row, 'ort-webgpu')),
      times(ratio(rows, row, 'ort-wasm')),
      times(ratio(rows, row, 'ort-wasm-2')),
      times(ratio(rows, row, 'tfjs-wasm')),
      times(ratio(rows, row, 'tfjs-wasm-2')),
      times(twoOverOne(rows, row)),
      (row.first_evaluation_ms / 1000).toFixed(1),
      row.gpu_peak_bytes ? (row.gpu_peak_bytes / 1e6).toFixed(0) : '',
      row.dispatches || '',
      row.submissions || '',
    ].map(String),
  );
  const widths = head.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => line[column].length)),
  );
  for (const line of [head, widths.map((width) => '-'.repeat(width)), ...lines]) {
    console.log(`| ${line.map((cell, column) => cell.padEnd(widths[column])).join(' | ')} |`);
  }
}

const server = await serve({
  bench: here,
  pkg: join(here, '../../pkg'),
  ort: join(here, 'node_modules/onnxruntime-web/dist'),
  tfjs: join(here, 'node_modules/@tensorflow'),
  reference,
});
const rows = [];
try {
  for (const browser of options.browsers.split(',')) {
    for (const network of options.networks.split(',')) {
      try {
        await measure(browser, network, server.url, rows);
      } catch (error) {
        console.error(
          `${browser}, ${network} is left out: ${String(error?.message ?? error).split('\n')[0]}`,
        );
      }
    }
  }
} finally {
  server.close();
}
print(rows);
await mkdir(dirname(options.json), { recursive: true });
const report = {
  what: 'one guided evaluation of one image (a batch of two)',
  date: new Date().toISOString().slice(0, 10),
  rows,
};
await writeFile(options.json, `${JSON.stringify(report, null, 2)}\n`);
console.log(`JSON: ${options.json}`);
