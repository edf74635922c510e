// Tabs, rows of pictures, comparisons and pictures to enlarge: with a script and without, by keyboard, in a
// narrow window.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible } from './accessible.mjs';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { bundle, serveSite, siteOf } from './served_site.mjs';
import { CLI, skip } from './site_bundle.mjs';

const SITE_TOML = `title = "A page"
teaser = "Look here first."
abstract = "What was done."
doi = "10.1000/xyz"
${bundle('bbbc021-tiny')}
[pictures]
enlarge = true
[[author]]
name = "Ann Roe"
email = "ann@example.org"
[[link]]
label = "Slides"
href = "https://example.org/slides"
kind = "slides"
[[section]]
id = "parts"
title = "Parts"
file = "parts.md"
[[page]]
id = "more"
title = "More"
[[page.section]]
id = "late"
title = "Late"
text = "See @eq-one on the first page."
`;

const PARTS = `\`\`\`{contents}
\`\`\`

See @fig-cells and @eq-one, and [what is in the second tab](#parts-second).

$$x = 1$$ {#eq-one}

\`\`\`\`{tabs}
label = "Two texts"
[[tab]]
title = "First"
text = "One."
[[tab]]
title = "Second"
text = "Two."
\`\`\`\`

\`\`\`{figure}
id = "fig-cells"
file = "cell.svg"
alt = "A circle"
caption = "A cell."
\`\`\`

\`\`\`{carousel}
label = "Cells in a row"
[[slide]]
file = "cell.svg"
alt = "A circle"
[[slide]]
file = "cell.svg"
alt = "The same circle"
\`\`\`
`;

const CELL = '<svg xmlns="http://www.w3.org/2000/svg" width="400" height="300"><circle cx="200" cy="150" '
  + 'r="90"/></svg>';
let browser;
let site;
before(async () => {
  browser = await launch(WITHOUT_GPU);
  if (!CLI) return;
  site = await serveSite(await siteOf({ 'site.toml': SITE_TOML, 'parts.md': PARTS, 'cell.svg': CELL }));
});
after(async () => {
  await site?.close();
  await browser.close();
});


test('tabs are one stop of the keyboard, and a link into a closed one opens it', { skip }, async () => {
  const page = await browser.newPage();
  await page.goto(site.url);
  const tab = (name) => page.getByRole('tab', { name });
  await tab('First').focus();
  await page.keyboard.press('ArrowRight');
  assert.equal(await tab('Second').getAttribute('aria-selected'), 'true');
  assert.equal(await page.getByText('One.', { exact: true }).isVisible(), false);
  await page.keyboard.press('ArrowRight');
  assert.equal(await page.getByText('Two.').isVisible(), false);
  await page.getByRole('link', { name: 'what is in the second tab' }).click();
  await page.getByText('Two.').waitFor();
  await page.close();
});

test('a picture is enlarged and left again, by keyboard', { skip }, async () => {
  const page = await browser.newPage();
  await page.goto(site.url);
  const link = page.locator('#fig-cells a.enlarge');
  await link.focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.waitFor();
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  assert.equal(await link.evaluate((node) => node === document.activeElement), true);
  await page.close();
});

test('a row of pictures goes on by its button and says where it is', { skip }, async () => {
  const page = await browser.newPage({ reducedMotion: 'reduce' });
  await page.goto(site.url);
  await page.getByText('1 of 2').waitFor();
  await page.getByRole('button', { name: 'Next' }).click();
  await page.getByText('2 of 2').waitFor();
  await page.close();
});

test('numbers are told, and lead from another page', { skip }, async () => {
  const page = await browser.newPage();
  await page.goto(site.url);
  assert.equal(await page.locator('#fig-cells .number').textContent(), 'Figure\u00a01.');
  assert.equal(await page.locator('#eq-one .number').textContent(), '(1)');
  await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'More' }).click();
  await page.getByRole('link', { name: /Equation.1/ }).click();
  await page.waitForURL(/index\.html#eq-one$/);
  await page.close();
});

test('nothing is hidden without a script, and nothing is wider than a phone', { skip }, async () => {
  const viewport = { width: 390, height: 800 };
  const context = await browser.newContext({ javaScriptEnabled: false, viewport });
  const page = await context.newPage();
  await page.goto(site.url);
  for (const words of ['Look here first.', 'One.', 'Two.']) {
    assert.equal(await page.getByText(words, { exact: true }).first().isVisible(), true, words);
  }
  assert.equal(await page.locator('figcaption', { hasText: 'A cell.' }).isVisible(), true);
  await context.close();
  const narrow = await browser.newPage({ viewport: { width: 390, height: 800 } });
  await narrow.goto(site.url);
  const wide = await narrow.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= 390, `${wide} px`);
  await narrow.close();
});

test('axe-core finds nothing in pages with all of it', { skip }, async () => {
  const page = await browser.newPage();
  for (const address of [site.url, `${site.url}more.html`]) {
    await page.goto(address);
    // No explorer is on these pages; axe-core needs the page only.
    await accessible({ page, faults: [], nothingInTheConsole() {} }, address);
  }
  await page.close();
});
