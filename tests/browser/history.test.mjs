// The browser's back and forward undo and redo choices: what is seen comes back, from memory where it was
// walked, and what has changed is said. Which changes are entries at all is in page_history.test.mjs.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible } from './accessible.mjs';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { controlCrop } from './crops.mjs';
import { assertSamePixels, ExplorerPage, SITE } from './explorer_page.mjs';
import { serveSite, siteOfTwoExplorers } from './served_site.mjs';
import { skip } from './site_bundle.mjs';

const SLOW = { timeout: 120_000 };

let browser;
before(async () => { browser = await launch(WITHOUT_GPU); });
after(async () => { await browser.close(); });

/** A page in a context of its own, whose network has walked two quick steps under taxol. */
async function opened(settings = {}) {
  const alone = await ExplorerPage.alone(browser, undefined, settings);
  await alone.explorer.setWalk({ alpha: 1, noise: 0 });
  // Numbers changed within a second are one choice.
  await alone.page.waitForTimeout(1200);
  return alone;
}

const chosen = (page, compound) =>
  page.locator(`[data-compound="${compound}"][aria-selected="true"]`).waitFor(SLOW);
const at = (page, step) => page.locator(`.where[data-step="${step}"]`).waitFor(SLOW);
const entries = (page) => page.evaluate(() => history.length);
const back = (page) => page.evaluate(() => history.back());
const forward = (page) => page.evaluate(() => history.forward());

test('back brings the walk before with pictures and step, walks nothing twice, and says so', async () => {
  const { explorer, page, context } = await opened();
  try {
    await explorer.forward();
    await explorer.forward();
    const taxol = await explorer.pixels('now');
    await explorer.compound('colchicine');
    // The walk goes on to the time in view, or begins.
    while (await explorer.step() < 2) await explorer.forward();
    const colchicine = await explorer.pixels('now');
    const computed = await explorer.fact('evaluations');

    // The step is in the tab's entry after a pause.
    await page.waitForTimeout(600);
    await back(page);
    await explorer.says(/^Back to taxol\.$/);
    await chosen(page, 'taxol');
    await at(page, 2);
    assertSamePixels(await explorer.pixels('now'), taxol);
    await forward(page);
    await explorer.says(/^Forward to colchicine\.$/);
    await at(page, 2);
    assertSamePixels(await explorer.pixels('now'), colchicine);
    assert.equal(await explorer.fact('evaluations'), computed, 'nothing was walked again');
    // What is brought back can be made into files and walked on.
    await back(page);
    await chosen(page, 'taxol');
    await at(page, 2);
    assertSamePixels(await explorer.decodePng(await explorer.keep('frame')), taxol);
    await accessible(explorer, 'after going back');
  } finally {
    await context.close();
  }
});

test('each choice is undone by itself: control, setting, direction, channel, in the order of the choices',
  async () => {
    const { explorer, page, context } = await opened();
    try {
      const control = page.locator('[data-control][aria-checked="true"]');
      const own = await control.getAttribute('data-control');
      await page.locator('[data-control][aria-checked="false"]').first().click();
      await explorer.settled();
      await explorer.set('alpha', 2);
      await explorer.set('solver', 'heun2');
      await explorer.set('direction', 'return');
      await page.locator('[data-channel]').first().click();
      await page.locator('[data-channel][aria-pressed="false"]').waitFor();
      await explorer.settled();

      await back(page);
      await explorer.says(/^Back: channels are shown otherwise/);
      assert.equal(await page.locator('[data-channel][aria-pressed="false"]').count(), 0);
      await back(page);
      await explorer.says(/direction there and back → forward/);
      assert.equal(await page.locator('#set-direction').inputValue(), 'forward');
      await back(page);
      await explorer.says(/solver Heun → Euler/);
      await back(page);
      await explorer.says(/α 2 → 1/);
      assert.equal(await page.locator('#set-alpha').inputValue(), '1');
      await back(page);
      await explorer.says(/^Back: start /);
      assert.equal(await control.getAttribute('data-control'), own);
      for (let count = 0; count < 5; count += 1) {
        await forward(page);
        await explorer.says(/^Forward: /);
        await page.locator('cellflux-notice [aria-label^="Dismiss"]').click();
      }
      await page.locator('[data-channel][aria-pressed="false"]').waitFor();
      assert.equal(await page.locator('#set-direction').inputValue(), 'return');
      explorer.nothingInTheConsole();
    } finally {
      await context.close();
    }
  });

test('scrubbing, dragging and a held key do not fill the history', async () => {
  const { explorer, page, context } = await opened();
  try {
    await explorer.forward();
    await explorer.forward();
    const before = await entries(page);
    await page.locator('.track').focus();
    for (const key of ['Home', 'End', 'ArrowLeft', 'ArrowRight']) {
      await page.keyboard.press(key);
      await page.waitForTimeout(500);
    }
    assert.equal(await entries(page), before, 'the time in view is no entry');

    await page.locator('.tune > summary').click();
    const slider = page.locator('.tune-row input[type="range"]').first();
    await slider.scrollIntoViewIfNeeded();
    const { x, y, width, height } = await slider.boundingBox();
    await page.mouse.move(x + 0.2 * width, y + height / 2);
    await page.mouse.down();
    for (const part of [0.3, 0.4, 0.5]) {
      await page.mouse.move(x + part * width, y + height / 2, { steps: 4 });
      await page.waitForTimeout(600);
    }
    assert.equal(await entries(page), before, 'while it is dragged nothing is');
    await page.mouse.up();
    await explorer.settled();
    await page.waitForTimeout(800);
    assert.equal(await entries(page), before + 1, 'a drag is one entry');

    await page.waitForTimeout(1200);
    await page.locator('#set-alpha').focus();
    for (let count = 0; count < 6; count += 1) await page.keyboard.press('ArrowRight');
    await explorer.settled();
    assert.equal(await entries(page), before + 2, 'keys in a row are one entry');
    await back(page);
    await explorer.says(/α [\d.]+ → 1\.$/);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('the focus stays where it is, and an ordinary anchor stays one', async () => {
  const { explorer, page, context } = await opened();
  try {
    await page.locator('#set-solver').focus();
    await page.locator('#set-solver').selectOption('heun2');
    await explorer.settled();
    await back(page);
    await explorer.says(/solver Heun → Euler/);
    assert.equal(
      await page.evaluate(() => document.querySelector('cellflux-explorer').shadowRoot.activeElement?.id),
      'set-solver',
    );
    await page.evaluate(() => { location.hash = 'content'; });
    await page.waitForTimeout(600);
    assert.equal(await page.evaluate(() => location.hash), '#content');
    await explorer.compound('colchicine');
    await back(page);
    await chosen(page, 'taxol');
    assert.equal(await page.evaluate(() => location.hash), '#content', 'and it is still the anchor’s entry');
    await back(page);
    await page.waitForFunction(() => location.hash.includes('c=taxol'));
    await chosen(page, 'taxol');
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('a pinned walk and the visitor’s own crop come back', async () => {
  const { explorer, page, context } = await opened();
  try {
    await explorer.forward();
    await page.locator('[data-do="pin"]').click();
    const pinned = page.locator('canvas[data-view="pinned"]');
    await pinned.waitFor();
    await page.locator('[data-do="unpin"]').click();
    await pinned.waitFor({ state: 'hidden' });
    await back(page);
    await explorer.says(/^Back: a walk is pinned/);
    await pinned.waitFor();
    await back(page);
    await explorer.says(/^Back: no walk is pinned/);
    await pinned.waitFor({ state: 'hidden' });

    await explorer.upload(controlCrop());
    await explorer.useCrop();
    const own = await explorer.pixels('start');
    await page.locator('[data-control]:not([data-control="upload"])').first().click();
    await explorer.settled();
    await back(page);
    await page.locator('[data-control="upload"][aria-checked="true"]').waitFor(SLOW);
    assertSamePixels(await explorer.pixels('start'), own);
    assert.doesNotMatch(await page.evaluate(() => location.href), /crop=/);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('where the browser refuses new entries the page goes on, and the address is right', async () => {
  const context = await browser.newContext({ serviceWorkers: 'block' });
  try {
    const explorer = await ExplorerPage.open(context, `${SITE}?engine=candle`, {
      init: () => {
        history.pushState = () => { throw new DOMException('too often', 'SecurityError'); };
      },
    });
    const { page } = explorer;
    await explorer.ready();
    const before = await entries(page);
    await explorer.compound('taxol');
    await explorer.compound('colchicine');
    await page.waitForFunction(() => location.hash.includes('c=colchicine'));
    assert.equal(await entries(page), before);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('of two explorers back undoes the last change of whichever changed, and one link holds both',
  { skip },
  async () => {
    const folder = await siteOfTwoExplorers(2);
    const { url, close } = await serveSite(folder);
    const context = await browser.newContext({ serviceWorkers: 'block' });
    const both = (page) => [0, 1].map((index) => page.locator('cellflux-explorer').nth(index));
    const ready = (one, page) => one.and(page.locator('[data-phase="ready"]')).waitFor(SLOW);
    const under = (one, compound) =>
      one.locator(`[data-compound="${compound}"][aria-selected="true"]`).waitFor(SLOW);
    try {
      const { page, ...seen } = await ExplorerPage.open(context, url);
      const [first, second] = both(page);
      await ready(first, page);
      await second.scrollIntoViewIfNeeded();
      await ready(second, page);
      await page.waitForFunction(() => location.hash.includes('c=taxol'));
      assert.doesNotMatch(await page.evaluate(() => location.hash), /rounded-cell/, 'nobody has used it');

      await second.locator('[data-compound="larger-nucleus"]').click();
      await page.waitForFunction(() => /&&.*larger-nucleus/.test(location.hash));
      await first.locator('[data-compound="colchicine"]').click();
      await page.waitForFunction(() => location.hash.includes('c=colchicine'));
      const address = await page.evaluate(() => location.href);

      await back(page);
      await under(first, 'taxol');
      await under(second, 'larger-nucleus');
      await back(page);
      await under(second, 'rounded-cell');
      await under(first, 'taxol');
      await forward(page);
      await under(second, 'larger-nucleus');

      const other = await ExplorerPage.open(context, address);
      const [one, two] = both(other.page);
      await ready(one, other.page);
      await under(one, 'colchicine');
      await two.scrollIntoViewIfNeeded();
      await ready(two, other.page);
      await under(two, 'larger-nucleus');
      assert.deepEqual([...seen.faults, ...other.faults], []);
    } finally {
      await context.close();
      await close();
    }
  });
