// Nuclei found in an uploaded image are offered as middles of the crop: by tap, by click and by keys, on a
// telephone, at every zoom; and where there are none, or nobody can look for them, it is placed by hand.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible } from './accessible.mjs';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { png } from './crops.mjs';
import { ExplorerPage, SITE } from './explorer_page.mjs';
import { serveMicro } from './micro_site.mjs';
import { skip } from './site_bundle.mjs';

const MODULE = /cellflux_results_wasm_bg/;
const SLOW = { timeout: 60_000 };

/** Middles of nuclei, from the top down; the first two touch. */
const NUCLEI = [[300, 200], [326, 206], [900, 400], [420, 700], [1100, 820]];
const RADIUS = 14;
/** What the plane of red shows. */
const OTHERS = [[640, 300], [200, 600]];

let browser;
before(async () => { browser = await launch(WITHOUT_GPU); });
after(async () => { await browser.close(); });

/** A field, 1280 x 960 unless told, with discs in red and in blue, the plane of DNA. */
function field({ name = 'field.png', blue = NUCLEI, red = OTHERS, times = 1 } = {}) {
  const [width, height] = [1280 * times, 960 * times];
  const planes = [red, [], blue].map((discs) => {
    const plane = new Uint8Array(width * height).fill(25);
    for (const [cx, cy] of discs) {
      const r = RADIUS * times;
      for (let y = cy * times - r; y <= cy * times + r; y += 1) {
        for (let x = cx * times - r; x <= cx * times + r; x += 1) {
          const far = Math.hypot(x + 0.5 - cx * times, y + 0.5 - cy * times);
          if (far <= r) plane[y * width + x] = 150;
        }
      }
    }
    return plane;
  });
  return {
    name,
    mimeType: 'image/png',
    buffer: png(width, height, 3, (x, y, channel) => planes[channel][y * width + x]),
  };
}

const opened = ({ url = SITE, failures = false, ...settings } = {}) =>
  ExplorerPage.withNetwork(browser, `${url}?engine=candle`, settings, { failures });

const status = (page) => page.locator('.nuclei [role="status"]');
const says = (page, pattern) => page.locator('.nuclei [role="status"]', { hasText: pattern }).waitFor(SLOW);
const next = (page) => page.getByRole('button', { name: 'Next nucleus' });
const previous = (page) => page.getByRole('button', { name: 'Previous nucleus' });

/** The middle of the crop, in pixels of the image. */
async function middle(page) {
  const [x, y, side] = await Promise.all(['x', 'y', 'side'].map(async (name) =>
    Number(await page.locator(`#crop-${name}`).inputValue())));
  return [x + side / 2, y + side / 2];
}

async function isOn(page, [x, y], within = 2.5) {
  const found = await middle(page);
  assert.ok(Math.hypot(found[0] - x, found[1] - y) <= within, `${found} for ${[x, y]}`);
}

/** Where a point of the image is on the screen, with the picture as it is zoomed. */
async function onScreen(page, [x, y], size = [1280, 960]) {
  const box = await page.locator('.sheet').boundingBox();
  return [box.x + (x / size[0]) * box.width, box.y + (y / size[1]) * box.height];
}

test('keys go from nucleus to nucleus, in a window of 390 pixels', async () => {
  const { explorer, page, context } = await opened({ viewport: { width: 390, height: 844 } });
  try {
    await explorer.upload(field());
    await says(page, '5 nuclei were found in the plane of DNA.');
    await next(page).focus();
    for (const [index, place] of NUCLEI.entries()) {
      await page.keyboard.press('Enter');
      await says(page, new RegExp(`^Nucleus ${index + 1} of 5, \\d+ px in area\\.$`));
      // Where two touch the line between them may lie a little aside.
      await isOn(page, place, 4);
    }
    await page.keyboard.press('Enter');
    await says(page, /^Nucleus 1 of 5/);
    await previous(page).press('Space');
    await says(page, /^Nucleus 5 of 5/);
    await isOn(page, NUCLEI[4]);
    assert.equal(await page.locator('.rings .ring.current').getAttribute('d').then(Boolean), true);
    // A crop that is moved is on no nucleus any longer; the next one is the next of the list.
    await page.locator('.square').focus();
    await page.keyboard.press('Shift+ArrowLeft');
    await says(page, '5 nuclei were found');
    await next(page).click();
    await says(page, /^Nucleus 1 of 5/);
    await explorer.fitsItsWidth();
    await accessible(explorer, 'nuclei offered for a crop');
    await explorer.useCrop();
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('a tap near a ring centres the crop on the nearest nucleus, at every zoom', async () => {
  const { explorer, page, context } = await opened({ viewport: { width: 390, height: 844 }, hasTouch: true });
  try {
    await explorer.upload(field());
    await says(page, '5 nuclei were found');
    await page.getByRole('button', { name: 'Whole image' }).click();
    const board = await page.locator('.board').boundingBox();
    assert.ok(board.width < 390);
    const tap = async (place, [dx, dy] = [0, 0]) => {
      await page.locator('.board').scrollIntoViewIfNeeded();
      const [x, y] = await onScreen(page, place);
      await page.touchscreen.tap(x + dx, y + dy);
    };
    await tap(NUCLEI[2], [8, -6]);
    await says(page, /^Nucleus 3 of 5/);
    await isOn(page, NUCLEI[2]);
    // Of two that touch the one that is nearer.
    await tap(NUCLEI[1], [4, 0]);
    await says(page, /^Nucleus 2 of 5/);
    await tap(NUCLEI[0], [-4, 0]);
    await says(page, /^Nucleus 1 of 5/);
    // Far from any a tap brings the crop where it is.
    await tap([700, 650]);
    await says(page, '5 nuclei were found');
    await isOn(page, [700, 650], 8);

    await next(page).click();
    await says(page, /^Nucleus 2 of 5/);
    const before = (await page.locator('.sheet').boundingBox()).width;
    const closer = page.locator('button[title="Look closer at the crop"]');
    for (let times = 0; times < 2; times += 1) await closer.click();
    assert.ok((await page.locator('.sheet').boundingBox()).width > 2 * before);
    await tap(NUCLEI[0]);
    await says(page, /^Nucleus 1 of 5/);
    await isOn(page, NUCLEI[0], 4);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('a drag that begins on a nucleus moves the crop, and with Shift the picture', async () => {
  const { explorer, page, context } = await opened({ viewport: { width: 1280, height: 900 } });
  try {
    await explorer.upload(field());
    await says(page, '5 nuclei were found');
    await page.mouse.move(...(await onScreen(page, NUCLEI[2])));
    await page.mouse.down();
    await page.mouse.move(...(await onScreen(page, [700, 500])), { steps: 4 });
    await page.mouse.up();
    await isOn(page, [700, 500], 6);
    await says(page, '5 nuclei were found');
    const kept = await middle(page);
    await page.keyboard.down('Shift');
    await page.mouse.click(...(await onScreen(page, NUCLEI[2])));
    await page.keyboard.up('Shift');
    assert.deepEqual(await middle(page), kept);
    await page.mouse.click(...(await onScreen(page, NUCLEI[2])));
    await says(page, /^Nucleus 3 of 5/);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('nuclei are looked for in the plane that the visitor gives to DNA, and where there are none it is said',
  async () => {
    const { explorer, page, context } = await opened();
    try {
      await explorer.upload(field());
      await says(page, '5 nuclei were found');
      const dna = page.locator('.assign select').nth(2);
      await dna.selectOption('0');
      await says(page, '2 nuclei were found');
      await next(page).click();
      await says(page, /^Nucleus 1 of 2/);
      await isOn(page, OTHERS[0]);
      await dna.selectOption('1');
      await says(page, 'No nuclei were found in the plane of DNA; place the crop by hand.');
      assert.equal(await next(page).isDisabled(), true);
      assert.equal(await page.locator('.rings .ring').first().getAttribute('d'), '');
      await dna.selectOption('2');
      await says(page, '5 nuclei were found');
      explorer.nothingInTheConsole();
    } finally {
      await context.close();
    }
  });

test('a very large image is reduced for it, which is said, and the crop is on the nucleus', async () => {
  const { explorer, page, context } = await opened();
  try {
    await explorer.upload(field({ times: 2 }));
    await says(page, '5 nuclei were found');
    await page.locator('.nuclei .hint', { hasText: 'reduced to 1280 × 960 pixels' }).waitFor();
    await next(page).click();
    await next(page).click();
    await next(page).click();
    await says(page, /^Nucleus 3 of 5/);
    await isOn(page, NUCLEI[2].map((place) => 2 * place), 4);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('another upload takes the place of one whose nuclei are still looked for', async () => {
  const { explorer, page, context } = await opened();
  try {
    let release;
    const released = new Promise((resolve) => { release = resolve; });
    await context.route(MODULE, async (route) => {
      await released;
      await route.continue().catch(() => {});
    });
    await explorer.upload(field());
    await says(page, 'Looking for nuclei…');
    // Meanwhile the crop is placed by hand.
    await page.locator('#crop-x').fill('100');
    await page.locator('#crop-x').dispatchEvent('change');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.locator('.crop-dialog').waitFor({ state: 'hidden' });
    await explorer.upload(field({ name: 'other.png', blue: [[640, 480]] }));
    await says(page, 'Looking for nuclei…');
    release();
    await says(page, '1 nucleus was found in the plane of DNA.');
    await next(page).click();
    await isOn(page, [640, 480]);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('without the module that looks for them the crop is placed by hand', async () => {
  const { explorer, page, context } = await opened({ failures: true });
  try {
    await context.route(MODULE, (route) => route.abort());
    await explorer.upload(field());
    await says(page, /^Nuclei could not be looked for: .*cellflux_results_wasm/);
    await explorer.useCrop();
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('a bundle that names no channel of nuclei offers none, without a word', { skip }, async () => {
  const site = await serveMicro((manifest) => {
    for (const [index, channel] of manifest.image.channels.entries()) channel.name = `stain ${index + 1}`;
  });
  const { explorer, page, context } = await opened({ url: site.url });
  try {
    const came = page.waitForResponse(MODULE);
    await explorer.upload(field());
    await page.locator('.crop-dialog').waitFor();
    await came;
    await page.waitForTimeout(500);
    assert.equal(await page.locator('.nuclei').isVisible(), false);
    assert.equal(await status(page).isVisible(), false);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
    await site.close();
  }
});
