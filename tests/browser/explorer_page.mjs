// The page under test: opening it, watching what it must never do, and the few things every test does with
// it.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

/** The site's root; ends in a slash. */
export const SITE = process.env.CELLFLUX_URL ?? 'http://127.0.0.1:8080/';

/** The real data beside the repository, where there is any. */
export const SHARED = process.env.CELLFLUX_SHARED ?? null;

/**
 * A network that does not answer is the test's doing where it is expected; everything else in the console is
 * a fault.
 */
const NETWORK = /^Failed to load resource/;

/** A tab with the explorer in it, and a record of its console and requests. */
export class ExplorerPage {
  /** @param {import('playwright-core').BrowserContext} context */
  static async open(
    context,
    address = SITE,
    { init = null, argument = undefined, failures = false, waitUntil = 'load' } = {},
  ) {
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    const explorer = new ExplorerPage(page, failures);
    await page.addInitScript(() => {
      globalThis.longTasks = [];
      new PerformanceObserver((list) =>
        globalThis.longTasks.push(
          ...list
            .getEntries()
            .map(({ startTime, duration }) => [Math.round(startTime), Math.round(duration)]),
        ),
      ).observe({ type: 'longtask', buffered: true });
    });
    if (init) await page.addInitScript(init, argument);
    await page.goto(address, { waitUntil });
    return explorer;
  }

  /**
   * A tab in a context of its own, whose network is there; close the context after the test.
   * @param {import('playwright-core').Browser} browser
   * @param {import('playwright-core').BrowserContextOptions} settings of the context
   * @param {object} opening as `open` takes it
   */
  static async withNetwork(browser, address = `${SITE}?engine=candle`, settings = {}, opening = {}) {
    const context = await browser.newContext({ serviceWorkers: 'block', ...settings });
    const explorer = await ExplorerPage.open(context, address, opening);
    await explorer.network();
    return { explorer, page: explorer.page, context };
  }

  /**
   * The same, and its network is ready to walk.
   * @param {import('playwright-core').Browser} browser
   * @param {import('playwright-core').BrowserContextOptions} settings of the context
   * @param {object} opening as `open` takes it
   */
  static async alone(browser, address = undefined, settings = {}, opening = {}) {
    const alone = await ExplorerPage.withNetwork(browser, address, settings, opening);
    await alone.explorer.ready();
    return alone;
  }

  constructor(page, networkMayFail) {
    this.page = page;
    this.faults = [];
    this.requests = [];
    page.on('console', (message) => {
      if (message.type() === 'error' && !(networkMayFail && NETWORK.test(message.text()))) {
        this.faults.push(message.text());
      }
    });
    page.on('pageerror', (error) => this.faults.push(String(error)));
    page.context().on('request', (request) => this.requests.push(request.url()));
  }

  /** Waits until the network is there; a recorded walk may stand in view at its end. */
  async network(timeout = 120_000) {
    await this.page.waitForSelector('cellflux-explorer[data-phase="ready"]', { timeout });
  }

  /** Waits until the network is ready to walk, and leaves what was recorded: from here it computes. */
  async ready(timeout = 120_000) {
    await this.network(timeout);
    const recorded = this.page.locator('.where', { hasText: 'recorded' });
    if (!(await recorded.count())) return;
    await this.page.locator('[data-do="first"]').click();
    await this.page.locator('.where', { hasNotText: 'recorded' }).waitFor();
  }

  /** Waits until the page says something that matches, and returns it. */
  async says(pattern, timeout = 20_000) {
    const sentence = this.page.locator('cellflux-notice .sentence', { hasText: pattern });
    try {
      await sentence.waitFor({ timeout });
    } catch {
      assert.fail(
        `the page says ${JSON.stringify(await this.page.locator('cellflux-notice').textContent())}, expected `
          + `${pattern}`,
      );
    }
    return sentence.textContent();
  }

  /** No uncaught error, no panic, nothing in the console. */
  nothingInTheConsole() {
    assert.deepEqual(this.faults, []);
  }

  /** Nothing is wider than the page, so that nobody has to scroll sideways. */
  async fitsItsWidth() {
    const [content, window] = await this.page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.clientWidth,
    ]);
    assert.ok(content <= window, `the page is ${content} px wide in a window of ${window}`);
  }

  async compound(id) {
    await this.page.locator(`[data-compound="${id}"]`).click();
    await this.page.locator(`[data-compound="${id}"][aria-selected="true"]`).waitFor();
    await this.settled();
  }

  async set(name, value) {
    const field = this.page.locator(`#set-${name}`);
    const tag = await field.evaluate((node) => node.tagName);
    if (tag === 'SELECT') await field.selectOption(value);
    else {
      await field.fill(String(value));
      await field.dispatchEvent('change');
    }
    await this.settled();
  }

  /**
   * Chooses a walk of a few quick steps: Euler's, equally long. Other settings stay as they are.
   * @param {{ compound?: string, steps?: number, alpha?: number, noise?: number }} choice
   */
  async setWalk({ compound = 'taxol', steps = 2, ...others } = {}) {
    await this.compound(compound);
    for (const [name, value] of Object.entries({ solver: 'euler', grid: 'uniform', steps, ...others })) {
      await this.set(name, value);
    }
  }

  /**
   * Waits until the worker has answered what was changed, and a walk in mid-way has gone on to where it was.
   */
  async settled() {
    const quiet = 'cellflux-transport[aria-busy="false"]:not(:has([data-do="play"][aria-label="Pause"]))';
    await this.page.locator(quiet).waitFor({ timeout: 120_000 });
  }

  /** One step forward, waited for. */
  async forward() {
    const before = await this.step();
    await this.page.locator('[data-do="forward"]').click();
    await this.page.locator(`.where[data-step="${before + 1}"]`).waitFor({ timeout: 120_000 });
  }

  async step() {
    return Number(await this.page.locator('.where').getAttribute('data-step'));
  }

  /** Plays to the end. */
  async walk(timeout = 180_000) {
    await this.page.locator('[data-do="play"]').click();
    // At the end of a walk the button says “Replay” before, too.
    await this.page.locator('[data-do="play"][aria-label="Pause"]').waitFor({ timeout });
    await this.page.locator('[data-do="play"][aria-label^="Replay"]').waitFor({ timeout });
  }

  /** What a click on a button saves, as bytes. */
  async keep(kind) {
    const [download] = await Promise.all([
      this.page.waitForEvent('download'),
      this.page.locator(`[data-keep="${kind}"]`).click(),
    ]);
    return readFile(await download.path());
  }

  /** RGBA of a canvas, as the page shows it. */
  pixels(view) {
    return canvasPixels(this.page.locator(`canvas[data-view="${view}"]`));
  }

  /** RGBA of a PNG, decoded by the browser. */
  decodePng(png) {
    return this.page.evaluate(
      async (bytes) => {
        const bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)], { type: 'image/png' }), {
          colorSpaceConversion: 'none',
        });
        const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
        const drawing = canvas.getContext('2d');
        drawing.drawImage(bitmap, 0, 0);
        const { data } = drawing.getImageData(0, 0, bitmap.width, bitmap.height);
        return { width: bitmap.width, height: bitmap.height, rgba: [...data] };
      },
      [...png],
    );
  }

  /** The address once it has caught up with the view. */
  async link(step) {
    // The address follows after a pause; until then it may hold what was shown before, such as a channel
    // switched off.
    await this.page.waitForTimeout(1500);
    await this.page.waitForFunction(
      (at) => new URLSearchParams(location.hash.slice(1)).get('at') === String(at),
      step,
    );
    // A crop is not part of the address; a copied link holds it.
    return this.page.evaluate(() => {
      const address = new URL(location.href);
      address.hash = history.state?.cellflux?.links[0] ?? address.hash;
      return address.href;
    });
  }

  fact(name) {
    return this.page.locator(`[data-fact="${name}"]`).textContent();
  }

  /** Hands files to the page through its file dialog. */
  async upload(...files) {
    await this.page.locator('input[type="file"]').setInputFiles(files);
  }

  /**
   * Drops a file on the explorer.
   * @param {string} name
   * @param {string | Uint8Array} content
   */
  async drop(name, content) {
    await this.page.evaluate(([name, base64]) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], name));
      const event = new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true });
      document.querySelector('cellflux-explorer').dispatchEvent(event);
    }, [name, Buffer.from(content).toString('base64')]);
  }

  /** Accepts the crop that the editor suggests. */
  async useCrop() {
    const where = this.page.locator('.where');
    const before = await where.getAttribute('data-walk');
    await this.page.locator('[data-do="use-crop"]').click();
    await this.page.locator('[data-control="upload"][aria-checked="true"]').waitFor();
    // Until the worker has answered, the pictures and the step in view are the walk's before.
    await this.page.locator(`.where[data-step="0"]:not([data-walk="${before}"])`).waitFor();
  }

  /** The page still works: another compound can be chosen and a step walked. */
  async stillWorks({ walking = true } = {}) {
    await this.compound('taxol');
    if (!walking) return;
    await this.ready();
    await this.forward();
  }
}

/** The button of the page that does this. */
export const button = (page, name) => page.locator(`[data-do="${name}"]`);

/** RGBA of a canvas, as the page shows it. */
export function canvasPixels(canvas) {
  return canvas.evaluate((canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return { width: canvas.width, height: canvas.height, rgba: [...data] };
  });
}

/** For `init`: sums up in `globalThis.shift` by how much the page's parts have moved by themselves. */
export function watchShift() {
  globalThis.shift = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) globalThis.shift += entry.value;
  }).observe({ type: 'layout-shift', buffered: true });
}

/** How many numbers of two pictures differ; all of them where the sizes do. */
export function differing(a, b) {
  if (a.width !== b.width || a.height !== b.height) return Math.max(a.rgba.length, b.rgba.length);
  return a.rgba.filter((value, index) => value !== b.rgba[index]).length;
}

export function assertSamePixels(found, expected) {
  assert.equal(
    differing(found, expected),
    0,
    `${differing(found, expected)} of ${expected.rgba.length} values differ`,
  );
}
