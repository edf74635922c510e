// The built site on hosts of every kind: below a path, with a wrong type for WebAssembly, in an iframe, and
// without a network. On a plain host, at its root, main_job.test.mjs runs.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { ExplorerPage, SITE } from './explorer_page.mjs';
import { leftOut } from './extended.mjs';
import { askedOnly, equalsCommand, exportsWhatItShows, reproduces, scrubs, walkACrop } from './main_job.mjs';
import { CLI, manifestAddress } from './site_bundle.mjs';

let browser;
before(async () => { browser = await launch(WITHOUT_GPU); });
after(async () => { await browser.close(); });

/** The site below a path, its answers changed by `change`. */
async function host(under, change = () => ({})) {
  const asked = [];
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://any');
    asked.push(pathname);
    if (!pathname.startsWith(under)) {
      response.writeHead(404).end();
      return;
    }
    const sound = await fetch(new URL(pathname.slice(under.length), SITE));
    const headers = {
      'content-type': sound.headers.get('content-type') ?? 'application/octet-stream',
      ...change(pathname),
    };
    response.writeHead(sound.status, headers).end(Buffer.from(await sound.arrayBuffer()));
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    asked,
    url: `http://127.0.0.1:${server.address().port}${under}`,
    close: () => new Promise((closed) => { server.closeAllConnections(); server.close(closed); }),
  };
}

/**
 * The whole main job, as main_job.test.mjs does it at the root of a host; `open` opens another page of the
 * same site.
 */
async function works(explorer, open) {
  await explorer.ready();
  const walked = await walkACrop(explorer);
  if (CLI) await equalsCommand(walked, 'candle');
  await exportsWhatItShows(explorer);
  await scrubs(explorer, walked.start);
  await reproduces(explorer, await open(walked.address));
  explorer.nothingInTheConsole();
}

for (const [what, change] of [
  ['', () => ({})],
  [
    ' with a wrong type for WebAssembly',
    (path) => (path.endsWith('.wasm') ? { 'content-type': 'text/plain' } : {}),
  ],
]) {
  const skip = leftOut(what !== '');
  test(`below /a/b/${what} the whole explorer works and asks for nothing outside`, { skip }, async () => {
    const { url, asked, close } = await host('/a/b/', change);
    const context = await browser.newContext({ serviceWorkers: 'block' });
    try {
      // For a wrong type the module's own glue writes a warning to the console.
      const explorer = await ExplorerPage.open(context, url);
      await works(explorer, (address) => ExplorerPage.open(context, address));
      assert.deepEqual(
        asked.filter((path) => !path.startsWith('/a/b/') && path !== '/favicon.ico'),
        [],
      );
      askedOnly(explorer, url);
    } finally {
      await context.close();
      await close();
    }
  });
}

test('after one visit the whole explorer works without a network', async () => {
  const { url, close } = await host('/a/b/');
  const context = await browser.newContext();
  try {
    const first = await ExplorerPage.open(context, url);
    await first.ready();
    await first.page.evaluate(async () => { await navigator.serviceWorker.ready; });
    await first.page.waitForFunction(() => navigator.serviceWorker.controller !== null);
    await close();
    const open = (address) => ExplorerPage.open(context, address, { failures: true });
    await works(await open(url), open);
  } finally {
    await context.close();
    await close().catch(() => {});
  }
});

test('in an iframe the explorer shows what its address asks for and says how high it is', async () => {
  const outside = createServer((_, response) => {
    const frame = `<iframe src="${SITE}embed.html?hide=settings,keep&theme=dark#c=taxol" width="800" `
      + 'height="600"></iframe>';
    response
      .writeHead(200, { 'content-type': 'text/html' })
      .end(
        `<!doctype html><script>addEventListener('message', ({ data }) => { if (data.cellflux === 'height') `
          + `globalThis.height = data.height; });</script>${frame}`,
      );
  });
  await new Promise((listening) => outside.listen(0, '127.0.0.1', listening));
  const context = await browser.newContext({ serviceWorkers: 'block' });
  try {
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${outside.address().port}/`);
    const frame = page.frameLocator('iframe');
    await frame.locator('cellflux-explorer[data-phase="ready"]').waitFor({ timeout: 120_000 });
    await frame.locator('[data-compound="taxol"][aria-selected="true"]').waitFor();
    assert.equal(await frame.locator('cellflux-settings').isVisible(), false);
    await page.waitForFunction(() => globalThis.height > 400);
  } finally {
    await context.close();
    outside.closeAllConnections();
    outside.close();
  }
});

test('another page of the host imports the explorer as a module', async () => {
  const context = await browser.newContext({ serviceWorkers: 'block' });
  try {
    const address = new URL('theirs.html', SITE).href;
    const manifest = (await manifestAddress()).pathname;
    const body = '<!doctype html><title>Theirs</title><script type="module" '
      + `src="explorer.js"></script><cellflux-explorer src="${manifest}"></cellflux-explorer>`;
    await context.route(address, (route) => route.fulfill({ contentType: 'text/html', body }));
    const explorer = await ExplorerPage.open(context, address);
    await explorer.ready();
    await explorer.forward();
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});
