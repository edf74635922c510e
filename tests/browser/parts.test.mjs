// Parts of the explorer by themselves: each is given a state and shows it. No network and no worker runs.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launch, WITHOUT_GPU } from './chromium.mjs';

const WEB = fileURLToPath(new URL('../../web/', import.meta.url));
const TYPES = {
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.css': 'text/css',
  '.woff2': 'font/woff2',
  '': 'text/html',
};
const PAGE = '<!doctype html><html lang="fr"><title>parts</title><body></body></html>';

let browser;
let server;
let page;

before(async () => {
  server = createServer(async ({ url }, response) => {
    const path = new URL(url, 'http://localhost').pathname.slice(1);
    const body = path ? await readFile(WEB + path).catch(() => null) : PAGE;
    response.writeHead(body === null ? 404 : 200, { 'content-type': TYPES[extname(path)] ?? 'text/plain' });
    response.end(body);
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  browser = await launch(WITHOUT_GPU);
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  page = await context.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await page.evaluate(async () => {
    const { layout, ANY_PART } = await import('/layout.js');
    const { styleSheets } = await import('/style_sheets.js');
    const host = document.body.appendChild(document.createElement('div'));
    const root = host.attachShadow({ mode: 'open' });
    root.adoptedStyleSheets = (await styleSheets()).sheets;
    root.append(...layout(host));
    const { EMPTY } = await import('/state.js');
    const channels = ['actin', 'tubulin', 'DNA'].map((name) => ({ name, stain: '', colour: '#ff8800' }));
    const rgba = new Uint8ClampedArray(4 * 16 * 16).fill(120);
    const picture = { width: 16, height: 16, rgba };
    const tile = (id, treated, note) => ({ id, treated, note, label: id, condition: 'dmso', dose: '' });
    const compound = { id: 'taxol', name: 'Taxol', action: '', doses: [], batches: [], findings: [] };
    globalThis.parts = { root, picture };
    globalThis.show = (patch) => {
      const state = {
        ...EMPTY,
        phase: 'ready',
        channels,
        visible: channels.map(() => true),
        samples: [tile('control-1', false, 'DMSO, measured, untreated')],
        examples: [tile('taxol-1', true, 'Taxol at 3 µM, measured')],
        compounds: [{ ...compound, control: false, training: { badge: 'seen', kind: 'seen', sentence: '' } }],
        flowSource: 'control',
        compoundName: 'Taxol',
        start: { title: 'Control', kind: 'control', note: '', synthetic: false, batch: null },
        ...patch,
      };
      for (const part of root.querySelectorAll(ANY_PART)) {
        if (!part.matches('cellflux-model, cellflux-provenance, cellflux-settings')) part.update(state);
      }
    };
  });
});

after(async () => {
  await browser.close();
  server.close();
});

const recipe = (more) => ({
  control: 'control-1', compound: 'taxol', direction: 'forward', noise: 0, alpha: 1, seed: 1, ...more,
});

/** Shows a walk of one step reached. */
const walk = (noised, more) =>
  page.evaluate(
    ([noised, recipe]) => {
      const { picture } = globalThis.parts;
      const steps = [{ time: 0, now: picture, difference: { ...picture } }];
      globalThis.show({
        recipe,
        walk: { key: Math.random(), start: picture, noised, times: [0, 1], finished: false, steps },
      });
    },
    [noised, recipe(more)],
  );

test('where noise was added the pictures say so, and that the difference leaves it out', async () => {
  const explained = page.locator('cellflux-stage .explained');
  await walk(true, { noise: 0.5 });
  assert.equal(
    await explained.textContent(),
    'The walk starts from the control with noise of level 0.5 added, which the network takes away on the '
      + 'way: one control can become many cells. “Difference to the control” leaves that noise out.',
  );
  await walk(false, {});
  assert.equal(await explained.isVisible(), false);
});

test('walking back, the first step says which cell is walked from and how to go forward again', async () => {
  await walk(false, { control: 'taxol-1', direction: 'reverse' });
  assert.equal(
    await page.locator('cellflux-control .about').textContent(),
    'No control is chosen: the walk goes back from a treated cell (Taxol at 3 µM, measured). '
      + 'Choose a control to walk forward again.',
  );
  await walk(false, {});
  assert.equal(
    await page.locator('cellflux-control .about').textContent(),
    'DMSO, measured, untreated.',
  );
});

/** What the model's part says of who computed a walk of these steps. */
const computedBy = (engines) =>
  page.evaluate(async (engines) => {
    const { EMPTY } = await import('/state.js');
    const part = globalThis.parts.root.querySelector('cellflux-model');
    const engine = { engine: 'wgpu', adapter: 'a GPU', software: false, dtype: 'f16', tiles: 'default' };
    const walk = { steps: [null, ...engines].map((engine) => ({ engine })) };
    const state = { phase: 'ready', manifest: {}, engineAsked: 'auto', engine, walk, evaluations: 4 };
    part.update({ ...EMPTY, ...state });
    return part.querySelector('[data-fact="steps"]')?.textContent ?? null;
  }, engines);

test('a walk that changed engines names both and is not called exact', async () => {
  const [cpu, gpu] = [{ engine: 'candle', dtype: 'f32' }, { engine: 'wgpu', dtype: 'f16' }];
  assert.equal(await computedBy([]), null);
  assert.equal(await computedBy([gpu, gpu]), 'Steps 1 to 2 by wgpu, f16');
  assert.equal(
    await computedBy([cpu, cpu, gpu]),
    'Steps 1 to 2 by candle, f32; step 3 by wgpu, f16. Engines round differently, so this walk is not exact: '
      + 'walked again by one engine, its numbers differ a little.',
  );
});

test('the explorer is marked as English on a page in another language', async () => {
  const languages = await page.evaluate(() =>
    [...globalThis.parts.root.children].map((element) => element.closest('[lang]')?.lang),
  );
  assert.ok(languages.length > 0);
  assert.deepEqual([...new Set(languages)], ['en']);
});

test('long file names leave the channels in sight in a narrow window', async () => {
  const start = 'HEPG2-01_Plate1_B02_site1_2026-03-14_long-exposure_of-a-very-long-experiment';
  const labels = ['w1_actin.ome.tif', 'w2_tubulin.ome.tif', 'w3_DNA.ome.tif'].map((end) => `${start}_${end}`);
  await page.evaluate((labels) => {
    const { picture } = globalThis.parts;
    globalThis.show({
      recipe: null,
      walk: null,
      upload: {
        key: 1, name: labels[0], width: 80, height: 80, assignment: [0, 1, 2],
        planes: labels.map((label) => ({ label, picture, colour: null, colourName: null })),
        guessed: [true, true, true], byColour: [false, false, false], crop: { x: 0, y: 0, side: 32 },
        extent: [1, 1], smallest: 8, sorts: [], reading: [], complete: true, picture, cropPicture: picture,
        clipped: { dark: 0, bright: 0 }, hints: [], notes: [], pixelUm: null, scaleFrom: null,
      },
    });
  }, labels);
  const dialog = page.locator('.crop-dialog');
  await dialog.waitFor();
  const options = page.locator('.assign select').first().locator('option');
  for (const [index, label] of labels.entries()) {
    const option = options.nth(index);
    assert.equal(await option.getAttribute('title'), label);
    assert.equal(await option.getAttribute('aria-label'), label);
    const shown = await option.textContent();
    assert.ok(shown.length < 30 && label.endsWith(shown.split('…')[1]), shown);
  }
  for (const name of ['actin', 'tubulin', 'DNA']) {
    assert.ok(await page.locator('.assign label', { hasText: name }).first().isVisible());
  }
  const [inner, outer] = await dialog.evaluate((box) => [box.scrollWidth, box.clientWidth]);
  assert.ok(inner <= outer, `the dialog's content is ${inner} px wide in ${outer}`);
  await page.evaluate(() => globalThis.show({ recipe: null, walk: null, upload: null }));
});

/** Shows a walk that has been measured, beside these groups of cells. */
const measuredBeside = (groups, more = {}) =>
  page.evaluate(async ([groups, recipe, more]) => {
    const { NOTHING_MEASURED } = await import('/measures.js');
    const { picture } = globalThis.parts;
    const measure = (name, unit) => ({ name, unit, about: `about ${name}`, source: 'by hand' });
    const times = [0, 1];
    globalThis.show({
      recipe,
      walk: {
        key: 5, start: picture, noised: false, times, finished: true,
        steps: times.map((time) => ({ time, now: picture, difference: { ...picture } })),
      },
      measures: {
        ...NOTHING_MEASURED,
        open: true,
        list: [measure('nucleus.area', 'µm²'), measure('nucleus.cut-off', '')],
        groups,
        key: 5,
        steps: times.map((time) => ({ time, values: [100 + time, time] })),
        ...more,
      },
    });
    const details = globalThis.parts.root.querySelector('.walk-measures');
    details.open = true;
  }, [groups, recipe({}), more]);

test('cells beside a curve are called drawn or real, of which batch and dose, and counted', async () => {
  const mean = (n, interval) => [{ n, mean: 120, interval }, null];
  const group = (more) => (
    { treated: false, synthetic: false, batch: 'same', otherDose: false, hasStart: false, cells: 1, ...more }
  );
  await measuredBeside([
    group({ cells: 6, hasStart: true, means: mean(6, [110, 130]) }),
    group({ treated: true, batch: 'other', cells: 3, means: mean(2, [90, 150]) }),
    group({ treated: true, batch: 'unknown', otherDose: true, means: mean(1, null) }),
    group({ treated: true, synthetic: true, batch: 'none', cells: 2, means: [null, null] }),
  ]);
  const lines = await page.locator('.legend li').allInnerTexts();
  assert.deepEqual(lines.slice(1), [
    'A 6 real control cells of the start’s batch, the start among them',
    'B 3 real cells treated with Taxol of another batch than the start’s',
    'C 1 real cell treated with Taxol at another dose, not known to be of the start’s batch',
    'D 2 drawn cells treated with Taxol',
  ]);
  assert.match(lines[0], /^Generated: the walk in view$/);
  await page.locator('[data-measure="nucleus.area"]').getByText('As a table').click();
  const cells = await page.locator('[data-measure="nucleus.area"] details li').allInnerTexts();
  assert.deepEqual(cells, [
    'A: mean 120 µm², 95 % interval 110 to 130, n = 6',
    'B: mean 120 µm², 95 % interval 90 to 150, n = 2',
    'C: mean 120 µm², n = 1',
  ]);
  // Cells of another batch or dose are dashed; the nucleus is cut off at the last step.
  assert.equal(await page.locator('.measure-chart circle.mark.far').count(), 2);
  await page.getByText('At step 1 the nucleus reaches the crop’s border').waitFor();
  assert.equal(await page.locator('[data-measure]').count(), 1, 'a yes or no is no curve');
});

test('where the bundle has no such cells, or no control condition, a sentence says so', async () => {
  await measuredBeside([]);
  const legend = await page.locator('.walk-measures .legend').innerText();
  assert.match(legend, /No control cells are in this bundle to compare with\./);
  assert.match(legend, /No treated cells of Taxol are in this bundle to compare with\./);
  assert.equal(await page.locator('.measure-chart .mark').count(), 0);
  await page.getByText('This bundle has no control condition').waitFor();
  await page.getByText('Other seeds would give this walk again').waitFor();
});

test('a drawn cell is not among real ones', async () => {
  const shown = await page.evaluate((recipe) => {
    const { picture, root } = globalThis.parts;
    const tile = (id, synthetic) => (
      { id, synthetic, treated: true, note: id, label: id, condition: 'taxol', dose: '', batch: null });
    const steps = [{ time: 0, now: picture, difference: { ...picture } }];
    globalThis.show({
      recipe, walk: { key: 1, start: picture, noised: false, times: [0, 1], finished: false, steps },
      examples: [tile('real-1', false), tile('drawn-1', true)],
    });
    const part = root.querySelector('cellflux-measured');
    return {
      title: part.querySelector('.measured-title').textContent,
      cells: [...part.querySelectorAll('[data-example]')].map(({ dataset }) => dataset.example),
    };
  }, recipe({}));
  assert.match(shown.title, /^Measured, not generated: real cells treated with Taxol/);
  assert.deepEqual(shown.cells, ['real-1']);
});
