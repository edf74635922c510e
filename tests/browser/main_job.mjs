// The main job, piece by piece: a control crop becomes a drug trajectory in the browser, with the native
// command's numbers.

import assert from 'node:assert/strict';
import { controlCrop } from './crops.mjs';
import { assertSamePixels, differing } from './explorer_page.mjs';
import { readNpy, relativeError } from './npy.mjs';
import { bundleFolder, runNatively } from './site_bundle.mjs';

/** Steps of the walk. */
export const STEPS = 4;
/** Page and command both compute in f32 and differ only by rounding; a walk multiplies that a little. */
const SAME_TRAJECTORY = 1e-3;

/**
 * Uploads a crop and walks it to cycloheximide in four Heun steps with guidance 1.2.
 * @returns {Promise<{ start: object, address: string, trajectory: { shape: number[], values: Float32Array }
 *   }>} the picture it
 *   started from, the link of the last step, and what the page saves as the trajectory
 */
export async function walkACrop(explorer) {
  await explorer.upload(controlCrop());
  await explorer.useCrop();
  await explorer.compound('cycloheximide');
  await explorer.set('solver', 'heun2');
  await explorer.set('grid', 'uniform');
  await explorer.set('steps', STEPS);
  await explorer.set('alpha', 1.2);
  await explorer.set('noise', 0.25);
  await explorer.set('seed', 7);
  const start = await explorer.pixels('now');
  await explorer.walk();
  await explorer.fitsItsWidth();
  const address = await explorer.link(STEPS);
  const trajectory = readNpy(await explorer.keep('trajectory'));
  assert.deepEqual(trajectory.shape, [STEPS + 1, 3, 64, 64]);
  assert.ok(differing(await explorer.pixels('now'), start) > 0);
  // Two velocities per Heun step.
  assert.equal(await explorer.fact('evaluations'), String(2 * STEPS));
  return { start, address, trajectory };
}

/** `cellflux run` of the link gives the trajectory that the page saved; returns the relative error. */
export async function equalsCommand({ address, trajectory }, native) {
  const expected = await runNatively(address, await bundleFolder(), native);
  assert.deepEqual(trajectory.shape, expected.shape);
  const error = relativeError(trajectory.values, expected.values);
  assert.ok(error <= SAME_TRAJECTORY, `${error}`);
  return error;
}

/** The exported frame is the canvas, pixel for pixel, and a channel switched off is off in both. */
export async function exportsWhatItShows(explorer) {
  const shown = await explorer.pixels('now');
  assertSamePixels(await explorer.decodePng(await explorer.keep('frame')), shown);
  const channel = explorer.page.locator('[data-channel]').first();
  await channel.click();
  await explorer.page.locator('[data-channel][aria-pressed="false"]').waitFor();
  await explorer.settled();
  const without = await explorer.pixels('now');
  assert.ok(differing(without, shown) > 0);
  assertSamePixels(await explorer.decodePng(await explorer.keep('frame')), without);
  await channel.click();
  await explorer.settled();
}

/** Every step again by the keyboard, and nothing computed for it. */
export async function scrubs(explorer, start) {
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
}

/** A page opened at the link shows the same picture. */
export async function reproduces(explorer, other) {
  await other.page.locator(`.where[data-step="${STEPS}"]`).waitFor({ timeout: 300_000 });
  assertSamePixels(await other.pixels('now'), await explorer.pixels('now'));
  assertSamePixels(await other.pixels('start'), await explorer.pixels('start'));
  other.nothingInTheConsole();
}

/** Page and worker asked only the page's own origin. */
export function askedOnly(explorer, address) {
  const origins = new Set(
    explorer.requests.filter((url) => !/^(blob|data):/.test(url)).map((url) => new URL(url).origin),
  );
  assert.ok(
    explorer.requests.some((url) => url.includes('weights-0001')),
    'the record holds the worker’s requests too',
  );
  assert.deepEqual([...origins], [new URL(address).origin]);
}
