// Where the explorer cannot start at all: a sentence stands in its place, which needs no script and goes when
// the explorer is there.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { accessible, accessibleThough } from './accessible.mjs';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { ExplorerPage, SITE } from './explorer_page.mjs';
import { serveSpoilt } from './faulty_server.mjs';

let browser;
before(async () => { browser = await launch(WITHOUT_GPU); });
after(async () => { await browser.close(); });

/** A tab whose console the test checks itself: here modules fail on purpose. */
async function tab(work, settings = {}) {
  const context = await browser.newContext({ serviceWorkers: 'block', ...settings });
  try {
    await work(await context.newPage(), context);
  } finally {
    await context.close();
  }
}

const fallback = (page) =>
  page
    .locator('.fallback', {
      hasText: 'The explorer has not started. It needs JavaScript, WebAssembly and a web server',
    })
    .first();

test('without WebAssembly the page says so and offers to load again, and nothing else fails', async () => {
  // Workers begin with the page's own modules, which come as blobs.
  const init = () => {
    delete globalThis.WebAssembly;
    globalThis.Blob = class extends Blob {
      constructor(parts, options) {
        super(
          options?.type === 'text/javascript' ? ['delete globalThis.WebAssembly;\n', ...parts] : parts,
          options,
        );
      }
    };
  };
  const context = await browser.newContext({ serviceWorkers: 'block' });
  try {
    const explorer = await ExplorerPage.open(context, SITE, { init });
    await explorer.says(/needs WebAssembly, which this browser does not offer/);
    await explorer.page.locator('cellflux-notice button', { hasText: 'Load the page again' }).waitFor();
    assert.equal(await fallback(explorer.page).isVisible(), false, 'the explorer itself has started');
    for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
      await explorer.page.emulateMedia({ colorScheme });
      await accessible(explorer, `without WebAssembly, ${colorScheme}`);
    }
  } finally {
    await context.close();
  }
});

test('opened as a file the page says that it needs a web server', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cellflux-file-'));
  try {
    await writeFile(join(folder, 'index.html'), Buffer.from(await (await fetch(SITE)).arrayBuffer()));
    await tab(async (page) => {
      await page.goto(pathToFileURL(join(folder, 'index.html')).href);
      await fallback(page).waitFor({ timeout: 15_000 });
    });
    const html = await readFile(join(folder, 'index.html'), 'utf8');
    assert.doesNotMatch(
      html,
      /<script(?![^>]*\b(?:src=|type="(?:application\/|importmap")))/,
      'no inline script but data',
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('an old index.html whose files are gone is not a bare page', async () => {
  const server = await serveSpoilt(SITE, (path) =>
    /^\/(web|pkg)\//.test(path) ? { status: 404 } : undefined,
  );
  try {
    await tab(async (page) => {
      await page.goto(server.url);
      await fallback(page).waitFor({ timeout: 15_000 });
    });
  } finally {
    await server.close();
  }
});

test('the sentence is not shown while the explorer starts, nor when it has', async () => {
  await tab(async (page) => {
    await page.goto(SITE);
    assert.equal(await fallback(page).isVisible(), false);
    await page.locator('cellflux-explorer[data-phase="ready"]').waitFor({ timeout: 120_000 });
    // Longer than the sentence's delay.
    await page.waitForTimeout(7000);
    assert.equal(await fallback(page).isVisible(), false);
  });
});

test('without JavaScript the page says so and has no empty space', async () => {
  await tab(async (page) => {
    await page.goto(SITE);
    await page.locator('cellflux-explorer noscript p').first().waitFor();
    const { height } = await page.locator('cellflux-explorer').first().boundingBox();
    assert.ok(height < 120, `${height} px`);
  }, { javaScriptEnabled: false });
});

test('axe-core has nothing against the page where no script but one has come', async () => {
  const server = await serveSpoilt(SITE, (path) =>
    /\/(?!unstarted-)[^/]*\.js$/.test(path) ? { status: 404 } : undefined,
  );
  try {
    await tab(async (page) => {
      await page.goto(server.url);
      await page.locator('.fallback .cause').first().waitFor({ timeout: 30_000 });
      await page.locator('.without-script').waitFor({ timeout: 30_000 });
      for (const width of [390, 1280]) {
        await page.setViewportSize({ width, height: 844 });
        for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
          await page.emulateMedia({ colorScheme });
          await accessibleThough(page, `without scripts, ${width} px, ${colorScheme}`);
        }
      }
    });
  } finally {
    await server.close();
  }
});

test('axe-core has nothing against what stands in the page for browsers without JavaScript', async () => {
  // axe-core is a script itself, so the page is made as such a browser shows it.
  const bare = (html) => html
    .replace(/<script type="module"[^>]*><\/script>/g, '')
    .replace(/<(\/?)noscript>/g, '<$1div>');
  const server = await serveSpoilt(SITE, (path, body) =>
    path === '/' ? Buffer.from(bare(body.toString())) : undefined,
  );
  try {
    await tab(async (page) => {
      await page.goto(server.url);
      await page.locator('cellflux-explorer div > p').first().waitFor();
      for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
        await page.emulateMedia({ colorScheme });
        await accessibleThough(page, `without JavaScript, ${colorScheme}`);
      }
    });
  } finally {
    await server.close();
  }
});

for (const name of ['adapter', 'cellflux_wasm']) {
  test(`a changed module of the worker (${name}) is not run; whole again, the page works`, async () => {
    let spoilt = true;
    let asked = 0;
    const changed = Buffer.from('\nfetch("changed");\n');
    const server = await serveSpoilt(SITE, (path, body) => {
      if (path.endsWith('/changed')) asked += 1;
      return spoilt && new RegExp(`/${name}-[0-9a-f]+\\.js$`).test(path)
        ? Buffer.concat([body, changed])
        : undefined;
    });
    try {
      await tab(async (page, context) => {
        await page.close();
        const explorer = await ExplorerPage.open(context, `${server.url}?engine=candle`, { failures: true });
        await explorer.says(/is not the file that this page was made with/);
        spoilt = false;
        await explorer.page.locator('cellflux-notice button', { hasText: 'Try again' }).click();
        await explorer.ready();
        assert.equal(asked, 0, 'what was changed did not run');
        explorer.nothingInTheConsole();
      });
    } finally {
      await server.close();
    }
  });
}
