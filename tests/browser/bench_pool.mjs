// What each of the page's workers takes of the computer's memory: the shipped bundle's page with one worker,
// two and three, after a step of a walk. The page states what it sets aside for each; the system says what
// the renderers' memory has grown by. Memory that other processes share is not counted. Linux only.

import { readFile } from 'node:fs/promises';
import { MOST_BYTES } from '../../web/worker_pool.js';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { ExplorerPage, SITE } from './explorer_page.mjs';

const WORKERS = [1, 2, 3];
const ROUNDS = 3;
/** How often the system is asked, a second apart; the least counts, after garbage was collected. */
const LOOKS = 6;

/** Bytes of a process that are its own. */
async function own(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)[1]) * 1024;
}

/** Bytes of all renderers together. */
async function ofRenderers(session) {
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  let sum = 0;
  for (const { type, id } of processInfo) if (type === 'renderer') sum += await own(id);
  return sum;
}

/** A visit with so many workers: what the page sets aside for each in words, and what the system counts. */
async function visit(workers) {
  const browser = await launch(WITHOUT_GPU);
  try {
    const address = `${SITE}?engine=candle&workers=${workers}`;
    const { explorer, page } = await ExplorerPage.alone(browser, address);
    const fact = page.locator('[data-fact="workers"]', { hasText: new RegExp(`^${workers},`) });
    await fact.waitFor({ state: 'attached', timeout: 120_000 });
    await explorer.forward();
    const session = await browser.newBrowserCDPSession();
    let least = Infinity;
    for (let look = 0; look < LOOKS; look += 1) {
      await page.requestGC?.();
      await page.waitForTimeout(1000);
      least = Math.min(least, await ofRenderers(session));
    }
    return { said: await fact.textContent(), bytes: least };
  } finally {
    await browser.close();
  }
}

const middle = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const megabytes = (bytes) => (bytes / 1e6).toFixed(0);

const bound = `the bound for all workers is ${megabytes(MOST_BYTES)} MB`;
console.log(`medians of ${ROUNDS} visits, CPU path; ${bound}`);
console.log('| workers | the page sets aside | renderers, MB | more than one worker less, MB |');
console.log('|---:|---|---:|---:|');
let before = null;
for (const workers of WORKERS) {
  const visits = [];
  for (let round = 0; round < ROUNDS; round += 1) visits.push(await visit(workers));
  const bytes = middle(visits.map((each) => each.bytes));
  const more = before === null ? '' : megabytes(bytes - before);
  console.log(`| ${workers} | ${visits[0].said} | ${megabytes(bytes)} | ${more} |`);
  before = bytes;
}
