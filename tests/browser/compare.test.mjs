// Walks beside each other: a grid that is walked while nobody calls, a pinned walk that follows the one in
// view, and changes in mid-walk.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible } from './accessible.mjs';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { assertSamePixels, button, canvasPixels, differing, ExplorerPage, SITE } from './explorer_page.mjs';
import { serveMicro } from './micro_site.mjs';
import { skip } from './site_bundle.mjs';

const SLOW = { timeout: 120_000 };

let browser;
before(async () => { browser = await launch(WITHOUT_GPU); });
after(async () => { await browser.close(); });

/** A page in a context of its own, whose network walks a few quick steps from taxol. */
async function opened({ steps = 2, url = SITE, workers = '', ...settings } = {}) {
  const alone = await ExplorerPage.alone(browser, `${url}?engine=candle${workers}`, settings);
  await alone.explorer.setWalk({ steps, alpha: 1, noise: 0 });
  return alone;
}

const progress = (page) => page.locator('[data-grid="progress"]');
const done = (page, count) => page.locator(`[data-grid="progress"][data-done="${count}"]`).waitFor(SLOW);
const openGrid = (page) => page.getByText('Compare walks').click();

/** Checks exactly these values of a side of the grid. */
async function choose(page, side, of, values) {
  await page.locator(`#grid-${side}`).selectOption(of);
  const box = page.locator('.grid-side', { has: page.locator(`#grid-${side}`) });
  for (const input of await box.locator('input').all()) {
    const wanted = values.includes(await input.getAttribute('data-value'));
    await input.setChecked(wanted);
  }
}

/** What a cell's canvas shows. */
const cellPixels = (cell) => canvasPixels(cell.locator('canvas'));

test('a grid is walked cell by cell, is a table, and a cell opens its walk in the main view', async () => {
  const { explorer, page, context } = await opened({ viewport: { width: 1280, height: 800 } });
  try {
    await openGrid(page);
    await choose(page, 'rows', 'compound', ['taxol', 'colchicine']);
    await choose(page, 'columns', 'alpha', ['1', '2']);
    const cost = await page.locator('[data-grid="cost"]').innerText();
    assert.match(cost, /^4 walks: about [\d.]+ [kM]B of memory/);
    await button(page, 'grid-walk').click();
    await done(page, 4);
    assert.equal(await progress(page).innerText(), '4 of 4 walks are done.');
    const cells = page.locator('[data-cell][data-state="done"]');
    assert.equal(await cells.count(), 4);
    // Where there are real cells they have a column of their own.
    const columns = await page.locator('.grid-table th[scope="col"]').allInnerTexts();
    assert.deepEqual(columns.filter((words) => words !== 'Not generated'), ['α = 1', 'α = 2']);
    assert.equal(await page.locator('.grid-table th[scope="row"]').count(), 2);
    assert.match(await cells.first().innerText(), /t = 1\.000, generated/);
    const pictures = [];
    for (const cell of await cells.all()) pictures.push(await cellPixels(cell));
    assert.ok(differing(pictures[0], pictures[1]) > 0, 'another guidance, another picture');
    assert.ok(differing(pictures[0], pictures[2]) > 0, 'another compound, another picture');
    await accessible(explorer, 'a grid of walks');

    // The slider shows earlier steps; the start is nobody's work.
    await page.locator('#grid-part').fill('0');
    await page.locator('[data-cell][data-step="0"]').first().waitFor();
    assert.match(await cells.first().innerText(), /t = 0\.000, the start/);
    await page.locator('#grid-part').fill('1');
    await page.locator('[data-cell][data-step="2"]').first().waitFor();

    await cells.nth(1).click();
    await page.locator('.where[data-step="2"]').waitFor(SLOW);
    await explorer.settled();
    assert.equal(await page.locator('#set-alpha').inputValue(), '2');
    const selected = page.locator('[data-compound][aria-selected="true"]');
    const opensOn = await selected.getAttribute('data-compound');
    assertSamePixels(await explorer.pixels('now'), pictures[1]);
    const [first] = await page.locator('.grid-table th[scope="row"]').allInnerTexts();
    assert.match(await page.locator('.compound-card h3').innerText(), new RegExp(first, 'i'));
    assert.ok(['taxol', 'colchicine'].includes(opensOn));

    // Other channels in the main view, other pictures here; nothing is walked for that.
    const before = await explorer.fact('evaluations');
    await page.locator('[data-channel]').first().click();
    await page.waitForFunction(
      ([was]) => {
        const root = document.querySelector('cellflux-explorer').shadowRoot;
        const canvas = root.querySelector('[data-cell] canvas');
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        return [...data].join() !== was;
      },
      [pictures[0].rgba.join()],
      SLOW,
    );
    await done(page, 4);
    assert.equal(await explorer.fact('evaluations'), before);
    await page.setViewportSize({ width: 390, height: 844 });
    await explorer.fitsItsWidth();
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('while a grid is walked the main walk goes on, and the grid can be cancelled', async () => {
  const { explorer, page, context } = await opened({ steps: 20 });
  try {
    await openGrid(page);
    await choose(page, 'rows', 'compound', ['taxol', 'colchicine']);
    await choose(page, 'columns', 'alpha', ['0', '0.5', '1', '1.5', '2', '3']);
    await button(page, 'grid-walk').click();
    await page.locator('[data-cell][data-step]:not([data-step=""])').first().waitFor(SLOW);
    await explorer.forward();
    await explorer.forward();
    assert.equal(await explorer.step(), 2);
    assert.equal(await progress(page).getAttribute('data-running'), 'true', 'the grid was not waited for');
    await button(page, 'grid-off').click();
    await page.locator('[data-grid="progress"][data-running="false"]').waitFor();
    const before = await progress(page).getAttribute('data-done');
    await page.waitForTimeout(1500);
    assert.equal(await progress(page).getAttribute('data-done'), before);
    assert.match(await progress(page).innerText(), /^Cancelled\. \d+ of 12 walks are done\./);
    await explorer.forward();
    await button(page, 'grid-on').click();
    await done(page, 12);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('a grid that is too large is refused in a sentence', async () => {
  const { explorer, page, context } = await opened();
  try {
    await openGrid(page);
    await page.locator('#grid-rows').selectOption('compound');
    const box = page.locator('.grid-side', { has: page.locator('#grid-rows') });
    for (const input of await box.locator('input').all()) await input.check();
    await button(page, 'grid-walk').click();
    await page.getByText(/= \d+ cells; at most 36 are walked/).waitFor();
    assert.equal(await page.locator('[data-cell]').count(), 0);
    // Few cells, each of them too long.
    await explorer.set('steps', 1000);
    await choose(page, 'rows', 'compound', ['taxol', 'colchicine']);
    await choose(page, 'columns', 'alpha', ['1', '2']);
    await button(page, 'grid-walk').click();
    await page.getByText(/would take about \d+ MB of memory, and at most 160 MB are used/).waitFor();
    assert.equal(await page.locator('[data-cell]').count(), 0);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('in a tab in the background a grid goes on with one worker, and nothing of it is lost', async () => {
  const { explorer, page, context } = await opened({ workers: '&workers=1' });
  try {
    await openGrid(page);
    await choose(page, 'rows', 'compound', ['taxol', 'colchicine']);
    await choose(page, 'columns', 'alpha', ['1', '2']);
    await button(page, 'grid-walk').click();
    await page.locator('[data-grid="progress"][data-running="true"]').waitFor();
    const show = (state) => page.evaluate((state) => {
      Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
      Object.defineProperty(document, 'hidden', { value: state === 'hidden', configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, state);
    await show('hidden');
    const front = await context.newPage();
    await front.bringToFront();
    await page.waitForTimeout(1500);
    assert.equal(page.workers().length, 1);
    await front.close();
    await show('visible');
    await done(page, 4);
    assert.equal(page.workers().length, 1);
    assert.equal(await page.locator('[data-cell][data-state="done"]').count(), 4);
    await explorer.forward();
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('a pinned walk follows the one in view by time, and changes places with it', async () => {
  const { explorer, page, context } = await opened({ steps: 4, viewport: { width: 1280, height: 800 } });
  try {
    await explorer.forward();
    await explorer.forward();
    await button(page, 'pin').click();
    const pinned = page.locator('canvas[data-view="pinned"]');
    await pinned.waitFor();
    const own = await explorer.pixels('now');
    assertSamePixels(await explorer.pixels('pinned'), own);
    const told = page.locator('[data-pinned="differences"]');
    assert.equal(await told.innerText(), 'nothing differs');

    // It goes on with the walk while that is the same.
    await explorer.forward();
    await page.locator('canvas[data-view="pinned"][data-step="3"]').waitFor();

    await explorer.set('alpha', 2);
    await page.locator('.where[data-step="3"]').waitFor(SLOW);
    await explorer.settled();
    assert.equal(await told.innerText(), 'α 1 → 2');
    assert.ok(differing(await explorer.pixels('pinned'), await explorer.pixels('now')) > 0);
    for (const step of [2, 1, 0]) {
      await button(page, 'back').click();
      await page.locator(`canvas[data-view="pinned"][data-step="${step}"]`).waitFor();
    }
    // Twice as many steps: the last pinned step that is not later.
    await explorer.set('steps', 8);
    for (const [step, beside] of [[1, 0], [2, 1], [3, 1]]) {
      await explorer.forward();
      assert.equal(await explorer.step(), step);
      await page.locator(`canvas[data-view="pinned"][data-step="${beside}"]`).waitFor();
    }
    assert.deepEqual((await told.innerText()).split('\n'), ['steps 4 → 8', 'α 1 → 2']);
    await accessible(explorer, 'a pinned walk');

    await button(page, 'swap').click();
    await page.locator('[data-pinned="differences"]', { hasText: 'steps 8 → 4' }).waitFor(SLOW);
    await explorer.settled();
    assert.equal(await page.locator('#set-alpha').inputValue(), '1');
    assert.ok(await explorer.step() > 0, 'the time in view is kept');

    const [stage, beside] = await Promise.all(['.views', 'cellflux-pinned'].map(
      (name) => page.locator(name).boundingBox()));
    assert.ok(beside.x >= stage.x + stage.width, 'beside the pictures where there is room');
    await page.setViewportSize({ width: 390, height: 844 });
    const [above, below] = await Promise.all(['.views', 'cellflux-pinned'].map(
      (name) => page.locator(name).boundingBox()));
    assert.ok(below.y >= above.y + above.height, 'below them where it is narrow');
    await explorer.fitsItsWidth();
    await button(page, 'unpin').click();
    await pinned.waitFor({ state: 'hidden' });
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

for (const reducedMotion of /** @type {const} */ (['no-preference', 'reduce'])) {
  test(`a setting changed in mid-walk keeps the time in view, motion: ${reducedMotion}`, async () => {
    const { explorer, page, context } = await opened({ steps: 4, reducedMotion });
    try {
      await explorer.forward();
      await explorer.forward();
      const where = page.locator('.where');
      const stays = async (step) => {
        await page.locator(`.where[data-step="${step}"]`).waitFor(SLOW);
        await explorer.settled();
        assert.match(await where.innerText(), /t = 0\.500/);
      };
      await explorer.set('steps', 8);
      await stays(4);
      await explorer.set('alpha', 2);
      await stays(4);
      await explorer.compound('colchicine');
      await stays(4);
      await explorer.set('solver', 'heun2');
      await stays(4);
      // From the start a change begins at the start, and another control does, too.
      await button(page, 'first').click();
      await explorer.set('alpha', 1);
      assert.equal(await explorer.step(), 0);
      await explorer.forward();
      await page.locator('[data-control][aria-checked="false"]').first().click();
      await explorer.settled();
      assert.equal(await explorer.step(), 0);
      explorer.nothingInTheConsole();
    } finally {
      await context.close();
    }
  });
}

test('there and back is offered by every bundle, and needs no second batch', { skip }, async () => {
  const site = await serveMicro(() => {});
  const { explorer, page, context } = await opened({ url: site.url });
  try {
    await openGrid(page);
    await page.locator('[data-preset]').first().waitFor();
    assert.deepEqual(
      await page.locator('[data-preset]').evaluateAll((all) => all.map(({ dataset }) => dataset.preset)),
      ['return'],
    );
    await page.locator('[data-preset="return"]').click();
    await explorer.settled();
    assert.equal(await page.locator('#set-direction').inputValue(), 'return');
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
    await site.close();
  }
});

test('where there are photographed controls of two batches they are compared, with a real cell beside them',
  { skip },
  async () => {
    const site = await serveMicro((manifest) => {
      const [one, two] = manifest.gallery.controls;
      Object.assign(one, { synthetic: false, batch: 'Week1' });
      Object.assign(two, { synthetic: false, batch: 'Week2' });
      manifest.gallery.treated = [{ ...one, id: 'cell-1', condition: 'taxol', batch: 'Week2' }];
    });
    const { explorer, page, context } = await opened({ url: site.url });
    try {
      await openGrid(page);
      await page.locator('[data-preset="batches"]').click();
      await done(page, 4);
      const real = await page.locator('[data-real="cell-1"]').innerText();
      assert.match(real, /real treated cell of (the start’s|another) batch/);
      explorer.nothingInTheConsole();
    } finally {
      await context.close();
      await site.close();
    }
  });

test('a flow that starts from noise offers to vary that, and no control', { skip }, async () => {
  const site = await serveMicro((manifest) => { manifest.source = 'noise'; });
  const context = await browser.newContext({ serviceWorkers: 'block' });
  try {
    const explorer = await ExplorerPage.open(context, `${site.url}?engine=candle`);
    const { page } = explorer;
    await explorer.ready();
    await explorer.set('solver', 'euler');
    await explorer.set('steps', 2);
    await openGrid(page);
    assert.equal(await page.locator('#grid-rows option[value="control"]').count(), 0);
    await page.locator('[data-preset="noise"]').click();
    await done(page, 8);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
    await site.close();
  }
});

test('a pinned walk and a grid stand in the link, and come back after a reload and elsewhere', async () => {
  const { explorer, page, context } = await opened();
  try {
    while ((await explorer.step()) < 2) await explorer.forward();
    await button(page, 'pin').click();
    await page.locator('[data-view="pinned"]').waitFor();
    await explorer.set('alpha', 2);
    await openGrid(page);
    await choose(page, 'rows', 'compound', ['taxol', 'colchicine']);
    await choose(page, 'columns', 'alpha', ['1', '2']);
    await page.waitForFunction(() => /&also=rows:compound;columns:alpha;.*pin:/.test(location.hash));
    const address = page.url();
    assert.match(address, /;pin:a=1$/);
    const chosen = () => page.locator('.grid-values input:checked').evaluateAll((boxes) =>
      boxes.map((box) => box.dataset.value));
    const before = await chosen();
    // Changing α has begun the walk anew; the pinned one is shown at its time.
    while ((await explorer.step()) < 2) await explorer.forward();
    await page.locator('canvas[data-view="pinned"][data-step="2"]').waitFor(SLOW);
    const pinned = await explorer.pixels('pinned');

    await page.reload();
    const another = await context.newPage();
    await another.goto(address);
    for (const tab of [page, another]) {
      const pin = tab.locator('canvas[data-view="pinned"]');
      await pin.waitFor(SLOW);
      await tab.locator('cellflux-pinned .still').nth(2).waitFor(SLOW);
      assert.match(await tab.locator('[data-pinned="differences"]').innerText(), /α/);
      const boxes = await tab.locator('.grid-values input:checked').evaluateAll((inputs) =>
        inputs.map((box) => /** @type {HTMLInputElement} */ (box).dataset.value));
      assert.deepEqual(boxes, before);
    }
    await page.waitForFunction((wanted) => location.hash.includes(wanted), ';pin:a=1', SLOW);
    // The same walk again, at its own end.
    while ((await explorer.step()) < 2) await explorer.forward();
    await page.locator('canvas[data-view="pinned"][data-step="2"]').waitFor(SLOW);
    assertSamePixels(await explorer.pixels('pinned'), pinned);
    await accessible(explorer, 'a walk that is pinned again');

    await button(page, 'unpin').click();
    await page.waitForFunction(() => !location.hash.includes('pin:'));
  } finally {
    await context.close();
  }
});

test('a table is saved only once something of it is there', async () => {
  const { page, context } = await opened();
  try {
    await openGrid(page);
    assert.equal(await page.locator('[data-keep="grid-png"]').isVisible(), false);
    await button(page, 'grid-walk').click();
    await page.locator('[data-cell][data-state="done"]').first().waitFor(SLOW);
    await page.locator('[data-keep="grid-png"]:enabled').waitFor();
  } finally {
    await context.close();
  }
});
