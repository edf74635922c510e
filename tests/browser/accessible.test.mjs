// axe-core has nothing against the page in any of its states.

import { after, before, test } from 'node:test';
import { accessible } from './accessible.mjs';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { microscopeTiff, png } from './crops.mjs';
import { ExplorerPage, SITE } from './explorer_page.mjs';

let browser;
before(async () => { browser = await launch(WITHOUT_GPU); });
after(async () => { await browser.close(); });

const opened = (settings = {}) => ExplorerPage.withNetwork(browser, undefined, settings);

for (const [width, height] of [[390, 844], [1280, 800]]) {
  for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
    test(`the first screen, ${width} px, ${colorScheme}`, async () => {
      const { explorer, context } = await opened({ viewport: { width, height }, colorScheme });
      try {
        await accessible(explorer, `${width} px, ${colorScheme}`);
      } finally {
        await context.close();
      }
    });
  }
}

test('every fold open, a walk under way, pictures enlarged', async () => {
  const { explorer, page, context } = await opened({ viewport: { width: 1280, height: 800 } });
  try {
    await page.evaluate(() => {
      const root = document.querySelector('cellflux-explorer').shadowRoot;
      for (const fold of [...root.querySelectorAll('details'), ...document.querySelectorAll('details')]) {
        fold.open = true;
      }
    });
    await page.locator('[data-do="first"]').click();
    await page.locator('[data-do="forward"]').click();
    await page.locator('.where[data-step="1"]').waitFor({ timeout: 60_000 });
    await accessible(explorer, 'folds open, one step walked');
    await page.locator('button', { hasText: 'Enlarge' }).click();
    await accessible(explorer, 'enlarged');
    await page.keyboard.press('Escape');
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

/** Sets up a walk of two steps. */
async function quick(explorer) {
  await explorer.ready();
  await explorer.set('solver', 'euler');
  await explorer.set('grid', 'uniform');
  await explorer.set('steps', 2);
  await explorer.set('alpha', 1);
}

/** A state of the page: what it is called, and how it is reached from the first screen. */
const STATES = {
  'a typed compound': async ({ page }) => {
    await page.getByText('Any other compound').click();
    await page.locator('#typed-smiles').fill('CC(=O)Oc1ccccc1C(=O)O');
    await page.locator('#typed-smiles').press('Enter');
    await page.locator('.typed-card h3').waitFor({ timeout: 60_000 });
  },
  'a trouble that is told': async (explorer) => {
    await explorer.page.evaluate(() => { location.hash = 'a=11'; });
    await explorer.says(/alpha is 11, expected a number from 0 to 10/i);
  },
  'a crop that is placed': async (explorer) => {
    const buffer = png(80, 64, 3, (x, y) => (2 * x + 3 * y) % 256);
    await explorer.upload({ name: 'field.png', mimeType: 'image/png', buffer });
    await explorer.page.locator('.crop-dialog [data-do="use-crop"]').waitFor();
  },
  'planes that are to be assigned': async (explorer) => {
    const files = ['one', 'two', 'three', 'four'].map((name, at) => (
      { name: `${name}.png`, mimeType: 'image/png', buffer: png(64, 64, 1, (x, y) => (at * x + y) % 256) }));
    await explorer.upload(...files);
    await explorer.page.locator('.crop-dialog [data-do="use-crop"]').waitFor();
  },
  'planes with colours of their own': async (explorer) => {
    const channels = ['65535', '-1', '-16776961']
      .map((colour, at) => `<Channel Name="Ch${at}" Color="${colour}"/>`).join('');
    const description =
      `<OME><Image><Pixels SizeC="3" SizeZ="1" SizeT="1">${channels}<TiffData/></Pixels></Image></OME>`;
    const planes = [1, 2, 3].map((by) => (x, y) => (by * x + y) % 256);
    const buffer = microscopeTiff(80, 64, planes, { description });
    await explorer.upload({ name: 'field.ome.tif', mimeType: 'image/tiff', buffer });
    await explorer.page.locator('.crop-dialog .planes .file-colour').first().waitFor();
  },
  'a pinned walk': async (explorer) => {
    const { page } = explorer;
    await quick(explorer);
    await explorer.forward();
    await page.locator('[data-do="pin"]').click();
    await page.locator('canvas[data-view="pinned"]').waitFor();
    await explorer.set('alpha', 2);
    await page.locator('[data-pinned="differences"]', { hasText: '→ 2' }).waitFor();
  },
  'a grid of walks': async (explorer) => {
    const { page } = explorer;
    await quick(explorer);
    await page.getByText('Compare walks').click();
    await page.locator('[data-do="grid-walk"]').click();
    await page.locator('[data-cell][data-state="done"]').first().waitFor({ timeout: 120_000 });
    await page.locator('[data-grid="progress"][data-running="false"]').waitFor({ timeout: 120_000 });
  },
  'grey panels, with source noise': async (explorer) => {
    await explorer.ready();
    await explorer.set('noise', 0.5);
    await explorer.page.locator('button', { hasText: 'Grey panels' }).click();
    await explorer.page.locator('.panel canvas').first().waitFor();
  },
  'a walk back': async (explorer) => {
    await explorer.ready();
    await explorer.set('direction', 'reverse');
  },
  'the adaptive solver': async (explorer) => {
    await explorer.ready();
    await explorer.set('solver', 'dopri5');
  },
  'every channel off': async (explorer) => {
    await explorer.ready();
    for (const channel of await explorer.page.locator('[data-channel]').all()) await channel.click();
    await explorer.settled();
    await explorer.page.getByText('Every channel is switched off, so').waitFor();
  },
  'a map of the velocity': async (explorer) => {
    const { page } = explorer;
    await quick(explorer);
    await explorer.forward();
    await page.locator('[data-map="choice"]').selectOption('velocity');
    await page.locator('.view.difference figcaption', { hasText: 't = 0.000 to 0.500' })
      .waitFor({ timeout: 60_000 });
  },
  'a walk that is measured': async (explorer) => {
    const { page } = explorer;
    await quick(explorer);
    await page.getByText('Measure this walk').click();
    await page.locator('.measure-chart').first().waitFor({ timeout: 120_000 });
  },
  'a grid that is refused': async ({ page }) => {
    await page.getByText('Compare walks').click();
    await page.locator('#grid-rows').selectOption('alpha');
    await page.locator('#grid-columns').selectOption('alpha');
    await page.locator('[data-do="grid-walk"]').click();
    await page.getByText('Rows and columns vary the same').waitFor();
  },
};
for (const [state, reach] of Object.entries(STATES)) {
  test(`in both colour schemes and on a phone, ${state}`, async () => {
    const { explorer, page, context } = await opened({ viewport: { width: 1280, height: 800 } });
    try {
      await reach(explorer);
      for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
        await page.emulateMedia({ colorScheme });
        await accessible(explorer, `${state}, ${colorScheme}`);
      }
      await page.setViewportSize({ width: 390, height: 844 });
      await explorer.fitsItsWidth();
      await accessible(explorer, `${state}, 390 px`);
    } finally {
      await context.close();
    }
  });
}

test('while the weights come', async () => {
  const context = await browser.newContext({ serviceWorkers: 'block' });
  let release;
  const held = new Promise((resolve) => { release = resolve; });
  await context.route(/\/weights-/, async (route) => { await held; await route.continue().catch(() => {}); });
  try {
    const explorer = await ExplorerPage.open(context, `${SITE}?engine=candle`);
    await explorer.page.locator('cellflux-model progress').waitFor();
    await accessible(explorer, 'the weights come');
  } finally {
    release();
    await context.close();
  }
});

test('where the bundle cannot be had', async () => {
  const context = await browser.newContext({ serviceWorkers: 'block' });
  await context.route(/manifest\.json/, (route) => route.fulfill({ status: 404, body: '' }));
  try {
    const explorer = await ExplorerPage.open(context, SITE, { failures: true });
    await explorer.page.locator('cellflux-explorer[data-phase="failed"]').waitFor();
    await explorer.says(/manifest\.json: the server answered 404/);
    await accessible(explorer, 'without a bundle');
  } finally {
    await context.close();
  }
});

test('where the engine that was asked for is not there', async () => {
  const context = await browser.newContext({ serviceWorkers: 'block' });
  try {
    const explorer = await ExplorerPage.open(context, `${SITE}?engine=wgpu`);
    await explorer.says(/^WebGPU was asked for/);
    await accessible(explorer, 'without the GPU that was asked for');
  } finally {
    await context.close();
  }
});

test('in a frame', async () => {
  const context = await browser.newContext({ serviceWorkers: 'block' });
  try {
    const explorer = await ExplorerPage.open(context, `${SITE}embed.html?engine=candle`);
    await explorer.network();
    await accessible(explorer, 'embedded');
  } finally {
    await context.close();
  }
});
