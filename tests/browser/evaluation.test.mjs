// What the page says of a bundle's evaluation: beside each compound, for the settings with which it was
// measured, and among the facts about the model. The figures here are written by hand and bound to the test's
// own weights.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findingLines, sameSettings } from '../../web/finding.js';
import { manifestView } from '../../web/worker/manifest_view.js';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { ExplorerPage } from './explorer_page.mjs';
import { serveMicro } from './micro_site.mjs';
import { CLI } from './site_bundle.mjs';

const skip = !CLI && 'CELLFLUX_CLI names no command';
const FIGURES = fileURLToPath(new URL('../fixtures/evaluation.json', import.meta.url));
const CARD = '.compound-card .finding';

const sampling = {
  solver: 'heun2', grid: 'edm', steps: 20, alpha: 1.2, noise: 0.5, seed: 1, rtol: 1e-5, atol: 1e-5,
};
const measuring = { sampling, recommended: true };
const finding = (sentence, more = {}) => (
  { condition: 'taxol', dose_um: null, measured: true, sentence, warning: null, ...more }
);
const lines = (findings, recipe = {}) => findingLines({ findings }, { ...sampling, ...recipe }, measuring)
  ?.map(({ words, warns }) => `${warns ? '! ' : ''}${words}`) ?? null;

test('settings are the same if the solver takes the same steps, whatever seed and unused settings', () => {
  assert.ok(sameSettings({ ...sampling, seed: 7, rtol: 0.1 }, sampling));
  const changes = [{ solver: 'euler' }, { grid: 'uniform' }, { steps: 21 }, { alpha: 1 }, { noise: 0 }];
  for (const change of changes) {
    assert.ok(!sameSettings({ ...sampling, ...change }, sampling), JSON.stringify(change));
  }
  const adaptive = { ...sampling, solver: 'dopri5' };
  assert.ok(sameSettings({ ...adaptive, steps: 3, grid: 'cosine' }, adaptive));
  assert.ok(!sameSettings({ ...adaptive, rtol: 1e-3 }, adaptive));
});

test('a dose is described by its own figures, or by those of all doses together', () => {
  const [three, all] = [finding('at three', { dose_um: 3 }), finding('of all')];
  assert.deepEqual(lines([three, all], { dose: 3 }), ['at three']);
  assert.deepEqual(lines([three, all], { dose: 1 }), ['of all']);
  assert.deepEqual(lines([three], { dose: 1 }), ['no real cells measured at this dose']);
  assert.deepEqual(lines([three, all]), ['of all']);
  const ten = finding('at ten', { dose_um: 10, warning: 'no better' });
  assert.deepEqual(lines([three, ten]), ['at 3 µM: at three', '! at 10 µM: no better', 'at 10 µM: at ten']);
  assert.deepEqual(lines([three]), ['at 3 µM: at three']);
});

test('settings other than the measured ones are mentioned, if anything was measured', () => {
  const other = { steps: 5 };
  const warned = ['makes it', '! measured with the recommended settings, not with these'];
  assert.deepEqual(lines([finding('makes it')], other), warned);
  const unmeasured = finding('no real cells measured', { measured: false });
  assert.deepEqual(lines([unmeasured], other), ['no real cells measured']);
  const recipe = { ...sampling, ...other };
  const [, own] = findingLines({ findings: [finding('x')] }, recipe, { sampling, recommended: false });
  assert.equal(own.words, 'measured with settings of its own, not with these');
  assert.equal(lines([]), null);
  assert.equal(findingLines({ findings: [] }, sampling, null), null);
});

test('a manifest’s view holds each compound’s findings, and its card’s sentences with isolated names', () => {
  const manifest = {
    image: { width: 1, height: 1, channels: [] },
    model: {},
    conditions: {
      list: [
        { id: 'taxol', name: 'taxol', split: 'seen' },
        { id: 'dmso', name: 'DMSO', split: 'seen', control: true },
      ],
    },
    sampling,
    provenance: { data_set: { name: 'a', citation: 'b' } },
  };
  const remarks = [
    { clauses: [{ names: ['\u202Eevil'], says: 'makes 62 %' }] },
    { clauses: [{ names: [], says: 'over all' }, { names: ['b', 'c'], says: 'not measured' }] },
  ];
  const view = manifestView(manifest, { sampling, findings: [finding('makes 62 %')], remarks });
  assert.deepEqual(view.compounds.map(({ findings }) => findings.length), [0, 1]);
  assert.deepEqual(view.measuring, { sampling, recommended: true });
  const [, said] = view.manifest.provenance.find(([term]) => term === 'Beside real cells');
  assert.deepEqual(said, ['\u2068\u202Eevil\u2069: makes 62 %', 'over all; b, c: not measured']);
  const without = manifestView(manifest);
  assert.equal(without.measuring, null);
  assert.ok(!without.manifest.provenance.some(([term]) => term === 'Beside real cells'));
});

let browser;
before(async () => { if (!skip) browser = await launch(WITHOUT_GPU); });
after(async () => { await browser?.close(); });

/** A page of the smallest network, its manifest changed by `edit`. */
async function pageOf(edit, work) {
  const site = await serveMicro(edit);
  const context = await browser.newContext();
  try {
    const explorer = await ExplorerPage.open(context, `${site.url}?engine=candle`);
    await explorer.ready();
    await work(explorer);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
    await site.close();
  }
}

const interval = (value, low, high) => ({ value, low, high });

/** Binds the test's figures to a manifest's weights, as docs/bundle-format.md says. */
async function evaluator() {
  const figures = JSON.parse(await readFile(FIGURES, 'utf8'));
  return (manifest) => {
    const shards = manifest.files
      .filter(({ path }) => path.startsWith('weights-'))
      .sort((a, b) => (a.path < b.path ? -1 : 1));
    const weights = createHash('sha256').update(shards.map(({ sha256 }) => sha256).join('\n')).digest('hex');
    const condition = (id, more) => ({ id, name: id, seen: true, treated: 178, controls: 90, ...more });
    manifest.evaluation = {
      ...figures,
      weights,
      sampling: manifest.sampling,
      conditions: [
        condition('cycloheximide', { gap_closed: interval(0.62, 0.48, 0.71) }),
        condition('taxol', { gap_closed: interval(0.05, -0.1, 0.2) }),
        condition('colchicine', { gap_closed: interval(0.3, 0.2, 0.4), seen: false }),
        condition('anisomycin', { treated: 7 }),
      ],
    };
  };
}

test('each compound says what was measured, and that other settings were not', { skip }, async () => {
  await pageOf(await evaluator(), async (explorer) => {
    const card = explorer.page.locator(CARD);
    for (const [compound, words] of [
      ['cycloheximide', ['makes 62 % (48 to 71) of the measured change; 178 real cells, never trained on']],
      ['taxol', [
        'measured: no better than a copy of the control',
        'makes 5 % (−10 to 20) of the measured change; 178 real cells, never trained on',
      ]],
      ['colchicine', [
        'makes 30 % (20 to 40) of the measured change; 178 real cells of a compound that training never saw',
      ]],
      ['anisomycin', ['not measured: 7 real cells, at least 20 are needed']],
      ['alln', ['no real cells measured']],
    ]) {
      await explorer.compound(compound);
      assert.deepEqual(await card.locator('p').allTextContents(), words, compound);
    }
    await explorer.compound('dmso');
    assert.equal(await card.count(), 0, 'nothing is said of the control');
    await explorer.compound('cycloheximide');
    const steps = await explorer.page.locator('#set-steps').inputValue();
    await explorer.set('steps', 3);
    const warning = 'measured with the recommended settings, not with these';
    assert.equal(await card.locator('.warns').textContent(), warning);
    await explorer.set('steps', steps);
    assert.equal(await card.locator('.warns').count(), 0);
    await explorer.page.locator('.card.about').evaluate((about) => { about.open = true; });
    const told = await explorer.page.locator('cellflux-provenance').textContent();
    assert.match(told, /cycloheximide: makes 62 % \(48 to 71\) of the measured change/);
    assert.match(told, /drawn cells: 185 real treated cells and 90 controls of the test split/);
  });
});

test('a bundle without an evaluation says nothing of one', { skip }, async () => {
  await pageOf(() => {}, async (explorer) => {
    await explorer.compound('taxol');
    assert.equal(await explorer.page.locator(CARD).count(), 0);
    const told = await explorer.page.locator('cellflux-provenance').textContent();
    assert.doesNotMatch(told, /Beside real cells/);
  });
});
