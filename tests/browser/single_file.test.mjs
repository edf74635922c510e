// `cellflux site build --single`: one HTML file that a browser opens from a disk. It plays what was recorded,
// computes walks on the CPU, and asks nobody for anything.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { accessible } from './accessible.mjs';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { ExplorerPage } from './explorer_page.mjs';
import { CLI } from './site_bundle.mjs';

const execute = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const skip = CLI ? false : 'needs the cellflux command';

let browser;
let folder;
let file;

before(async () => {
  if (!CLI) return;
  browser = await launch(WITHOUT_GPU);
  folder = await mkdtemp(join(tmpdir(), 'cellflux-single-'));
  const site = join(folder, 'site');
  file = join(folder, 'a page.html');
  await execute(CLI, ['site', 'new', site], { cwd: root });
  await execute(CLI, ['site', 'build', site, '--single', file], { cwd: root });
});
after(async () => {
  await browser?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** The file in a tab of its own. */
async function opened(hash = '') {
  const context = await browser.newContext();
  const address = `${pathToFileURL(file).href}${hash}`;
  return { context, explorer: await ExplorerPage.open(context, address) };
}

const recorded = (explorer) => explorer.page.locator('.where', { hasText: 'recorded' }).waitFor();

/** The greatest difference of two pictures' values. */
function apart(first, second) {
  assert.equal(first.rgba.length, second.rgba.length);
  return first.rgba.reduce((most, value, at) => Math.max(most, Math.abs(value - second.rgba[at])), 0);
}

test('a page opened from a disk plays its recording and computes the same walk', { skip }, async () => {
  const { context, explorer } = await opened();
  try {
    await recorded(explorer);
    const [end, film] = [await explorer.step(), await explorer.pixels('now')];
    await explorer.ready();
    await explorer.walk();
    assert.equal(await explorer.step(), end);
    const difference = apart(await explorer.pixels('now'), film);
    assert.ok(difference <= 4, `the computed end is ${difference} of 255 from the recorded one`);
    await explorer.stillWorks({ walking: false });
    const outside = explorer.requests.filter((url) => !/^(file|blob|data):/.test(url));
    assert.deepEqual(outside, []);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('a link opens the same walk, and a figure finds the module that draws it', { skip }, async () => {
  const { context, explorer } = await opened('#c=cycloheximide');
  try {
    await explorer.ready();
    const chosen = explorer.page.locator('[data-compound="cycloheximide"][aria-selected="true"]');
    await chosen.waitFor();
    await explorer.forward();
    const link = await explorer.link(1);
    const other = await ExplorerPage.open(context, link);
    await other.ready();
    await other.page.locator('[data-compound="cycloheximide"][aria-selected="true"]').waitFor();
    // A figure is drawn by a module that is fetched when it is first needed.
    const svg = (await explorer.keep('figure-svg')).toString();
    assert.match(svg, /<svg/);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('the one file is as accessible as the site', { skip }, async () => {
  const { context, explorer } = await opened();
  try {
    await explorer.ready();
    await accessible(explorer, 'one file from a disk');
  } finally {
    await context.close();
  }
});

test('the file names no other file, and is the same when it is built again', { skip }, async () => {
  const html = await readFile(file, 'utf8');
  const markup = html.replaceAll(/<(script|style)[^>]*>[^]*?<\/\1>/g, '');
  const addresses = [...markup.matchAll(/<(?!cellflux)[^>]*\s(?:src|href|poster)="([^"]+)"/g)];
  assert.ok(addresses.length > 0);
  for (const [, address] of addresses) assert.match(address, /^(data:|https:|#)/);
  const again = join(folder, 'again.html');
  await execute(CLI, ['site', 'build', join(folder, 'site'), '--single', again], { cwd: root });
  assert.equal(await readFile(again, 'utf8'), html);
});

test('tabs, a picture to enlarge and a file to save work in one file', { skip }, async () => {
  const site = join(folder, 'parts');
  const whole = join(folder, 'parts.html');
  await mkdir(site);
  const bundle = join(root, 'web/bundles/bbbc021-tiny');
  await writeFile(join(site, 'site.toml'), `title = "Parts"
[pictures]
widths = [64]
enlarge = true
[[bundle]]
path = '${bundle}'
[[section]]
id = "a"
title = "A"
file = "a.md"
`);
  await writeFile(join(site, 'dot.svg'), `<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20">\
<circle cx="10" cy="10" r="8"/></svg>`);
  await writeFile(join(site, 'data.csv'), 'a,b\n1,2\n');
  await writeFile(join(site, 'a.md'), `\`\`\`{tabs}
[[tab]]
title = "One"
text = "The first text."
[[tab]]
title = "Two"
text = "The second text."
\`\`\`

\`\`\`{figure}
file = "dot.svg"
alt = "A dot"
\`\`\`

\`\`\`{downloads}
[[file]]
path = "data.csv"
label = "The data"
\`\`\`
`);
  await execute(CLI, ['site', 'build', site, '--single', whole], { cwd: root });
  const context = await browser.newContext({ acceptDownloads: true });
  try {
    const page = await context.newPage();
    const errors = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(pathToFileURL(whole).href);
    await page.getByRole('tab', { name: 'Two' }).click();
    await page.getByText('The second text.').waitFor();
    assert.ok(await page.getByText('The first text.').isHidden());
    await page.locator('a.enlarge').click();
    await page.getByRole('dialog', { name: 'A dot' }).waitFor();
    await page.keyboard.press('Escape');
    const saved = page.waitForEvent('download');
    await page.getByRole('link', { name: 'The data' }).click();
    assert.equal((await saved).suggestedFilename(), 'data.csv');
    assert.deepEqual(errors, []);
  } finally {
    await context.close();
  }
});
