// Bundles that are not what they say: each is one sentence, and the page goes on as soon as the bundle is
// sound. And bundles that have little, or names of absurd length.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { launch } from './chromium.mjs';
import { png } from './crops.mjs';
import { ExplorerPage, SITE } from './explorer_page.mjs';
import { changedManifest, serveSpoilt, sha256 } from './faulty_server.mjs';

const isShard = (path) => /weights-\d+-of-\d+\.safetensors$/.test(path);
const isManifest = (path) => path.endsWith('manifest.json');

let browser;
let context;
let server;
let explorer;
let spoil = () => undefined;
before(async () => {
  browser = await launch();
  server = await serveSpoilt(SITE, (path, body) => spoil(path, body));
});
after(async () => {
  await server.close();
  await browser.close();
});
afterEach(async () => {
  spoil = () => undefined;
  explorer?.nothingInTheConsole();
  await context?.close();
});

async function open(options = {}) {
  context = await browser.newContext();
  explorer = await ExplorerPage.open(context, `${server.url}?engine=candle`, { failures: true, ...options });
}

/** The server is put right, and the visitor asks again. */
async function mended() {
  spoil = () => undefined;
  await explorer.page.locator('cellflux-notice button', { hasText: 'Try again' }).click();
  await explorer.ready();
  await explorer.stillWorks();
}

const SHARDS = [
  [
    'a truncated shard',
    (body) => body.subarray(0, body.length - 1000),
    /weights-0001-of-\d+\.safetensors: \d+ bytes, expected \d+/,
  ],
  [
    'an oversized shard',
    (body) => Buffer.concat([body, Buffer.alloc(64)]),
    /weights-0001-of-\d+\.safetensors: \d+ bytes, expected \d+, no more/,
  ],
  [
    'a shard with another digest',
    (body) => {
      const changed = Buffer.from(body);
      changed[changed.length - 5] ^= 1;
      return changed;
    },
    /SHA-256 is [0-9a-f]{64}, expected [0-9a-f]{64}/,
  ],
  ['a shard that the server does not have', () => ({ status: 404 }), /the server answered 404/],
];
for (const [name, change, sentence] of SHARDS) {
  test(`${name} is refused by name, what was chosen stays, and a second try loads`, async () => {
    spoil = (path, body) => (isShard(path) ? change(body) : undefined);
    await open();
    await explorer.says(sentence);
    await explorer.stillWorks({ walking: false });
    await mended();
  });
}

test('a shard that holds NaN under its right digest is refused by its tensor’s name', async () => {
  let spoilt = null;
  const notANumber = (body) => {
    const copy = Buffer.from(body);
    const header = Number(copy.readBigUInt64LE(0));
    copy.writeUInt16LE(0x7e00, 8 + header + 2 * Math.floor((copy.length - 8 - header) / 4));
    return copy;
  };
  spoil = (path, body) => {
    if (isShard(path)) return (spoilt = notANumber(body));
    if (!isManifest(path)) return undefined;
    return changedManifest(body, (manifest) => {
      for (const file of manifest.files.filter(({ path: each }) => isShard(each))) file.sha256 = shardDigest;
      // Its figures belong to the sound weights.
      delete manifest.evaluation;
    });
  };
  const address = new URL((await (await fetch(SITE)).text()).match(/src="([^"]+manifest\.json)"/)[1], SITE);
  const { files } = await (await fetch(address)).json();
  const shard = files.find(({ path }) => isShard(path));
  const shardDigest = sha256(
    notANumber(Buffer.from(await (await fetch(new URL(shard.path, address))).arrayBuffer())),
  );
  await open();
  await explorer.says(/tensor \S+ holds NaN at position \d+, expected finite numbers only/i);
  assert.ok(spoilt);
  await explorer.stillWorks({ walking: false });
});

const MANIFESTS = [
  [
    'a path that leaves the bundle',
    (manifest) => {
      manifest.files[0].path = '../../secret.png';
    },
    /files\[0\]\.path is "\.\.\/\.\.\/secret\.png", expected a plain path inside the bundle/,
  ],
  [
    'an impossible size',
    (manifest) => {
      manifest.image.height = 10 ** 9;
    },
    /height is 1000000000, expected 1 to \d+ pixels/,
  ],
  [
    'pixels of no size',
    (manifest) => {
      manifest.image.pixel_size_um = 0;
      delete manifest.image.crop_size_um;
    },
    /pixel_size_um is 0, expected a positive number of micrometres/,
  ],
  [
    'another format version',
    (manifest) => {
      manifest.version = 2;
    },
    /version is \W?2\W?, but this reader knows version 1 only/,
  ],
];
for (const [name, change, sentence] of MANIFESTS) {
  test(`a manifest with ${name} is refused in one sentence`, async () => {
    spoil = (path, body) => (isManifest(path) ? changedManifest(body, change) : undefined);
    await open();
    await explorer.says(sentence);
    await mended();
  });
}

test('a manifest that is not JSON, and one that is missing, are one sentence each', async () => {
  spoil = (path) => (isManifest(path) ? Buffer.from('<!doctype html>') : undefined);
  await open();
  await explorer.says(/manifest\.json: not the expected JSON/);
  spoil = (path) => (isManifest(path) ? { status: 404 } : undefined);
  await explorer.page.locator('cellflux-notice button', { hasText: 'Try again' }).click();
  await explorer.says(/manifest\.json: the server answered 404/);
  await mended();
});

test('a damaged copy in the cache is fetched again', async () => {
  await open();
  await explorer.ready();
  const damaged = await explorer.page.evaluate(async () => {
    const cache = await caches.open('cellflux-bundles-1');
    const keys = (await cache.keys()).filter(({ url }) => url.includes('weights-'));
    await Promise.all(keys.map((key) => cache.put(key, new Response(new Uint8Array(1000)))));
    return keys.length;
  });
  assert.ok(damaged > 0, 'the shards are kept');
  await explorer.page.reload();
  await explorer.says(/The kept copy of weights-0001\S+ was damaged, so it is downloaded again/);
  await explorer.ready();
  await explorer.stillWorks();
});

test('cancelling a download keeps the page, and a second try goes on', async () => {
  let release;
  const held = new Promise((resolve) => { release = resolve; });
  context = await browser.newContext();
  await context.route(/\/weights-/, async (route) => { await held; await route.continue().catch(() => {}); });
  explorer = await ExplorerPage.open(context, `${server.url}?engine=candle`, { failures: true });
  await explorer.page.getByRole('button', { name: 'Cancel' }).first().click();
  await explorer.says(/Loading was cancelled/);
  release();
  await explorer.stillWorks({ walking: false });
  await mended();
});

/** Opens the site with another manifest, which is sound. */
async function openedWith(change, options = {}) {
  spoil = (path, body) => (isManifest(path) ? changedManifest(body, change) : undefined);
  context = await browser.newContext({ serviceWorkers: 'block', ...options });
  explorer = await ExplorerPage.open(context, `${server.url}?engine=candle`);
  await explorer.ready();
}

/** Puts a cell treated with taxol into the gallery. */
function withTreated(manifest, more = {}) {
  const [control] = manifest.gallery.controls;
  manifest.gallery.treated = [{ ...control, id: 'treated-1', condition: 'taxol', synthetic: false, ...more }];
}

test('what a bundle has not, doses, real cells, structures or an evaluation, has no empty part', async () => {
  const shown = async (change, parts = []) => {
    await openedWith(change);
    const { page } = explorer;
    await explorer.compound('taxol');
    await page.locator('.compound-card h3', { hasText: 'taxol' }).waitFor();
    await page.getByText('Compare walks').click();
    await page.locator('#grid-rows').waitFor();
    for (const part of parts) await page.locator(part).first().waitFor();
    const told = {
      terms: await page.locator('.compound-card dt').allInnerTexts(),
      cells: await page.locator('cellflux-measured').isVisible(),
      realBeside: await page.locator('#grid-real').isVisible(),
      evaluated: /Beside real cells/.test(await page.locator('cellflux-provenance').innerText()),
    };
    await explorer.stillWorks();
    const drawings = await page.locator('.compound-card img').count();
    explorer.nothingInTheConsole();
    await context.close();
    return { ...told, drawings };
  };
  const full = await shown(withTreated, ['cellflux-measured', '#grid-real', '.compound-card img']);
  assert.ok(full.terms.length > 2 && full.cells && full.realBeside && full.drawings, JSON.stringify(full));
  const bare = await shown((manifest) => {
    manifest.gallery.treated = [];
    delete manifest.evaluation;
    delete manifest.trained_noise;
    for (const condition of manifest.conditions.list) {
      for (const name of ['doses_um', 'structure', 'mode_of_action', 'batches']) delete condition[name];
    }
  });
  assert.deepEqual(bare, {
    terms: ['Training'], cells: false, realBeside: false, evaluated: false, drawings: 0,
  });
});

test('a bundle without any image waits for the visitor’s own', async () => {
  spoil = (path, body) => (isManifest(path)
    ? changedManifest(body, (manifest) => { delete manifest.gallery; }) : undefined);
  context = await browser.newContext({ serviceWorkers: 'block' });
  explorer = await ExplorerPage.open(context, `${server.url}?engine=candle`);
  await explorer.network();
  const { page } = explorer;
  assert.equal(await page.locator('[data-control]').count(), 0);
  assert.equal(await page.getByText('Compare walks').isVisible(), false);
  await explorer.upload({
    name: 'field.png', mimeType: 'image/png', buffer: png(80, 80, 3, (x, y) => (x + y) % 200),
  });
  await page.locator('[data-do="use-crop"]').click();
  await page.locator('[data-control="upload"][aria-checked="true"]').waitFor();
  await explorer.stillWorks();
});

test('names of absurd length make no page wider than a phone', async () => {
  // As long as a manifest allows.
  const long = (name, most = 200) => `${name}${'W'.repeat(most - name.length)}`;
  await openedWith((manifest) => {
    manifest.title = long('title');
    delete manifest.evaluation;
    for (const channel of manifest.image.channels) {
      channel.stain = long('stain', 100);
      channel.name = long(channel.name, 100);
    }
    for (const condition of manifest.conditions.list) {
      condition.name = long(condition.id);
      condition.mode_of_action = long('action');
      condition.batches = [long('batch')];
    }
    withTreated(manifest);
    for (const crop of [...manifest.gallery.controls, ...manifest.gallery.treated]) {
      for (const name of ['batch', 'plate', 'well', 'source']) crop[name] = long(name);
      crop.synthetic = false;
    }
  }, { viewport: { width: 390, height: 844 } });
  const { page } = explorer;
  await page.evaluate(() => { document.querySelector('h1').textContent = 'W'.repeat(200); });
  await explorer.fitsItsWidth();
  await explorer.compound('taxol');
  await explorer.forward();
  await page.locator('[data-do="pin"]').click();
  await page.locator('canvas[data-view="pinned"]').waitFor();
  for (const details of await page.locator('cellflux-explorer details').all()) {
    await details.evaluate((node) => { /** @type {HTMLDetailsElement} */ (node).open = true; });
  }
  await page.locator('.chart-figure').first().waitFor({ timeout: 60_000 });
  for (const details of await page.locator('cellflux-explorer details').all()) {
    await details.evaluate((node) => { /** @type {HTMLDetailsElement} */ (node).open = true; });
  }
  await explorer.fitsItsWidth();
  const outside = await page.evaluate(() => {
    const { shadowRoot } = document.querySelector('cellflux-explorer');
    const scrolls = (node) => {
      for (let each = node.parentElement; each; each = each.parentElement) {
        if (['auto', 'hidden', 'scroll'].includes(getComputedStyle(each).overflowX)) return true;
      }
      return false;
    };
    return [...shadowRoot.querySelectorAll('*')]
      .filter((node) => !node.closest('.unseen') && !scrolls(node))
      .filter((node) => node.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
      .map((node) => `${node.localName}.${node.className}`);
  });
  assert.deepEqual(outside, []);
});
