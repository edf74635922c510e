// What page and worker say to each other: every kind of failure is known to the page, and no picture is sent
// twice.

import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { KINDS } from '../../web/failures.js';
import { WITHOUT_GPU, launch } from './chromium.mjs';
import { ExplorerPage, SITE, assertSamePixels } from './explorer_page.mjs';

test('every kind of failure that the modules report is one that the page knows', async () => {
  const folder = new URL('../../crates/cellflux-wasm/src/', import.meta.url);
  const files = (await readdir(folder)).filter((name) => name.endsWith('.rs'));
  const texts = await Promise.all(files.map((name) => readFile(new URL(name, folder), 'utf8')));
  const kinds = new Set();
  for (const [, kind] of texts.join('\n').matchAll(/Trouble::new\(\s*"([a-z-]+)"/g)) kinds.add(kind);
  const trouble = texts[files.indexOf('trouble.rs')];
  for (const [, kind] of trouble.matchAll(/(?:=>|Self::new\() ?"([a-z-]+)"/g)) kinds.add(kind);
  const results = ['field', 'figure', 'measures'].map((name) => `results-wasm/src/${name}.rs`);
  for (const later of ['compound-wasm/src/lib.rs', ...results]) {
    const file = new URL(`../../crates/cellflux-${later}`, import.meta.url);
    const own = [...(await readFile(file, 'utf8')).matchAll(/trouble\(\s*"([a-z-]+)"/g)];
    assert.ok(own.length > 0, later);
    for (const [, kind] of own) kinds.add(kind);
  }
  assert.ok(kinds.size > 8, [...kinds].join());
  assert.deepEqual([...kinds].filter((kind) => !KINDS.includes(kind)), []);
});

/** Records the walks that the worker reports. */
function record() {
  globalThis.told = [];
  globalThis.Worker = class extends globalThis.Worker {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', ({ data }) => {
        const walk = data.value?.walk;
        if (walk) {
          globalThis.told.push({ from: walk.from, steps: walk.steps.length, start: Boolean(walk.start) });
        }
      });
    }
  };
}

test('a change is answered with the pictures that it has changed, and what is shown is right', async () => {
  const browser = await launch(WITHOUT_GPU);
  try {
    const context = await browser.newContext();
    const explorer = await ExplorerPage.open(context, `${SITE}?engine=candle`, { init: record });
    const { page } = explorer;
    const told = () => page.evaluate(() => globalThis.told.splice(0));
    await explorer.ready();
    await explorer.set('solver', 'euler');
    await explorer.set('steps', 4);
    await explorer.set('noise', 0);
    await explorer.forward();
    await explorer.forward();
    await told();
    // Tolerances belong to the adaptive solver: with this solver no number changes.
    await page.evaluate(() => {
      const field = document.querySelector('cellflux-explorer').shadowRoot.querySelector('#set-rtol');
      field.value = '0.001';
      field.dispatchEvent(new Event('change'));
    });
    await explorer.settled();
    assert.deepEqual(await told(), [{ from: 3, steps: 0, start: false }]);
    assert.equal(await explorer.step(), 2);

    const [start, now] = [await explorer.pixels('start'), await explorer.pixels('now')];
    const channel = page.locator('[data-channel]').first();
    for (const pressed of ['false', 'true']) {
      await channel.click();
      await page.locator(`[data-channel][aria-pressed="${pressed}"]`).first().waitFor();
      await explorer.settled();
      assert.deepEqual(await told(), [{ from: 0, steps: 3, start: true }]);
    }
    assertSamePixels(await explorer.pixels('start'), start);
    assertSamePixels(await explorer.pixels('now'), now);

    // The walk goes on to the step that was in view.
    await explorer.set('alpha', 2);
    await page.locator('.where[data-step="2"]').waitFor({ timeout: 60_000 });
    assert.deepEqual(await told(), [
      { from: 1, steps: 0, start: false }, { from: 1, steps: 1, start: false },
      { from: 2, steps: 1, start: false },
    ]);
    const other = await ExplorerPage.open(context, await explorer.link(2));
    await other.ready();
    await other.page.locator('.where[data-step="2"]').waitFor({ timeout: 60_000 });
    for (const view of ['start', 'now', 'difference']) {
      assertSamePixels(await explorer.pixels(view), await other.pixels(view));
    }
    explorer.nothingInTheConsole();
    other.nothingInTheConsole();
  } finally {
    await browser.close();
  }
});
