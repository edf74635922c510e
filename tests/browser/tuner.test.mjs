// The GPU engine's tiles: measured while nobody waits, kept, used by the next engine, refused where the kept
// text is damaged.
//
// SwiftShader stands in for a GPU. There only convolutions that take at most 50 ms are measured, so the
// network is the smallest there is.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './chromium.mjs';
import { ExplorerPage } from './explorer_page.mjs';
import { serveMicro } from './micro_site.mjs';
import { readNpy, relativeError } from './npy.mjs';
import { CLI, skip } from './site_bundle.mjs';

/** Other tiles add up in another order; one step does not multiply the difference much. */
const SAME_STEP = 1e-4;
const CACHE = 'cellflux-tiles-1';

let site;
let browser;
before(async () => {
  if (!CLI) return;
  site = await serveMicro();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await site?.close();
});

/** Records what the worker says of itself and what it answers, in order. */
function record() {
  globalThis.heard = [];
  globalThis.Worker = class extends globalThis.Worker {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', ({ data }) =>
        globalThis.heard.push(
          data.event
            ? { event: data.event, remaining: data.remaining }
            : { answer: data.id, gaveWay: data.value?.gaveWay },
        ),
      );
    }

    postMessage(message, ...rest) {
      globalThis.heard.push({ call: message.call, id: message.id });
      super.postMessage(message, ...rest);
    }
  };
}

/** Opens the page on WebGPU, with short walks. */
async function open(context, more = null) {
  if (more) await context.addInitScript(more);
  const explorer = await ExplorerPage.open(context, `${site.url}?engine=wgpu`, { init: record });
  await explorer.ready();
  await explorer.set('solver', 'euler');
  await explorer.set('noise', 0);
  await explorer.set('steps', 4);
  return explorer;
}

const firstStep = async (explorer) => {
  await explorer.forward();
  return readNpy(await explorer.keep('trajectory'));
};

/** The text kept in the browser, and where. */
const kept = (explorer) => explorer.page.evaluate(async (name) => {
  const cache = await caches.open(name);
  const [key] = await cache.keys();
  return key ? { url: key.url, text: await (await cache.match(key)).text() } : null;
}, CACHE);

test(
  'tiles are measured while nobody waits, never in a call’s way, and run from the next start on; damaged '
    + 'ones are refused',
  { timeout: 180_000, skip },
  async () => {
    const context = await browser.newContext();
    const first = await open(context);
    assert.equal(await first.fact('tiles'), 'default');
    assert.equal(await kept(first), null);
    const byDefault = await firstStep(first);

    // A step asked for while tiles are being measured: at most the measurement under way comes first.
    await first.page.waitForFunction(
      () => globalThis.heard.some(({ event, remaining }) => event === 'tuned' && remaining > 3),
      null,
      { timeout: 60_000 },
    );
    await first.page.evaluate(() => {
      globalThis.heard.length = 0;
      document.querySelector('cellflux-explorer').shadowRoot.querySelector('[data-do="forward"]').click();
    });
    await first.page.locator('.where[data-step="2"]').waitFor();
    const heard = await first.page.evaluate(() => globalThis.heard);
    const [asked] = heard.filter(({ call }) => call === 'step');
    const meanwhile = heard.slice(
      heard.indexOf(asked),
      heard.findIndex(({ answer }) => answer === asked.id),
    );
    assert.ok(meanwhile.filter(({ event }) => event === 'tuned').length <= 1, JSON.stringify(meanwhile));
    await first.page.locator('[data-fact="tiles"]', { hasText: 'convolutions' })
      .waitFor({ state: 'attached' });
    first.nothingInTheConsole();
    const { url, text } = await kept(first);
    assert.match(
      text,
      /^cellflux tiles 1\nadapter .*swiftshader.*\nkernels [0-9a-f]{16}\n/i,
    );
    assert.match(
      text.split('\n').slice(3).join('\n'),
      /^([13] [12] \d+ \d+ \d+ f32 (normed|raw) [a-z]+:[0-9x:]+\n)+$/i,
    );
    await first.page.close();

    const next = await open(context);
    assert.match(await next.fact('tiles'), /^tuned on this adapter/);
    const tuned = await firstStep(next);
    assert.ok(relativeError(tuned.values, byDefault.values) <= SAME_STEP);
    next.nothingInTheConsole();
    // A block of registers that would crash a driver.
    await next.page.evaluate(
      async ([name, url, text]) => (await caches.open(name)).put(url, new Response(text)),
      [CACHE, url, text.replace(/ [a-z]+:[0-9x:]+\n/, ' registers:256x256\n')],
    );
    await next.page.close();

    const last = await open(context);
    assert.match(
      await last.fact('tiles'),
      /^default; those kept were refused: stored tiles, line 4: registers:256x256 is not a candidate/,
    );
    assert.deepEqual((await firstStep(last)).values, byDefault.values);
    last.nothingInTheConsole();
  },
);

test(
  'where the browser keeps nothing, tiles are measured all the same and the page says nothing of it',
  { timeout: 120_000, skip },
  async () => {
    // The worker's modules come with a storage that refuses, as a private window may. They are checked before
    // they become blobs.
    const refusing = () => {
      const storage =
        "const open = () => Promise.reject(new DOMException('not here', 'SecurityError'));"
        + "Object.defineProperty(globalThis, 'caches', { value: { open } });\n";
      globalThis.Blob = class extends Blob {
        constructor(parts, options) {
          super(options?.type === 'text/javascript' ? [storage, ...parts] : parts, options);
        }
      };
    };
    const context = await browser.newContext();
    try {
      const explorer = await open(context, refusing);
      await explorer.forward();
      await explorer.page
        .locator('[data-fact="tiles"]', { hasText: 'convolutions' })
        .waitFor({ state: 'attached', timeout: 60_000 });
      assert.equal(await explorer.page.locator('cellflux-notice .sentence').count(), 0);
      explorer.nothingInTheConsole();
    } finally {
      await context.close();
    }
  },
);
