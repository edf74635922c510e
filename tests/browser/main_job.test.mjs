// The main job, end to end: a control crop becomes a drug trajectory in the browser, with the native command's numbers.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { launch } from './chromium.mjs';
import { controlCrop } from './crops.mjs';
import { ExplorerPage, SITE, assertSamePixels, differing } from './explorer_page.mjs';
import { readNpy, relativeError } from './npy.mjs';
import { CLI, bundleFolder, runNatively } from './site_bundle.mjs';

/** Page and command are both f32 and differ by rounding alone; a walk multiplies that a little. */
const SAME_TRAJECTORY = 1e-3;
/** Eight Heun steps there and back miss the start by the solver’s error alone; 6 % was measured, where the way out was 18 %. */
const RETURN_STEPS = 8;
const RETURN_ERROR = 0.1;

const STEPS = 4;

/** Both engines walk the same way; SwiftShader stands in for a GPU. */
for (const engine of (process.env.CELLFLUX_ENGINES ?? 'candle wgpu').split(' ')) {
  describe(`on ${engine}`, () => {
    let browser;
    let explorer;
    let address;
    let trajectory;
    let start;
    before(async () => {
      browser = await launch();
      explorer = await ExplorerPage.open(await browser.newContext(), `${SITE}?engine=${engine}`);
      await explorer.ready(240_000);
    });
    after(async () => {
      explorer.nothingInTheConsole();
      await browser.close();
    });

    test(`a crop walks to cycloheximide in four Heun steps with alpha 1.2 (${engine})`, async () => {
      await explorer.upload(controlCrop());
      await explorer.useCrop();
      await explorer.compound('cycloheximide');
      await explorer.set('solver', 'heun2');
      await explorer.set('grid', 'uniform');
      await explorer.set('steps', STEPS);
      await explorer.set('alpha', 1.2);
      await explorer.set('noise', 0.25);
      await explorer.set('seed', 7);
      start = await explorer.pixels('now');
      await explorer.walk();
      address = await explorer.link(STEPS);
      trajectory = readNpy(await explorer.keep('trajectory'));
      assert.deepEqual(trajectory.shape, [STEPS + 1, 3, 64, 64]);
      const times = readNpy(await explorer.keep('times'));
      assert.deepEqual([...times.values], [0, 0.25, 0.5, 0.75, 1]);
      assert.equal(await explorer.fact('engine'), engine);
      // SwiftShader has no f16; where an adapter has it, the page says what it measured.
      if (engine === 'wgpu') assert.match(await explorer.fact('why'), /^f32: the adapter has no shader-f16$|^f(16|32): f16 takes /);
      // Two velocities a Heun step.
      assert.equal(await explorer.fact('evaluations'), String(2 * STEPS));
    });

    for (const native of ['candle', 'wgpu']) {
      test(`the downloaded trajectory equals \`cellflux run\` of the same link: page ${engine}, command ${native}`, { skip: !CLI && 'CELLFLUX_CLI names no command' }, async () => {
        const bundle = await bundleFolder();
        const expected = await runNatively(address, bundle, native);
        assert.deepEqual(trajectory.shape, expected.shape);
        const error = relativeError(trajectory.values, expected.values);
        console.log(`page ${engine} against command ${native}: relative error ${error.toExponential(2)}`);
        assert.ok(error <= SAME_TRAJECTORY, `${error}`);
      });
    }

    test(`the canvas equals the exported frame, pixel for pixel (${engine})`, async () => {
      const shown = await explorer.pixels('now');
      assertSamePixels(await explorer.decodePng(await explorer.keep('frame')), shown);
      await explorer.page.locator('[data-channel]').first().click();
      await explorer.page.locator('[data-channel][aria-pressed="false"]').waitFor();
      await explorer.settled();
      const without = await explorer.pixels('now');
      assert.ok(differing(without, shown) > 0);
      assertSamePixels(await explorer.decodePng(await explorer.keep('frame')), without);
      await explorer.page.locator('[data-channel]').first().click();
      await explorer.settled();
    });

    test(`scrubbing shows every step again and computes nothing (${engine})`, async () => {
      const last = await explorer.pixels('now');
      const done = await explorer.fact('evaluations');
      await explorer.page.locator('.track').focus();
      await explorer.page.keyboard.press('Home');
      assert.equal(await explorer.step(), 0);
      assertSamePixels(await explorer.pixels('now'), start);
      await explorer.page.keyboard.press('End');
      assert.equal(await explorer.step(), STEPS);
      assertSamePixels(await explorer.pixels('now'), last);
      assert.equal(await explorer.fact('evaluations'), done);
    });

    test(`the link opened in a new profile reproduces the picture exactly (${engine})`, async () => {
      const shown = await explorer.pixels('now');
      const link = new URL(await explorer.link(STEPS));
      const profile = await browser.newContext();
      const other = await ExplorerPage.open(profile, link.href);
      await other.page.locator(`.where[data-step="${STEPS}"]`).waitFor({ timeout: 300_000 });
      assertSamePixels(await other.pixels('now'), shown);
      assertSamePixels(await other.pixels('start'), await explorer.pixels('start'));
      other.nothingInTheConsole();
      await profile.close();
    });

    test(`there and back returns to the start within the solver's error (${engine})`, async () => {
      await explorer.set('noise', 0);
      await explorer.set('steps', RETURN_STEPS);
      await explorer.set('direction', 'return');
      await explorer.walk();
      const { shape, values } = readNpy(await explorer.keep('trajectory'));
      assert.equal(shape[0], 2 * RETURN_STEPS + 1);
      const size = 3 * 64 * 64;
      const [start, turn, end] = [0, RETURN_STEPS, 2 * RETURN_STEPS].map((step) => values.subarray(step * size, (step + 1) * size));
      const error = relativeError(end, start);
      console.log(`${engine}: away ${relativeError(turn, start).toFixed(3)}, back within ${error.toExponential(2)} of the start`);
      assert.ok(error <= RETURN_ERROR, `${error}`);
      assert.ok(error < 0.5 * relativeError(turn, start));
    });

    test(`page and worker ask nobody but the page's own origin (${engine})`, () => {
      const origins = new Set(explorer.requests.filter((url) => !/^(blob|data):/.test(url)).map((url) => new URL(url).origin));
      assert.ok(explorer.requests.some((url) => url.includes('weights-0001')), 'the record holds the worker’s requests too');
      assert.deepEqual([...origins], [new URL(SITE).origin]);
    });

    test(`the main thread's long tasks are on record (${engine})`, async () => {
      const tasks = await explorer.page.evaluate(() => globalThis.longTasks);
      console.log(`main thread, tasks over 50 ms [start, duration] in ms: ${JSON.stringify(tasks)}`);
      assert.ok(Array.isArray(tasks));
    });
  });
}
