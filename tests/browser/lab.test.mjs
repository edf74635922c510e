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

const drawn = async (page) => {
  await page.locator('cellflux-lab').scrollIntoViewIfNeeded();
  await page.locator('cellflux-lab canvas[aria-label*="particles"]').waitFor({ timeout: 60_000 });
};
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

test('a lab further down asks for its module when it comes into view, and not before', { skip }, async () => {
  const above = 'One line after another.\n\n'.repeat(150);
  const { url, close } = await serveSite(await siteOf({ 'site.toml': SITE_TOML, 'lab.md': above + LAB }));
  const context = await browser.newContext({ serviceWorkers: 'block' });
  try {
    const { page, requests } = await ExplorerPage.open(context, url);
    // Time enough for a module that is asked for at once.
    await page.waitForTimeout(1500);
    const asked = () => requests.some((address) => /cellflux_lab_wasm_bg/.test(address));
    assert.equal(asked(), false);
    await drawn(page);
    assert.equal(asked(), true);
  } finally {
    await context.close();
    await close();
  }
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

/** Whether the plane's legend names the lines of pairs. */
const legend = (page) => page.locator('.lab-legend li', { hasText: 'Lines from sources' });

test('lines of the next step’s pairs are drawn where they are asked for', { skip }, async () => {
  await withLab(LAB, async ({ explorer, page }) => {
    assert.equal(await legend(page).isVisible(), false);
    await setting(page, 'Lines from sources to targets of pairs').check();
    await legend(page).waitFor();
    await page.waitForFunction(() => decodeURIComponent(location.hash).includes('"pairs":true'));
    explorer.nothingInTheConsole();
  });
});

test('fields stand side by side, learnt and, where they are known, exact', { skip }, async () => {
  await withLab(LAB, async ({ page }) => {
    await page.locator('cellflux-lab summary', { hasText: 'Fields side by side' }).click();
    const figures = page.locator('.lab-fields figcaption');
    await figures.nth(2).waitFor();
    assert.deepEqual(await figures.allTextContents(),
      ['learnt: condition ring', 'learnt: null velocity', 'learnt: guided, α = 1.0']);
    await setting(page, 'Target').selectOption({ label: 'Two Gaussians' });
    await figures.nth(5).waitFor();
    assert.match((await figures.allTextContents()).join(), /exact: condition Two Gaussians.*exact: guided/);
  });
});

test('solvers are compared by their errors, and another view takes the table away', { skip }, async () => {
  await withLab(LAB, async ({ explorer, page }) => {
    await setting(page, 'Target').selectOption({ label: 'Two Gaussians' });
    await setting(page, 'Field').selectOption('exact');
    await page.locator('canvas[aria-label*="the exact field"]').waitFor();
    await button(page, 'Compare the solvers').click();
    const rows = page.locator('.lab-errors tbody tr');
    await rows.nth(3).waitFor({ timeout: 60_000 });
    const errors = await rows.evaluateAll((all) => all.map((row) =>
      [...row.querySelectorAll('td')].map(({ textContent }) => Number(textContent.replace('−', '-')))));
    assert.ok(errors.every((row) => row.length === 5 && row[4] < row[0]), JSON.stringify(errors));
    assert.ok(errors[3][4] < errors[0][4], 'the solver of order 4 ends nearer than Euler’s');
    await accessible(explorer, 'errors of solvers');
    await setting(page, 'Solver').selectOption('rk4');
    await rows.first().waitFor({ state: 'detached' });
  });
});

test('source, noise, times, network and seed are chosen, and stand in the address', { skip }, async () => {
  await withLab(LAB, async ({ page }) => {
    await page.locator('cellflux-lab summary', { hasText: 'Source, path and network' }).click();
    const inLink = (text) => page.waitForFunction((part) =>
      decodeURIComponent(location.hash).includes(part), text);
    await setting(page, 'Source').selectOption({ label: 'Spiral' });
    await inLink('"source":{"kind":"spiral"');
    await setting(page, 'Noise added to sources (standard deviation)').selectOption('0.25');
    await inLink('"noise":0.25');
    await setting(page, 'Times of the examples').selectOption('skewed');
    await inLink('"times":"skewed"');
    await setting(page, 'Hidden layers').selectOption('3');
    await inLink('"widths":[16,16,16]');
    await setting(page, 'Neurons of each hidden layer').selectOption('32');
    await inLink('"widths":[32,32,32]');
    await setting(page, 'Pairs in each step').selectOption('128');
    await inLink('"batch":128');
    await setting(page, 'Share of pairs without their condition').selectOption('0.5');
    await inLink('"drop_condition":0.5');
    await setting(page, 'Seed').fill('7');
    await setting(page, 'Seed').press('Enter');
    await inLink('"seed":7');
    await setting(page, 'Second condition').selectOption({ label: 'Checkerboard' });
    await inLink('"label":"Checkerboard"');
    assert.equal(await setting(page, 'Condition').locator('option').count(), 3);
    await button(page, 'One step').click();
    await stepsAre(page, 1);
  });
});

test('a source that is the target is learnt like any other', { skip }, async () => {
  await withLab(LAB, async ({ explorer, page }) => {
    await page.locator('cellflux-lab summary', { hasText: 'Source, path and network' }).click();
    await setting(page, 'Source').selectOption({ label: 'Ring' });
    await page.waitForFunction(() => decodeURIComponent(location.hash).includes('"source":{"kind":"ring"'));
    await learn(page, 2);
    assert.ok(Math.abs(Number((await fact(page, 'Squared energy').textContent()).replace('−', '-'))) < 1);
    assert.equal(await page.locator('.lab-trouble').isVisible(), false);
    explorer.nothingInTheConsole();
  });
});

test('a drawing of one point becomes the target and is learnt', { skip }, async () => {
  await withLab(LAB, async ({ explorer, page }) => {
    await button(page, 'Draw a target').click();
    await page.locator('cellflux-lab canvas').first().click({ position: { x: 60, y: 60 } });
    await button(page, 'Learn the drawing').click();
    await page.waitForFunction(() => /"strokes":\[\[\[[^\]]*\]\]\]/.test(decodeURIComponent(location.hash)));
    await learn(page, 2);
    assert.equal(await page.locator('.lab-trouble').isVisible(), false);
    explorer.nothingInTheConsole();
  });
});

test('a text in place of points is refused in words, and the lab stays as it was', { skip }, async () => {
  await withLab(LAB, async ({ page }) => {
    await page.locator('cellflux-lab summary', { hasText: 'Points of your own' }).click();
    await setting(page, 'Two numbers in each line').fill('Once upon a time');
    await button(page, 'Learn these points').click();
    await page.locator('.lab-trouble:visible', { hasText: 'line 1: 1 cells, expected 2' }).waitFor();
    await button(page, 'One step').click();
    await stepsAre(page, 1);
  });
});

test('in a background tab learning pauses, and goes on when the tab is seen again', { skip }, async () => {
  await withLab(LAB, async ({ page }) => {
    const hide = (hidden) => page.evaluate((value) => {
      Object.defineProperty(document, 'hidden', { value, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
    const steps = async () => Number(await fact(page, /^Steps$/).textContent());
    await button(page, 'Learn').first().click();
    await page.locator('cellflux-lab .loss-chart').waitFor({ timeout: 60_000 });
    await hide(true);
    await page.locator('.lab-said', { hasText: 'steps learnt' }).waitFor({ timeout: 60_000 });
    const before = await steps();
    await page.waitForTimeout(600);
    assert.equal(await steps(), before);
    await hide(false);
    await page.waitForFunction((least) => {
      const [first] = document.querySelector('cellflux-lab').shadowRoot.querySelectorAll('.lab-facts dd');
      return Number(first.textContent) > least;
    }, before, { timeout: 60_000 });
    await button(page, 'Pause').click();
  });
});

test('particles move while the network learns, unless less motion is preferred', { skip }, async () => {
  for (const reducedMotion of /** @type {const} */ (['no-preference', 'reduce'])) {
    await withLab(LAB, async ({ page }) => {
      await page.evaluate(() => {
        const { fillText } = CanvasRenderingContext2D.prototype;
        globalThis.times = new Set();
        CanvasRenderingContext2D.prototype.fillText = function told(...given) {
          globalThis.times.add(given[0]);
          return fillText.apply(this, given);
        };
      });
      await button(page, 'Learn').first().click();
      await page.locator('cellflux-lab .loss-chart').waitFor({ timeout: 60_000 });
      await page.waitForTimeout(1000);
      const seen = await page.evaluate(() => globalThis.times.size);
      if (reducedMotion === 'reduce') assert.equal(seen, 0);
      else assert.ok(seen > 2, `${seen}`);
      await button(page, 'Pause').click();
    }, { reducedMotion });
  }
});

test('a lab is used with the keyboard alone', { skip }, async () => {
  await withLab(LAB, async ({ page }) => {
    await button(page, 'One step').focus();
    await page.keyboard.press('Enter');
    await stepsAre(page, 1);
    await page.locator('.lab-time input').focus();
    await page.keyboard.press('Home');
    await page.locator('.lab-time output', { hasText: 't = 0.000' }).waitFor();
    await page.keyboard.press('ArrowRight');
    await page.locator('.lab-time output', { hasText: 't = 0.125' }).waitFor();
    const fold = page.locator('cellflux-lab summary', { hasText: 'Points of your own' });
    await fold.focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.type('0,0\n1,0\n1,2\n');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => location.hash.includes('points'));
  });
});

test('on a phone a lab is learnt and drawn on with a finger', { skip }, async () => {
  await withLab(LAB, async ({ explorer, page }) => {
    await button(page, 'One step').tap();
    await stepsAre(page, 1);
    await button(page, 'Draw a target').tap();
    await page.locator('cellflux-lab canvas').first().tap({ position: { x: 60, y: 60 } });
    await button(page, 'Learn the drawing').tap();
    await page.waitForFunction(() => location.hash.includes('strokes'));
    explorer.nothingInTheConsole();
  }, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
});

for (const [width, height] of [[390, 844], [1280, 800], [1920, 1080]]) {
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
