// A cell of the bundle next to the prediction: which one, when its picture is asked for, and that it is as
// large and in the same windows as the prediction.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accessible } from './accessible.mjs';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { assertSamePixels, differing, ExplorerPage } from './explorer_page.mjs';
import { serveMicro } from './micro_site.mjs';
import { CLI, skip } from './site_bundle.mjs';
import { allBeside } from '../../web/real_beside.js';
import { NO_REAL_CELL } from '../../web/real_cell.js';
import { cellsShown, ShowingReal } from '../../web/showing_real.js';


let browser;
let site;
before(async () => {
  if (!CLI) return;
  browser = await launch(WITHOUT_GPU);
  site = await serveMicro((manifest) => {
    const [one, two] = manifest.gallery.controls;
    Object.assign(one, { synthetic: false, batch: 'Week1', plate: 'P1' });
    Object.assign(two, { synthetic: false, batch: 'Week2', plate: 'P2' });
    manifest.gallery.treated = [
      { ...two, id: 'far', condition: 'taxol' }, { ...one, id: 'near', condition: 'taxol' },
    ];
  });
});
after(async () => {
  await browser?.close();
  await site?.close();
});

const RECIPE = /** @type {any} */ ({ compound: 'taxol', control: 'c1', dose: 3, hidden: [], channels: [] });
const tile = (id, more = {}) => ({
  id, condition: 'taxol', synthetic: false, untreated: false, batch: null, plate: null, dose: '', note: id,
  ...more,
});
const gallery = (examples) => /** @type {any} */ ({
  samples: [tile('c1', { condition: 'dmso', batch: 'W1', plate: 'P1' })], examples, takesDose: true,
});

test('cells of the walk’s dose come first, then those of the start’s plate, then of its batch', () => {
  const cells = [
    tile('other dose', { batch: 'W1', plate: 'P1', dose: ' at 1 µM' }), tile('far', { batch: 'W2' }),
    tile('batch', { batch: 'W1', plate: 'P2' }), tile('plate', { batch: 'W1', plate: 'P1' }),
    tile('another compound', { condition: 'dmso' }),
  ];
  assert.deepEqual(allBeside(RECIPE, gallery(cells)).map(({ tile: { id }, words }) => [id, words]), [
    ['plate', 'real treated cell of the start’s plate'],
    ['batch', 'real treated cell of the start’s batch'],
    ['far', 'real treated cell of another batch'],
    ['other dose', 'real treated cell of the start’s plate at 1 µM, another dose'],
  ]);
});

/** What is shown of a worker that answers with the name of the cell. */
function opened(more = {}) {
  let state = /** @type {any} */ ({
    ...gallery([tile('a'), tile('b')]), recipe: RECIPE, walk: { steps: [] }, phase: 'ready',
    real: NO_REAL_CELL, ...more,
  });
  const asked = [];
  const worker = { call: async (name, { id }) => {
    asked.push(id);
    if (id === 'lost') throw new Error('It did not come.');
    return { picture: id };
  } };
  const set = (patch) => { state = { ...state, ...patch }; };
  const showing = new ShowingReal(() => state, set, /** @type {any} */ (worker));
  const { 'real-cell': turn, 'real-next': next } = showing.intents();
  return { asked, set, turn, next, follow: () => showing.follow(), state: () => state };
}

test('the picture is asked for while it is looked at, once for each cell and view', async () => {
  const { asked, set, turn, next, follow, state } = opened();
  await follow();
  assert.deepEqual(asked, [], 'nobody looks at it');
  turn();
  await follow();
  await follow();
  assert.deepEqual([asked, state().real.picture], [['a'], 'a']);
  next();
  await follow();
  assert.deepEqual(asked, ['a', 'b']);
  next();
  await follow();
  assert.deepEqual(asked, ['a', 'b', 'a'], 'after the last comes the first');
  set({ recipe: { ...RECIPE, hidden: [0] } });
  await follow();
  assert.deepEqual(asked.slice(3), ['a'], 'another view, another picture');
  next();
  set({ recipe: { ...RECIPE, dose: 1 } });
  assert.equal(cellsShown(state()).at, 0, 'beside another walk the first cell stands');
});

test('a picture that did not come is said, and asked for again when it is opened again', async () => {
  const { asked, turn, follow, state } = opened({ ...gallery([tile('lost')]) });
  turn();
  await follow();
  await follow();
  assert.deepEqual([asked.length, state().real.failed], [1, 'It did not come.']);
  turn();
  turn();
  await follow();
  assert.equal(asked.length, 2);
});

test('where the bundle has no cell of the compound nothing is asked for', async () => {
  const { asked, turn, follow } = opened({ ...gallery([tile('x', { condition: 'other' })]) });
  turn();
  await follow();
  assert.deepEqual(asked, []);
});

test('a real cell stands next to the prediction, as large and in its windows', { skip }, async () => {
  const context = await browser.newContext({
    serviceWorkers: 'block', viewport: { width: 1280, height: 800 },
  });
  const explorer = await ExplorerPage.open(context, `${site.url}?engine=candle`);
  const { page } = explorer;
  try {
    await explorer.ready();
    await page.locator('[data-control]').first().click();
    await explorer.compound('taxol');
    const button = page.locator('[data-do="real-cell"]');
    assert.equal(await button.innerText(), 'Real cell beside');
    await button.click();
    const real = page.locator('canvas[data-view="real"]');
    await page.locator('canvas[data-view="real"][data-cell="near"]').waitFor();
    const caption = page.locator('.view.real figcaption');
    assert.match(await caption.innerText(), /Not generated: real treated cell of the start’s plate/);
    const [now, beside] = await Promise.all(['.view.now .frame', '.view.real .real-frame'].map(
      (place) => page.locator(place).boundingBox()));
    assert.deepEqual([beside.width, beside.height, beside.y], [now.width, now.height, now.y]);
    assert.ok(beside.x > now.x);
    // Its file is the start's own, so that it looks as the start does, in every view.
    const before = await explorer.pixels('real');
    assertSamePixels(before, await explorer.pixels('start'));
    await page.locator('[data-channel]').first().click();
    await explorer.settled();
    await page.waitForFunction((was) => {
      const canvas = /** @type {HTMLCanvasElement} */ (document.querySelector('cellflux-explorer').shadowRoot
        .querySelector('canvas[data-view="real"]'));
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return [...data].join() !== was;
    }, before.rgba.join());
    assert.ok(differing(await explorer.pixels('real'), before) > 0);
    assertSamePixels(await explorer.pixels('real'), await explorer.pixels('start'));
    await page.locator('[data-do="real-next"]').click();
    await page.locator('canvas[data-view="real"][data-cell="far"]').waitFor();
    assert.match(await caption.innerText(), /real treated cell of another batch/);
    // Which cell stands there is a choice, and a link holds it.
    await page.waitForFunction(() => location.hash.endsWith('&also=cell:1'));
    const visitor = await ExplorerPage.open(context, page.url());
    await visitor.page.locator('canvas[data-view="real"][data-cell="far"]').waitFor();
    visitor.nothingInTheConsole();
    await visitor.page.close();
    await page.goBack();
    await page.locator('canvas[data-view="real"][data-cell="near"]').waitFor();
    await page.goForward();
    await page.locator('canvas[data-view="real"][data-cell="far"]').waitFor();
    await page.locator('.view.now .frame').focus();
    await page.keyboard.press('+');
    const zooms = () => page.locator('.frame canvas, .real-frame canvas').evaluateAll((all) =>
      all.map((canvas) => getComputedStyle(canvas).transform));
    assert.equal(new Set((await zooms()).map((matrix) => matrix.split(',')[0])).size, 1, 'one zoom for all');
    await page.keyboard.press('0');
    await accessible(explorer, 'a real cell beside the prediction');
    await page.setViewportSize({ width: 390, height: 844 });
    await explorer.fitsItsWidth();
    await explorer.compound('colchicine');
    await button.waitFor({ state: 'hidden' });
    await real.waitFor({ state: 'hidden' });
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});
