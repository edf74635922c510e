// Live reload: an author saves a file, and the open page shows it.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { bundle, serveSite, siteOf } from './served_site.mjs';
import { skip } from './site_bundle.mjs';

const SITE_TOML = `title = "A page"
${bundle('bbbc021-tiny')}
[[section]]
id = "text"
file = "text.md"
`;

let browser;
before(async () => { browser = await launch(WITHOUT_GPU); });
after(async () => { await browser.close(); });

test(
  'the open page shows what was saved, keeps its last state while a file is wrong, and says what is',
  { skip },
  async () => {
    const folder = await siteOf({ 'site.toml': SITE_TOML, 'text.md': 'The first words.\n' });
    const { url, close } = await serveSite(folder);
    const page = await browser.newPage();
    page.setDefaultTimeout(30_000);
    const faults = [];
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(message.text());
    });
    try {
      await page.goto(url);
      await page.getByText('The first words.').waitFor();

      await writeFile(join(folder, 'text.md'), 'Other words.\n');
      await page.getByText('Other words.').waitFor();
      assert.equal(await page.getByText('The first words.').count(), 0);

      await writeFile(join(folder, 'text.md'), 'Wrong words.\n\n![A cell](gone.png)\n');
      const corner = page.locator('.live-trouble');
      await corner.filter({ hasText: /text\.md:3: .*gone\.png/ }).waitFor();
      assert.equal(await page.getByText('Other words.').count(), 1, 'the last good page stays');

      await writeFile(join(folder, 'text.md'), 'Mended words.\n');
      await page.getByText('Mended words.').waitFor();
      assert.equal(await corner.isVisible(), false);
      assert.deepEqual(faults, []);
    } finally {
      await page.close();
      await close();
    }
  },
);
