// The picture of the change as a visitor chooses it: the velocity, what the compound adds to it, and the
// difference to the walk under the control condition; in the link, in the panels, for every reader.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible } from './accessible.mjs';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { assertSamePixels, button, differing, ExplorerPage } from './explorer_page.mjs';

const SLOW = { timeout: 120_000 };

let browser;
before(async () => { browser = await launch(WITHOUT_GPU); });
after(async () => { await browser.close(); });

/** A page in a context of its own, whose network walks a few quick steps from taxol. */
async function opened({ steps = 2, alpha = 1, noise = 0, ...settings } = {}) {
  const alone = await ExplorerPage.alone(browser, undefined, settings);
  await alone.explorer.setWalk({ steps, alpha, noise });
  return alone;
}

const about = (page) => page.locator('[data-map="about"]');
const why = (page) => page.locator('[data-map="why"]');
const caption = (page) => page.locator('.view.difference figcaption');
/** Waits until the lines below the third picture hold this. */
const captioned = (page, text) =>
  page.locator('.view.difference figcaption', { hasText: text }).waitFor(SLOW);

async function choose(explorer, map) {
  await explorer.page.locator('[data-map="choice"]').selectOption(map);
  await explorer.settled();
}

/** The largest difference of two pictures' numbers. */
const farthest = (a, b) => Math.max(...a.rgba.map((value, index) => Math.abs(value - b.rgba[index])));

test('over one step of the whole way the velocity is the difference, and the start has none', async () => {
  const { explorer, page, context } = await opened({ steps: 1, viewport: { width: 1280, height: 800 } });
  try {
    await choose(explorer, 'velocity');
    await page.locator('[data-map="why"]', { hasText: 'No step leads to the start' }).waitFor();
    await choose(explorer, 'difference');
    await explorer.forward();
    const difference = await explorer.pixels('difference');
    await choose(explorer, 'velocity');
    await captioned(page, 't = 0.000 to 1.000');
    assert.match(await caption(page).innerText(), /per unit of t on average/);
    assert.match(await caption(page).innerText(), /Computed by the model, not measured/);
    const velocity = await explorer.pixels('difference');
    // Both are rounded to bytes from f32 numbers.
    assert.ok(farthest(velocity, difference) <= 1, `${farthest(velocity, difference)}`);
    assert.match(await about(page).innerText(), /At the end of the walk it is its last step’s\./);
    assert.equal(await why(page).innerText(), '');
    const legend = await page.locator('.change-scale').getAttribute('aria-label');
    assert.match(legend, /from falling by 0\.25 to rising by 0\.25 per unit of t/);
    await accessible(explorer, 'a velocity');
    await choose(explorer, 'speed');
    await page.locator('.change-scale[aria-label^="Colours of the speed"]').waitFor(SLOW);
    assert.ok(differing(await explorer.pixels('difference'), velocity) > 0);
    await page.setViewportSize({ width: 390, height: 844 });
    await explorer.fitsItsWidth();
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('a velocity follows the walk, its channels and the panels, and is in the link', async () => {
  const { explorer, page, context } = await opened();
  try {
    await choose(explorer, 'velocity');
    await explorer.forward();
    await captioned(page, 't = 0.000 to 0.500');
    const first = await explorer.pixels('difference');
    await explorer.forward();
    await captioned(page, 't = 0.500 to 1.000');
    const last = await explorer.pixels('difference');
    assert.ok(differing(first, last) > 0);
    const evaluations = await explorer.fact('evaluations');
    await button(page, 'back').click();
    await captioned(page, 't = 0.000 to 0.500');
    assertSamePixels(await explorer.pixels('difference'), first);
    assert.equal(await explorer.fact('evaluations'), evaluations, 'nothing was evaluated for it');
    const link = await explorer.link(1);
    assert.match(link, /#v=4&.*&map=velocity/);

    await page.getByRole('button', { name: 'Grey panels' }).click();
    const panels = page.locator('canvas[data-panel^="map "]');
    await panels.first().waitFor(SLOW);
    const channels = await page.locator('[data-channel]').count();
    assert.equal(await panels.count(), channels);
    await accessible(explorer, 'panels of a velocity');
    await page.locator('[data-channel]').first().click();
    await page.waitForFunction((left) => {
      const root = document.querySelector('cellflux-explorer').shadowRoot;
      return root.querySelectorAll('canvas[data-panel^="map "]').length === left;
    }, channels - 1, SLOW);

    const visitor = await ExplorerPage.open(context, link);
    await visitor.ready();
    await visitor.page.locator('.where[data-step="1"]').waitFor(SLOW);
    await captioned(visitor.page, 't = 0.000 to 0.500');
    assert.equal(await visitor.page.locator('[data-map="choice"]').inputValue(), 'velocity');
    assertSamePixels(await visitor.pixels('difference'), first);
    visitor.nothingInTheConsole();
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('what the compound adds is computed on a click, of an unguided walk too', async () => {
  const { explorer, page, context } = await opened();
  try {
    await explorer.forward();
    await choose(explorer, 'guidance');
    const compute = button(page, 'map-compute');
    await compute.waitFor(SLOW);
    assert.equal(await compute.innerText(), 'Compute it at t = 0.500 (two evaluations)');
    assert.match(await about(page).innerText(), /v = α v\(c\) \+ \(1 − α\) v\(null\).*Here α = 1:/);
    await compute.focus();
    await page.keyboard.press('Enter');
    await captioned(page, 't = 0.500; ');
    await compute.waitFor({ state: 'hidden' });
    const effect = await explorer.pixels('difference');
    await accessible(explorer, 'what the compound adds');
    // The next step waits for its own click; this one is kept.
    await explorer.forward();
    await compute.waitFor(SLOW);
    await button(page, 'back').click();
    await captioned(page, 't = 0.500; ');
    assertSamePixels(await explorer.pixels('difference'), effect);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('the walk under the control condition is walked on a click and subtracted at every step', async () => {
  const { explorer, page, context } = await opened({ noise: 0.5 });
  try {
    await explorer.forward();
    await explorer.forward();
    await choose(explorer, 'untreated');
    const compute = button(page, 'map-compute');
    await compute.waitFor(SLOW);
    assert.match(await compute.innerText(), /^Walk under DMSO/);
    await compute.click();
    await captioned(page, 't = 1.000; ');
    assert.match(await about(page).innerText(), /same start, seed, noise, solver, steps and α/);
    await accessible(explorer, 'the difference to the walk under the control condition');
    for (const step of [1, 0]) {
      await button(page, 'back').click();
      await page.locator(`.where[data-step="${step}"]`).waitFor();
    }
    // Both walks begin with the same image, its noise included.
    await captioned(page, 't = 0.000; 0.000 on average');
    const { rgba } = await explorer.pixels('difference');
    assert.deepEqual([...new Set(rgba)].sort((a, b) => a - b), [128, 255]);
    await choose(explorer, 'noised-start');
    await captioned(page, 't = 0.000; 0.000 on average');

    // Another walk has not been compared yet; the control’s own has nothing to be compared with.
    await choose(explorer, 'untreated');
    await explorer.set('alpha', 2);
    await compute.waitFor(SLOW);
    await explorer.compound('dmso');
    await page.locator('[data-map="why"]', { hasText: 'The walk in view is the one under' }).waitFor(SLOW);
    assert.equal(await compute.isVisible(), false);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('while the other walk is walked the one in view goes on, and it can be cancelled', async () => {
  const { explorer, page, context } = await opened({ steps: 200 });
  try {
    await explorer.forward();
    await choose(explorer, 'untreated');
    await button(page, 'map-compute').click();
    await button(page, 'map-cancel').waitFor(SLOW);
    await explorer.forward();
    await explorer.forward();
    assert.equal(await explorer.step(), 3);
    assert.ok(await button(page, 'map-cancel').isVisible(), 'the other walk was not waited for');
    await button(page, 'map-cancel').click();
    await button(page, 'map-compute').waitFor(SLOW);
    assert.equal(await page.locator('[data-map="far"]').innerText(), '');
    await explorer.forward();
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});
