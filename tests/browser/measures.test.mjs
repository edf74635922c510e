// Measuring a walk: the numbers are the command's, the charts follow the walk, walks aside never hold it up,
// and what measures is fetched when it is first wanted.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { accessible } from './accessible.mjs';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { button, ExplorerPage } from './explorer_page.mjs';
import { bundleFolder, cellflux, skip } from './site_bundle.mjs';

const MODULE = /cellflux_results_wasm_bg/;
const SLOW = { timeout: 120_000 };

let browser;
before(async () => { browser = await launch(WITHOUT_GPU); });
after(async () => { await browser.close(); });

/** A page in a context of its own, whose network walks a few quick steps. */
async function opened({ steps = 2, noise = 0, ...settings } = {}) {
  const alone = await ExplorerPage.alone(browser, undefined, settings);
  const { explorer } = alone;
  await explorer.set('solver', 'euler');
  await explorer.set('steps', steps);
  await explorer.set('noise', noise);
  return alone;
}

/** Opens the fold, and waits for the first chart. */
async function measure(page) {
  await page.getByText('Measure this walk').click();
  await page.locator('.measure-chart').first().waitFor(SLOW);
}

const slider = (page, name) => page.locator(`[data-chart="${name}"]`);
/** Waits until a step of the walk has been measured, in every chart. */
const measured = (page, step) =>
  page.locator(`[data-chart="nucleus.area"][aria-valuemax="${step}"]`).waitFor(SLOW);
/** Waits until so many walks aside have reached their ends. */
const done = (page, count) =>
  page.locator(`cellflux-measures [data-done="${count}"]`).waitFor({ state: 'attached', ...SLOW });

async function csv(explorer) {
  const text = (await explorer.keep('measures')).toString('utf8');
  const [titles, ...rows] = text.trimEnd().split('\n').map((line) => line.split(','));
  return { text, titles, rows };
}

/** Runs the command in a folder of its own, and returns a file that it wrote. */
async function command(work) {
  const folder = await mkdtemp(join(tmpdir(), 'cellflux-measures-'));
  try {
    return await work(folder, cellflux);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test('the module comes with the first use, and charts grow with the walk', async () => {
  const { explorer, page, context } = await opened();
  try {
    const asked = () => explorer.requests.filter((address) => MODULE.test(address)).length;
    await explorer.forward();
    assert.equal(asked(), 0, 'nobody has measured yet');
    await measure(page);
    assert.equal(asked(), 1);
    await measured(page, 1);
    await explorer.forward();
    await measured(page, 2);
    // The nucleus’s area and the count, each channel’s mean and texture, each pair’s correlation.
    assert.equal(await page.locator('.measure-chart').count(), 11);
    const area = page.locator('[data-measure="nucleus.area"]');
    assert.equal(await area.locator('.point').count(), 3);
    assert.deepEqual(await area.locator('.unit').allTextContents(), ['px', 'time t']);
    // Each chart says the same as a table.
    await area.getByText('As a table').click();
    assert.equal(await area.locator('tbody tr').count(), 3);
    assert.deepEqual(await area.locator('thead th').allTextContents(), ['step', 'time', 'px']);
    assert.equal(asked(), 1);
    // The bundle’s cells beside it, with what they are.
    const legend = await page.locator('.walk-measures .legend').innerText();
    assert.match(legend, /[A-D] \d+ (drawn|real) control cells?.*, the start among them/);
    assert.match(legend, /No treated cells of .* are in this bundle|cells? treated with/);
    assert.match(await area.locator('.hint li').first().innerText(),
      /^A: mean [\d.,]+ px(, 95 % interval [\d.,]+ to [\d.,]+)?, n = \d+$/);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('the cursor follows the scrubber, and the chart moves it by keys and by clicks', async () => {
  const { explorer, page, context } = await opened();
  try {
    await measure(page);
    await explorer.forward();
    await explorer.forward();
    await measured(page, 2);
    const chart = slider(page, 'nucleus.area');
    const at = () => chart.locator('.cursor').getAttribute('x1').then(Number);
    const places = [];
    for (const step of [2, 1, 0]) {
      await page.locator(`[data-chart="nucleus.area"][aria-valuenow="${step}"]`).waitFor();
      assert.match(await chart.getAttribute('aria-valuetext'), new RegExp(`^step ${step}, t = [\\d.]+: `));
      places.push(await at());
      if (step) await button(page, 'back').click();
    }
    assert.ok(places[0] > places[1] && places[1] > places[2], places.join());
    for (const [key, step] of [['ArrowRight', 1], ['End', 2], ['Home', 0]]) {
      await chart.press(key);
      await page.locator(`.where[data-step="${step}"]`).waitFor();
    }
    const { width, height } = await chart.boundingBox();
    await chart.click({ position: { x: width - 4, y: height / 2 } });
    await page.locator('.where[data-step="2"]').waitFor();
    await page.locator('[data-chart="actin.mean"][aria-valuenow="2"]').waitFor();
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('the table is the command’s of the same images, byte for byte', { skip }, async () => {
  const { explorer, page, context } = await opened({ noise: 0.5 });
  const bundle = await bundleFolder();
  try {
    await explorer.set('seed', 7);
    await measure(page);
    await explorer.forward();
    await explorer.forward();
    const table = await csv(explorer);
    const compound = table.rows[0][0];
    assert.deepEqual(table.rows.map((row) => row.slice(0, 4)),
      [0, 1, 2].map((step) => [compound, '7', String(step), table.rows[step][3]]));

    const [trajectory, times] = [await explorer.keep('trajectory'), await explorer.keep('times')];
    const ofFiles = await command(async (folder, run) => {
      const [images, at, out] = ['images.npy', 'times.npy', 'out.csv'].map((name) => join(folder, name));
      await writeFile(images, trajectory);
      await writeFile(at, times);
      await run('measure', images, '--times', at, '--bundle', bundle, '--compound', compound, '--seed', '7',
        '--out', out);
      return readFile(out, 'utf8');
    });
    assert.equal(table.text, ofFiles);

    // The command’s own walk of the link has the same titles, walk, seed and times. Its network adds up in
    // another order, so that a pixel may be another byte; the start is the same to the last byte.
    const link = await explorer.link(2);
    const walked = await command(async (folder, run) => {
      const out = join(folder, 'walk.csv');
      await run('run', link, '--bundle', bundle, '--out', join(folder, 'run'), '--engine', 'candle',
        '--measures', out);
      return readFile(out, 'utf8');
    });
    const lines = walked.trimEnd().split('\n');
    assert.deepEqual(lines.slice(0, 2), table.text.split('\n').slice(0, 2));
    assert.equal(lines.length, 4);
    for (const [step, line] of lines.slice(1).entries()) {
      const cells = line.split(',');
      assert.deepEqual(cells.slice(0, 4), table.rows[step].slice(0, 4));
      for (const [place, title] of table.titles.entries()) {
        if (!/\.mean/.test(title)) continue;
        const difference = Math.abs(Number(cells[place]) - Number(table.rows[step][place]));
        assert.ok(difference < 1e-3, `${title} at step ${step} differs by ${difference}`);
      }
    }
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
    await rm(bundle, { recursive: true, force: true });
  }
});

test('other seeds make a band, the untreated walk a comparison, and axe-core is content', async () => {
  const viewport = { width: 1280, height: 800 };
  const { explorer, page, context } = await opened({ noise: 0.5, viewport });
  try {
    await measure(page);
    await explorer.forward();
    await explorer.forward();
    await measured(page, 2);
    const band = page.locator('[data-measure="actin.mean"] .band');
    assert.equal(await band.getAttribute('d'), '');
    await button(page, 'more-seeds').click();
    await done(page, 4);
    assert.match(await band.getAttribute('d'), /^M.*Z$/);
    assert.match(await page.locator('.walk-measures .legend').innerText(), /smallest to largest of 5 seeds/);
    const { rows } = await csv(explorer);
    assert.equal(rows.length, 5 * 3);
    assert.equal(new Set(rows.map(([, seed]) => seed)).size, 5);
    const starts = rows.filter(([, , step]) => step === '0').map((row) => row.slice(4).join());
    assert.equal(new Set(starts).size, 5, 'each seed has noise of its own');

    await button(page, 'compare').click();
    await done(page, 9);
    const comparison = page.locator('.comparison');
    assert.match(await comparison.innerText(), /Generated: .*5 seeds: mean, and smallest to largest\./s);
    const differences = await comparison.locator('dd').allInnerTexts();
    assert.equal(differences.length, 3);
    assert.match(differences[0], /^[+−]?[\d.,]+ px \([+−]?[\d.,]+ %\), .* to .*; n = [1-5] seeds?\.$/);
    assert.match(differences[1], /of full scale .*Of all channels’ means this one changes most\.$/s);
    const names = await comparison.locator('dt').allInnerTexts();
    assert.equal(names[1].replace('Mean of', 'Fine detail of'), names[2]);
    const compounds = new Set((await csv(explorer)).rows.map(([compound]) => compound));
    assert.ok(compounds.has('dmso') && compounds.size === 2, [...compounds].join());
    await accessible(explorer, 'a walk measured, with seeds and a comparison');
    await page.setViewportSize({ width: 390, height: 844 });
    await explorer.fitsItsWidth();

    // Another walk begins anew.
    await explorer.compound(compounds.has('taxol') ? 'colchicine' : 'taxol');
    await page.locator('[data-chart="nucleus.area"][aria-valuemax="0"]').waitFor(SLOW);
    await page.locator('.comparison').waitFor({ state: 'hidden' });
    await explorer.forward();
    await measured(page, 1);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('while walks aside are under way the walk in view goes on, and they can be cancelled', async () => {
  const { explorer, page, context } = await opened({ steps: 3, noise: 0.5 });
  try {
    await measure(page);
    await button(page, 'more-seeds').click();
    await button(page, 'aside-off').waitFor();
    await explorer.forward();
    const walked = await explorer.pixels('now');
    await done(page, 4);
    await button(page, 'aside-off').waitFor({ state: 'hidden' });
    await explorer.forward();
    assert.match(await button(page, 'more-seeds').innerText(), /4 more seeds/);

    // A page that walks nothing aside has the same picture.
    const link = await explorer.link(2);
    const other = await ExplorerPage.open(context, link);
    await other.ready();
    await other.page.locator('.where[data-step="2"]').waitFor(SLOW);
    await other.page.locator('[data-do="back"]').click();
    await other.page.locator('.where[data-step="1"]').waitFor();
    assert.deepEqual(await other.pixels('now'), walked);
    await other.page.close();

    await button(page, 'more-seeds').click();
    await button(page, 'aside-off').click();
    await button(page, 'aside-off').waitFor({ state: 'hidden' });
    const reached = () => page.locator('cellflux-measures [data-done]').getAttribute('data-done');
    const before = await reached();
    await page.waitForTimeout(1500);
    assert.equal(await reached(), before);
    await explorer.forward();
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('without noise there are no other seeds, and a sentence says why', async () => {
  const { explorer, page, context } = await opened();
  try {
    await measure(page);
    assert.equal(await button(page, 'more-seeds').isVisible(), false);
    await page.getByText('Other seeds would give this walk again').waitFor();
    await explorer.compound('dmso');
    await page.getByText('This is the untreated walk').waitFor();
    assert.equal(await button(page, 'compare').isVisible(), false);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('without its module the page goes on, and opening the fold again tries again', async () => {
  const { explorer, page, context } = await opened();
  try {
    await context.route(MODULE, (route) => route.abort());
    await page.getByText('Measure this walk').click();
    await page.getByText(/could not be fetched.*Closing and opening this tries again/).waitFor(SLOW);
    await explorer.forward();
    await context.unroute(MODULE);
    await page.getByText('Measure this walk').click();
    await measure(page);
    await measured(page, 1);
    const others = explorer.faults.filter((fault) => !/Failed to load resource/.test(fault));
    assert.deepEqual(others, []);
  } finally {
    await context.close();
  }
});
