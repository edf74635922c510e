// Pictures of the shipped page, 390, 1280 and 1920 px wide, light and dark: `page-…` is all of it, as it
// opens; `view-…` the first screen; `measured-…` a walk that is measured; `evaluation-…` what the model's
// evaluation says; `lab-…` the course's lab once it has learned.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { launch } from './chromium.mjs';
import { ExplorerPage, SITE } from './explorer_page.mjs';

const folder = process.env.CELLFLUX_SCREENSHOTS;
if (!folder) throw new Error('CELLFLUX_SCREENSHOTS: not set, expected the folder for the pictures');

/** The fewest steps of learning; a quick machine makes thousands before it is asked to pause. */
const LEARNT = 400;
/** A walk is measured and a lab learns on a slow machine, too. */
const SLOW = { timeout: 240_000 };

const browser = await launch();
for (const [width, height] of [[1280, 900], [390, 844], [1920, 1080]]) {
  for (const colorScheme of ['light', 'dark']) {
    const context = await browser.newContext({
      viewport: { width, height },
      colorScheme,
      deviceScaleFactor: 1,
    });
    const { page } = await ExplorerPage.open(context, `${SITE}?engine=candle`);
    const devtools = await context.newCDPSession(page);
    /** What the window shows, as WebP: small enough for the repository. */
    const view = async (name) => {
      const { data } = await devtools.send('Page.captureScreenshot', { format: 'webp', quality: 80 });
      await writeFile(join(folder, `${name}-${width}-${colorScheme}.webp`), Buffer.from(data, 'base64'));
    };
    const scrolledTo = (locator) => locator.evaluate((element) => {
      scrollTo({ top: element.getBoundingClientRect().top + scrollY - 16, behavior: 'instant' });
    });

    // What a visitor sees first: a recorded walk at its end, and the network there to walk on.
    await page.locator('.where', { hasText: 'recorded' }).first().waitFor();
    await page.locator('cellflux-explorer[data-phase="ready"]').first().waitFor(SLOW);
    await page.evaluate(() => scrollTo(0, 0));
    await page.screenshot({ path: join(folder, `page-${width}-${colorScheme}.png`), fullPage: true });
    await page.screenshot({ path: join(folder, `view-${width}-${colorScheme}.png`) });
    await view('view');

    const explorer = page.locator('cellflux-explorer').first();
    const measuring = explorer.getByText('Measure this walk');
    await measuring.click();
    await explorer.locator('.measure-chart').first().waitFor(SLOW);
    await page.waitForTimeout(2000);
    await scrolledTo(measuring);
    await view('measured');

    // Parts above it come in as they are scrolled past.
    await scrolledTo(page.locator('#measured'));
    await page.waitForTimeout(1500);
    await scrolledTo(page.locator('#measured'));
    await page.waitForTimeout(500);
    await view('evaluation');

    const lab = page.locator('cellflux-lab').first();
    await scrolledTo(lab);
    await lab.locator('canvas[aria-label*="particles"]').waitFor(SLOW);
    await lab.getByRole('button', { name: /^Learn$/ }).first().click();
    const steps = lab.locator('dt', { hasText: /^Steps$/ }).locator('+ dd');
    while (Number((await steps.textContent()).replace(/\D/g, '')) < LEARNT) await page.waitForTimeout(100);
    // It stops by itself once it has made as many steps as it is asked for.
    await lab.getByRole('button', { name: /^Pause/ }).first().click({ timeout: 1000 }).catch(() => {});
    await page.waitForTimeout(1000);
    await scrolledTo(lab);
    await view('lab');

    process.stdout.write(`${width} px, ${colorScheme}\n`);
    await context.close();
  }
}
await browser.close();
