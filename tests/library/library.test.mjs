// The package of npm, from its file, in projects of others: found without settings, typed, and working.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build, createServer } from 'vite';
import { launch } from '../browser/chromium.mjs';
import { project, SCRIPT, served } from './projects.mjs';

const PAGE = (script) => `<!doctype html><html lang="en"><title>Cells</title><div id="cells"></div>${script}
</html>`;
const IMPORTS = (from) => `import { Explorer, Failure, Session } from '${from}';`;
const TYPED = `${IMPORTS('cellflux')}
import type { Frame, Recipe } from 'cellflux';
interface Told {
  progress: string[]; frames: number[]; sessions: string[]; recipe: Recipe | null; [name: string]: unknown;
}
declare global { interface Window { told: Told } }
${SCRIPT.replace('const told = {', 'const told: Told = {')
    .replace('told.bytes = 0;', 'let bytes = 0;')
    .replace('for await (const frame of session.walk()) told.bytes +=',
      'for await (const frame of session.walk()) bytes +=')
    .replace('told.pixels =', 'told.bytes = bytes;\ntold.pixels =')
    .replace('explorer.frames.at(-1).time', '(explorer.frames.at(-1) as Frame).time')
    .replace('explorer.element.shadowRoot.', 'explorer.element.shadowRoot!.')}
export {};
`;

let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

/** What the page at an address tells, once it has done all that it does. */
async function toldBy(url) {
  const page = await browser.newPage();
  const troubles = [];
  page.on('pageerror', (error) => troubles.push(String(error)));
  page.on('requestfailed', (request) => troubles.push(request.url()));
  try {
    await page.goto(url);
    await page.waitForFunction(() => /** @type {any} */ (window).told?.done, null, { timeout: 240_000 })
      .catch((error) => { throw new Error(`${error.message}\n${troubles.join('\n')}`); });
    return await page.evaluate(() => /** @type {any} */ (window).told);
  } finally {
    await page.close();
  }
}

/** What every project gets of the package. */
function isWhole(told) {
  assert.equal(told.recipe.compound, 'rounded-cell');
  assert.equal(told.recipe.steps, 2);
  assert.equal(told.end, 1);
  assert.deepEqual([...new Set(told.frames)].sort(), [0, 1, 2]);
  assert.ok(told.styles[0] > 0 && told.styles.length > 5, `the styles have come: ${told.styles}`);
  const words = told.progress.filter((word) => word !== 'progress');
  assert.deepEqual(words, ['initiate', 'download', 'done', 'initiate', 'download', 'done', 'ready']);
  assert.deepEqual(told.sessions.filter((word) => word !== 'progress'), words);
  assert.ok(told.same, 'a session follows the explorer’s link');
  assert.equal(told.bytes, 3 * 4 * told.pixels);
  assert.equal(told.refused, 'bad-link');
  assert.equal(told.isFailure, true);
}

test('a fresh Vite project finds worker, WebAssembly and styles, built and while developed', async (t) => {
  const page = PAGE('<script type="module" src="/main.ts"></script>');
  const fresh = await project({ page, files: { 'main.ts': TYPED }, bundleIn: 'public/bundle' });
  t.after(fresh.end);
  const settings = { root: fresh.folder, logLevel: /** @type {'silent'} */ ('silent'), configFile: false };

  await t.test('its types fit', () => {
    const tsc = fileURLToPath(new URL('node_modules/typescript/bin/tsc', import.meta.url));
    const { status, stdout } = spawnSync(process.execPath, [tsc, '--noEmit', '--strict', '--target', 'esnext',
      '--module', 'esnext', '--moduleResolution', 'bundler', '--lib', 'esnext,dom,dom.iterable', 'main.ts'],
    { cwd: fresh.folder, encoding: 'utf8' });
    assert.equal(status, 0, stdout);
  });

  await t.test('built', async () => {
    await build(/** @type {any} */ (settings));
    const host = await served(join(fresh.folder, 'dist'));
    try {
      isWhole(await toldBy(host.url));
    } finally {
      await host.close();
    }
  });

  await t.test('while it is developed', async () => {
    const server = await createServer(/** @type {any} */ ({ ...settings, server: { port: 0 } }));
    try {
      await server.listen();
      isWhole(await toldBy(server.resolvedUrls.local[0]));
    } finally {
      await server.close();
    }
  });
});

test('a page without a bundler imports the package from where it lies', async (t) => {
  const page = PAGE(`<script type="module">
${IMPORTS('./node_modules/cellflux/web/library/index.js')}
${SCRIPT}</script>`);
  const fresh = await project({ page, bundleIn: 'bundle' });
  t.after(fresh.end);
  const host = await served(fresh.folder);
  try {
    isWhole(await toldBy(host.url));
  } finally {
    await host.close();
  }
});
