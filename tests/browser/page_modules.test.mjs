// Modules of the page that were changed on their way: none is run, the page says which, and it works once
// they are right.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { ExplorerPage, SITE } from './explorer_page.mjs';
import { serveSpoilt } from './faulty_server.mjs';
import { manifestAddress } from './site_bundle.mjs';

let browser;
before(async () => {
  browser = await launch(WITHOUT_GPU);
});
after(async () => {
  await browser.close();
});

const STAGE = /\/parts\/stage-[0-9a-f]{10}\.js$/;

/** The module with one letter of a text changed: still a module, and only its digest shows the change. */
function changed(body) {
  const text = body.toString();
  const other = text.replace("'cellflux-map'", "'cellflux-nap'");
  assert.equal(other.length, text.length);
  assert.notEqual(other, text);
  return Buffer.from(other);
}

/** A tab of its own, closed afterwards. */
async function visit(address, work, options = {}) {
  const context = await browser.newContext({ serviceWorkers: 'block' });
  try {
    await work(await ExplorerPage.open(context, address, { failures: true, ...options }), context);
  } finally {
    await context.close();
  }
}

async function refused({ page }) {
  const fallback = page.locator('.fallback:visible', { hasText: 'The explorer has not started' }).first();
  await fallback.waitFor({ timeout: 20_000 });
  const cause = await fallback.locator('.cause').textContent({ timeout: 20_000 });
  assert.match(
    cause,
    /stage-[0-9a-f]{10}\.js is not the file that this page was made with, so it was not run\./,
  );
  assert.equal(
    await page.evaluate(() => customElements.get('cellflux-explorer') === undefined),
    true,
    'not run',
  );
  return fallback;
}

for (const under of ['/', '/a/b/']) {
  test(`below ${under} a part with one byte changed is not run, and is once it is right`, async () => {
    let spoilt = true;
    const inner = await serveSpoilt(SITE, (path, body) =>
      spoilt && STAGE.test(path) ? changed(body) : undefined,
    );
    const server = await below(under, inner.url);
    try {
      await visit(`${server.url}?engine=candle`, async (explorer) => {
        const fallback = await refused(explorer);
        spoilt = false;
        explorer.faults.length = 0;
        await fallback.locator('a', { hasText: 'Load the page again' }).click();
        await explorer.ready();
        await explorer.forward();
        assert.equal(await fallback.isVisible(), false);
        explorer.nothingInTheConsole();
      });
    } finally {
      await server.close();
      await inner.close();
    }
  });
}

/** Another server's files below a path. */
async function below(under, inner) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://any');
    // The inner server may have ended by the time that a tab which is being closed asks.
    const answer = pathname.startsWith(under)
      ? await fetch(new URL(pathname.slice(under.length), inner)).catch(() => null)
      : null;
    const sound = answer ?? new Response('', { status: 404 });
    response.writeHead(sound.status, {
      'content-type': sound.headers.get('content-type') ?? 'text/plain',
      'cache-control': 'no-store',
    });
    response.end(Buffer.from(await sound.arrayBuffer()));
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${server.address().port}${under}`,
    close: () =>
      new Promise((closed) => {
        server.closeAllConnections();
        server.close(closed);
      }),
  };
}

test('a part that fails when it is preloaded and comes changed when it is imported is not run', async () => {
  let asked = 0;
  const server = await serveSpoilt(SITE, (path, body) => {
    if (!STAGE.test(path)) return undefined;
    asked += 1;
    return asked === 1 ? { status: 503 } : changed(body);
  });
  try {
    await visit(`${server.url}?engine=candle`, async (explorer) => {
      await refused(explorer);
      assert.ok(asked > 1, 'it came changed');
    });
  } finally {
    await server.close();
  }
});

test('in a frame’s page a changed part is not run either', async () => {
  const server = await serveSpoilt(SITE, (path, body) => (STAGE.test(path) ? changed(body) : undefined));
  try {
    await visit(`${server.url}embed.html?engine=candle`, refused);
  } finally {
    await server.close();
  }
});

test('a damaged file in the browser’s own cache is fetched again when the page is loaded again', async () => {
  let spoilt = true;
  const server = await serveSpoilt(
    SITE,
    (path, body) => (spoilt && STAGE.test(path) ? changed(body) : undefined),
    {},
    undefined,
    (path) => (STAGE.test(path) ? 'public, max-age=31536000, immutable' : 'no-store'),
  );
  try {
    await visit(`${server.url}?engine=candle`, async (explorer) => {
      const fallback = await refused(explorer);
      spoilt = false;
      await fallback.locator('a', { hasText: 'Load the page again' }).click();
      await explorer.ready();
    });
  } finally {
    await server.close();
  }
});

/** A page of another origin that imports the explorer as its module, as docs/publish.md shows it. */
async function elsewhere(server, head, work) {
  const manifest = new URL((await manifestAddress()).pathname, server.url).href;
  const html = `<!doctype html><title>Elsewhere</title>${head}<cellflux-explorer `
    + `src="${manifest}"></cellflux-explorer>`;
  const page = createServer((_, response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end(html),
  );
  await new Promise((listening) => page.listen(0, '127.0.0.1', listening));
  try {
    await visit(`http://127.0.0.1:${page.address().port}/`, work);
  } finally {
    page.closeAllConnections();
    page.close();
  }
}

test('on a page of another origin that page’s import map decides whether a changed part is run', async () => {
  let spoilt = true;
  const server = await serveSpoilt(
    SITE,
    (path, body) => (spoilt && STAGE.test(path) ? changed(body) : undefined),
    { 'access-control-allow-origin': '*' },
  );
  try {
    const index = await (await fetch(SITE)).text();
    const { integrity } = JSON.parse(/<script type="importmap">(.*?)<\/script>/.exec(index)[1]);
    const [, address, digest] =
      /<script type="module" src="(web\/explorer-[0-9a-f]{10}\.js)" integrity="([^"]+)"/.exec(index);
    const whole = Object.fromEntries(
      Object.entries(integrity).map(([path, value]) => [new URL(path, server.url).href, value]),
    );
    const map = `<script type="importmap">${JSON.stringify({ integrity: whole })}</script>`;
    const script = `<script type="module" crossorigin src="${new URL(address, server.url)}" `
      + `integrity="${digest}"></script>`;
    const started = ({ page }) => page.evaluate(() => customElements.get('cellflux-explorer') !== undefined);
    const hears = `<script>addEventListener('error', () => { globalThis.refused = true; }, true);</script>`;
    await elsewhere(server, hears + map + script, async (explorer) => {
      await explorer.page.waitForFunction(() => globalThis.refused);
      assert.equal(await started(explorer), false, 'not run');
    });
    // Without that map the browser cannot know: the explorer's host is trusted, as docs/security.md says.
    await elsewhere(
      server,
      `<script type="module" src="${server.url}explorer.js"></script>`,
      async (explorer) => {
        await explorer.page.waitForFunction(() => customElements.get('cellflux-explorer') !== undefined);
      },
    );
    spoilt = false;
    await elsewhere(server, map + script, async (explorer) => {
      await explorer.ready();
      await explorer.forward();
      explorer.nothingInTheConsole();
    });
  } finally {
    await server.close();
  }
});
