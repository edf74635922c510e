// Several explorers of several bundles on one page: each walks by itself, and the page's address belongs to
// the first.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { ExplorerPage } from './explorer_page.mjs';
import { serveSite, siteOfTwoExplorers } from './served_site.mjs';
import { skip } from './site_bundle.mjs';

let browser;
before(async () => { browser = await launch(WITHOUT_GPU); });
after(async () => { await browser.close(); });

test(
  'two explorers, of a bundle each, start and walk, and the link of the second leads to a page of its own',
  { skip },
  async () => {
    const folder = await siteOfTwoExplorers(3);
    const { url, close } = await serveSite(folder);
    const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
    try {
      const { page, ...opened } = await ExplorerPage.open(context, url);
      const [first, second] = [
        page.locator('cellflux-explorer').nth(0),
        page.locator('cellflux-explorer').nth(1),
      ];
      const ready = (one) => one.and(page.locator('[data-phase="ready"]')).waitFor({ timeout: 120_000 });
      await ready(first);
      assert.equal(await second.getAttribute('data-phase'), null, 'below the screen it waits');
      await second.scrollIntoViewIfNeeded();
      await ready(second);
      await first.locator('[data-compound="taxol"][aria-selected="true"]').waitFor();
      await second.locator('[data-compound="rounded-cell"][aria-selected="true"]').waitFor();

      await second.locator('[data-do="forward"]').click();
      await second.locator('.where[data-step="1"]').waitFor({ timeout: 120_000 });
      assert.equal(
        await first.locator('.where').getAttribute('data-step'),
        '0',
        'the first stays where it is',
      );
      await first.locator('[data-do="forward"]').click();
      await first.locator('.where[data-step="1"]').waitFor({ timeout: 120_000 });
      await page.waitForFunction(() => location.hash.includes('c=taxol'));

      const shown = await second.locator('canvas[data-view="now"]').evaluate((canvas) => canvas.toDataURL());
      await second.locator('[data-keep="link"]').click();
      await second.locator('cellflux-notice .sentence', { hasText: 'copied' }).waitFor();
      const link = await page.evaluate(() => navigator.clipboard.readText());
      assert.match(link, /\/embed\.html\?model=synthetic-tiny#.*c=rounded-cell.*at=1/);

      const alone = await ExplorerPage.open(context, link);
      await alone.page.locator('.where[data-step="1"]').waitFor({ timeout: 120_000 });
      assert.equal(
        await alone.page.locator('canvas[data-view="now"]').evaluate((canvas) => canvas.toDataURL()),
        shown,
      );
      assert.deepEqual([...opened.faults, ...alone.faults], []);
    } finally {
      await context.close();
      await close();
    }
  },
);
