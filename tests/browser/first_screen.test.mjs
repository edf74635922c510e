// The first screen: a cell, what became of it, and the way between, in view and as large as there is room;
// and the closer look.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { ExplorerPage, SITE } from './explorer_page.mjs';
import { manifestAddress } from './site_bundle.mjs';
import { movedBy, wholeMultiple, zoomedAbout } from '../../web/lens.js';

let browser;
before(async () => { browser = await launch(WITHOUT_GPU); });
after(async () => { await browser.close(); });

/** Windows, and within how many of their heights the walk and its buttons stand. */
const SIZES = [[1280, 800, 1], [1920, 1080, 1], [3840, 2160, 1], [390, 844, 2]];

/**
 * The most bytes that may have come until a walk can be played, as they lie on the host's disk. Hosts send
 * text packed, about a quarter of it; `cargo xtask bench page` measures how long that takes at 10 Mbit/s.
 */
const PLAYABLE_BYTES = 2_500_000;

async function opened(width, height, more = {}) {
  const context = await browser.newContext({ viewport: { width, height }, serviceWorkers: 'block', ...more });
  const explorer = await ExplorerPage.open(context, SITE);
  await explorer.page.locator('.where', { hasText: 'recorded' }).waitFor();
  return { explorer, page: explorer.page, context };
}

const box = (page, selector) => page.locator(selector).boundingBox();

/** The mean step between neighbours, as a share of the spread: about 1.1 for static, far less for a cell. */
function roughness({ width, rgba }) {
  const green = rgba.filter((_, index) => index % 4 === 1);
  const mean = green.reduce((a, b) => a + b) / green.length;
  const spread = Math.sqrt(green.reduce((sum, value) => sum + (value - mean) ** 2, 0) / green.length);
  const steps = green.map((value, at) => ((at + 1) % width ? Math.abs(green[at + 1] - value) : 0));
  return steps.reduce((a, b) => a + b) / steps.length / spread;
}

test('pictures, scrubber and the Walk button are in view on the first screen of a laptop', async () => {
  for (const [width, height, screens] of SIZES) {
    const { explorer, page, context } = await opened(width, height);
    try {
      for (const selector of ['.view.start .frame', '.view.now .frame', '.track', '[data-do="play"]']) {
        const { y, height: tall } = await box(page, selector);
        assert.ok(y >= 0 && y + tall <= screens * height, `${selector} ends at ${y + tall} of ${height}`);
      }
      await explorer.fitsItsWidth();
      explorer.nothingInTheConsole();
    } finally {
      await context.close();
    }
  }
});

test('no picture of the first screen is static', async () => {
  for (const [width, height] of SIZES) {
    const { explorer, context } = await opened(width, height);
    try {
      for (const view of ['start', 'now', 'difference']) {
        const found = roughness(await explorer.pixels(view));
        assert.ok(found < 0.75, `${view} at ${width} px: ${found}`);
      }
    } finally {
      await context.close();
    }
  }
});

test('the walk can be played before WebAssembly and the weights have come', async () => {
  for (const [width, height] of SIZES) {
    const context = await browser.newContext({ viewport: { width, height }, serviceWorkers: 'block' });
    let release;
    const held = new Promise((resolve) => { release = resolve; });
    await context.route(/\/weights-|\.wasm/, async (route) => {
      await held;
      await route.continue().catch(() => {});
    });
    const responses = [];
    context.on('response', (response) => responses.push(response));
    try {
      const { page } = await ExplorerPage.open(context, SITE);
      await page.locator('.where', { hasText: 'recorded' }).waitFor();
      const sizes = await Promise.all([...responses].map((response) =>
        response.body().then(({ length }) => length, () => 0)));
      const bytes = sizes.reduce((sum, length) => sum + length, 0);
      assert.ok(bytes > 0 && bytes <= PLAYABLE_BYTES, `${bytes} bytes at ${width} px`);
      const last = Number(await page.locator('.where').getAttribute('data-step'));
      assert.ok(last > 0, 'at its end');
      await page.locator('[data-do="back"]').click();
      await page.locator(`.where[data-step="${last - 1}"]`).waitFor();
      await page.locator('[data-do="play"]').click();
      await page.locator(`.where[data-step="${last}"]`).waitFor();
    } finally {
      release();
      await context.close();
    }
  }
});

test('one sentence says what the compound does, and each colour has its channel’s name', async () => {
  const { page, context } = await opened(1280, 800);
  try {
    const chosen = page.locator('[data-compound][aria-selected="true"]');
    const id = await chosen.getAttribute('data-compound');
    const address = await manifestAddress();
    const { conditions, image } = await (await fetch(address)).json();
    const compound = conditions.list.find((each) => each.id === id);
    const said = await page.locator('.batch-note').innerText();
    assert.ok(compound.mode_of_action, 'the first compound’s mode of action is known');
    const expected = `The data give the mode of action of ${compound.name} as “${compound.mode_of_action}”.`;
    assert.ok(said.startsWith(expected), said);
    const channels = page.locator('[data-channel]');
    assert.deepEqual(await channels.evaluateAll((all) => all.map(({ dataset }) => dataset.channel)),
      image.channels.map(({ name }) => name));
    const colours = await channels.locator('.dot').evaluateAll((all) =>
      all.map((dot) => dot.style.getPropertyValue('--dot')));
    assert.equal(new Set(colours).size, image.channels.length);
    // What it runs on is there for those who ask.
    const facts = page.locator('cellflux-model .facts');
    await page.locator('cellflux-explorer[data-phase="ready"]').waitFor({ timeout: 120_000 });
    assert.equal(await facts.isVisible(), false);
    await page.locator('cellflux-model .ground > summary').click();
    await facts.waitFor();
  } finally {
    await context.close();
  }
});

test('a pixel of a crop is a whole number of pixels, and twice as many on a large screen', async () => {
  for (const [width, height, deviceScaleFactor, least] of [
    [1280, 800, 1, 256], [1920, 1080, 1, 512], [390, 844, 3, 120],
  ]) {
    const { page, context } = await opened(width, height, { deviceScaleFactor });
    try {
      for (const view of ['start', 'now']) {
        const { width: shown } = await box(page, `.view.${view} .frame`);
        assert.ok(shown >= least, `${view} is ${shown} px wide in a window of ${width}`);
        const times = (shown * deviceScaleFactor) / 64;
        assert.ok(Math.abs(times - Math.round(times)) < 1e-2, `${times} pixels for each of the crop's`);
      }
    } finally {
      await context.close();
    }
  }
});

test('a closer look is the same in every picture, by wheel, mouse and keys, up to the edges', async () => {
  const { explorer, page, context } = await opened(1280, 800);
  const seen = () =>
    page.locator('.view .frame').evaluateAll((frames) =>
      frames.map(({ style }) => ['--zoom', '--x', '--y'].map((name) => Number(style.getPropertyValue(name)))),
    );
  const all = async () => {
    const views = await seen();
    assert.deepEqual(views[1], views[0]);
    assert.deepEqual(views[2], views[0]);
    return views[0];
  };
  try {
    assert.deepEqual(await all(), [1, 0, 0]);
    const now = page.locator('.view.now .frame');
    await now.focus();
    await page.keyboard.press('+');
    assert.deepEqual(await all(), [2, -0.5, -0.5]);
    await page.keyboard.press('ArrowRight');
    assert.deepEqual(await all(), [2, -0.7, -0.5]);
    for (let press = 0; press < 9; press += 1) await page.keyboard.press('ArrowRight');
    assert.deepEqual(await all(), [2, -1, -0.5], 'no further than the picture goes');
    const { x, y, width, height } = await now.boundingBox();
    await page.mouse.move(x + width / 2, y + height / 2);
    await page.mouse.down();
    await page.mouse.move(x + width / 2 + width / 4, y + height / 2, { steps: 4 });
    await page.mouse.up();
    const [, dragged] = await all();
    assert.ok(Math.abs(dragged + 0.75) < 0.03, String(dragged));
    assert.equal(await page.locator('.card.large').count(), 0, 'a drag is no click');
    await page.mouse.wheel(0, -100);
    assert.ok((await all())[0] > 2);
    await page.keyboard.press('0');
    assert.deepEqual(await all(), [1, 0, 0]);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('a click enlarges the walk to the window, and Escape brings the page back where it was', async () => {
  const { explorer, page, context } = await opened(1280, 800);
  try {
    await page.mouse.wheel(0, 40);
    await page.waitForFunction(() => scrollY === 40);
    const before = await box(page, '.view.now .frame');
    await page.locator('.view.now .frame').click();
    await page.locator('.card.large').waitFor();
    const card = await box(page, '.card.large');
    assert.deepEqual([card.x, card.y, card.width, card.height], [0, 0, 1280, 800]);
    const large = await box(page, '.view.now .frame');
    assert.ok(large.width > before.width, `${large.width} of ${before.width}`);
    // The walk goes on there.
    await page.locator('[data-do="back"]').click();
    await page.keyboard.press('Escape');
    assert.equal(await page.locator('.card.large').count(), 0);
    assert.equal(await page.evaluate(() => scrollY), 40);
    assert.deepEqual(await box(page, '.view.now .frame'), before);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('pictures are enlarged by whole pixels, and a zoom keeps its point and its bounds', () => {
  assert.equal(wholeMultiple(64, 257, 1), 256);
  assert.equal(wholeMultiple(64, 255, 1), 192);
  assert.equal(wholeMultiple(96, 149, 3), 128);
  assert.equal(wholeMultiple(512, 200, 1), 200, 'less than a pixel for each: as large as there is room');
  const point = [0.25, 0.75];
  const view = zoomedAbout({ zoom: 2, x: -0.4, y: -0.6 }, 1.5, point);
  // What lay under the point lies there still.
  const under = ({ zoom, x, y }) => [(point[0] - x) / zoom, (point[1] - y) / zoom];
  const [before, now] = [under({ zoom: 2, x: -0.4, y: -0.6 }), under(view)];
  assert.ok(Math.hypot(before[0] - now[0], before[1] - now[1]) < 1e-12);
  assert.deepEqual(zoomedAbout({ zoom: 1.5, x: -0.2, y: 0 }, 0.1, point), { zoom: 1, x: 0, y: 0 });
  assert.equal(zoomedAbout({ zoom: 10, x: 0, y: 0 }, 9, point).zoom, 16);
  assert.deepEqual(movedBy({ zoom: 2, x: -0.5, y: -0.5 }, [9, -9]), { zoom: 2, x: 0, y: -1 });
});
