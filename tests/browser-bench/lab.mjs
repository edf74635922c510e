// A page with a lab, in every browser that is here: what a visitor waits for, how fast the default network
// (three hidden layers of 64, batches of 256) learns, how often the plane is drawn meanwhile, and whether all
// browsers compute the same.

import { BROWSERS } from './browsers.mjs';

const SITE = process.env.CELLFLUX_URL;
const ROUNDS = 3;

/** Waits in the page until the lab is drawn; milliseconds since the visit began. */
const drawn = async () => {
  for (;;) {
    const canvas = document.querySelector('cellflux-lab')?.shadowRoot?.querySelector('canvas');
    if (/particles/.test(canvas?.getAttribute('aria-label') ?? '')) return performance.now();
    await new Promise((soon) => { setTimeout(soon, 5); });
  }
};

/** In the page: steps that are learnt in ten seconds while nothing is drawn, and the loss of the last 100. */
const learnt = async () => {
  const STEPS = 1000;
  const { lesson } = /** @type {any} */ (document.querySelector('cellflux-lab'));
  const timed = async (learn) => {
    const began = performance.now();
    await lesson.show({ settings: {}, view: {}, learn });
    return performance.now() - began;
  };
  const without = await timed(0);
  const milliseconds = (await timed(STEPS)) - without;
  return { steps: (STEPS * 10_000) / milliseconds, loss: await lesson.quantity('loss') };
};

/** In the page: how often a second the plane is drawn while the network learns. */
const frames = async () => {
  const SECONDS = 5;
  const root = document.querySelector('cellflux-lab').shadowRoot;
  const { clearRect } = CanvasRenderingContext2D.prototype;
  let count = 0;
  CanvasRenderingContext2D.prototype.clearRect = function counted(...given) {
    count += 1;
    return clearRect.apply(this, given);
  };
  root.querySelector('button.primary').click();
  await new Promise((done) => { setTimeout(done, 1000 * SECONDS); });
  root.querySelector('button.primary').click();
  CanvasRenderingContext2D.prototype.clearRect = clearRect;
  return count / SECONDS;
};

const middle = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

/** Losses by browser, all digits. */
const losses = new Map();
console.log(`medians of ${ROUNDS} visits, from a server on this machine, each with an empty cache`);
console.log('| browser | lab can be used after, ms | steps in 10 s | frames per second while it learns |');
console.log('|---|---:|---:|---:|');
for (const [name, open] of Object.entries(BROWSERS)) {
  // A GPU changes nothing of a lab.
  if (name === 'chromium-gpu') continue;
  const visits = [];
  let version = name;
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      const browser = await open();
      ({ version } = browser);
      try {
        const page = /** @type {any} */ (await browser.page());
        await page.goto(SITE);
        const first = await page.evaluate(drawn);
        const { steps, loss } = await page.evaluate(learnt);
        visits.push({ first, steps, frames: await page.evaluate(frames) });
        losses.set(name, loss);
      } finally {
        await browser.close();
      }
    }
  } catch (error) {
    console.log(`${name} was left out: ${error.message}`);
    continue;
  }
  const of = (what) => middle(visits.map((visit) => visit[what])).toFixed(0);
  console.log(`| ${name} ${version} | ${of('first')} | ${of('steps')} | ${of('frames')} |`);
}
const different = new Set(losses.values());
console.log(`loss after 1000 steps: ${[...losses].map(([name, loss]) => `${name} ${loss}`).join(', ')}`);
if (different.size !== 1) {
  console.error('browsers learn differently, or none was there; expected the same numbers in all of them');
  process.exitCode = 1;
}
