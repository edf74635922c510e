// The explorer on pages of other origins: in frames, and as a module. What a host forbids is a sentence.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { ExplorerPage, SITE } from './explorer_page.mjs';
import { serveSpoilt } from './faulty_server.mjs';
import { manifestAddress } from './site_bundle.mjs';

let browser;
before(async () => { browser = await launch(WITHOUT_GPU); });
after(async () => { await browser.close(); });

/** A page of another origin with this body. */
async function elsewhere(body, work) {
  const server = createServer((_, response) =>
    response
      .writeHead(200, { 'content-type': 'text/html' })
      .end(`<!doctype html><title>Elsewhere</title>${body}`),
  );
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  const context = await browser.newContext({ serviceWorkers: 'block' });
  try {
    await work(context, `http://127.0.0.1:${server.address().port}/`);
  } finally {
    await context.close();
    server.closeAllConnections();
    server.close();
  }
}

test('two frames with the documented script get a height each, and none grows while it loads', async () => {
  const text = await readFile(new URL('../../docs/publish.md', import.meta.url), 'utf8');
  const block =
    /```html\n(<iframe class="cells"[\s\S]*?<\/iframe>)\n(<script>[\s\S]*?<\/script>)\n```/;
  const [, frame, script] = block.exec(text);
  const at = (address) => frame.replace(/src="[^"]*"/, `src="${SITE}${address}"`);
  const body =
    `<script>globalThis.said = []; addEventListener('message', ({ data, source }) => { `
      + `globalThis.said.push([[...document.querySelectorAll('iframe')].findIndex((each) => `
      + 'each.contentWindow === source), data.height]); });</script>' +
    at('embed.html#c=taxol') +
    at('embed.html?hide=settings,keep,about,model,measured#c=taxol') +
    script;
  await elsewhere(body, async (context, address) => {
    const page = await context.newPage();
    // Held back, so that the frames stay at loading for a while.
    let release;
    const held = new Promise((resolve) => { release = resolve; });
    await context.route(/\/web\/explorer-/, async (route) => {
      await held;
      await route.continue().catch(() => {});
    });
    await page.goto(address, { waitUntil: 'commit' });
    await page.waitForFunction(() => new Set(globalThis.said?.map(([index]) => index)).size === 2);
    await page.waitForTimeout(1000);
    const loading = await page.evaluate(() => globalThis.said.length);
    assert.ok(loading <= 6, `${loading} messages while nothing changed`);
    release();
    for (const index of [0, 1]) {
      await page
        .frameLocator('iframe')
        .nth(index)
        .locator('cellflux-explorer[data-phase="ready"]')
        .waitFor({ timeout: 120_000 });
    }
    await page.waitForTimeout(500);
    const heights = await page
      .locator('iframe')
      .evaluateAll((frames) => frames.map(({ height }) => Number(height)));
    assert.ok(heights[0] > heights[1] + 50, `each as high as it shows: ${heights}`);
    const count = await page.evaluate(() => globalThis.said.length);
    await page.waitForTimeout(1000);
    assert.equal(await page.evaluate(() => globalThis.said.length), count, 'the height has come to rest');
  });
});

test('imported from another origin that allows it the explorer starts, its worker too', async () => {
  const server = await serveSpoilt(SITE, () => undefined, { 'access-control-allow-origin': '*' });
  const manifest = new URL((await manifestAddress()).pathname, server.url).href;
  try {
    await elsewhere(
      `<script type="module" src="${server.url}explorer.js"></script><cellflux-explorer `
        + `src="${manifest}"></cellflux-explorer>`,
      async (context, address) => {
        const explorer = await ExplorerPage.open(context, address);
        await explorer.ready();
        await explorer.forward();
        explorer.nothingInTheConsole();
      },
    );
  } finally {
    await server.close();
  }
});

test('a page whose policy allows no worker gets a sentence, and no uncaught error', async () => {
  const server = await serveSpoilt(SITE, () => undefined, { 'access-control-allow-origin': '*' });
  const manifest = new URL((await manifestAddress()).pathname, server.url).href;
  const policy = `<meta http-equiv="Content-Security-Policy" content="worker-src 'self'">`;
  try {
    await elsewhere(
      `${policy}<script type="module" src="${server.url}explorer.js"></script><cellflux-explorer `
        + `src="${manifest}"></cellflux-explorer>`,
      async (context, address) => {
        const explorer = await ExplorerPage.open(context, address);
        await explorer.says(/does not let this page start its worker.*worker-src blob:/);
        assert.deepEqual(
          explorer.faults.filter((fault) => !/Content Security Policy/.test(fault)),
          [],
        );
      },
    );
  } finally {
    await server.close();
  }
});

/** What a sandboxed frame shows, by what its sandbox and the host allow. */
const SANDBOXES = [
  // Without an origin every module is another origin's.
  { sandbox: 'allow-scripts', cors: false, shows: '.fallback', words: /The explorer has not started/ },
  {
    sandbox: 'allow-scripts',
    cors: true,
    shows: '.trouble .sentence',
    words: /sandbox must have allow-same-origin/,
  },
  { sandbox: 'allow-same-origin', cors: false, shows: 'body > noscript p', words: /needs JavaScript/ },
  { sandbox: 'allow-scripts allow-same-origin', cors: false, shows: null },
  { sandbox: 'allow-scripts allow-same-origin', cors: true, shows: null },
];

for (const { sandbox, cors, shows, words } of SANDBOXES) {
  const what = `a frame with sandbox="${sandbox}", its host ${cors ? 'with' : 'without'} CORS,`;
  test(`${what} ${shows ? `says ${words.source}` : 'works'}`, async () => {
    const server = await serveSpoilt(
      SITE,
      () => undefined,
      cors ? { 'access-control-allow-origin': '*' } : {},
    );
    try {
      const source = `${server.url}embed.html?engine=candle#c=taxol`;
      const body = `<iframe sandbox="${sandbox}" src="${source}" width="900" height="700"></iframe>`;
      await elsewhere(body, async (context, address) => {
        const page = await context.newPage();
        await page.goto(address);
        const frame = page.frameLocator('iframe');
        if (shows) {
          const said = frame.locator(`${shows} >> visible=true`).filter({ hasText: words });
          await said.waitFor({ timeout: 30_000 });
          assert.equal(await frame.locator('cellflux-explorer[data-phase="ready"]').count(), 0);
          return;
        }
        await frame.locator('cellflux-explorer[data-phase="ready"]').waitFor({ timeout: 120_000 });
        assert.equal(await frame.locator('.fallback:visible, cellflux-notice.trouble .sentence').count(), 0);
        // The recording stands at its end; the network walks from the start.
        await frame.locator('[data-do="first"]').click();
        await frame.locator('[data-do="forward"]').click();
        await frame.locator('.where[data-step="1"]').waitFor({ timeout: 60_000 });
      });
    } finally {
      await server.close();
    }
  });
}
