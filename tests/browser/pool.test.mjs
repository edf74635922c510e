// More than one worker: the same frames bit for bit, and nothing lost when a helper dies, says nothing, or
// may not be started.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { ExplorerPage, SITE } from './explorer_page.mjs';
import { readNpy } from './npy.mjs';

/** @type {import('playwright-core').Browser} */
let browser;
before(async () => { browser = await launch(WITHOUT_GPU); });
after(() => browser.close());

const address = (workers) => `${SITE}?engine=candle&workers=${workers}`;
const STEPS = 3;

/** Waits until so many workers have the network. */
async function inAll(explorer, workers) {
  const fact = explorer.page.locator('[data-fact="workers"]', { hasText: new RegExp(`^${workers},`) });
  await fact.waitFor({ state: 'attached', timeout: 60_000 });
}

/** A tab whose network is there, in as many workers as are asked for. */
async function opened(workers, settings = {}) {
  const alone = await ExplorerPage.alone(browser, address(workers), settings);
  await inAll(alone.explorer, workers);
  return alone;
}

/** The bits of every number of a walk with this solver. */
async function walked(explorer, solver) {
  await explorer.set('solver', solver);
  if (solver === 'dopri5') {
    for (const tolerance of ['rtol', 'atol']) await explorer.set(tolerance, 0.05);
  } else {
    await explorer.set('steps', STEPS);
  }
  await explorer.set('alpha', 1.2);
  await explorer.walk();
  const { values } = readNpy(await explorer.keep('trajectory'));
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

test('two workers give the frames of one, bit for bit, with every kind of solver', async () => {
  const [one, two] = [await opened(1), await opened(2)];
  try {
    assert.equal(one.page.workers().length, 1);
    assert.equal(two.page.workers().length, 2);
    for (const solver of ['euler', 'heun2', 'rk4', 'dopri5']) {
      const [alone, shared] = [await walked(one.explorer, solver), await walked(two.explorer, solver)];
      assert.ok(alone.length > 0 && Buffer.from(alone.buffer).equals(Buffer.from(shared.buffer)), solver);
    }
    for (const { explorer } of [one, two]) explorer.nothingInTheConsole();
  } finally {
    await one.context.close();
    await two.context.close();
  }
});

test('a helper that dies is replaced, and the walk has the frames of one worker', async () => {
  const [one, two] = [await opened(1), await opened(2)];
  try {
    const helper = two.page.workers()[1];
    await two.explorer.set('steps', STEPS);
    await two.explorer.forward();
    await helper.evaluate(() => { setTimeout(() => { throw new Error('played'); }); });
    const shared = await walked(two.explorer, 'heun2');
    const alone = await walked(one.explorer, 'heun2');
    assert.ok(Buffer.from(alone.buffer).equals(Buffer.from(shared.buffer)));
    await inAll(two.explorer, 2);
    assert.ok(!two.page.workers().includes(helper));
  } finally {
    await one.context.close();
    await two.context.close();
  }
});

test('a helper that says nothing any more holds nothing up for good, and is replaced', async () => {
  const [one, two] = [await opened(1), await opened(2)];
  try {
    const helper = two.page.workers()[1];
    // It computes for ever; nothing waits for its answer.
    helper.evaluate(() => { setTimeout(() => { for (;;); }); }).catch(() => {});
    const shared = await walked(two.explorer, 'euler');
    const alone = await walked(one.explorer, 'euler');
    assert.ok(Buffer.from(alone.buffer).equals(Buffer.from(shared.buffer)));
    await inAll(two.explorer, 2);
    assert.ok(!two.page.workers().includes(helper));
    two.explorer.nothingInTheConsole();
  } finally {
    await one.context.close();
    await two.context.close();
  }
});

test('where only one worker may be started, the page says so and walks with that one', async () => {
  const context = await browser.newContext({ serviceWorkers: 'block' });
  try {
    const explorer = await ExplorerPage.open(context, address(2), {
      init: () => {
        let first = true;
        globalThis.Worker = class extends globalThis.Worker {
          constructor(...given) {
            if (!first) throw new Error('refused, as a policy does');
            super(...given);
            first = false;
          }
        };
      },
    });
    await explorer.ready();
    await explorer.says(/Another worker could not be started .* computes in one; the pictures are the same/);
    await explorer.forward();
    await inAll(explorer, 1);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('where memory ends while a second copy loads, the page says so and walks with one worker', async () => {
  const context = await browser.newContext({ serviceWorkers: 'block' });
  try {
    const explorer = await ExplorerPage.open(context, address(2), {
      init: () => {
        // The line to a helper answers for it that there is no memory.
        globalThis.Worker = class extends globalThis.Worker {
          postMessage(message, ...rest) {
            if (!message.help) {
              super.postMessage(message, ...rest);
              return;
            }
            message.help.onmessage = ({ data: { number } }) => message.help.postMessage(
              { number, trouble: { kind: 'out-of-memory', sentence: 'Memory ran out.' } });
          }
        };
      },
    });
    await explorer.ready();
    await explorer.says(/Another worker could not be started \(Memory ran out\)/);
    await explorer.forward();
    assert.equal(explorer.page.workers().length, 1);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('a phone and a page that is asked for one worker start no helper', async () => {
  const held = { hasTouch: true, isMobile: true };
  const phone = await ExplorerPage.alone(browser, `${SITE}?engine=candle`, held);
  const asked = await ExplorerPage.alone(browser, address(1));
  try {
    for (const { explorer, page } of [phone, asked]) {
      await inAll(explorer, 1);
      await explorer.forward();
      assert.equal(page.workers().length, 1);
    }
  } finally {
    await phone.context.close();
    await asked.context.close();
  }
});

test('in a background tab helpers get nothing to do, and the walk goes on', async () => {
  const context = await browser.newContext({ serviceWorkers: 'block' });
  try {
    const explorer = await ExplorerPage.open(context, address(2));
    await explorer.ready();
    await inAll(explorer, 2);
    const { page } = explorer;
    await page.evaluate(() => {
      Object.defineProperty(document, 'hidden', { value: true, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    });
    const helper = page.workers()[1];
    await helper.evaluate(() => {
      // What a helper evaluates it tells over its line.
      const told = MessagePort.prototype.postMessage;
      globalThis.told = 0;
      MessagePort.prototype.postMessage = function count(...given) {
        globalThis.told += 1;
        return told.apply(this, given);
      };
    });
    await walked(explorer, 'heun2');
    assert.equal(await helper.evaluate(() => globalThis.told), 0);
    await page.evaluate(() => {
      Object.defineProperty(document, 'hidden', { value: false, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    });
    await explorer.set('noise', 0.5);
    await explorer.set('seed', 3);
    await walked(explorer, 'heun2');
    assert.ok((await helper.evaluate(() => globalThis.told)) > 0);
  } finally {
    await context.close();
  }
});
