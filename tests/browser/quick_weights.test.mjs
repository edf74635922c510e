// A bundle with quick weights: the page walks under them while the full ones come, says so, and changes over;
// without moving any of its parts.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { accessible } from './accessible.mjs';
import { launch } from './chromium.mjs';
import { controlCrop } from './crops.mjs';
import { ExplorerPage, watchShift } from './explorer_page.mjs';
import { serveMicro } from './micro_site.mjs';

const FULL = /\/weights-\d+-of-\d+\.safetensors$/;
const QUICK = /\/quick-\d+-of-\d+\.safetensors$/;

let browser;
let site;
let context;
let explorer;
before(async () => {
  browser = await launch();
  site = await serveMicro(undefined, '', {}, ['--quick']);
});
after(async () => {
  await site.close();
  await browser.close();
});
afterEach(async () => {
  explorer?.nothingInTheConsole();
  await context?.close();
});

const passed = (route) => route.continue();

/** Opens the page with the full weights held back until they are let go, or answered otherwise. */
async function open({ full = passed, quick = passed, workers = '', ...more } = {}) {
  context = await browser.newContext({ serviceWorkers: 'block' });
  await context.addInitScript(watchShift);
  await context.route(FULL, full);
  await context.route(QUICK, quick);
  explorer = await ExplorerPage.open(context, `${site.url}?engine=candle${workers}`, more);
}

/** A crop as the start: the bundle has no control. */
async function bringCrop() {
  await explorer.upload(controlCrop());
  await explorer.useCrop();
}

const weights = () => explorer.fact('weights');

test('a visitor walks under the quick weights, which is said, and again under the full ones', async () => {
  let letGo;
  const held = new Promise((resolve) => { letGo = resolve; });
  await open({ full: async (route) => { await held; await route.continue().catch(() => {}); } });
  await explorer.ready();
  await bringCrop();
  await explorer.forward();
  assert.match(await weights(), /^int8, the bundle’s quick ones; its full f16 ones have not come yet$/);
  const stamps = () => explorer.page.locator('.stamp').allTextContents();
  assert.ok((await stamps()).some((words) => words.endsWith(', quick int8 weights')), String(await stamps()));
  await accessible(explorer, 'steps under quick weights');

  letGo();
  await explorer.says(/The full f16 weights have come\. Steps of this walk ran under the quick int8 ones/);
  assert.equal(await weights(), 'f16');
  // They stay what they were until the visitor asks.
  assert.ok((await stamps()).some((words) => words.endsWith(', quick int8 weights')));
  await explorer.page.getByRole('button', { name: 'Walk again with the full weights' }).click();
  await explorer.page.waitForFunction(
    () => ![...document.querySelector('cellflux-explorer').shadowRoot.querySelectorAll('.stamp')].some(
      ({ textContent }) => textContent.includes('quick'),
    ),
  );
});

test('helpers come with the full weights, and the frames are those of one worker, bit for bit', async () => {
  const walked = async (workers) => {
    let letGo;
    const held = new Promise((resolve) => { letGo = resolve; });
    await open({
      workers: `&workers=${workers}`,
      full: async (route) => { await held; await route.continue().catch(() => {}); },
    });
    await explorer.ready();
    await bringCrop();
    await explorer.forward();
    const fact = explorer.page.locator('[data-fact="workers"]');
    assert.equal(await fact.count(), 0);
    assert.equal(explorer.page.workers().length, 1);
    letGo();
    const all = explorer.page.locator('[data-fact="workers"]', { hasText: new RegExp(`^${workers},`) });
    await all.waitFor({ state: 'attached', timeout: 60_000 });
    assert.equal(explorer.page.workers().length, workers);
    await explorer.walk();
    return explorer.keep('trajectory');
  };
  const one = await walked(1);
  explorer.nothingInTheConsole();
  await context.close();
  assert.ok(one.equals(await walked(2)));
});

test('no part of the page moves while either weights come', async () => {
  let letGo;
  const held = new Promise((resolve) => { letGo = resolve; });
  await open({ quick: async (route) => { await held; await route.continue().catch(() => {}); } });
  // What the bundle says of itself stands there before any weights.
  await explorer.page.locator('.batch-note', { hasText: 'The data give' }).waitFor();
  await explorer.page.waitForTimeout(300);
  await explorer.page.evaluate(() => { globalThis.shift = 0; });
  letGo();
  await explorer.ready();
  await explorer.page.waitForFunction(() => !document.querySelector('cellflux-explorer').shadowRoot
    .querySelector('[data-fact="weights"]').textContent.includes('quick'));
  await explorer.page.waitForTimeout(300);
  const shift = await explorer.page.evaluate(() => globalThis.shift);
  assert.ok(shift <= 0.001, `parts moved by ${shift}`);
});

test('full weights that are kept from the visit before leave the quick ones out', async () => {
  const asked = [];
  await open({ quick: (route) => { asked.push(route.request().url()); return route.continue(); } });
  await explorer.ready();
  assert.equal(asked.length, 1);
  await explorer.page.waitForFunction(async () => {
    const keys = await (await caches.open('cellflux-bundles-1')).keys();
    return keys.some(({ url }) => url.includes('/weights-'));
  });
  await explorer.page.reload();
  await explorer.ready();
  assert.equal(await weights(), 'f16');
  assert.equal(asked.length, 1);
});

test('quick weights that do not come cost nothing but time', async () => {
  await open({ quick: (route) => route.fulfill({ status: 404 }), failures: true });
  await explorer.ready();
  assert.equal(await weights(), 'f16');
  await explorer.says(/quick-0001\S+: the server answered 404.*so the network waits for its full weights/);
});

test('where the full weights do not come, walks go on under the quick ones; a second try helps', async () => {
  let broken = true;
  await open({
    full: (route) => (broken ? route.fulfill({ status: 503 }) : route.continue()),
    failures: true,
  });
  await explorer.ready();
  await explorer.says(/weights-0001\S+: the server answered 503.*Walks go on under the quick int8 weights/);
  await bringCrop();
  await explorer.forward();
  broken = false;
  await explorer.page.locator('cellflux-notice button', { hasText: 'Try again' }).click();
  await explorer.page.waitForFunction(() => document.querySelector('cellflux-explorer').shadowRoot
    .querySelector('[data-fact="weights"]').textContent === 'f16');
});
