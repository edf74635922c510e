// The gallery shows every component; its pages and those of every template are valid HTML, accessible, fit a
// phone, and print what a script hides.

import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { HtmlValidate } from 'html-validate';
import { accessible } from './accessible.mjs';
import { serveBuilt } from './built_site.mjs';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { leftOut } from './extended.mjs';
import { ExplorerPage } from './explorer_page.mjs';
import { cellflux, CLI, ROOT, skip } from './site_bundle.mjs';

const GALLERY = join(ROOT, 'tests/browser/gallery');
const PAGES = ['index.html', 'model.html', 'course.html'];
const TEMPLATES = ['paper', 'lab-course', 'minimal', 'supplement'];

let browser;
let folder;
let gallery;
let site;
before(async () => {
  if (!CLI) return;
  browser = await launch(WITHOUT_GPU);
  folder = await mkdtemp(join(tmpdir(), 'cellflux-templates-'));
  // A copy, since it is removed in the end; its bundle stays where it is.
  gallery = await mkdtemp(join(tmpdir(), 'cellflux-gallery-'));
  await cp(GALLERY, gallery, { recursive: true });
  const settings = join(gallery, 'site.toml');
  const text = await readFile(settings, 'utf8');
  await writeFile(settings, text.replace('../../../web/bundles/', join(ROOT, 'web/bundles/')));
  site = await serveBuilt(gallery);
});
after(async () => {
  await site?.close();
  await browser?.close();
  if (folder) await rm(folder, { recursive: true, force: true });
});

/** What is wrong with the HTML files of a built site, in sentences. */
async function invalid(built) {
  const validator = new HtmlValidate({
    root: true,
    extends: ['html-validate:standard', 'html-validate:document'],
  });
  const pages = (await readdir(built)).filter((name) => name.endsWith('.html'));
  assert.ok(pages.includes('index.html'), built);
  const found = [];
  for (const page of pages) {
    const { results } = await validator.validateFile(join(built, page));
    for (const { messages } of results) {
      found.push(...messages.map(({ line, ruleId, message }) => `${page}:${line}: ${ruleId}: ${message}`));
    }
  }
  return found;
}

/** Opens a page of the gallery for `work`, and closes it. */
async function opened(page, work, settings = {}) {
  const context = await browser.newContext({ serviceWorkers: 'block', ...settings });
  try {
    const explorer = await ExplorerPage.open(context, `${site.url}${page}`);
    await work(explorer);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
}

test('the gallery’s pages are valid HTML, which a validator that sees faults says', { skip }, async () => {
  assert.deepEqual(await invalid(join(gallery, 'dist')), []);
  const faulty = join(folder, 'faulty');
  await mkdir(faulty);
  await writeFile(join(faulty, 'index.html'), '<!doctype html><html lang="en"><ul><p>a</p></ul></html>');
  assert.ok((await invalid(faulty)).length > 0);
});

for (const template of TEMPLATES) {
  // Their walks are computed first, which takes a while for each.
  const left = skip || leftOut(template !== 'minimal');
  test(`a new site from the template ${template} is valid HTML`, { skip: left }, async () => {
    const made = join(folder, template);
    await cellflux('site', 'new', made, '--template', template);
    await cellflux('site', 'build', made);
    assert.deepEqual(await invalid(join(made, 'dist')), []);
  });
}

for (const page of PAGES) {
  test(`axe-core finds nothing on the gallery’s ${page}, which fits a phone`, { skip }, async () => {
    for (const colorScheme of ['light', 'dark']) {
      await opened(page, (explorer) => accessible(explorer, `${page}, ${colorScheme}`), { colorScheme });
    }
    await opened(page, (explorer) => explorer.fitsItsWidth(), { viewport: { width: 390, height: 800 } });
  });
}

test('a search finds words of every page, leads there and says when there are none', { skip }, async () => {
  await opened('index.html', async ({ page }) => {
    const field = page.getByRole('searchbox', { name: 'Search this site' });
    await field.fill('zebrafish');
    await page.getByText('Nothing found').waitFor();
    await field.fill('MEASURED');
    const link = page.locator('cellflux-search .found a').first();
    await link.filter({ hasText: 'Measured' }).waitFor();
    assert.equal(await link.getAttribute('href'), 'model.html#measured');
    await link.click();
    await page.waitForURL(/model\.html/);
  });
});

test('paper has every text that a script hides, and where links lead', { skip }, async () => {
  await opened('index.html', async ({ page }) => {
    const hidden = page.getByText('Radius of the drawn nucleus');
    assert.equal(await hidden.isVisible(), false);
    await page.emulateMedia({ media: 'print' });
    assert.equal(await hidden.isVisible(), true);
    assert.equal(await page.locator('cellflux-search').isVisible(), false);
    const link = page.locator('main a[href="https://example.org/"]');
    const behind = await link.evaluate((node) => getComputedStyle(node, '::after').content);
    assert.match(behind, /attr\(href\)|https:\/\/example\.org\//);
    assert.ok(await page.locator('#fig-cell img').isVisible());
  });
});

test('the video plays and each page has a picture for link previews of its own', { skip }, async () => {
  await opened('index.html', async ({ page }) => {
    const seconds = await page.locator('#vid-growth video').evaluate(async (video) => {
      const film = /** @type {HTMLVideoElement} */ (video);
      if (film.readyState < 1) await new Promise((known) => film.addEventListener('loadedmetadata', known));
      return film.duration;
    });
    assert.ok(seconds > 1.5 && seconds < 2.5, `${seconds} s`);
  });
  const cards = new Set();
  for (const page of PAGES) {
    const html = await (await fetch(`${site.url}${page}`)).text();
    const [, card] = /<meta property="og:image" content="([^"]+)"/.exec(html) ?? [];
    assert.ok(card, page);
    assert.ok((await fetch(new URL(card, site.url))).ok, card);
    cards.add(card);
  }
  assert.equal(cards.size, PAGES.length);
});
