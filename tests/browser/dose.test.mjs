// A network that takes the dose as a number: any dose between those of the data is walked, what training had
// of it is said, and walks across doses give a film and a response. A bundle without doses shows none of it.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { accessible } from './accessible.mjs';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { assertSamePixels, button, canvasPixels, differing, ExplorerPage, SITE } from './explorer_page.mjs';
import { serveMicro } from './micro_site.mjs';
import { readNpy, relativeError } from './npy.mjs';
import { CLI, runNatively, skip } from './site_bundle.mjs';

const SLOW = { timeout: 120_000 };
const DOSE = { dose: { kind: 'log1p', mean: 1, scale: 1 } };

let browser;
let site;
before(async () => {
  browser = await launch(WITHOUT_GPU);
  if (CLI) site = await serveMicro(null, '', DOSE);
});
after(async () => {
  await browser.close();
  await site?.close();
});

/** A page of its own, whose network walks two quick steps under taxol, which the data have at three doses. */
async function opened({ url = site.url, compound = 'taxol', noise = 0, ...settings } = {}) {
  const alone = await ExplorerPage.alone(browser, `${url}?engine=candle`, settings);
  await alone.explorer.setWalk({ compound, noise });
  return alone;
}

const typed = (page) => page.locator('#compound-dose');
const standing = (page) => page.locator('#dose-standing');
const done = (page, count) => page.locator(`[data-doses="progress"][data-done="${count}"]`).waitFor(SLOW);

async function typeDose(explorer, text) {
  await typed(explorer.page).fill(text);
  await typed(explorer.page).dispatchEvent('change');
  await explorer.settled();
}

test('a dose between those of the data is chosen by slider and by typing, and is in the link', { skip },
  async () => {
    const { explorer, page, context } = await opened({ viewport: { width: 1280, height: 900 } });
    try {
      assert.deepEqual(await page.locator('[data-dose]').allTextContents(), ['0.3 µM', '1 µM', '3 µM']);
      assert.deepEqual(await page.locator('.dose-ends span').allTextContents(), ['0.3 µM', '3 µM']);
      assert.equal(await typed(page).inputValue(), '3');
      assert.match(await standing(page).textContent(), /^3 µM: cells of this dose are in the data\.$/);

      const slider = page.locator('#dose-place');
      await slider.press('ArrowLeft');
      await explorer.settled();
      const stepped = Number(await typed(page).inputValue());
      assert.ok(stepped < 3 && stepped > 2.9, String(stepped));
      assert.equal(await slider.getAttribute('aria-valuetext'), `${stepped} µM`);
      assert.match(await standing(page).textContent(), /interpolated by the network: no cell .* trained on/);
      await slider.press('Home');
      await explorer.settled();
      assert.equal(await typed(page).inputValue(), '0.3');

      await typeDose(explorer, '0,7');
      await page.waitForURL(/[&#]dose=0\.7(&|$)/);
      await accessible(explorer, 'a dose between two');
      const again = await context.newPage();
      await again.goto(page.url());
      await again.locator('#compound-dose').waitFor();
      await again.waitForFunction(() => document.querySelector('cellflux-explorer')
        .shadowRoot.querySelector('#compound-dose').value === '0.7');
      await again.close();

      // Beyond the data: refused with the range, and the dose stays.
      await typeDose(explorer, '50');
      await explorer.says(/dose is 50, expected a number from 0\.3 to 3 micromolar/i);
      assert.equal(await typed(page).inputValue(), '0.7');

      await page.locator('[data-dose="1"]').click();
      await explorer.settled();
      await page.locator('[data-dose="1"][aria-pressed="true"]').waitFor();
      // A compound with one dose has no slider, and its card says which dose.
      await explorer.compound('colchicine');
      assert.equal(await page.locator('cellflux-dose').isVisible(), false);
      assert.equal(await page.locator('cellflux-doses').isVisible(), false);
      assert.match(await page.locator('.compound-card').innerText(), /Doses in the data\s+0\.03 µM\s/);
      await page.setViewportSize({ width: 390, height: 844 });
      await explorer.compound('taxol');
      await explorer.fitsItsWidth();
      explorer.nothingInTheConsole();
    } finally {
      await context.close();
    }
  });

test('another dose is another walk', { skip }, async () => {
  const { explorer, context } = await opened();
  try {
    await explorer.walk();
    const highest = await explorer.pixels('now');
    await typeDose(explorer, '0.5');
    await explorer.walk();
    assert.ok(differing(await explorer.pixels('now'), highest) > 0);
  } finally {
    await context.close();
  }
});

test('the command walks the dose of the slider to the same numbers, from its link and with --dose', { skip },
  async () => {
    const { explorer, page, context } = await opened({ noise: 0.5 });
    try {
      for (let press = 0; press < 5; press += 1) {
        await page.locator('#dose-place').press('ArrowLeft');
        await explorer.settled();
      }
      const dose = await typed(page).inputValue();
      assert.ok(Number(dose) > 1 && Number(dose) < 3, dose);
      await explorer.walk();
      const shown = readNpy(await explorer.keep('trajectory'));
      const link = await explorer.link(2);
      const own = new RegExp(`([#&])dose=${dose.replace('.', '\\.')}(?=&|$)`);
      assert.match(link, own);
      const other = link.replace(own, '$1dose=0.3');
      // The same arithmetic, with other instructions.
      const SAME = 1e-4;
      for (const [what, ...given] of [['its link', link], ['--dose', other, '--dose', dose]]) {
        const [address, ...options] = given;
        const native = await runNatively(address, site.bundle, 'candle', ...options);
        assert.deepEqual(shown.shape, native.shape);
        const error = relativeError(shown.values, native.values);
        assert.ok(error < SAME, `${what}: ${error}`);
      }
      const elsewhere = await runNatively(other, site.bundle, 'candle');
      assert.ok(relativeError(shown.values, elsewhere.values) > SAME, 'another dose gives other numbers');
      explorer.nothingInTheConsole();
    } finally {
      await context.close();
    }
  });

test('walks across doses are a film and a response, and a picture opens its walk', { skip }, async () => {
  const { explorer, page, context } = await opened({ noise: 0.5, viewport: { width: 1280, height: 900 } });
  try {
    await page.getByText('Across doses').click();
    await page.locator('#doses-seeds').selectOption('2');
    assert.equal(await page.locator('[data-doses="cost"]').textContent(), '10 walks.');
    await button(page, 'doses-walk').click();
    await done(page, 10);
    const film = page.locator('[data-dose-walk]');
    assert.equal(await film.count(), 5);
    const doses = await film.evaluateAll((all) => all.map(({ dataset }) => Number(dataset.doseWalk)));
    assert.deepEqual(doses, [0.3, 0.548, 1, 1.73, 3]);
    assert.match(await film.first().innerText(), /0\.3 µM\s+t = 1\.000, generated\s+cells of this dose/);
    const between = page.locator('[data-dose-walk] [data-standing="between"]');
    assert.equal(await between.count(), 2);
    assert.match(await between.first().innerText(), /interpolated by the network/);

    // The response: full points for doses of the data, rings between, a band over both seeds.
    const response = page.locator('[data-response="actin.mean"]');
    assert.equal(await response.locator('.point').count(), 5);
    assert.equal(await response.locator('.point.open').count(), 2);
    assert.notEqual(await response.locator('.band').getAttribute('d'), '');
    assert.match(await response.locator('.unit').last().textContent(), /^dose, µM/);
    await response.getByText('As a table').click();
    assert.equal(await response.locator('tbody tr').count(), 5);
    await accessible(explorer, 'walks across doses');

    const [download] = await Promise.all([
      page.waitForEvent('download'), button(page, 'keep-doses').click(),
    ]);
    assert.equal(download.suggestedFilename(), 'cellflux-taxol-doses.csv');
    const lines = (await readFile(await download.path(), 'utf8')).trimEnd().split('\n');
    assert.equal(lines.length, 11);
    assert.match(lines[0], /^compound,dose \[micromolar\],training,seed,nucleus\.area \[px\],/);

    // One slider moves all of them in time.
    await page.locator('#doses-part').fill('0.5');
    await page.locator('[data-dose-walk][data-step="1"]').first().waitFor();
    assert.equal(await page.locator('[data-dose-walk][data-step="1"]').count(), 5);
    await page.locator('#doses-part').fill('1');
    await page.locator('[data-dose-walk][data-step="2"]').first().waitFor();

    const first = await canvasPixels(film.first().locator('canvas'));
    await film.first().click();
    await page.locator('.where[data-step="2"]').waitFor(SLOW);
    await explorer.settled();
    assert.equal(await typed(page).inputValue(), '0.3');
    assertSamePixels(await explorer.pixels('now'), first);
    await page.setViewportSize({ width: 390, height: 844 });
    await explorer.fitsItsWidth();
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('a typed compound has the doses that training saw', { skip }, async () => {
  const { explorer, page, context } = await opened();
  try {
    await explorer.compound('dmso');
    await page.getByText('Any other compound').click();
    await page.locator('#typed-smiles').fill('CC(=O)Oc1ccccc1C(=O)O');
    await page.locator('#typed-smiles').press('Enter');
    await page.locator('.typed-card h3').waitFor(SLOW);
    await explorer.settled();
    assert.equal(await page.locator('cellflux-dose').isVisible(), true);
    assert.equal(await typed(page).inputValue(), '100');
    assert.match(await standing(page).textContent(), /never seen this compound, at any dose/);
    assert.equal(await page.locator('[data-dose]').count(), 0);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('conditions of one compound at several doses have a response, and no slider', { skip }, async () => {
  const listed = await serveMicro((manifest) => {
    const { conditions } = manifest;
    conditions.encoder = { kind: 'table', source: 'made up' };
    const [one, other] = ['taxol', 'colchicine']
      .map((id) => conditions.list.find((each) => each.id === id));
    other.smiles = one.smiles;
    [one.doses_um, other.doses_um] = [[1], [10]];
  });
  const { explorer, page, context } = await opened({ url: listed.url });
  try {
    assert.equal(await page.locator('cellflux-dose').isVisible(), false);
    await page.getByText('Across doses').click();
    await page.locator('#doses-count').waitFor({ state: 'hidden' });
    await button(page, 'doses-walk').click();
    await done(page, 2);
    const film = page.locator('[data-dose-walk]');
    const doses = await film.evaluateAll((all) => all.map(({ dataset }) => dataset.doseWalk));
    assert.deepEqual(doses, ['1', '10']);
    await film.last().click();
    await page.locator('[data-compound="colchicine"][aria-selected="true"]').waitFor(SLOW);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
    await listed.close();
  }
});

test('a bundle without doses shows none of it', async () => {
  const context = await browser.newContext({ serviceWorkers: 'block' });
  const explorer = await ExplorerPage.open(context, `${SITE}?engine=candle`);
  try {
    await explorer.ready();
    await explorer.compound('taxol');
    for (const part of ['cellflux-dose', 'cellflux-doses']) {
      assert.equal(await explorer.page.locator(part).isVisible(), false, part);
    }
    assert.equal(await explorer.page.getByText('Across doses').isVisible(), false);
  } finally {
    await context.close();
  }
});
