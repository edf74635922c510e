// The page's words follow what was done to the cells: a compound was given to them, or a gene was changed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dimensionName } from '../../web/grid.js';
import { done, kindOf, wordsFor } from '../../web/perturbations.js';
import { differences } from '../../web/recipe_words.js';
import { manifestView } from '../../web/worker/manifest_view.js';
import { accessible } from './accessible.mjs';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { ExplorerPage } from './explorer_page.mjs';
import { serveMicro } from './micro_site.mjs';
import { skip } from './site_bundle.mjs';

/** @typedef {import('../../web/protocol.js').Perturbation} Perturbation */

/** A list of conditions of these kinds behind a control, which says nothing of its own. */
const listOf = (/** @type {Perturbation[]} */ ...kinds) => [
  { kind: /** @type {Perturbation} */ ('compound'), control: true },
  ...kinds.map((kind) => ({ kind, control: false })),
];

test('one kind gives its own words, several more general ones, and the control none', () => {
  assert.deepEqual(wordsFor(undefined).many, 'compounds');
  assert.equal(wordsFor(listOf()).one, 'compound');
  assert.equal(wordsFor(listOf('knock-down', 'knock-down')).one, 'gene knock-down');
  assert.equal(wordsFor(listOf('over-expression')).many, 'gene over-expressions');
  assert.equal(wordsFor(listOf('compound', 'knock-out')).one, 'perturbation');
  const [control, compound, gene] = listOf('compound', 'knock-out');
  assert.deepEqual([control, compound, gene].map(kindOf), [null, null, 'Gene knock-out']);
});

test('cells are treated with a compound, and have a gene knocked out', () => {
  assert.equal(done(undefined, 'taxol'), 'treated with taxol');
  assert.equal(done('knock-out', 'ATF4'), 'with ATF4 knocked out');
  assert.equal(done('knock-down', 'ATF4'), 'with ATF4 knocked down');
  assert.equal(done('over-expression', 'ATF4'), 'with ATF4 over-expressed');
});

test('grids and differences between walks are named by the same words', () => {
  const genes = /** @type {any} */ ([
    { id: 'atf4', name: 'ATF4', kind: 'knock-down', control: false },
    { id: 'braf', name: 'BRAF', kind: 'knock-down', control: false },
  ]);
  assert.equal(dimensionName('compound', genes), 'Gene knock-down');
  assert.equal(dimensionName('seed', genes), 'Seed');
  const recipe = (compound) => /** @type {any} */ ({ compound, control: 'c1' });
  assert.deepEqual(
    differences(recipe('atf4'), recipe('braf'), { compounds: genes }),
    ['gene knock-down ATF4 → BRAF'],
  );
});

test('a manifest without kinds is one of compounds', () => {
  const condition = (id, more = {}) => ({ id, name: id, split: 'seen', ...more });
  const view = manifestView({
    id: 'm', title: 'm', image: { height: 8, width: 8, channels: [] },
    model: { parameters: 1, dtype: 'f16' }, sampling: {}, provenance: { data_set: {} },
    conditions: { encoder: { kind: 'table' }, list: [condition('a'), condition('b', { kind: 'knock-out' })] },
  });
  assert.deepEqual(view.compounds.map(({ id, kind }) => [id, kind]), [['a', 'compound'], ['b', 'knock-out']]);
});

test('a page of genes speaks of genes', { skip }, async () => {
  const site = await serveMicro((/** @type {any} */ manifest) => {
    for (const condition of manifest.conditions.list) {
      if (!condition.control) condition.kind = 'knock-down';
    }
  });
  const browser = await launch(WITHOUT_GPU);
  try {
    const context = await browser.newContext();
    const explorer = await ExplorerPage.open(context, `${site.url}?engine=candle`);
    await explorer.network();
    const { page } = explorer;
    assert.match(await page.locator('#compound-title').textContent(), /Pick a gene knock-down$/);
    await page.getByRole('combobox', { name: 'Search gene knock-downs' }).fill('zzz');
    await page.getByText('No gene knock-down here matches “zzz”.').waitFor();
    await page.getByRole('combobox', { name: 'Search gene knock-downs' }).fill('');
    await explorer.compound('taxol');
    assert.match(await page.locator('.compound-card dl').textContent(), /Done to the cellsGene knock-down/);
    await accessible(explorer, 'a page of genes');
    explorer.nothingInTheConsole();
  } finally {
    await browser.close();
    await site.close();
  }
});
