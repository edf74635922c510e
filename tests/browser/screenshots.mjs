// Pictures of the page after a walk, 1280 and 390 px wide, light and dark: `page-…` all of it, `view-…` the
// first screen.

import { join } from 'node:path';

import { launch } from './chromium.mjs';
import { ExplorerPage, SITE } from './explorer_page.mjs';

const folder = process.env.CELLFLUX_SCREENSHOTS;
if (!folder) throw new Error('CELLFLUX_SCREENSHOTS: not set, expected the folder for the pictures');

const browser = await launch();
for (const [width, height] of [[1280, 900], [390, 844]]) {
  for (const colorScheme of ['light', 'dark']) {
    const context = await browser.newContext({
      viewport: { width, height },
      colorScheme,
      deviceScaleFactor: 1,
    });
    const explorer = await ExplorerPage.open(context, `${SITE}?engine=candle`);
    await explorer.ready();
    await explorer.compound('cycloheximide');
    await explorer.walk();
    await explorer.page.evaluate(() => scrollTo(0, 0));
    await explorer.page.screenshot({
      path: join(folder, `page-${width}-${colorScheme}.png`),
      fullPage: true,
    });
    await explorer.page.screenshot({ path: join(folder, `view-${width}-${colorScheme}.png`) });
    process.stdout.write(`${width} px, ${colorScheme}\n`);
    await context.close();
  }
}
await browser.close();
