// Pictures of the page as it opens, 1280, 390 and 1920 px wide, light and dark: `page-…` all of it, `view-…`
// the first screen.

import { join } from 'node:path';

import { launch } from './chromium.mjs';
import { ExplorerPage, SITE } from './explorer_page.mjs';

const folder = process.env.CELLFLUX_SCREENSHOTS;
if (!folder) throw new Error('CELLFLUX_SCREENSHOTS: not set, expected the folder for the pictures');

const browser = await launch();
for (const [width, height] of [[1280, 900], [390, 844], [1920, 1080]]) {
  for (const colorScheme of ['light', 'dark']) {
    const context = await browser.newContext({
      viewport: { width, height },
      colorScheme,
      deviceScaleFactor: 1,
    });
    const explorer = await ExplorerPage.open(context, `${SITE}?engine=candle`);
    // What a visitor sees first: a recorded walk at its end, and the network there to walk on.
    const { page } = explorer;
    await page.locator('.where', { hasText: 'recorded' }).first().waitFor();
    await page.locator('cellflux-explorer[data-phase="ready"]').first().waitFor({ timeout: 120_000 });
    await page.evaluate(() => scrollTo(0, 0));
    await page.screenshot({
      path: join(folder, `page-${width}-${colorScheme}.png`),
      fullPage: true,
    });
    await page.screenshot({ path: join(folder, `view-${width}-${colorScheme}.png`) });
    process.stdout.write(`${width} px, ${colorScheme}\n`);
    await context.close();
  }
}
await browser.close();
