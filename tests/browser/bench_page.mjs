// What a visitor downloads and waits for: bytes as a host would send them (brotli for text and WebAssembly), milliseconds to the
// first picture, to the first interaction and to the engine, and how far the page's parts jumped.

import { createServer } from 'node:http';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { launch } from './chromium.mjs';

const folder = process.env.CELLFLUX_SITE_FOLDER;
const COMPRESSED = /\.(html|js|css|json|svg|wasm|txt)$/;
const brotli = (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } });

/** What a host sends for each address. */
const sent = new Map();
for (const path of (await readdir(folder, { recursive: true })).map(String)) {
  const bytes = await readFile(join(folder, path)).catch(() => null);
  if (bytes) sent.set(path, COMPRESSED.test(path) ? { body: brotli(bytes), encoding: 'br' } : { body: bytes });
}
const TYPES = { html: 'text/html', js: 'text/javascript', css: 'text/css', json: 'application/json', svg: 'image/svg+xml', wasm: 'application/wasm', webp: 'image/webp', png: 'image/png' };

/** A host at the end of one line of so many bits a second: what it sends queues up, the worker's requests too. */
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
    bytes += file.body.length;
    if (bits) {
      const begin = Math.max(Date.now() + latency, free);
      free = begin + (file.body.length * 8000) / bits;
      await new Promise((arrived) => setTimeout(arrived, free - Date.now()));
    }
    response.writeHead(200, { 'content-type': TYPES[path.split('.').pop()] ?? 'application/octet-stream', ...(file.encoding ? { 'content-encoding': file.encoding } : {}) }).end(file.body);
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return { url: `http://127.0.0.1:${server.address().port}/`, bytes: () => bytes, close: () => { server.closeAllConnections(); server.close(); } };
}

const kilobytes = (bytes) => `${(bytes / 1000).toFixed(0)} kB`;
const wasm = [...sent].find(([path]) => path.endsWith('.wasm'))[1];
console.log(`the explorer's WebAssembly: ${kilobytes(wasm.body.length)} brotli`);

for (const [name, bits, latency] of [['free line', 0, 0], ['10 Mbit/s, 40 ms', 10e6, 40]]) {
  const { url, bytes, close } = await host(bits, latency);
  const browser = await launch();
  const context = await browser.newContext({ serviceWorkers: 'block' });
  const page = await context.newPage();
  await page.addInitScript(() => {
    globalThis.shift = 0;
    new PerformanceObserver((list) => { for (const entry of list.getEntries()) if (!entry.hadRecentInput) globalThis.shift += entry.value; }).observe({ type: 'layout-shift', buffered: true });
  });
  const began = Date.now();
  const since = () => Date.now() - began;
  await page.goto(`${url}?engine=candle`, { waitUntil: 'commit' });
  const moment = async (what, wait) => {
    await wait;
    console.log(`${name}: ${what} after ${since()} ms and ${kilobytes(bytes())}`);
  };
  await moment('first picture of a cell', page.waitForFunction(() => {
    const canvas = document.querySelector('cellflux-explorer')?.shadowRoot?.querySelector('canvas[data-view="start"]');
    return canvas && canvas.width > 1;
  }, null, { timeout: 120_000 }));
  await moment('first interaction (the recorded walk, or the network, can be walked)', page.locator('[data-do="forward"]:not(:disabled)').waitFor({ timeout: 120_000 }));
  await moment('network ready', page.waitForSelector('cellflux-explorer[data-phase="ready"]', { timeout: 180_000 }));
  console.log(`${name}: layout shift ${(await page.evaluate(() => globalThis.shift)).toFixed(3)}`);
  await browser.close();
  close();
}
