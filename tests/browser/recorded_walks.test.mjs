// Recorded walks: what the page shows, and lets the visitor play, before the network is there, or without
// any.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { ExplorerPage, SITE, differing } from './explorer_page.mjs';

let browser;
before(async () => { browser = await launch(WITHOUT_GPU); });
after(async () => { await browser.close(); });

const WEIGHTS = /\/weights-/;
const WASM = /cellflux_wasm_bg/;

/** The page in a tab of its own, requests that match held back until `release` of that pattern is called. */
async function opened(held, settings = {}) {
  const context = await browser.newContext({ serviceWorkers: 'block', ...settings });
  const release = new Map();
  for (const pattern of held) {
    const released = new Promise((resolve) => { release.set(pattern, resolve); });
    await context.route(pattern, async (route) => {
      await released;
      await route.continue().catch(() => {});
    });
  }
  return {
    explorer: await ExplorerPage.open(context, SITE),
    context,
    release: (pattern) => release.get(pattern)(),
  };
}

const recorded = (explorer) => explorer.page.locator('.where', { hasText: 'recorded' }).waitFor();

test('a page opens with a walk at its end, which stays until more is asked of the network', async () => {
  const { explorer, context, release } = await opened([WEIGHTS]);
  try {
    await recorded(explorer);
    const end = await explorer.step();
    assert.ok(end > 0);
    const play = explorer.page.locator('[data-do="play"]');
    assert.equal(await play.getAttribute('aria-label'), 'Replay from the start');
    assert.equal(await explorer.page.locator('[data-keep="frame"]').isDisabled(), true);
    const shown = [await explorer.pixels('now'), await explorer.pixels('difference')];
    release(WEIGHTS);
    await explorer.network();
    await recorded(explorer);
    assert.equal(await explorer.step(), end);
    assert.equal(await explorer.page.locator('[data-do="play"]').getAttribute('aria-label'), 'Walk');
    assert.equal(await explorer.fact('evaluations'), '0', 'nothing is computed unasked');
    // A file is made of the network's own frames: it walks to the step in view, which stays there.
    const png = await explorer.decodePng(await explorer.keep('frame'));
    await explorer.page.locator('.where', { hasNotText: 'recorded' }).waitFor();
    assert.equal(await explorer.step(), end);
    assert.notEqual(await explorer.fact('evaluations'), '0');
    closeEnough(await explorer.pixels('now'), shown[0]);
    closeEnough(await explorer.pixels('difference'), shown[1]);
    closeEnough(png, await explorer.pixels('now'));
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('a channel switched off at the end of a recording is off in the pictures', async () => {
  const { explorer, context } = await opened([]);
  try {
    await recorded(explorer);
    await explorer.network();
    const end = await explorer.step();
    await explorer.page.locator('[data-channel="actin"]').click();
    await explorer.page.locator('.where', { hasNotText: 'recorded' }).waitFor({ timeout: 120_000 });
    await explorer.settled();
    assert.equal(await explorer.step(), end);
    const { rgba } = await explorer.pixels('now');
    const sum = (channel) => rgba.filter((_, index) => index % 4 === channel).reduce((a, b) => a + b);
    const mean = (channel) => sum(channel) / rgba.length;
    // Actin is the red of the picture.
    assert.ok(mean(0) < mean(1), `${mean(0)} ${mean(1)}`);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('recorded walks play while the weights come, and the computed pictures are the same', async () => {
  const { explorer, context, release } = await opened([WEIGHTS]);
  try {
    await recorded(explorer);
    await explorer.walk();
    await explorer.page.locator('[data-do="first"]').click();
    await explorer.forward();
    await explorer.forward();
    const shown = [await explorer.pixels('now'), await explorer.pixels('difference')];
    release(WEIGHTS);
    await explorer.network();
    await explorer.page.locator('.where[data-step="2"]').waitFor({ timeout: 60_000 });
    await explorer.page.locator('.where', { hasNotText: 'recorded' }).waitFor();
    assert.equal((await explorer.fact('evaluations')) !== '0', true, 'computed, not shown again');
    closeEnough(await explorer.pixels('now'), shown[0]);
    closeEnough(await explorer.pixels('difference'), shown[1]);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('while the weights come, another compound can be chosen, and its recorded walk plays', async () => {
  const { explorer, context } = await opened([WEIGHTS]);
  try {
    await recorded(explorer);
    await explorer.page.locator('cellflux-explorer[data-phase="loading"]').waitFor({ timeout: 60_000 });
    await explorer.walk();
    const first = await explorer.pixels('now');
    await explorer.compound('taxol');
    await explorer.page.locator('.where', { hasText: 'recorded' }).waitFor();
    await explorer.walk();
    assert.ok(differing(await explorer.pixels('now'), first) > 0);
    assert.equal(await explorer.page.locator('cellflux-explorer').getAttribute('data-phase'), 'loading');
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('a visitor who plays on while the network comes sees the walk to its end', async () => {
  const { explorer, context, release } = await opened([WEIGHTS], { reducedMotion: 'reduce' });
  try {
    await recorded(explorer);
    await explorer.page.locator('[data-do="play"]').click();
    await explorer.page.locator('.where[data-step="1"]').waitFor();
    release(WEIGHTS);
    await explorer.network();
    await explorer.page.locator('[data-do="play"][aria-label^="Replay"]').waitFor({ timeout: 120_000 });
    await explorer.page.locator('.where', { hasNotText: 'recorded' }).waitFor();
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('the first recorded walk is there before WebAssembly, and stays where the visitor took it', async () => {
  const { explorer, context, release } = await opened([WASM, WEIGHTS]);
  try {
    await recorded(explorer);
    assert.equal(await explorer.page.locator('cellflux-explorer').getAttribute('data-phase'), 'opening');
    await explorer.page.locator('[data-do="first"]').click();
    await explorer.forward();
    await explorer.forward();
    const shown = await explorer.pixels('now');
    release(WASM);
    await explorer.page.locator('[data-compound][aria-selected="true"]').waitFor({ timeout: 60_000 });
    assert.equal(await explorer.step(), 2);
    release(WEIGHTS);
    await explorer.network();
    await explorer.page.locator('.where[data-step="2"]').waitFor({ timeout: 60_000 });
    await explorer.page.locator('.where', { hasNotText: 'recorded' }).waitFor();
    closeEnough(await explorer.pixels('now'), shown);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('where the network cannot be had at all the recorded walk plays', async () => {
  const context = await browser.newContext({ serviceWorkers: 'block' });
  try {
    await context.route(WASM, (route) => route.abort());
    const explorer = await ExplorerPage.open(context, SITE, { failures: true });
    await recorded(explorer);
    await explorer.page.locator('cellflux-explorer[data-phase="failed"]').waitFor({ timeout: 60_000 });
    const end = await explorer.pixels('now');
    await explorer.page.locator('[data-do="first"]').click();
    assert.ok(differing(await explorer.pixels('now'), end) > 0);
    await explorer.walk();
    assert.equal(differing(await explorer.pixels('now'), end), 0);
  } finally {
    await context.close();
  }
});

test('nothing plays by itself, and where less motion is preferred nothing moves smoothly', async () => {
  for (const reducedMotion of ['no-preference', 'reduce']) {
    const { explorer, context } = await opened([WEIGHTS], { reducedMotion });
    try {
      await recorded(explorer);
      const end = await explorer.step();
      // Longer than any frame of a walk that plays.
      await explorer.page.waitForTimeout(1500);
      assert.equal(await explorer.step(), end, reducedMotion);
      const transition = await explorer.page
        .locator('.way')
        .evaluate((way) => getComputedStyle(way).transitionDuration);
      assert.equal(transition, reducedMotion === 'reduce' ? '0s' : '0.12s');
      await explorer.page.locator('[data-do="play"]').click();
      await explorer.page.locator('[data-do="play"][aria-label="Pause"]').waitFor();
      await explorer.page.locator('[data-do="play"]').click();
      const there = await explorer.step();
      await explorer.page.waitForTimeout(1500);
      assert.equal(await explorer.step(), there, 'paused');
    } finally {
      await context.close();
    }
  }
});

/** The command's and the page's floats differ by rounding, which may change a byte by one. */
function closeEnough(found, expected) {
  assert.equal(found.rgba.length, expected.rgba.length);
  assert.ok(found.rgba.every((value, index) => Math.abs(value - expected.rgba[index]) <= 1));
}
