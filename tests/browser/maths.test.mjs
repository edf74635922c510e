// Formulas where the system has no font for them: the page has its own, so that indices stand where they
// belong.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launch } from './chromium.mjs';
import { SITE } from './explorer_page.mjs';

test('an index stands below its line and an exponent above it, in the page’s own maths font', async () => {
  const browser = await launch();
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
  await page.goto(SITE, { waitUntil: 'domcontentloaded' });
  const found = await page.evaluate(async () => {
    // The fonts that a system may have would hide a missing one.
    for (const formula of document.querySelectorAll('math')) formula.style.fontFamily = "'Page Maths', math";
    await document.fonts.load("16px 'Page Maths'", 'v');
    await document.fonts.ready;
    const loaded = [...document.fonts].some(
      (font) => font.family.includes('Page Maths') && font.status === 'loaded',
    );
    const shifts = (tag) => [...document.querySelectorAll(tag)].map(({ children: [base, index] }) => {
      const [low, high] = [base, index].map((element) => element.getBoundingClientRect());
      return {
        down: index === undefined ? 0 : high.bottom - low.bottom,
        up: low.top - high.top,
        size: high.height / low.height,
      };
    });
    return { loaded, below: shifts('msub'), above: shifts('msup') };
  });
  assert.ok(found.loaded, 'the font came');
  assert.ok(found.below.length > 0, 'the page has an index');
  for (const { down } of found.below) assert.ok(down > 1, `an index stands ${down} px lower`);
  for (const { up } of found.above) assert.ok(up > 1, `an exponent stands ${up} px higher`);
  await browser.close();
});
