// Versions of a page and the service worker: a failed update does no harm, damaged files are replaced, an old
// tab goes on.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { ExplorerPage, SITE } from './explorer_page.mjs';
import { serveSpoilt } from './faulty_server.mjs';

let browser;
before(async () => { browser = await launch(WITHOUT_GPU); });
after(async () => { await browser.close(); });

const digest = (body) => createHash('sha256').update(body).digest('hex');

/** The site as its next version: the title is another, and page.js has another content and name. */
async function nextVersion() {
  const index = await (await fetch(SITE)).text();
  const [, old] = /src="(web\/page-[0-9a-f]{10}\.js)"/.exec(index);
  const script = Buffer.from(`${await (await fetch(new URL(old, SITE))).text()}\n// The next version.\n`);
  const name = old.replace(/-[0-9a-f]{10}/, `-${digest(script).slice(0, 10)}`);
  const integrity = `sha384-${createHash('sha384').update(script).digest('base64')}`;
  const page = (text) =>
    text
      .replaceAll(new RegExp(`"${old}" integrity="[^"]*"`, 'g'), `"${name}" integrity="${integrity}"`)
      .replace('<title>', '<title>Next: ');
  const worker = await (await fetch(new URL('service_worker.js', SITE))).text();
  const files = JSON.parse(/^const FILES = (.*);$/m.exec(worker)[1]);
  delete files[old];
  files[name] = digest(script);
  return {
    old: `/${old}`,
    name: `/${name}`,
    script,
    page,
    worker: worker
      .replace(/^const VERSION = .*$/m, 'const VERSION = "next";')
      .replace(/^const FILES = .*$/m, `const FILES = ${JSON.stringify(files)};`),
  };
}

/**
 * The site on a server of its own, which turns to the next version when `turn` is called, and may spoil or
 * end.
 */
async function host() {
  const next = await nextVersion();
  let turned = false;
  let spoil = () => undefined;
  const server = await serveSpoilt(SITE, (path, body) => {
    const spoilt = spoil(path);
    if (spoilt || !turned) return spoilt;
    if (path === '/service_worker.js') return Buffer.from(next.worker);
    if (['/', '/index.html', '/embed.html'].includes(path)) return Buffer.from(next.page(body.toString()));
    return path === next.old ? { status: 404 } : undefined;
  }, {}, (path) => (turned && path === next.name ? next.script : undefined));
  return { ...server, next, turn: () => { turned = true; }, spoilWith: (how) => { spoil = how; } };
}

async function kept(explorer) {
  await explorer.ready();
  await explorer.page.evaluate(async () => { await navigator.serviceWorker.ready; });
  await explorer.page.waitForFunction(() => navigator.serviceWorker.controller !== null);
}

const caches = (page) =>
  page.evaluate(async () =>
    (await globalThis.caches.keys()).filter((name) => name.startsWith('cellflux-page')),
  );
const update = (page) => page.evaluate(async () => {
  const registration = await navigator.serviceWorker.getRegistration();
  await registration.update().catch(() => {});
  const worker = registration.installing;
  if (worker) {
    await new Promise((resolve) =>
      worker.addEventListener('statechange', () => {
        if (worker.state !== 'installing') resolve();
      }),
    );
  }
  return registration.waiting?.state ?? null;
});

/**
 * Opens the page after a tab was closed. The browser may still count the closed tab as open; then the older
 * version is kept once more.
 */
async function openedOnceAlone(context, address, attempts = 10) {
  const explorer = await ExplorerPage.open(context, address, { failures: true });
  await explorer.ready();
  if (attempts === 1 || (await caches(explorer.page)).length === 1) return explorer;
  await explorer.page.close();
  return openedOnceAlone(context, address, attempts - 1);
}

test('an update whose files fail leaves the version that worked, whole and offline', async () => {
  const server = await host();
  const context = await browser.newContext();
  try {
    const first = await ExplorerPage.open(context, `${server.url}?engine=candle`, { failures: true });
    await kept(first);
    const before = await caches(first.page);
    assert.equal(before.length, 1);
    server.turn();
    server.spoilWith((path) => (path === server.next.name ? { status: 500 } : undefined));
    assert.equal(await update(first.page), null, 'nothing half-filled waits');
    assert.deepEqual(await caches(first.page), before);
    await server.close();
    const offline = await ExplorerPage.open(context, `${server.url}?engine=candle`, { failures: true });
    await offline.ready();
    await offline.forward();
    assert.doesNotMatch(await offline.page.title(), /Next/);
    first.nothingInTheConsole();
    offline.nothingInTheConsole();
  } finally {
    await context.close();
    await server.close().catch(() => {});
  }
});

test('an old tab goes on after an update, and its version is forgotten once no tab shows it', async () => {
  const server = await host();
  const context = await browser.newContext();
  try {
    const old = await ExplorerPage.open(context, `${server.url}?engine=candle`, { failures: true });
    await kept(old);
    server.turn();
    assert.equal(await update(old.page), 'installed', 'the next version waits');
    assert.equal((await caches(old.page)).length, 2, 'the old tab’s version is kept');
    assert.equal(
      await old.page.evaluate(async (file) => (await fetch(file)).status, `.${server.next.old}`),
      200,
      'the host has it no more',
    );
    await old.forward();
    old.nothingInTheConsole();
    const waits = await context.newPage();
    await waits.goto('about:blank');
    await old.page.close();
    const fresh = await openedOnceAlone(context, `${server.url}?engine=candle`);
    assert.match((await caches(fresh.page))[0], / next$/);
    assert.match(await fresh.page.title(), /^Next/);
    await server.close();
    const offline = await ExplorerPage.open(context, `${server.url}?engine=candle`, { failures: true });
    assert.match(await offline.page.title(), /^Next/);
    await offline.ready();
  } finally {
    await context.close();
    await server.close().catch(() => {});
  }
});

test('a kept file that was damaged is fetched again, and whole from then on', async () => {
  const server = await host();
  const context = await browser.newContext();
  try {
    const first = await ExplorerPage.open(context, `${server.url}?engine=candle`, { failures: true });
    await kept(first);
    const path = await first.page.evaluate(async () => {
      const [name] = (await globalThis.caches.keys()).filter((each) => each.startsWith('cellflux-page'));
      const cache = await globalThis.caches.open(name);
      const request = (await cache.keys()).find(({ url }) => url.endsWith('.wasm'));
      await cache.put(request, new Response('damaged'));
      return new URL(request.url).pathname;
    });
    await first.page.reload();
    await first.ready();
    await server.close();
    const offline = await ExplorerPage.open(context, `${server.url}?engine=candle`, { failures: true });
    await offline.ready();
    await offline.forward();
    assert.match(path, /\.wasm$/);
    first.nothingInTheConsole();
    offline.nothingInTheConsole();
  } finally {
    await context.close();
    await server.close().catch(() => {});
  }
});
