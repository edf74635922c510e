// What the page says of a bundle's evaluation: beside each compound, for the settings with which it was
// measured, among the facts about the model, and in charts and tables, which a phone and a keyboard can read
// whole. The figures here are written by hand and bound to the test's own weights.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { besideCells, findingLines, natureOf, sameSettings, typedUnmeasured } from '../../web/finding.js';
import { batchNote, TYPED } from '../../web/parts/walk_sentences.js';
import { manifestView } from '../../web/worker/manifest_view.js';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { withMicro } from './micro_site.mjs';
import { skip } from './site_bundle.mjs';

const FIGURES = fileURLToPath(new URL('../fixtures/evaluation.json', import.meta.url));
const CARD = '.compound-card .finding';

const sampling = {
  solver: 'heun2', grid: 'edm', steps: 20, alpha: 1.2, noise: 0.5, seed: 1, rtol: 1e-5, atol: 1e-5,
};
const measuring = { sampling, recommended: true, cells: 'real' };
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
  const otherwise = { ...measuring, recommended: false };
  const [, own] = findingLines({ findings: [finding('x')] }, recipe, otherwise);
  assert.equal(own.words, 'measured with settings of its own, not with these');
  assert.equal(lines([]), null);
  assert.equal(findingLines({ findings: [] }, sampling, null), null);
});

test('cells that a program drew are called drawn wherever the page names them, and others real', () => {
  const drawn = { ...measuring, cells: 'drawn' };
  assert.equal(besideCells(drawn), 'Beside drawn cells');
  assert.equal(besideCells(measuring), 'Beside real cells');
  assert.match(typedUnmeasured(drawn, 'X'), /^No drawn cells measured: X was typed/);
  const three = { findings: [finding('at three', { dose_um: 3 })] };
  const [{ words }] = findingLines(three, { ...sampling, dose: 1 }, drawn);
  assert.equal(words, 'no drawn cells measured at this dose');
  const [, typed] = batchNote({ kind: 'control' }, TYPED, 'X', natureOf(drawn));
  assert.match(typed, /^No drawn cells measured/);
  // Without an evaluation no real cells were measured, whatever the bundle's cells are.
  assert.match(typedUnmeasured(null, 'X'), /^No real cells measured/);
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
  const evaluated = { sampling, cells: 'real', findings: [finding('makes 62 %')], remarks };
  const view = manifestView(manifest, evaluated);
  assert.deepEqual(view.compounds.map(({ findings }) => findings.length), [0, 1]);
  assert.deepEqual(view.measuring, measuring);
  const [, said] = view.manifest.provenance.find(([term]) => term === 'Beside real cells');
  assert.deepEqual(said, ['\u2068\u202Eevil\u2069: makes 62 %', 'over all; b, c: not measured']);
  const drawn = manifestView(manifest, { ...evaluated, cells: 'drawn' });
  assert.equal(drawn.measuring.cells, 'drawn');
  assert.ok(drawn.manifest.provenance.some(([term]) => term === 'Beside drawn cells'));
  const without = manifestView(manifest);
  assert.equal(without.measuring, null);
  assert.ok(!without.manifest.provenance.some(([term]) => term === 'Beside real cells'));
});

let browser;
before(async () => { if (!skip) browser = await launch(WITHOUT_GPU); });
after(async () => { await browser?.close(); });

/** A page of the smallest network, its manifest changed by `edit`, with `more` sections. */
const pageOf = (edit, work, options = {}) => withMicro(browser, edit, async (explorer) => {
  await explorer.ready();
  await work(explorer);
}, options);

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

test('figures of drawn cells are said to be so, by the card and among the facts', { skip }, async () => {
  const attach = await evaluator();
  const edit = (manifest) => {
    attach(manifest);
    manifest.evaluation.data = { ...manifest.evaluation.data, drawn: true };
  };
  await pageOf(edit, async (explorer) => {
    await explorer.compound('cycloheximide');
    const card = await explorer.page.locator('.compound-card').innerText();
    assert.match(card, /178 drawn cells, never trained on/);
    assert.match(card, /Beside drawn cells/i);
    await explorer.page.locator('.card.about').evaluate((about) => { about.open = true; });
    const told = await explorer.page.locator('cellflux-provenance').textContent();
    assert.match(told, /185 drawn treated cells and 90 controls of the test split/);
    assert.doesNotMatch(card, /\breal\b/i);
    assert.doesNotMatch(told, /\d real /i);
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

const COMPONENTS = ['evaluation', 'confusion', 'batches', 'nuclei'];
const PHONE = {
  viewport: { width: 390, height: 844 },
  more: '[[section]]\nid = "measured"\ntitle = "Measured"\ntext = """\n'
    + COMPONENTS.map((name) => `\`\`\`{${name}}\n\`\`\`\n`).join('\n')
    + '"""\n',
};

/** Figures for every component, in tables that are long enough to be folded. */
async function everything() {
  const attach = await evaluator();
  return (manifest) => {
    attach(manifest);
    const { evaluation } = manifest;
    const generated = evaluation.rows.find(({ kind }) => kind === 'generated');
    for (const name of ['a second set', 'a third set of cells with a long name', 'a fourth set']) {
      evaluation.rows.push({ ...generated, name });
    }
    const area = (value) => interval(value, value - 12.25, value + 12.25);
    for (const condition of evaluation.conditions) {
      condition.nuclei = { control: area(1002), treated: area(1020), generated: area(1217) };
    }
    const alike = { batch: 'Week5', kind: 'generated', cells: 9, mean: [1, 1], covariance: [0, 0, 0] };
    evaluation.batches.clouds.push(alike);
  };
}

test('on a phone no figure is cut off: what is wider scrolls, in letters to read', { skip }, async () => {
  await pageOf(await everything(), async (explorer) => {
    const { page } = explorer;
    await page.locator('.evaluated details').evaluateAll((folds) => {
      for (const fold of folds) fold.open = true;
    });
    await explorer.fitsItsWidth();
    const boxes = await page.locator('.evaluated .scroll').evaluateAll((all) =>
      all.map((box) => {
        const { left, right } = box.getBoundingClientRect();
        box.scrollLeft = box.scrollWidth;
        const end = box.firstElementChild.getBoundingClientRect().right;
        const cells = [...box.querySelectorAll('th, td')];
        return {
          name: box.getAttribute('aria-label'),
          reached: box.getAttribute('role') === 'region' && box.tabIndex === 0,
          inside: left >= 0 && right <= innerWidth,
          scrolls: getComputedStyle(box).overflowX === 'auto',
          toItsEnd: end <= right + 1,
          cut: cells
            .filter((cell) => cell.scrollWidth > cell.clientWidth + 1)
            .map((cell) => cell.textContent),
        };
      }),
    );
    // Four charts; five tables: the change, two spaces, the classifier, nuclei.
    assert.equal(boxes.length, 9);
    for (const { name, ...found } of boxes) {
      const right = { reached: true, inside: true, scrolls: true, toItsEnd: true, cut: [] };
      assert.deepEqual(found, right, name);
    }
    assert.equal(new Set(boxes.map(({ name }) => name)).size, boxes.length, 'a name of its own for each');
    const charts = await page.locator('.evaluated svg.drawing').evaluateAll((all) =>
      all.map((chart) => {
        const scale = chart.getBoundingClientRect().width / chart.viewBox.baseVal.width;
        const letters = [...chart.querySelectorAll('text')].map((text) =>
          Number.parseFloat(getComputedStyle(text).fontSize));
        return { smallest: scale * Math.min(...letters), said: chart.querySelector('title').textContent };
      }),
    );
    assert.equal(charts.length, COMPONENTS.length);
    for (const { smallest, said } of charts) assert.ok(smallest > 10.9, `${said}: ${smallest} px`);
    const ids = await page.evaluate(() => [...document.querySelectorAll('[id]')].map(({ id }) => id));
    assert.equal(new Set(ids).size, ids.length, 'no id twice');
  }, PHONE);
});

test('on a phone an ordinary name stays whole, however long another one is', { skip }, async () => {
  const attach = await everything();
  const long = 'a'.repeat(60);
  const edit = (manifest) => {
    attach(manifest);
    manifest.evaluation.conditions[1].name = long;
  };
  await pageOf(edit, async (explorer) => {
    const { page } = explorer;
    await page.locator('.evaluated details').evaluateAll((folds) => {
      for (const fold of folds) fold.open = true;
    });
    const lines = await page.locator('figure.nuclei tbody th bdi').evaluateAll((names) =>
      Object.fromEntries(names.map((name) => [name.textContent, name.getClientRects().length])));
    assert.equal(lines.cycloheximide, 1);
    assert.equal(lines.anisomycin, 1);
    assert.ok(long in lines);
    await explorer.fitsItsWidth();
  }, PHONE);
});

test('folded tables say what is inside and open by keyboard, which scrolls them too', { skip }, async () => {
  await pageOf(await everything(), async (explorer) => {
    const { page } = explorer;
    const folded = page.locator('.evaluated details.folded');
    assert.equal(await folded.count(), 4, 'the change, two spaces, nuclei');
    const distances = folded.nth(1);
    const summary = distances.locator('summary');
    const rows = /^Table: .+ \((\d+) rows\)$/.exec(await summary.textContent())?.[1];
    assert.equal(await distances.evaluate(({ open }) => open), false);
    await summary.focus();
    await page.keyboard.press('Enter');
    assert.equal(await distances.evaluate(({ open }) => open), true);
    assert.equal(await distances.locator('tbody tr').count(), Number(rows));
    assert.equal(await distances.locator('caption').textContent(), 'In brackets: 95 % interval');
    await page.keyboard.press('Tab');
    const focused = page.locator('.evaluated .scroll:focus');
    assert.match(await focused.getAttribute('aria-label'), /^Table: /);
    await page.keyboard.press('ArrowRight');
    await page.waitForFunction(() => document.activeElement.scrollLeft > 0);
  }, PHONE);
});

test('each heading of a measure leads to what it means, in its own figure', { skip }, async () => {
  await pageOf(await everything(), async (explorer) => {
    const { page } = explorer;
    const lost = await page.locator('.evaluated a.term').evaluateAll((links) =>
      links
        .filter((link) => {
          const entry = document.getElementById(link.getAttribute('href').slice(1));
          const meaning = entry?.nextElementSibling?.textContent ?? '';
          const own = entry?.closest('.glossary') && entry.closest('figure') === link.closest('figure');
          return !own || !entry.querySelector('dfn') || !meaning;
        })
        .map((link) => link.textContent),
    );
    assert.deepEqual(lost, []);
    assert.ok((await page.locator('.evaluation a.term').count()) >= 12);
    const glossary = page.locator('.confusion .glossary');
    assert.equal(await glossary.evaluate(({ open }) => open), false);
    const link = page.locator('.confusion a.term', { hasText: 'Balanced accuracy' });
    await link.focus();
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => {
      const entry = document.getElementById('measure-balanced-accuracy-2');
      const { top, bottom, height } = entry.getBoundingClientRect();
      return height > 0 && top >= 0 && bottom <= innerHeight;
    });
    assert.equal(await glossary.evaluate(({ open }) => open), true);
  }, PHONE);
});

test('each chart has its figures in a file, and what was not measured is said once', { skip }, async () => {
  await pageOf(await everything(), async (explorer) => {
    const { page } = explorer;
    for (const name of COMPONENTS) {
      const figure = page.locator(`figure.${name}`);
      assert.equal(await figure.locator('svg.drawing').count(), 1, name);
      const addresses = await figure.locator('a.data').evaluateAll((links) => links.map(({ href }) => href));
      assert.equal(addresses.length, name === 'confusion' ? 2 : 1, name);
      for (const address of addresses) {
        const lines = (await (await page.request.get(address)).text()).split('\r\n').filter(Boolean);
        const columns = lines[0].split(',').length;
        assert.ok(lines.length > 1 && columns >= 4, `${name}: ${lines[0]}`);
      }
    }
    const said = await page.locator('figure.evaluation').textContent();
    assert.equal(said.split('anisomycin').length, 2, said);
    assert.match(said, /anisomycin \(n = 7\): fewer than 20 real cells; .*alln.*: no real cells/i);
    const batches = await page.locator('figure.batches svg').textContent();
    assert.match(batches, /Week5, n = 9/);
    assert.match(batches, /PC1: 31 % of the variance/);
    assert.match(batches, /fewer than 10 cells/);
    const matrix = await page.locator('figure.confusion svg').textContent();
    assert.match(matrix, /Microtubule stabilisers, n = 178/);
    assert.match(matrix, /33 %/);
  }, PHONE);
});
