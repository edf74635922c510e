// A site with the smallest network there is, the golden `micro`: tests that need a network but not its
// pictures use it.

import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveBuilt } from './built_site.mjs';
import { ExplorerPage } from './explorer_page.mjs';
import { cellflux, ROOT } from './site_bundle.mjs';

const SIDE = 32;

/** The network's configuration, from the metadata of the golden's file. */
async function microConfig() {
  const file = await readFile(join(ROOT, 'tests/fixtures/micro/io.safetensors'));
  const length = Number(file.readBigUInt64LE(0));
  return JSON.parse(file.subarray(8, 8 + length)).__metadata__.config;
}

/**
 * Imports the network as a bundle with the demo's compounds and drawn controls, builds a page of it and
 * serves that.
 * @param {(manifest: object) => void} [edit] changes the bundle's manifest before the page is built
 * @param {string} [more] further sections, as lines of `site.toml`
 * @param {object} [said] what `about.json` says besides
 * @param {string[]} [flags] of `cellflux import` besides
 * @returns {Promise<{ url: string, bundle: string, close: () => Promise<void> }>} the address, which ends in
 *   a slash, and the bundle's folder
 */
export async function serveMicro(edit, more = '', said = {}, flags = []) {
  const folder = await mkdtemp(join(tmpdir(), 'cellflux-micro-'));
  const source = join(ROOT, 'web/bundles/bbbc021-tiny.source');
  const about = JSON.parse(await readFile(join(source, 'about.json'), 'utf8'));
  const small = {
    ...about,
    id: 'micro',
    title: 'micro',
    image: { ...about.image, height: SIDE, width: SIDE },
    controls: [],
    treated: [],
    ...said,
  };
  await writeFile(join(folder, 'about.json'), JSON.stringify(small));
  await writeFile(join(folder, 'config.json'), await microConfig());
  await writeFile(
    join(folder, 'site.toml'),
    'title = "micro"\n[[bundle]]\npath = "bundle"\n[[section]]\nid = "explore"\nwide = true\ntext = """\nA '
      + 'network of a test[^1].\n\n[^1]: Its weights are drawn, not trained.\n\n```{explorer}\n```\n"""\n'
      + more,
  );
  await cellflux(
    'import',
    'tests/fixtures/micro/model.safetensors',
    '--config',
    join(folder, 'config.json'),
    '--compounds',
    join(source, 'compounds.csv'),
    '--about',
    join(folder, 'about.json'),
    '--out',
    join(folder, 'bundle'),
    ...flags,
  );
  if (edit) {
    const path = join(folder, 'bundle/manifest.json');
    const manifest = JSON.parse(await readFile(path, 'utf8'));
    edit(manifest);
    await writeFile(path, JSON.stringify(manifest));
  }
  return { bundle: join(folder, 'bundle'), ...(await serveBuilt(folder)) };
}

/**
 * Serves the network, opens the page in a context of its own, and closes both after `work`, which must leave
 * nothing in the console.
 * @param {import('playwright-core').Browser} browser
 * @param {(manifest: object) => void} edit as `serveMicro` takes it
 * @param {(explorer: ExplorerPage, context: import('playwright-core').BrowserContext, site: {
 *   url: string, bundle: string }) => Promise<void>} work
 * @param {{ more?: string, query?: string } & import('playwright-core').BrowserContextOptions} settings
 *   `more` as `serveMicro` takes it, `query` of the page's address besides, and the context's
 */
export async function withMicro(browser, edit, work, { more = '', query = '', ...settings } = {}) {
  const site = await serveMicro(edit, more);
  const context = await browser.newContext(settings);
  try {
    const explorer = await ExplorerPage.open(context, `${site.url}?engine=candle${query}`);
    await explorer.network();
    await work(explorer, context, site);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
    await site.close();
  }
}
