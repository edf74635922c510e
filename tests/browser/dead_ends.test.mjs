// Every file of the page, spoilt in every way: each is a sentence with a way on, and the page works once the cause is gone.
//
// The whole table takes long; a run that does not ask for it (CELLFLUX_EXTENDED) takes each file and each way at least once.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { ExplorerPage, SITE } from './explorer_page.mjs';
import { serveSpoilt } from './faulty_server.mjs';

/** In what ways an answer is spoilt. */
const WAYS = {
  404: () => ({ status: 404 }),
  500: () => ({ status: 500 }),
  HTML: () => ({ body: '<!doctype html><title>Sign in</title>', type: 'text/html' }),
  cut: (body) => ({ body: body.subarray(0, body.length >> 1), cut: true }),
  stalled: (body) => ({ body: body.subarray(0, body.length >> 1), stalls: true }),
  damaged: (body) => {
    const damaged = Buffer.from(body);
    damaged[body.length >> 1] ^= 0x20;
    return damaged;
  },
  'wrong type': (body) => ({ body, type: 'application/x-unknown' }),
  empty: () => Buffer.alloc(0),
};

const module = (name) => (path) => new RegExp(`/${name}-[0-9a-f]{10}\\.js$`).test(path);

/**
 * Files, what is seen where one is spoilt, and the ways that a run takes which does not take all. `fine` are ways that harm nothing.
 * 'fallback': the sentence in the page's HTML, and loading the page again. 'asks': a sentence with a button. 'goes on': a sentence, and
 * everything works meanwhile.
 */
const FILES = {
  'the explorer’s module': { is: module('explorer'), seen: 'fallback', some: ['404', 'stalled'] },
  'a part’s module': { is: module('stage'), seen: 'fallback', some: ['damaged', 'wrong type'] },
  'a style sheet': { is: (path) => /\/styles\/stage-[0-9a-f]{10}\.css$/.test(path), seen: 'goes on', fine: ['damaged', 'cut'], some: ['HTML'] },
  'the worker’s module': { is: module('worker'), seen: 'asks', fine: ['wrong type'], some: ['empty', 'wrong type'] },
  'a module of the worker': { is: module('exploring'), seen: 'asks', fine: ['wrong type'], some: ['damaged', '500'] },
  'the WebAssembly module': { is: (path) => path.endsWith('.wasm'), seen: 'asks', fine: ['wrong type'], some: ['cut', 'stalled', 'HTML'] },
  'the manifest': { is: (path) => path.endsWith('manifest.json'), seen: 'asks', fine: ['wrong type', 'damaged'], some: ['cut', '500'] },
  'the conditions’ vectors': { is: (path) => path.endsWith('conditions.safetensors'), seen: 'asks', fine: ['wrong type'], some: ['empty'] },
  'the weights': { is: (path) => /weights-\d+-of-\d+\.safetensors$/.test(path), seen: 'asks', fine: ['wrong type'], some: ['damaged'] },
};

let browser;
before(async () => { browser = await launch(WITHOUT_GPU); });
after(async () => { await browser.close(); });

for (const [file, { is, seen, fine = [], some }] of Object.entries(FILES)) {
  for (const way of process.env.CELLFLUX_EXTENDED ? Object.keys(WAYS) : some) {
    test(`${file}, ${way}: ${fine.includes(way) ? 'the page works' : 'a sentence, a way on, and the page works once the cause is gone'}`, async () => {
      let spoilt = true;
      const server = await serveSpoilt(SITE, (path, body) => (spoilt && is(path) ? WAYS[way](body) : undefined));
      const context = await browser.newContext({ serviceWorkers: 'block' });
      try {
        const explorer = await ExplorerPage.open(context, `${server.url}?engine=candle`, { failures: true, waitUntil: 'commit' });
        const { page } = explorer;
        const mend = () => { spoilt = false; };
        if (!fine.includes(way)) {
          if (seen === 'fallback') {
            await page.locator('.fallback', { hasText: 'The explorer has not started' }).first().waitFor({ timeout: 30_000 });
            mend();
            await page.reload({ waitUntil: 'commit' });
          } else {
            const notice = page.locator('cellflux-notice');
            await notice.locator('.sentence', { hasText: /\S/ }).waitFor({ timeout: 60_000 });
            await page.waitForFunction(() => !document.querySelector('cellflux-explorer').shadowRoot.querySelector('cellflux-notice .sentence')?.textContent.includes('has no WebGPU'), null, { timeout: 60_000 });
            const said = await notice.locator('.sentence').textContent();
            assert.doesNotMatch(said, /memory|WebAssembly\.|Failed to fetch|undefined|\[object/, said);
            mend();
            if (seen === 'asks') await notice.locator('button', { hasText: 'Try again' }).click();
          }
        }
        await explorer.ready();
        await explorer.forward();
      } finally {
        await context.close();
        await server.close();
      }
    });
  }
}

test('a control’s picture that does not come: the walk starts from another control, and says so', async () => {
  let first = null;
  const server = await serveSpoilt(SITE, (path) => {
    if (!/\/(samples|real)\//.test(path)) return undefined;
    first ??= path;
    return path === first ? { status: 404 } : undefined;
  });
  const context = await browser.newContext({ serviceWorkers: 'block' });
  try {
    const explorer = await ExplorerPage.open(context, `${server.url}?engine=candle`, { failures: true });
    await explorer.says(/starts from another control/);
    await explorer.ready();
    await explorer.forward();
    assert.ok(first);
  } finally {
    await context.close();
    await server.close();
  }
});
