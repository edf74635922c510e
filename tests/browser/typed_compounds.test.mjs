// Any compound: typed as SMILES, walked under counts that are RDKit's, and never passed off as one that the
// network has seen.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { builtModule } from './built_module.mjs';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { ExplorerPage, SHARED, SITE, assertSamePixels, differing } from './explorer_page.mjs';
import { withMicro } from './micro_site.mjs';
import { readNpy, relativeError } from './npy.mjs';
import { bundleFolder, runNatively, skip } from './site_bundle.mjs';

const ASPIRIN = 'CC(=O)Oc1ccccc1C(=O)O';
const CHEMISTRY = /cellflux_compound_wasm_bg/;
const UNSEEN = 'never seen by the network';
/** Every compound of the public tables with RDKit's counts, where the data lie beside the repository. */
const VECTORS = SHARED && join(SHARED, 'data/bbbc021-metadata/morgan_test_vectors.csv');
const COMMITTED = new URL('../../crates/cellflux-chem/tests/morgan_counts.csv', import.meta.url);

let browser;
before(async () => { browser = await launch(WITHOUT_GPU); });
after(async () => { await browser.close(); });

/** A page in a context of its own. */
const opened = (address, settings) => ExplorerPage.alone(browser, address, settings);

const field = (page) => page.getByLabel('Any compound, as SMILES');

/** Types a structure and submits it by the keyboard. */
async function type(page, smiles) {
  const offer = page.getByText('Any other compound');
  if (!(await field(page).isVisible())) await offer.click();
  await field(page).fill(smiles);
  await field(page).press('Enter');
}

const card = (page) => page.locator('.typed-card:visible');

/** Waits until the page is under the compound that was typed. */
async function under(explorer, smiles) {
  await card(explorer.page).getByText(smiles, { exact: true }).waitFor();
  await explorer.settled();
}

/** Rows of a table as objects; a cell may be in quotes. */
function rows(file) {
  const [titles, ...lines] = readFileSync(file, 'utf8').trim().split(/\r?\n/).map((line) =>
    [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) =>
      (quoted === undefined ? plain : quoted.replaceAll('""', '"'))));
  return lines.map((cells) => Object.fromEntries(titles.map((title, index) => [title, cells[index]])));
}

/** What the chemistry's module in the page says of structures: `position:count`, or why not. */
async function countsInTheBrowser(structures) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(SITE);
    return await page.evaluate(async ([address, structures]) => {
      const { default: init, Compounds } = await import(address);
      await init();
      const compounds = new Compounds(2, 1024, new Float32Array());
      return structures.map((smiles) => {
        try {
          const described = compounds.read(smiles, 3);
          const counts = [...described.counts].map((count, index) => (count ? `${index}:${count}` : ''));
          described.free();
          return counts.filter(Boolean).join(' ');
        } catch ({ kind, sentence }) {
          return `${kind}: ${sentence}`;
        }
      });
    }, [await builtModule(SITE, 'cellflux_compound_wasm'), structures]);
  } finally {
    await context.close();
  }
}

/** Compares a table's counts with those of the browser; a mixture is refused there, because it is typed. */
async function compare(table, smilesColumn, countsColumn) {
  const found = await countsInTheBrowser(table.map((row) => row[smilesColumn]));
  const mixtures = found.filter((text) => /^bad-compound: .* is a mixture of \d molecules/.test(text));
  const differ = table.filter((row, index) => {
    const refused = row[smilesColumn].includes('.') && mixtures.includes(found[index]);
    return found[index] !== row[countsColumn] && !refused;
  });
  assert.deepEqual(differ.map((row) => row[smilesColumn]), []);
  return { equal: table.length - mixtures.length, mixtures: mixtures.length };
}

test('counts in the browser are RDKit’s, for the compounds of the repository', async () => {
  const table = rows(COMMITTED);
  const [, smiles, counts] = Object.keys(table[0]);
  const { equal } = await compare(table, smiles, counts);
  assert.ok(equal >= 12, `${equal} of ${table.length} compared`);
});

test(
  'counts in the browser are RDKit’s, for every compound of the public tables',
  { skip: !(VECTORS && existsSync(VECTORS)) && 'no table of vectors beside the repository' },
  async () => {
    const found = await compare(rows(VECTORS), 'smiles', 'morgan_r2_1024_counts_rdkit_2026_09_1');
    assert.deepEqual(found, { equal: 1096, mixtures: 2 });
  },
);

test('a typed compound is drawn, compared, walked, and said to be unseen everywhere', async () => {
  const { explorer, context } = await opened();
  try {
    const { page } = explorer;
    await explorer.set('solver', 'euler');
    await explorer.set('steps', 2);
    const asked = () => explorer.requests.filter((address) => CHEMISTRY.test(address)).length;
    assert.equal(asked(), 0, 'the chemistry is fetched when a compound is typed, and not before');
    const listed = await page.locator('.view.now .note').textContent();
    assert.ok(!(await page.locator('cellflux-stage').innerText()).includes(UNSEEN));

    await type(page, ` ${ASPIRIN} `);
    await under(explorer, ASPIRIN);
    assert.equal(asked(), 1);
    await card(page).getByRole('img', { name: 'Structure of the typed compound' }).waitFor();
    const near = await card(page).locator('.near li').allTextContents();
    assert.equal(near.length, 3);
    const similarities = near.map((line) => Number(/ (\d\.\d\d)$/.exec(line)[1]));
    assert.deepEqual(similarities, similarities.toSorted((a, b) => b - a));
    assert.ok(similarities[0] > 0 && similarities[0] < 1, near.join());
    assert.match(await card(page).innerText(), /no real cells measured/);
    assert.equal(await page.locator('.compounds [aria-selected="true"]').count(), 0);

    await explorer.forward();
    await explorer.forward();
    assert.notEqual(await page.locator('.view.now .note').textContent(), listed);
    for (const view of ['now', 'difference']) {
      await page.locator(`.view.${view} [data-unseen]:visible`, { hasText: UNSEEN }).waitFor();
      const label = await page.locator(`canvas[data-view="${view}"]`).getAttribute('aria-label');
      assert.ok(label.includes(UNSEEN), label);
    }
    assert.match(await page.locator('cellflux-measured').innerText(), /No real cells measured/);
    const png = (await explorer.keep('frame')).toString('latin1');
    assert.ok(png.includes(UNSEEN) && png.includes('#v=2&'), 'the saved picture says it, too');

    // The link makes it again, also for somebody who has not typed anything.
    const link = await explorer.link(2);
    assert.match(link, /#v=2&.*smiles=CC%28%3DO%29Oc1ccccc1C%28%3DO%29O/);
    const other = await ExplorerPage.open(context, link);
    await other.ready();
    await under(other, ASPIRIN);
    await other.page.locator('.where[data-step="2"]').waitFor({ timeout: 60_000 });
    for (const view of ['start', 'now', 'difference']) {
      assertSamePixels(await other.pixels(view), await explorer.pixels(view));
    }
    other.nothingInTheConsole();

    // A compound of the list takes its place, and nothing of the typed one stays but the text.
    const typed = await explorer.pixels('now');
    await explorer.compound('taxol');
    await explorer.forward();
    await explorer.forward();
    assert.ok(differing(await explorer.pixels('now'), typed) > 0);
    assert.equal(await card(page).count(), 0);
    assert.ok(!(await page.locator('cellflux-stage').innerText()).includes(UNSEEN));
    assert.match(await explorer.link(2), /#v=1&.*c=taxol/);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('the command walks a typed compound’s link to the same numbers', { skip }, async () => {
  const { explorer, context } = await opened(`${SITE}?engine=candle#smiles=${ASPIRIN}&solver=euler&steps=2`);
  try {
    await under(explorer, ASPIRIN);
    while ((await explorer.step()) < 2) await explorer.forward();
    const page = readNpy(await explorer.keep('trajectory'));
    const native = await runNatively(await explorer.link(2), await bundleFolder(), 'candle');
    assert.deepEqual(page.shape, native.shape);
    // The same arithmetic, with other instructions.
    const error = relativeError(page.values, native.values);
    assert.ok(error < 1e-4, `${error}`);
  } finally {
    await context.close();
  }
});

test('what is no compound is told in a sentence, and the walk stays', async () => {
  const { explorer, context } = await opened();
  try {
    const { page } = explorer;
    await type(page, 'CCO');
    await under(explorer, 'CCO');
    const link = await explorer.link(await explorer.step());
    const hopeless = `C%99${'C1CCC(CC1)'.repeat(20)}C%99`;
    for (const [text, expected] of [
      ['', /SMILES is empty, expected at least one atom/],
      ['taxol', /at character \d/],
      ['C1CC', /ring 1 is opened and never closed/],
      ['C(C)(C)(C)(C)C', /valence .* is greater than permitted/],
      ['CC(=O)[O-].[Na+]', /is a mixture of 2 molecules, expected one/],
      ['CC*', /the atom at character 3 is a wildcard, expected every atom by its name/],
      ['C'.repeat(1001), /has 1001 characters, expected at most 1000/],
      [`${'C('.repeat(200)}${')'.repeat(200)}`, /more than 100 branches inside one another/],
      [hopeless, /rings or more that are not sums of smaller rings/],
      ['<img src=x onerror=alert(1)>', /is not part of SMILES/],
    ]) {
      await type(page, text);
      await explorer.says(expected);
      await explorer.settled();
      assert.equal(await field(page).inputValue(), text, 'what was typed stays to be mended');
      await card(page).getByText('CCO', { exact: true }).waitFor();
      assert.equal(await explorer.link(await explorer.step()), link);
    }
    // The longest chain that is read, which is a deep one for the module's stack.
    await type(page, 'C'.repeat(1000));
    await under(explorer, 'C'.repeat(1000));
    // A link that cannot be followed leaves the walk as it is, too.
    await page.evaluate(() => { location.hash = 'v=2&smiles=C%2EC'; });
    await explorer.says(/is a mixture of 2 molecules/);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('a page that is opened at a link of an impossible compound shows its own walk instead', async () => {
  const context = await browser.newContext({ serviceWorkers: 'block' });
  const explorer = await ExplorerPage.open(context, `${SITE}?engine=candle#v=2&smiles=C1CC`);
  try {
    await explorer.network();
    await explorer.says(/ring 1 is opened and never closed.*The page shows its own walk instead/);
    await explorer.page.locator('.compounds [aria-selected="true"]').waitFor();
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('a compound of the list in other words is that compound, and not called unseen', async () => {
  const { explorer, context } = await opened();
  try {
    await type(explorer.page, 'C[S](C)=O');
    await explorer.says(/For the network this is DMSO: both have the same Morgan counts/);
    await explorer.page.locator('[data-compound="dmso"][aria-selected="true"]').waitFor();
    assert.equal(await card(explorer.page).count(), 0);
    assert.ok(!(await explorer.page.locator('cellflux-stage').innerText()).includes(UNSEEN));
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

const ETHANOL = `ethanol
  by hand

  3  2  0  0  0  0            999 V2000
    0.0000    0.0000    0.0000 C   0  0
    1.0000    0.0000    0.0000 C   0  0
    2.0000    0.0000    0.0000 O   0  0
  1  2  1  0
  2  3  1  0
M  END
`;

test('a dropped structure is walked under like a typed one', async () => {
  const { explorer, context } = await opened();
  try {
    await explorer.drop('aspirin.smi', `${ASPIRIN}\taspirin\nCCO\tethanol\n`);
    await under(explorer, ASPIRIN);
    await explorer.drop('ethanol.mol', ETHANOL);
    await under(explorer, 'CCO');
    await explorer.drop('many.SDF', `${ETHANOL.replace(' O ', ' N ')}$$$$\n${ETHANOL}$$$$\n`);
    await under(explorer, 'CCN');
    await explorer.drop('new.mol', ETHANOL.replace('V2000', 'V3000'));
    await explorer.says(/new\.mol: line 4: a connection table of version V3000, expected one that ends/);
    await under(explorer, 'CCN');
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('without its module the page goes on, and typing again tries again', async () => {
  const { explorer, context } = await opened();
  try {
    const { page } = explorer;
    explorer.faults.length = 0;
    await context.route(CHEMISTRY, (route) => route.abort());
    await type(page, 'CCO');
    await explorer.says(/could not be fetched.*typing one again tries again/);
    await explorer.compound('taxol');
    await context.unroute(CHEMISTRY);
    await type(page, 'CCO');
    await under(explorer, 'CCO');
    const others = explorer.faults.filter((fault) => !/Failed to load resource/.test(fault));
    assert.deepEqual(others, []);
  } finally {
    await context.close();
  }
});

test('a model whose vectors are not made from structures offers no field', { skip }, async () => {
  const edit = (manifest) => { manifest.conditions.encoder = { kind: 'table', source: 'a table' }; };
  await withMicro(browser, edit, async (explorer) => {
    assert.equal(await explorer.page.getByText('Any other compound').isVisible(), false);
    await explorer.drop('aspirin.smi', ASPIRIN);
    await explorer.says(/not made from structures, so it takes only the compounds of its list/);
    await explorer.page.evaluate(() => { location.hash = 'smiles=CCO'; });
    await explorer.says(/as this model's vectors are not made from structures/);
  });
});
