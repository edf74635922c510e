// The bundle of drawn cells: its doses can be chosen, and the true answer shown is that for the chosen
// control.

import assert from 'node:assert/strict';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { serveBuilt } from './built_site.mjs';
import { launch } from './chromium.mjs';
import { ExplorerPage } from './explorer_page.mjs';
import { CLI, skip } from './site_bundle.mjs';

const BUNDLE = fileURLToPath(new URL('../../web/bundles/synthetic-tiny', import.meta.url));

let site;
let browser;
before(async () => {
  if (!CLI) return;
  const folder = await mkdtemp(join(tmpdir(), 'cellflux-answers-'));
  await writeFile(
    join(folder, 'site.toml'),
    `title = "drawn"\n[[bundle]]\npath = ${JSON.stringify(BUNDLE)}\n[[section]]\nid = "explore"\nwide = `
      + `true\ntext = """\n\`\`\`{explorer}\n\`\`\`\n"""\n`,
  );
  site = await serveBuilt(folder);
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await site?.close();
});

test(
  'a drawn control has its true answer beside it, and its compound a dose',
  { skip },
  async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const explorer = await ExplorerPage.open(context, `${site.url}?engine=candle`);
    await explorer.ready();
    const { page } = explorer;
    await explorer.compound('larger-nucleus');
    const answer = page.locator('cellflux-measured [data-example]');
    await page.locator('[data-example="control-1-larger-nucleus"]').waitFor();
    assert.equal(await answer.count(), 1);
    const title = await page.locator('.measured-title').textContent();
    assert.match(title, /the true answer, this cell under .*larger nucleus.* at 30 µM/);

    // Another control has its own answer, and another compound that of the same control.
    await page.locator('[data-control="control-2"]').click();
    await page.locator('[data-example="control-2-larger-nucleus"]').waitFor();
    await explorer.compound('rounded-cell');
    await page.locator('[data-example="control-2-rounded-cell"]').waitFor();
    assert.equal(await answer.count(), 1);

    // The dose is part of the recipe, and of the link.
    const dose = page.locator('#compound-dose');
    assert.deepEqual(await page.locator('[data-dose]').allTextContents(), ['0.3 µM', '3 µM', '30 µM']);
    assert.equal(await dose.inputValue(), '30');
    await page.locator('[data-dose="0.3"]').click();
    await explorer.settled();
    await page.waitForURL(/[&#]dose=0\.3(&|$)/);
    // A compound chosen next is given at the same dose.
    await explorer.compound('smaller-nucleus');
    assert.equal(await dose.inputValue(), '0.3');

    // At the end of a walk, in a narrow window too.
    await explorer.set('solver', 'euler');
    await explorer.set('steps', 2);
    await explorer.walk();
    await explorer.fitsItsWidth();
    await page.setViewportSize({ width: 390, height: 844 });
    await explorer.fitsItsWidth();
    await page.screenshot({ path: process.env.CELLFLUX_SCREENSHOT || undefined, fullPage: true });
    explorer.nothingInTheConsole();
    await context.close();
  },
);
