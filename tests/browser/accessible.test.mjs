// axe-core has nothing against the page in any of its states.

import { after, before, test } from 'node:test';
import { accessible } from './accessible.mjs';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { ExplorerPage, SITE } from './explorer_page.mjs';

let browser;
before(async () => { browser = await launch(WITHOUT_GPU); });
after(async () => { await browser.close(); });

async function opened(settings = {}) {
  const context = await browser.newContext({ serviceWorkers: 'block', ...settings });
  const explorer = await ExplorerPage.open(context, `${SITE}?engine=candle`);
  await explorer.network();
  return { explorer, page: explorer.page, context };
}

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

test('every fold open, a walk under way, pictures enlarged, a typed compound', async () => {
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
