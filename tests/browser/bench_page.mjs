// What a visitor downloads and waits for: bytes as a host would send them (brotli for text and WebAssembly),
// milliseconds to the first picture, to the first interaction, to the engine, to the network's first own step
// and to its full weights, and how far the page's parts jumped.

import { createServer } from 'node:http';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { launch } from './chromium.mjs';
import { watchShift } from './explorer_page.mjs';

const folder = process.env.CELLFLUX_SITE_FOLDER;
const COMPRESSED = /\.(html|js|css|json|svg|wasm|txt)$/;
const brotli = (bytes) =>
  brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  });
const ROUNDS = 3;

/** What a host sends for each address. */
const sent = new Map();
for (const path of (await readdir(folder, { recursive: true })).map(String)) {
  const bytes = await readFile(join(folder, path)).catch(() => null);
  if (bytes)
    sent.set(path, COMPRESSED.test(path) ? { body: brotli(bytes), encoding: 'br' } : { body: bytes });
}
const TYPES = {
  html: 'text/html',
  js: 'text/javascript',
  css: 'text/css',
  json: 'application/json',
  svg: 'image/svg+xml',
  wasm: 'application/wasm',
  webp: 'image/webp',
  png: 'image/png',
};

/**
 * A host at the end of one line with a limit in bits per second: what it sends queues up, the worker's
 * requests too.
 */
async function host(bits, latency) {
  let bytes = 0;
  let free = 0;
  const server = createServer(async (request, response) => {
    const path = decodeURI(new URL(request.url, 'http://any').pathname.slice(1)) || 'index.html';
    const file = sent.get(path);
    if (!file) {
      response.writeHead(404).end();
      return;
    }
    if (bits) {
      const begin = Math.max(Date.now() + latency, free);
      free = begin + (file.body.length * 8000) / bits;
      await new Promise((arrived) => setTimeout(arrived, free - Date.now()));
    }
    bytes += file.body.length;
    response
      .writeHead(200, {
        'content-type': TYPES[path.split('.').pop()] ?? 'application/octet-stream',
        ...(file.encoding ? { 'content-encoding': file.encoding } : {}),
      })
      .end(file.body);
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    bytes: () => bytes,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const kilobytes = (bytes) => `${(bytes / 1000).toFixed(0)} kB`;
const MOMENTS = ['first picture', 'first interaction', 'network ready', 'first own step', 'all weights'];

/**
 * Visits the page once: bytes and milliseconds at each moment, and how far its parts jumped until a second
 * after the last.
 */
async function visit(bits, latency, viewport) {
  const { url, bytes, close } = await host(bits, latency);
  const browser = await launch();
  const context = await browser.newContext({ serviceWorkers: 'block', viewport });
  const page = await context.newPage();
  await page.addInitScript(watchShift);
  const began = performance.now();
  await page.goto(`${url}?engine=candle`, { waitUntil: 'commit' });
  const moments = [];
  for (const wait of [
    // A picture of the cell the walk starts from.
    () =>
      page.waitForFunction(
        () =>
          document.querySelector('cellflux-explorer')?.shadowRoot?.querySelector('canvas[data-view="start"]')
            ?.width > 1,
        null,
        { timeout: 120_000 },
      ),
    // The walk may be played, as it was recorded or by the network.
    () => page.locator('[data-do="play"]:not(:disabled)').first().waitFor({ timeout: 120_000 }),
    () => page.waitForSelector('cellflux-explorer[data-phase="ready"]', { timeout: 180_000 }),
    // The network has walked a step, under quick weights where the bundle has some.
    async () => {
      const where = page.locator('.where').first();
      if (/recorded/.test(await where.textContent())) {
        await page.locator('[data-do="first"]').first().click();
        await page.locator('.where', { hasNotText: 'recorded' }).first().waitFor();
      }
      await page.locator('[data-do="forward"]').first().click();
      await page.locator('.where:not([data-step="0"])').first().waitFor({ timeout: 120_000 });
    },
    // The network has the bundle's own weights: all that a visit costs has been sent.
    () =>
      page.waitForFunction(
        () =>
          !document.querySelector('cellflux-explorer').shadowRoot.querySelector('[data-fact="weights"]')
            .textContent.includes('quick'),
        null,
        { timeout: 180_000 },
      ),
  ]) {
    await wait();
    moments.push({ ms: performance.now() - began, bytes: bytes() });
  }
  await page.waitForTimeout(1000);
  const shift = await page.evaluate(() => globalThis.shift);
  await browser.close();
  close();
  return { moments, shift };
}

const middle = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

const [wasm] = [...sent].filter(([path]) => /(?:^|\/)cellflux_wasm_bg[^/]*\.wasm$/.test(path))
  .map(([, { body }]) => body.length);
console.log(
  `the explorer's WebAssembly: ${kilobytes(wasm)} with brotli; medians of ${ROUNDS} visits, no cache, CPU `
    + 'path',
);
console.log(
  `| line | window | ${MOMENTS.map((name) => `${name}, ms | and kB`).join(' | ')} | layout shift |`,
);
console.log(`|---|---|${MOMENTS.map(() => '---|---|').join('')}---|`);
let worst = 0;
for (const [line, bits, latency] of [['unthrottled', 0, 0], ['10 Mbit/s, 40 ms', 10e6, 40]]) {
  for (const [width, height] of [[1280, 720], [390, 844]]) {
    const visits = [];
    for (let round = 0; round < ROUNDS; round += 1)
      visits.push(await visit(bits, latency, { width, height }));
    const cells = MOMENTS.map((_, index) => {
      const at = visits.map(({ moments }) => moments[index]);
      const [ms, kilobytes] = [at.map(({ ms }) => ms), at.map(({ bytes }) => bytes / 1000)];
      return `${middle(ms).toFixed(0)} | ${middle(kilobytes).toFixed(0)}`;
    });
    const shift = Math.max(...visits.map((each) => each.shift));
    worst = Math.max(worst, shift);
    console.log(`| ${line} | ${width} x ${height} | ${cells.join(' | ')} | ${shift.toFixed(4)} |`);
  }
}
/** A line of text that moves by a fraction of a pixel is not a jump; browsers call less than 0.1 good. */
const STILL = 0.001;
if (worst > STILL) {
  console.error(`parts of the page jump, by ${worst.toFixed(4)} at worst, expected at most ${STILL}`);
  process.exitCode = 1;
}
