// A page with a lab: it learns in its own worker, breaks down and comes back, and its link leads to it again.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible } from './accessible.mjs';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { ExplorerPage } from './explorer_page.mjs';
import { bundle, serveSite, siteOf } from './served_site.mjs';
import { skip } from './site_bundle.mjs';

const SITE_TOML = `title = "A lab"
${bundle('bbbc021-tiny')}
[[section]]
id = "lab"
wide = true
file = "lab.md"
`;
const LAB = `\`\`\`{lab}
conditions = [{ label = "ring", target = { kind = "ring", radius = 2, spread = 0.1 } }]
network = { widths = [16, 16] }
learning = { batch = 64 }
[view]
steps = 8
\`\`\`
`;

let browser;
before(async () => { browser = await launch(WITHOUT_GPU); });
after(async () => { await browser.close(); });

/** A page with this text, and its lab once it is drawn. */
async function withLab(text, work, settings = {}) {
  const { url, close } = await serveSite(await siteOf({ 'site.toml': SITE_TOML, 'lab.md': text }));
  const context = await browser.newContext({ serviceWorkers: 'block', ...settings });
  try {
    const explorer = await ExplorerPage.open(context, url);
    await drawn(explorer.page);
    await work({ explorer, page: explorer.page, context, url });
  } finally {
    await context.close();
    await close();
  }
}

const drawn = (page) =>
  page.locator('cellflux-lab canvas[aria-label*="particles"]').waitFor({ timeout: 60_000 });
const button = (page, words) => page.locator('cellflux-lab button', { hasText: words });
const setting = (page, words) => page.locator('cellflux-lab').getByLabel(words, { exact: true });
const fact = (page, name) => page.locator('cellflux-lab dt', { hasText: name }).locator('+ dd');
const stepsAre = (page, steps) =>
  fact(page, /^Steps$/).and(page.locator(`dd:text-is("${steps}")`)).waitFor({ timeout: 60_000 });

async function learn(page, steps) {
  for (let step = 1; step <= steps; step += 1) {
    await button(page, 'One step').click();
    await stepsAre(page, step);
  }
  return fact(page, 'Loss, mean').textContent();
}

test('a lab learns step by step, alike each time, and its page asks for no explorer', { skip }, async () => {
  await withLab(LAB, async ({ explorer, page, context, url }) => {
    const loss = await learn(page, 3);
    assert.match(loss, /^\d+\.\d{3}$/);
    const again = await ExplorerPage.open(context, url);
    await drawn(again.page);
    assert.equal(await learn(again.page, 3), loss, 'a seed decides everything');
    assert.ok(explorer.requests.some((address) => /cellflux_lab_wasm_bg/.test(address)));
    assert.ok(!explorer.requests.some((address) => /cellflux_wasm_bg|explorer-/.test(address)));
    explorer.nothingInTheConsole();
  });
});

test('learning goes on until it is paused, and starts again from nothing', { skip }, async () => {
  await withLab(LAB, async ({ explorer, page }) => {
    await button(page, 'Learn').first().click();
    await page.locator('cellflux-lab .loss-chart').waitFor({ timeout: 60_000 });
    await button(page, 'Pause').click();
    await page.locator('.lab-said', { hasText: 'steps learnt' }).waitFor({ timeout: 60_000 });
    await button(page, 'Start again').click();
    await stepsAre(page, 0);
    explorer.nothingInTheConsole();
  });
});

test('a learning rate of 100 breaks down, and a lower one leads back', { skip }, async () => {
  await withLab(LAB, async ({ page }) => {
    await setting(page, 'Learning rate').selectOption('100');
    await button(page, 'Learn').first().click();
    const trouble = page.locator('.lab-trouble:visible', { hasText: 'Learning broke down' });
    await trouble.waitFor({ timeout: 60_000 });
    await setting(page, 'Learning rate').selectOption('0.002');
    await trouble.waitFor({ state: 'hidden' });
    await button(page, 'One step').click();
    await stepsAre(page, 1);
  });
});

test('what a visitor chose stands in the address, and a reload shows it again', { skip }, async () => {
  await withLab(LAB, async ({ page }) => {
    await setting(page, 'Solver').selectOption('rk4');
    await setting(page, 'Target').selectOption({ label: 'Spiral' });
    await page.waitForFunction(() => /^#lab=.*rk4/.test(location.hash) && location.hash.includes('spiral'));
    await page.reload();
    await drawn(page);
    await page.waitForFunction(() => {
      const root = document.querySelector('cellflux-lab').shadowRoot;
      return [...root.querySelectorAll('select')].some((select) => select.value === 'rk4');
    });
    assert.match(await setting(page, 'Target').locator('option:checked').textContent(), /Spiral/);
  });
});

test('the exact field of a ring is refused, and that of Gaussians is shown', { skip }, async () => {
  await withLab(LAB, async ({ page }) => {
    await setting(page, 'Field').selectOption('exact');
    await page.locator('.lab-trouble:visible', { hasText: 'no exact field is known here' }).waitFor();
    assert.equal(await setting(page, 'Field').inputValue(), 'learnt');
    await setting(page, 'Target').selectOption({ label: 'Two Gaussians' });
    await page.locator('.lab-trouble').waitFor({ state: 'hidden' });
    await setting(page, 'Field').selectOption('exact');
    await page.locator('canvas[aria-label*="the exact field"]').waitFor();
    const apart = Number(await fact(page, 'Squared energy distance').textContent());
    assert.ok(apart < 0.1, `${apart}`);
  });
});

test('a point’s density is told by number, marked, and refused where it is not known', { skip }, async () => {
  await withLab(LAB, async ({ page }) => {
    await setting(page, 'Target').selectOption({ label: 'Two Gaussians' });
    await setting(page, 'Field').selectOption('exact');
    await page.locator('cellflux-lab summary', { hasText: 'How likely is a point?' }).click();
    await setting(page, 'x').fill('-2');
    await setting(page, 'y').fill('0.5');
    await button(page, 'Density at this point').click();
    const said = page.locator('.lab-said', { hasText: 'natural logarithm' });
    await said.waitFor({ timeout: 60_000 });
    // Half a Gaussian of spread 0.4 at its middle: 0.5 / (2 pi 0.16) = 0.497.
    const [, density] = /the density ([\d.]+) at t = 1/.exec(await said.textContent());
    assert.ok(Math.abs(Number(density) - 0.497) < 0.02, density);
    await page.waitForFunction(() => decodeURIComponent(location.hash).includes('"point":[-2,0.5]'));
  });
});

test('batches shift both ends, one of them is looked at, and densities take the particles’ place', { skip },
  async () => {
    await withLab(LAB, async ({ page }) => {
      await setting(page, 'Batches').selectOption({ label: 'two, side by side' });
      await setting(page, 'Batch that is looked at').selectOption({ label: '2' });
      await page.waitForFunction(() => decodeURIComponent(location.hash).includes('"batch":1'));
      await setting(page, 'Pairs').selectOption('optimal-transport');
      await setting(page, 'Density in place of particles').check();
      await page.locator('canvas[aria-label*="as their density"]').waitFor({ timeout: 60_000 });
      await page.waitForFunction(() => decodeURIComponent(location.hash).includes('"densities":true'));
    });
  });

test('pasted text is refused by its line, and pasted points become the target', { skip }, async () => {
  await withLab(LAB, async ({ page }) => {
    await page.locator('cellflux-lab summary', { hasText: 'Points of your own' }).click();
    await setting(page, 'Two numbers in each line').fill('x,y\n0,0\n1,left\n');
    await button(page, 'Learn these points').click();
    await page.locator('.lab-trouble:visible', { hasText: 'line 3, column 2' }).waitFor();
    await setting(page, 'Two numbers in each line').fill('0,0\n10,0\n5,8\n');
    await button(page, 'Learn these points').click();
    await page.waitForFunction(() => location.hash.includes('points'));
  });
});

for (const [width, height] of [[390, 844], [1280, 800]]) {
  for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
    test(`axe-core has nothing against a lab, ${width} px, ${colorScheme}`, { skip }, async () => {
      await withLab(LAB, async ({ explorer, page }) => {
        await learn(page, 1);
        for (const fold of await page.locator('cellflux-lab summary').all()) await fold.click();
        await accessible(explorer, `lab, ${width} px, ${colorScheme}`);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
        assert.equal(wide, false, 'nothing is wider than the screen');
      }, { viewport: { width, height }, colorScheme });
    });
  }
}
