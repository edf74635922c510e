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

test('a software adapter is tried with one convolution before the network is compiled for it, and the page says why it took what it did', async () => {
  await visit(WITH_GPU, SITE, async (explorer) => {
    await explorer.ready();
    const why = await explorer.fact('why');
    const engine = await explorer.fact('engine');
    const [, cpu, outcome] = /^one evaluation took (\d+) ms on the CPU[;,] (.*)$/.exec(why) ?? assert.fail(why);
    const measured = /^(\d+) ms on the software GPU adapter$/.exec(outcome);
    if (measured) assert.equal(engine, Number(measured[1]) < Number(cpu) ? 'wgpu' : 'candle', why);
    else {
      assert.equal(engine, 'candle', why);
      const [, guess] = /^(?:by one of its convolutions it would take about (\d+) ms on the software GPU adapter|the software GPU adapter (?:was not ready|failed).*)$/.exec(outcome) ?? assert.fail(why);
      if (guess !== undefined) assert.ok(Number(guess) >= Number(cpu), why);
    }
    if (engine === 'wgpu') assert.match(await explorer.fact('adapter'), /software/);
    await explorer.stillWorks();
  });
});

test('wgpu asked for where there is no adapter is one sentence, with the CPU as the way on', async () => {
  await visit(WITHOUT_GPU, `${SITE}?engine=wgpu`, async (explorer) => {
    await explorer.says(/WebGPU was asked for|no GPU adapter/i);
    await explorer.page.locator('cellflux-notice button', { hasText: 'Go on with the CPU' }).click();
    await explorer.ready();
    await explorer.stillWorks();
  });
});

test('a device lost in mid-run keeps the steps reached, and the walk goes on from them on the CPU', { timeout: 400_000 }, async () => {
  await visit(LOSES_ITS_GPU, `${SITE}?engine=wgpu`, async (explorer) => {
    await explorer.ready(300_000);
    await explorer.set('noise', 0);
    await explorer.set('steps', 4);
    await explorer.set('solver', 'euler');
    await explorer.forward();
    const reached = await explorer.pixels('now');
    // With these flags a WebGPU canvas kills the GPU process, and every device with it.
    await explorer.page.evaluate(async () => {
      const context = document.createElement('canvas').getContext('webgpu');
      const adapter = await navigator.gpu.requestAdapter();
      const device = await adapter.requestDevice();
      context.configure({ device, format: navigator.gpu.getPreferredCanvasFormat() });
      const lost = device.lost;
      try {
        const pass = device.createCommandEncoder();
        pass.beginRenderPass({ colorAttachments: [{ view: context.getCurrentTexture().createView(), loadOp: 'clear', storeOp: 'store' }] }).end();
        device.queue.submit([pass.finish()]);
      } catch {
        // The device may be gone before the call returns.
      }
      await lost;
    });
    await explorer.page.locator('[data-do="forward"]').click();
    await explorer.says(/the GPU device was lost/i, 120_000);
    assert.equal(await explorer.step(), 1);
    // Canvases die with the GPU process too; the page gives them their pictures back.
    await explorer.page.waitForFunction(() => {
      const canvas = document.querySelector('cellflux-explorer').shadowRoot.querySelector('canvas[data-view="now"]');
      return canvas.getContext('2d').getImageData(0, 0, 1, 1).data[3] === 255;
    });
    assertSamePixels(await explorer.pixels('now'), reached);
    await explorer.page.locator('cellflux-notice button', { hasText: 'Go on with the CPU' }).click();
    await explorer.page.locator('[data-fact="engine"]', { hasText: 'candle' }).waitFor({ timeout: 60_000 });
    await explorer.forward();
    assert.equal(await explorer.step(), 2);
  });
});

test('full storage is one sentence, and the model loads all the same', async () => {
  // The worker's modules come with a cache that has no room left. They are checked before they become blobs.
  const init = () => {
    const full = "Cache.prototype.put = () => Promise.reject(new DOMException('no room', 'QuotaExceededError'));\n";
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

test('on plain http from another host the page says what is missing and walks on the CPU', async () => {
  // The preview server answers to this machine's own names alone; a host of another name stands before it.
  const host = await serveSpoilt(SITE, () => undefined);
  const { port } = new URL(host.url);
  const flags = [...WITH_GPU, '--host-resolver-rules=MAP lab.example 127.0.0.1'];
  try {
    await visit(flags, `http://lab.example:${port}/`, async (explorer) => {
      await explorer.says(/plain http from another host, so the browser withholds WebGPU and its cache/);
      await explorer.ready();
      assert.equal(await explorer.fact('engine'), 'candle');
      await explorer.stillWorks();
    });
  } finally {
    await host.close();
  }
});
