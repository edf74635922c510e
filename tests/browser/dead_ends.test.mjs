// Every file of the page, spoilt in every way: each leads to a sentence that says what to do, and the page
// works once the cause is gone.
//
// The whole table takes long; a run that does not ask for it (CELLFLUX_EXTENDED) takes each file and each way
// at least once.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessibleThough } from './accessible.mjs';
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
  damaged: (body) => damagedAt(body, body.length >> 1),
  'wrong type': (body) => ({ body, type: 'application/x-unknown' }),
  empty: () => Buffer.alloc(0),
};

function damagedAt(body, place) {
  const damaged = Buffer.from(body);
  damaged[place] ^= 0x20;
  return damaged;
}

const module = (name) => (path) => new RegExp(`/${name}-[0-9a-f]{10}\\.js$`).test(path);
const WEIGHTS = /weights-\d+-of-\d+\.safetensors$/;

/**
 * Files, how their trouble is seen, and the ways that a short run takes. `fine` are ways that do no harm.
 * `SEEN` holds what is told and then done; `ways` are this file's own ways.
 */
const FILES = {
  'the explorer’s module': { is: module('explorer'), seen: 'instead', some: ['404', 'stalled'] },
  'a part’s module': { is: module('stage'), seen: 'instead', some: ['damaged', 'wrong type'] },
  'the frame’s script': { is: module('embed'), seen: 'instead', page: 'embed.html', some: ['500'] },
  'the page’s own script': { is: module('page'), seen: 'besideComponents', some: ['empty'] },
  'the script that tells of troubles': { is: module('unstarted'), seen: 'nothing', some: ['cut'] },
  'a style sheet': {
    is: (path) => /\/styles\/stage-[0-9a-f]{10}\.css$/.test(path),
    seen: 'besides',
    fine: ['wrong type'],
    some: ['HTML'],
  },
  'the worker’s module': {
    is: module('worker'),
    seen: 'asks',
    fine: ['wrong type'],
    some: ['empty', 'wrong type'],
  },
  'a module of the worker': {
    is: module('exploring'),
    seen: 'asks',
    fine: ['wrong type'],
    some: ['damaged'],
  },
  'the WebAssembly module': {
    is: (path) => path.endsWith('.wasm'),
    seen: 'asks',
    fine: ['wrong type'],
    some: ['cut', 'stalled'],
  },
  // A manifest with one changed digit would still be a manifest: its content is checked, not its bytes.
  'the manifest': {
    is: (path) => path.endsWith('manifest.json'),
    seen: 'asks',
    fine: ['wrong type'],
    some: ['HTML', '500'],
    ways: { damaged: (body) => damagedAt(body, 0) },
  },
  'the conditions’ vectors': {
    is: (path) => path.endsWith('conditions.safetensors'),
    seen: 'asks',
    fine: ['wrong type'],
    some: ['empty'],
  },
  'the weights': { is: (path) => WEIGHTS.test(path), seen: 'asks', fine: ['wrong type'], some: ['damaged'] },
  'the list of recorded walks': {
    is: (path) => /\/recorded\/[^/]*\.json$/.test(path),
    seen: 'withoutRecording',
    fine: ['wrong type'],
    some: ['404'],
  },
  'a recorded walk’s film': {
    is: (path) => /\/recorded\/film-[^/]*\.webp$/.test(path),
    seen: 'withoutRecording',
    fine: ['wrong type'],
    some: ['damaged'],
  },
  'the drawings of compounds': {
    is: (path) => /\/structures\/[^/]*\.svg$/.test(path),
    seen: 'withoutPictures',
    fine: ['wrong type'],
    some: ['500'],
  },
  'the script that keeps the page': { is: module('offline'), seen: 'notKept', some: ['wrong type'] },
  'the service worker': {
    is: (path) => path === '/service_worker.js',
    seen: 'notKept',
    // Its first word: half-way may be a comment, and the worker as good as before.
    ways: { damaged: (body) => damagedAt(body, 0) },
    some: ['HTML', 'empty', 'damaged'],
  },
};

/** How troubles are seen, and what a visitor then does. `mend` ends the cause. */
const SEEN = {
  /** A sentence in the explorer's place, which names the file; its link loads the page again. */
  async instead({ page }, { mend, way, is, framed }) {
    await page
      .locator('.fallback:visible', { hasText: 'The explorer has not started' })
      .first()
      .waitFor({ timeout: 30_000 });
    // A stalled download is not an error that a script is told of.
    if (way !== 'stalled') {
      const cause = await page.locator('.fallback .cause').first().textContent({ timeout: 30_000 });
      assert.ok(
        cause.split(/[\s:]+/).some((word) => is(`/${word}`)),
        cause,
      );
    }
    // A page that is made for a frame has no landmarks of its own.
    if (!framed) await accessibleThough(page, 'a sentence in the explorer’s place');
    mend();
    await page.locator('.fallback a:visible', { hasText: 'Load the page again' }).first().click();
  },

  /** A sentence beside the first slider; the explorer works meanwhile. */
  async besideComponents(explorer, { mend }) {
    const { page } = explorer;
    const note = page.locator('.without-script', { hasText: 'A script of this page has not come' });
    await note.waitFor({ timeout: 30_000 });
    await explorer.ready();
    await accessibleThough(page, 'a sentence beside components');
    mend();
    await note.locator('a', { hasText: 'Load the page again' }).click();
    await page.locator('cellflux-copy button').first().waitFor();
    assert.equal(await note.count(), 0);
  },

  /** A sentence with a button; the page waits for it. */
  async asks({ page }, { mend }) {
    await says(page);
    await accessibleThough(page, 'a sentence with a button');
    mend();
    await page.locator('cellflux-notice button', { hasText: 'Try again' }).click();
  },

  /** A sentence, and everything works meanwhile. */
  async besides({ page }, { mend }) {
    await says(page);
    mend();
  },

  /** The walk waits for the network; the recording shows when it is asked for again. */
  async withoutRecording(explorer, { mend, release }) {
    const { page } = explorer;
    assert.match(await says(page), /The walk waits for the network/);
    mend();
    await page.locator('cellflux-notice button', { hasText: 'Try again' }).click();
    await page.locator('.where', { hasText: 'recorded' }).waitFor();
    release();
    await page.reload();
  },

  /** A compound without its drawing is still a compound. */
  async withoutPictures(explorer, { mend }) {
    const { page } = explorer;
    await explorer.says(/\d+ of \d+ small pictures and drawings could not be fetched/, 60_000);
    await explorer.ready();
    mend();
    assert.equal(await page.locator('img.structure').count(), 0);
    await page.locator('cellflux-notice button', { hasText: 'Try again' }).click();
    await page.locator('img.structure').waitFor();
  },

  /** The page works, and is kept from the next visit on. */
  async notKept(explorer, { mend, is }) {
    const { page } = explorer;
    await explorer.ready();
    assert.deepEqual(
      await page.evaluate(async () =>
        (await caches.keys()).filter((name) => name.startsWith('cellflux-page')),
      ),
      [],
    );
    assert.ok(explorer.requests.some((address) => is(new URL(address).pathname)));
    mend();
    await page.reload();
    await page.waitForFunction(
      async () => (await caches.keys()).some((name) => name.startsWith('cellflux-page')),
      null,
      { timeout: 60_000 },
    );
    await page.waitForFunction(() => navigator.serviceWorker.controller !== null, null, { timeout: 60_000 });
  },

  async nothing(_, { mend }) {
    mend();
  },
};

/** The page's sentence about what is spoilt. */
async function says(page) {
  await page.waitForFunction(
    () => {
      const said = document
        .querySelector('cellflux-explorer')
        ?.shadowRoot?.querySelector('cellflux-notice .sentence')?.textContent;
      return said && !said.includes('has no WebGPU');
    },
    null,
    { timeout: 60_000 },
  );
  const said = await page.locator('cellflux-notice .sentence').textContent();
  assert.doesNotMatch(said, /memory|WebAssembly\.|Failed to fetch|undefined|\[object/, said);
  return said;
}

let browser;
before(async () => {
  browser = await launch(WITHOUT_GPU);
});
after(async () => {
  await browser.close();
});

for (const [file, { is, seen, page: address = '', fine = [], some, ways = {} }] of Object.entries(FILES)) {
  for (const way of process.env.CELLFLUX_EXTENDED ? Object.keys(WAYS) : some) {
    const harmless = fine.includes(way) || seen === 'nothing';
    const then = harmless
      ? 'the page works'
      : 'a sentence, a way on, and the page works once the cause is gone';
    test(`${file}, ${way}: ${then}`, async () => {
      let spoilt = true;
      // A recording is shown before the network has come.
      let held = !harmless && seen === 'withoutRecording';
      const spoil = ways[way] ?? WAYS[way];
      let begun;
      const spoiling = new Promise((resolve) => {
        begun = resolve;
      });
      const server = await serveSpoilt(SITE, (path, body) => {
        if (spoilt && is(path)) {
          begun();
          return spoil(body);
        }
        return held && WEIGHTS.test(path) ? WAYS.stalled(body) : undefined;
      });
      const context = await browser.newContext({ serviceWorkers: seen === 'notKept' ? 'allow' : 'block' });
      try {
        const explorer = await ExplorerPage.open(context, `${server.url}${address}?engine=candle`, {
          failures: true,
          waitUntil: 'commit',
        });
        const mend = () => {
          spoilt = false;
          // A browser registers one service worker at a time, and the next waits for a stalled one.
          if (seen === 'notKept') server.drop();
        };
        const release = () => {
          held = false;
        };
        await spoiling;
        const framed = address !== '';
        if (!fine.includes(way)) await SEEN[seen](explorer, { mend, release, way, is, framed });
        await explorer.ready();
        await explorer.forward();
      } finally {
        await context.close();
        await server.close();
      }
    });
  }
}

test('where a control’s picture does not come, the walk starts from another and says so', async () => {
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
