// The demo site: drawn cells first, whose true answer is known, then a network for photographed cells with
// what was measured of it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { ExplorerPage } from './explorer_page.mjs';

const DEMO = process.env.CELLFLUX_DEMO_URL;
const skip = !DEMO && 'CELLFLUX_DEMO_URL names no site';

let browser;
before(async () => { browser = await launch(WITHOUT_GPU); });
after(async () => { await browser.close(); });

async function opened(width, height) {
  const context = await browser.newContext({ viewport: { width, height }, serviceWorkers: 'block' });
  const explorer = await ExplorerPage.open(context, DEMO);
  await explorer.page.locator('.where', { hasText: 'recorded' }).first().waitFor();
  return { explorer, page: explorer.page, context };
}

test('the first screen shows a drawn cell, its walk and the button that walks', { skip }, async () => {
  for (const [width, height, screens] of [[1280, 800, 1], [1920, 1080, 1], [3840, 2160, 1], [390, 844, 2]]) {
    const { explorer, page, context } = await opened(width, height);
    try {
      const first = page.locator('cellflux-explorer').first();
      assert.match(await first.getAttribute('src'), /\/synthetic-tiny-/);
      for (const selector of ['.view.start .frame', '.view.now .frame', '.track', '[data-do="play"]']) {
        const { y, height: tall } = await first.locator(selector).boundingBox();
        assert.ok(y >= 0 && y + tall <= screens * height, `${selector} ends at ${y + tall} of ${height}`);
      }
      await explorer.fitsItsWidth();
      explorer.nothingInTheConsole();
    } finally {
      await context.close();
    }
  }
});

test('below the walk stands what the treatment truly does to this very cell', { skip }, async () => {
  const { page, context } = await opened(1280, 800);
  try {
    const measured = page.locator('cellflux-explorer').first().locator('cellflux-measured');
    await measured.locator('[data-example$="-rounded-cell"]').waitFor();
    const title = await measured.locator('.measured-title').innerText();
    assert.match(title, /^Drawn, not generated: .* this cell/);
    assert.equal(await measured.locator('[data-example]').count(), 1);
  } finally {
    await context.close();
  }
});

test('the second explorer is of photographed cells and says what was measured', { skip }, async () => {
  const { explorer, page, context } = await opened(1280, 800);
  try {
    const second = page.locator('cellflux-explorer').nth(1);
    assert.match(await second.getAttribute('src'), /\/bbbc021-tiny-/);
    await second.scrollIntoViewIfNeeded();
    await second.and(page.locator('[data-phase="ready"]')).waitFor({ timeout: 120_000 });
    await second.locator('.where', { hasText: 'recorded' }).waitFor();
    const finding = await second.locator('.compound-card .finding').first().innerText();
    assert.match(finding, /\d+ % .* of the measured change/);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});
