// Browsers that give less: no adapter, a device lost in mid-run, a full disk, plain http from another host.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LOSES_ITS_GPU, WITH_GPU, WITHOUT_GPU, launch } from './chromium.mjs';
import { ExplorerPage, SITE, assertSamePixels } from './explorer_page.mjs';
import { serveSpoilt } from './faulty_server.mjs';

/** A page in a browser of its own, closed afterwards; the console must have stayed empty. */
async function visit(flags, address, work, options) {
  const browser = await launch(flags);
  try {
    const explorer = await ExplorerPage.open(await browser.newContext(), address, options);
    await work(explorer);
    explorer.nothingInTheConsole();
  } finally {
    await browser.close();
  }
}

test('without WebGPU the page says so and walks on the CPU', async () => {
  await visit(WITHOUT_GPU, SITE, async (explorer) => {
    await explorer.ready();
    assert.equal(await explorer.fact('engine'), 'candle');
    assert.match(await explorer.fact('adapter'), /CPU/);
    await explorer.stillWorks();
  });
});

test('a software adapter is tried with one convolution before the network is compiled for it, and the page '
  + 'says why it took what it did', async () => {
  await visit(WITH_GPU, SITE, async (explorer) => {
    await explorer.ready();
    const why = await explorer.fact('why');
    const engine = await explorer.fact('engine');
    const [, cpu, outcome] =
      /^one evaluation took (\d+) ms on the CPU[;,] (.*)$/.exec(why) ?? assert.fail(why);
    const measured = /^(\d+) ms on the software GPU adapter$/.exec(outcome);
    if (measured) assert.equal(engine, Number(measured[1]) < Number(cpu) ? 'wgpu' : 'candle', why);
    else {
      assert.equal(engine, 'candle', why);
      const guessed =
        /^by one of its convolutions it would take about (\d+) ms on the software GPU adapter$/.exec(outcome);
      const failed = /^the software GPU adapter (?:was not ready|failed)/.test(outcome);
      assert.ok(guessed || failed, why);
      const guess = guessed?.[1];
      if (guess !== undefined) assert.ok(Number(guess) >= Number(cpu), why);
    }
    if (engine === 'wgpu') assert.match(await explorer.fact('adapter'), /software/);
    await explorer.stillWorks();
  });
});

test('wgpu asked for where there is no adapter is one sentence, which offers the CPU', async () => {
  await visit(WITHOUT_GPU, `${SITE}?engine=wgpu`, async (explorer) => {
    await explorer.says(/^WebGPU was asked for, but the browser (gives this page no|does not offer)/);
    await explorer.page.locator('cellflux-notice button', { hasText: 'Go on with the CPU' }).click();
    await explorer.ready();
    await explorer.stillWorks();
  });
});

/** With `LOSES_ITS_GPU` a WebGPU canvas kills the GPU process, and every device with it. */
function loseDevice(page) {
  return page.evaluate(async () => {
    const context = document.createElement('canvas').getContext('webgpu');
    const adapter = await navigator.gpu.requestAdapter();
    const device = await adapter.requestDevice();
    context.configure({ device, format: navigator.gpu.getPreferredCanvasFormat() });
    const lost = device.lost;
    try {
      const pass = device.createCommandEncoder();
      pass
        .beginRenderPass({
          colorAttachments: [
            { view: context.getCurrentTexture().createView(), loadOp: 'clear', storeOp: 'store' },
          ],
        })
        .end();
      device.queue.submit([pass.finish()]);
    } catch {
      // The device may be gone before the call returns.
    }
    await lost;
  });
}

test(
  'a device lost in mid-run keeps the steps reached, and the walk goes on from them on the CPU',
  { timeout: 400_000 },
  async () => {
    await visit(LOSES_ITS_GPU, `${SITE}?engine=wgpu`, async (explorer) => {
      await explorer.ready(300_000);
      await explorer.set('noise', 0);
      await explorer.set('steps', 4);
      await explorer.set('solver', 'euler');
      await explorer.forward();
      const reached = await explorer.pixels('now');
      await loseDevice(explorer.page);
      await explorer.page.locator('[data-do="forward"]').click();
      await explorer.says(/the GPU device was lost/i, 120_000);
      assert.equal(await explorer.step(), 1);
      // Canvases die with the GPU process too; the page gives them their pictures back.
      await explorer.page.waitForFunction(() => {
        const canvas = document
          .querySelector('cellflux-explorer')
          .shadowRoot.querySelector('canvas[data-view="now"]');
        return canvas.getContext('2d').getImageData(0, 0, 1, 1).data[3] === 255;
      });
      assertSamePixels(await explorer.pixels('now'), reached);
      await explorer.page.locator('cellflux-notice button', { hasText: 'Go on with the CPU' }).click();
      await explorer.page.locator('[data-fact="engine"]', { hasText: 'candle' })
        .waitFor({ state: 'attached', timeout: 60_000 });
      await explorer.forward();
      assert.equal(await explorer.step(), 2);
    });
  },
);

test(
  'a device lost in the middle of a grid keeps the walks that are done, and the rest goes on on the CPU',
  { timeout: 400_000 },
  async () => {
    await visit(LOSES_ITS_GPU, `${SITE}?engine=wgpu`, async (explorer) => {
      const { page } = explorer;
      await explorer.ready(300_000);
      await explorer.set('noise', 0);
      await explorer.set('solver', 'euler');
      await explorer.set('steps', 2);
      await page.getByText('Compare walks').click();
      await page.locator('[data-do="grid-walk"]').click();
      const progress = page.locator('[data-grid="progress"]');
      await page.locator('[data-cell][data-state="done"]').first().waitFor({ timeout: 200_000 });
      await loseDevice(page);
      const count = await page.locator('[data-cell]').count();
      const isDone = async () => Number(await progress.getAttribute('data-done'));
      await page.locator('[data-grid="progress"][data-running="false"]').waitFor({ timeout: 200_000 });
      const done = await isDone();
      assert.ok(done >= 1);
      // On a quick computer all were done before.
      if (done === count) return;
      assert.match(await progress.innerText(), /device was lost.*Those are kept/i);
      await explorer.says(/the GPU device was lost/i);
      await page.locator('cellflux-notice button', { hasText: 'Go on with the CPU' }).click();
      await page.locator('[data-fact="engine"]', { hasText: 'candle' })
        .waitFor({ state: 'attached', timeout: 60_000 });
      assert.equal(await isDone(), done);
      await page.locator('[data-do="grid-on"]').click();
      await page.locator(`[data-grid="progress"][data-done="${count}"]`).waitFor({ timeout: 120_000 });
    });
  },
);

test('full storage is one sentence, and the model still loads', async () => {
  // The worker's modules come with a cache that has no room left. They are checked before they become blobs.
  const init = () => {
    const full =
      "Cache.prototype.put = () => Promise.reject(new DOMException('no room', 'QuotaExceededError'));\n";
    globalThis.Blob = class extends Blob {
      constructor(parts, options) {
        super(options?.type === 'text/javascript' ? [full, ...parts] : parts, options);
      }
    };
  };
  await visit(WITH_GPU, `${SITE}?engine=candle`, async (explorer) => {
    await explorer.says(/storage is full, so \S+ could not be kept for the next visit/);
    await explorer.ready();
    await explorer.stillWorks();
  }, { init });
});

/** What a browser gives a page, as that page sees it. */
const given = () => [
  isSecureContext,
  'gpu' in navigator,
  'caches' in globalThis,
  'serviceWorker' in navigator,
  'subtle' in crypto,
];

const ELSEWHERE = [...WITH_GPU, '--host-resolver-rules=MAP lab.example 127.0.0.1'];

/**
 * The page on plain http from another host. The preview server answers only to this machine's own names, so
 * another server stands in front of it.
 */
async function onPlainHttp(spoil, work, options) {
  const host = await serveSpoilt(SITE, spoil);
  try {
    await visit(ELSEWHERE, `http://lab.example:${new URL(host.url).port}/`, work, options);
  } finally {
    await host.close();
  }
}

test('on plain http from another host the page says what is missing and walks on the CPU', async () => {
  await onPlainHttp(() => undefined, async (explorer) => {
    const { page } = explorer;
    assert.deepEqual(await page.evaluate(given), [false, false, false, false, false]);
    const said = await explorer.says(/plain http from another host, .* withholds WebGPU and its cache/);
    assert.match(said, /on the CPU, the model is downloaded again on each visit, and the page is not kept/);
    await explorer.ready();
    assert.equal(await explorer.fact('engine'), 'candle');
    await explorer.stillWorks();
    assert.ok((await explorer.keep('frame')).length > 0);
    // Without the clipboard the address holds the link.
    await page.locator('[data-keep="link"]').click();
    await explorer.says(/did not allow copying; the address bar now holds the link/);
    assert.match(await page.evaluate(() => location.hash), /c=taxol.*at=1/);
  });
});

test('plain http from this machine is as good as https, and nothing is said of it', async () => {
  await visit(WITH_GPU, SITE, async (explorer) => {
    assert.match(SITE, /^http:\/\/127\.0\.0\.1/);
    await explorer.ready();
    assert.deepEqual(await explorer.page.evaluate(given), [true, true, true, true, true]);
    const said = explorer.page.locator('cellflux-notice .sentence', { hasText: 'plain http' });
    assert.equal(await said.count(), 0);
  });
});

for (const [what, is] of [
  ['a module of the worker', (path) => /\/exploring-[0-9a-f]{10}\.js$/.test(path)],
  ['the WebAssembly module', (path) => path.endsWith('.wasm')],
]) {
  test(`on plain http from another host ${what} with one byte changed is not run`, async () => {
    let spoilt = true;
    await onPlainHttp((path, body) => {
      if (!spoilt || !is(path)) return undefined;
      const changed = Buffer.from(body);
      // A module's last byte is a line's end; WebAssembly's is of a section of names.
      changed[changed.length - 1] ^= 0x2a;
      return changed;
    }, async (explorer) => {
      await explorer.says(/is not the file that this page was made with/);
      spoilt = false;
      explorer.faults.length = 0;
      await explorer.page.locator('cellflux-notice button', { hasText: 'Try again' }).click();
      await explorer.ready();
      await explorer.forward();
    }, { failures: true });
  });
}

test('on plain http from another host a part of the page that was changed is not run', async () => {
  let spoilt = true;
  const longer = (body) => Buffer.concat([body, Buffer.from('\n')]);
  const isStage = (path) => /\/stage-[0-9a-f]{10}\.js$/.test(path);
  await onPlainHttp(
    (path, body) => (spoilt && isStage(path) ? longer(body) : undefined),
    async (explorer) => {
      const fallback = explorer.page.locator('.fallback:visible', { hasText: 'has not started' }).first();
      await fallback.locator('.cause', { hasText: 'is not the file that this page was made with' }).waitFor();
      spoilt = false;
      explorer.faults.length = 0;
      await fallback.locator('a').click();
      await explorer.ready();
    },
    { failures: true },
  );
});
