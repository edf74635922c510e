// What the page says follows from what the bundle holds: batches, training targets, what a start is, what a
// difference is taken from.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { ExplorerPage, SITE } from './explorer_page.mjs';
import { serveMicro, withMicro } from './micro_site.mjs';
import { readNpy, relativeError } from './npy.mjs';
import { manifestAddress, runNatively, skip } from './site_bundle.mjs';

const NOTE = 'cellflux-stage .batch-note';

let browser;
before(async () => { browser = await launch(WITHOUT_GPU); });
after(async () => { await browser.close(); });

/** A page of the smallest network, its manifest changed by `edit`. */
const pageOf = (edit, work, query = '') => withMicro(browser, edit, work, { query });

test('a hash that names a place in the document is left to the document', { skip }, async () => {
  const context = await browser.newContext();
  const explorer = await ExplorerPage.open(context, `${SITE}?engine=candle#flow`);
  await explorer.network();
  const { page } = explorer;
  // The page's own preset, not the bundle's first compound.
  await page.locator('[data-compound="cycloheximide"][aria-selected="true"]').waitFor();
  await page.waitForTimeout(600);
  assert.equal(await page.evaluate(() => location.hash), '#flow');
  await explorer.compound('taxol');
  await page.waitForFunction(() => location.hash.includes('c=taxol'));
  await page.locator('a[href="#flow"]').first().click();
  await page.waitForTimeout(600);
  assert.equal(await page.evaluate(() => location.hash), '#flow');
  assert.equal(await page.locator('cellflux-notice .sentence').count(), 0);
  await page.locator('[data-compound="taxol"][aria-selected="true"]').waitFor();
  // A mistyped link is still reported.
  await page.evaluate(() => { location.hash = 'colour=red'; });
  await explorer.says(/"colour" is not a key of a link/);
  explorer.nothingInTheConsole();
  await context.close();
});

test(
  'a link that cannot be followed gives way to the walk that the author chose, and says so',
  { skip },
  async () => {
    const context = await browser.newContext();
    const explorer = await ExplorerPage.open(context, `${SITE}?engine=candle#v=1&c=nosuch`);
    await explorer.network();
    await explorer.says(/"nosuch", expected the id of a condition.*shows its own walk instead/);
    await explorer.page.locator('[data-compound="cycloheximide"][aria-selected="true"]').waitFor();
    explorer.nothingInTheConsole();
    await context.close();
  },
);

test(
  'a frame asked for a model that is not there says which one it shows, and its theme reaches the explorer',
  { skip },
  async () => {
    const context = await browser.newContext({ colorScheme: 'light' });
    const explorer = await ExplorerPage.open(
      context,
      `${SITE}embed.html?engine=candle&model=nosuch&theme=dark#c=taxol`,
    );
    await explorer.ready();
    assert.match(
      await explorer.page.locator('main > .hint').textContent(),
      /no model called “nosuch”, so it shows /,
    );
    const brightness = (selector) =>
      explorer.page
        .locator(selector)
        .first()
        .evaluate((node) => {
          const [red, green, blue] = getComputedStyle(node)
            .backgroundColor.match(/[\d.]+/g)
            .map(Number);
          return (red + green + blue) / 3;
        });
    assert.ok((await brightness('body')) < 60, 'the ground is dark');
    assert.ok((await brightness('cellflux-explorer .chip')) < 100, 'and so is what stands on it');
    await context.close();
  },
);

test(
  'no change is not called generated, and a walk that ignores the compound is not named after it',
  { skip },
  async () => {
    await pageOf(
      (manifest) => {
        manifest.sampling.noise = 0;
      },
      async (explorer) => {
        const { page } = explorer;
        assert.equal(await page.locator('.view.difference .stamp').textContent(), 'No change yet');
        await explorer.forward();
        assert.equal(await page.locator('.view.difference .stamp').textContent(), 'Generated, not measured');
        await explorer.set('alpha', '0');
        await explorer.settled();
        assert.match(await page.locator('.ends').textContent(), /no compound, t = 1$/);
        assert.match(await page.locator('.view.now .note').textContent(), /no compound \(α = 0\)/);
      },
    );
  },
);

test(
  'measured cells of the start’s batch come first, each with its batch; where there are none that is said',
  { skip },
  async () => {
    await pageOf(
      (manifest) => {
        const [control] = manifest.gallery.controls;
        measured(manifest, 'Week4');
        compound(manifest, 'taxol').batches = ['Week2', 'Week4'];
        manifest.gallery.treated = ['Week2', 'Week4'].map((batch) => ({
          ...control,
          id: `cell-${batch.toLowerCase()}`,
          condition: 'taxol',
          synthetic: false,
          batch,
        }));
      },
      async (explorer) => {
        const { page } = explorer;
        await explorer.compound('taxol');
        assert.match(
          await page.locator(NOTE).textContent(),
          /as are some of the cells treated with .*taxol.*; the others are of one other batch/,
        );
        const captions = await page.locator('[data-example] .caption').allTextContents();
        assert.deepEqual(
          captions.map((text) => text.replaceAll(/[\u2066-\u2069]/g, '')),
          ['Week4', 'Week2'],
        );
        await explorer.compound('colchicine');
        assert.match(
          await page.locator('cellflux-measured').textContent(),
          /No measured cells of .*colchicine.* are on this page/,
        );
      },
    );
  },
);

const measured = (manifest, batch) =>
  Object.assign(manifest.gallery.controls[0], { synthetic: false, batch });
const compound = (manifest, id) => manifest.conditions.list.find((condition) => condition.id === id);

test('the page says whether the control is of the compound’s batch', { skip }, async () => {
  await pageOf((manifest) => {
    measured(manifest, 'Week4');
    compound(manifest, 'taxol').batches = ['Week2', 'Week4'];
    compound(manifest, 'cytochalasin-b').batches = ['Week1'];
    delete compound(manifest, 'colchicine').batches;
  }, async (explorer) => {
    const { page } = explorer;
    const says = async (id, kind, words) => {
      await explorer.compound(id);
      await page.locator(`${NOTE}[data-batch="${kind}"]`).waitFor();
      assert.match(await page.locator(NOTE).textContent(), words);
    };
    await says('taxol', 'same', /Same batch: .* Week4/);
    await says(
      'cytochalasin-b',
      'other',
      /Another batch: the start is of Week4, .* Week1\. Part of any difference/,
    );
    await says('colchicine', 'unknown', /Batch unknown: .* of the cells treated with .*colchicine/);
    // The batch of an uploaded crop is unknown; a drawn one has none.
    await page.locator('[data-control]').nth(1).click();
    await page.locator(`${NOTE}[data-batch="drawn"]`).waitFor();
    assert.match(await page.locator(NOTE).textContent(), /not what .* does to cells/);
  });
});

test('an untreated control is not called seen unless it was a training target', { skip }, async () => {
  const told = async (target, badge, sentence) => pageOf((manifest) => {
    const control = manifest.conditions.list.find((condition) => condition.control);
    if (target === undefined) delete control.target;
    else control.target = target;
  }, async (explorer) => {
    await explorer.compound('dmso');
    assert.equal(await explorer.page.locator('[data-compound="dmso"] .badge').textContent(), badge);
    assert.match(await explorer.page.locator('.compound-card').textContent(), sentence);
  });
  await told(undefined, 'baseline', /whether it was also a training target is not known/);
  await told(false, 'baseline', /not a training target: nothing taught the network to leave a cell as it is/);
  await told(true, 'seen', /seen by the network, also as an end of its paths/);
});

test(
  'walking back says what the start is, and another compound starts from a control again',
  { skip },
  async () => {
    await pageOf(
      (manifest) => {
        const [control] = manifest.gallery.controls;
        manifest.sampling.noise = 0.5;
        manifest.gallery.treated = [
          { ...control, id: 'cell-1', condition: 'taxol', synthetic: false },
          { ...control, id: 'cell-2', condition: 'dmso', synthetic: false },
        ];
      },
      async (explorer) => {
        const { page } = explorer;
        const title = page.locator('.view.start .title');
        assert.equal(await title.textContent(), 'Control');
        assert.match(await page.locator('.ends').textContent(), /^t = 0\.\d+, control with noise.*, t = 1$/);
        await explorer.compound('taxol');
        await page.locator('[data-example="cell-1"]').click();
        await explorer.settled();
        assert.equal(await title.textContent(), 'Treated cell');
        assert.match(await page.locator('.view.start .note').textContent(), /taken as t = 1/);
        // A generated picture is not a control, and without added noise it has none.
        assert.match(await page.locator('.ends').textContent(), /^t = 0\.\d+, towards a control/);
        await explorer.compound('colchicine');
        await explorer.says(/starts from a control again/);
        assert.equal(await title.textContent(), 'Control');
        assert.equal(await page.locator('#set-direction').inputValue(), 'forward');
        await explorer.compound('dmso');
        await page.locator('[data-example="cell-2"]').click();
        await explorer.settled();
        assert.equal(await title.textContent(), 'Control', 'an untreated cell is none that was treated');
      },
    );
  },
);

test('at a start with noise nothing has changed yet, one way and there and back', { skip }, async () => {
  await pageOf(
    (manifest) => {
      manifest.sampling.noise = 0.5;
    },
    async (explorer) => {
      const { page } = explorer;
      // Of the EDM grid's times the first is later than 0, where a little less of the noise is left.
      await explorer.set('grid', 'uniform');
      for (const direction of ['return', 'forward']) {
        await explorer.set('direction', direction);
        await explorer.settled();
        const { rgba } = await explorer.pixels('difference');
        // Every pixel is the grey of no change.
        assert.deepEqual(new Set(rgba.filter((_, index) => index % 4 === 0)).size, 1, direction);
        const note = await page.locator('.view.difference .note').textContent();
        assert.match(note, /^grey is no change; 0\.000 on average$/);
      }
      await explorer.forward();
      const note = await page.locator('.view.difference .note').textContent();
      assert.match(note, /; 0\.\d{3} on average/);
      assert.doesNotMatch(note, /0\.000/);
    },
  );
});

test('a level of source noise that was never trained is said to be so', { skip }, async () => {
  await pageOf((manifest) => { manifest.trained_noise = { levels: [0, 0.5] }; }, async (explorer) => {
    const said = explorer.page.locator('[data-noise]');
    await explorer.set('noise', 0.5);
    assert.equal(await said.textContent(), 'Here the network was trained with 0 and 0.5.');
    await explorer.set('noise', 0.25);
    assert.equal(
      await said.textContent(),
      '0.25 was never trained: the network was trained with 0 and 0.5.',
    );
  });
  await pageOf((manifest) => { delete manifest.trained_noise; }, async (explorer) => {
    await explorer.set('noise', 0.25);
    assert.equal(await explorer.page.locator('[data-noise]').textContent(), '');
  });
});

test('a flow that starts from noise offers noise and no control, and its link holds', { skip }, async () => {
  await pageOf((manifest) => { manifest.source = 'noise'; }, async (explorer, context, { bundle }) => {
    const { page } = explorer;
    assert.match(await page.locator('#control-title').textContent(), /Draw the noise/);
    assert.equal(await page.locator('[data-control]').first().isVisible(), false);
    assert.equal(await page.locator('.view.start .title').textContent(), 'Noise');
    const before = await explorer.pixels('start');
    await page.getByRole('button', { name: 'New noise' }).click();
    await explorer.settled();
    const after = await explorer.pixels('start');
    assert.notDeepEqual(after.rgba, before.rgba);
    await explorer.forward();
    const link = await explorer.link(1);
    assert.doesNotMatch(link, /start=|crop=/);
    const again = await ExplorerPage.open(context, link);
    await again.page.locator('.where[data-step="1"]').waitFor({ timeout: 120_000 });
    assert.deepEqual((await again.pixels('start')).rgba, after.rgba);
    again.nothingInTheConsole();
    // The native command starts from the same noise.
    await explorer.set('solver', 'euler');
    await explorer.set('steps', 2);
    await explorer.walk();
    const trajectory = readNpy(await explorer.keep('trajectory'));
    const native = await runNatively(await explorer.link(2), bundle, 'candle');
    assert.deepEqual(trajectory.shape, native.shape);
    assert.ok(relativeError(trajectory.values, native.values) < 1e-3);
    // No image can be its control, and a walk back, which needs one, is not offered.
    await explorer.upload({ name: 'cell.png', mimeType: 'image/png', buffer: Buffer.from('a picture') });
    await explorer.says(/starts from noise, so no image can be its control/);
    assert.equal(await page.locator('#set-direction [value="reverse"]').isDisabled(), true);
    assert.equal(await page.locator('#set-direction [value="forward"]').textContent(), 'Noise → treated');
    await explorer.set('direction', 'return');
    await explorer.set('direction', 'forward');
    assert.equal(await page.locator('cellflux-notice .sentence').count(), 0);
  });
});

test(
  'a walk back from a cell of a flow from noise leads to noise, and another way begins with noise again',
  { skip },
  async () => {
    await pageOf(
      (manifest) => {
        manifest.source = 'noise';
        manifest.gallery.treated = [
          { ...manifest.gallery.controls[0], id: 'cell-1', condition: 'taxol', synthetic: false },
        ];
      },
      async (explorer) => {
        const { page } = explorer;
        await explorer.compound('taxol');
        await page.locator('[data-example="cell-1"]').click();
        await explorer.settled();
        assert.match(
          await page.locator('.ends').textContent(),
          /^t = 0[.\d]*, towards noisetreated cell, t = 1$/,
        );
        await explorer.set('direction', 'forward');
        assert.equal(await page.locator('cellflux-notice .sentence').count(), 0);
        assert.equal(await page.locator('.view.start .title').textContent(), 'Noise');
        await page.locator('[data-example="cell-1"]').click();
        await explorer.settled();
        await explorer.compound('colchicine');
        await explorer.says(/starts from noise again/);
        assert.equal(await page.locator('.view.start .title').textContent(), 'Noise');
      },
    );
  },
);

test('page and embed start with the steps that the bundle recommends', { skip }, async () => {
  const manifest = await (await fetch(await manifestAddress())).json();
  const context = await browser.newContext();
  for (const address of [SITE, `${SITE}embed.html`]) {
    const { page } = await ExplorerPage.open(context, address);
    await page.locator('[data-compound][aria-selected="true"]').waitFor({ timeout: 60_000 });
    assert.equal(await page.locator('#set-steps').inputValue(), String(manifest.sampling.steps), address);
    await page.close();
  }
  await context.close();
});

test('an embedded explorer also leaves alone a hash that is not a link', { skip }, async () => {
  const context = await browser.newContext();
  const explorer = await ExplorerPage.open(context, `${SITE}embed.html?engine=candle#some-place`);
  await explorer.ready();
  await explorer.page.waitForTimeout(600);
  assert.equal(await explorer.page.evaluate(() => location.hash), '#some-place');
  assert.equal(await explorer.page.locator('cellflux-notice .sentence', { hasText: 'link' }).count(), 0);
  explorer.nothingInTheConsole();
  await context.close();
});

test('what a bundle writes from right to left does not turn the words around it', { skip }, async () => {
  const hostile = 'evil\u202Etxt\u2069\u2069';
  await pageOf((manifest) => {
    manifest.title = hostile;
    compound(manifest, 'taxol').name = hostile;
    compound(manifest, 'taxol').mode_of_action = hostile;
    measured(manifest, hostile).source = hostile;
    manifest.image.channels[0].stain = hostile;
    manifest.provenance.metrics = { [hostile]: 1 };
  }, async (explorer) => {
    await explorer.compound('taxol');
    // Every mark that changes the direction is inside an isolate.
    const leaks = await explorer.page.locator('cellflux-explorer').evaluate((host) => {
      const texts = [];
      for (const node of host.shadowRoot.querySelectorAll('*')) {
        for (const { value } of node.attributes) texts.push(value);
        if (!node.children.length || [...node.childNodes].some((child) => child.nodeType === 3)) {
          texts.push(
            [...node.childNodes]
              .filter((child) => child.nodeType === 3)
              .map((child) => child.data)
              .join(''),
          );
        }
      }
      const leaking = (text) => {
        let depth = 0;
        for (const letter of text) {
          if (/[\u2066-\u2068]/.test(letter)) depth += 1;
          if (letter === '\u2069') depth -= 1;
          if (depth < 0 || (letter === '\u202E' && depth === 0)) return true;
        }
        return depth !== 0;
      };
      return texts.filter(leaking);
    });
    assert.deepEqual(leaks, []);
  });
});

test('the adaptive solver shows its tolerances', { skip }, async () => {
  await pageOf(() => {}, async (explorer) => {
    const { page } = explorer;
    assert.equal(await page.locator('#set-rtol').isVisible(), false);
    await explorer.set('solver', 'dopri5');
    assert.equal(await page.locator('#set-steps').isVisible(), false);
    assert.equal(await page.locator('#set-rtol').inputValue(), '0.00001');
    await explorer.set('rtol', '1e-3');
    await explorer.set('atol', '1e-3');
    await page.waitForFunction(() => location.hash.includes('rtol=0.001'));
    await explorer.set('rtol', '5');
    await explorer.says(/rtol is 5, expected a number from 1e-9 to 1/i);
    await explorer.set('rtol', 'tight');
    await explorer.says(/rtol is "tight", expected a number from 1e-9 to 1/i);
    // An error message disappears with the next success.
    await explorer.set('rtol', '1e-8');
    assert.equal(await page.locator('cellflux-notice .sentence').count(), 0);
  });
});

test('the page counts the trials that the adaptive solver rejected', { skip }, async () => {
  // The velocity of the demo's network turns sharply near the end: steps that fitted before are too long
  // there.
  const context = await browser.newContext();
  try {
    const link = 'start=synthetic-1&c=taxol&solver=dopri5&rtol=0.0001&atol=0.0001&a=3&noise=0.5';
    const explorer = await ExplorerPage.open(context, `${SITE}?engine=candle#${link}`);
    const { page } = explorer;
    await explorer.ready();
    assert.equal(await page.locator('[data-fact="rejected"]').count(), 0, 'nothing rejected, nothing told');
    await explorer.walk(400_000);
    const rejected = Number(await explorer.fact('rejected'));
    assert.ok(rejected > 0, `${rejected} rejected`);
    // Two evaluations find the first step's length; a trial, accepted or rejected, is six more.
    assert.equal(Number(await explorer.fact('evaluations')), 2 + 6 * ((await explorer.step()) + rejected));
    const facts = await page.locator('cellflux-model .facts').textContent();
    assert.match(facts, /trials? rejected in this walk for too large an error/);
    // They belong to this walk: another one begins with none.
    await explorer.set('solver', 'euler');
    assert.equal(await page.locator('[data-fact="rejected"]').count(), 0);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test(
  'a number that a field cannot hold is told by name and range, and news leave by themselves',
  { skip },
  async () => {
    await pageOf(
      () => {},
      async (explorer, context) => {
        const { page } = explorer;
        await explorer.set('steps', -3);
        await explorer.says(/^Steps is -3, expected a whole number from 1 to 1000\.$/i);
        await explorer.set('steps', 4);
        await explorer.set('noise', 0.5);
        await explorer.set('seed', -1);
        await explorer.says(/^Seed is -1, expected a whole number from 0 to 4294967295\.$/i);
        await explorer.set('seed', 1);
        await context.grantPermissions(['clipboard-read', 'clipboard-write']);
        await page.locator('[data-keep="link"]').click();
        assert.equal(await explorer.says(/copied/), 'The link is copied; it makes this picture again.');
        await page.locator('cellflux-notice .sentence').waitFor({ state: 'detached', timeout: 15_000 });
      },
    );
  },
);

test(
  'all channels off says so, stills are not dimmed, names of buttons begin with their words',
  { skip },
  async () => {
    await pageOf(
      () => {},
      async (explorer) => {
        const { page } = explorer;
        await explorer.set('solver', 'euler');
        await explorer.set('steps', 2);
        await explorer.walk();
        assert.deepEqual(
          await page
            .locator('.still')
            .evaluateAll((stills) => stills.map((still) => getComputedStyle(still).opacity)),
          ['1', '1', '1'],
        );
        const play = page.locator('[data-do="play"]');
        const [name, words] = [await play.getAttribute('aria-label'), (await play.textContent()).trim()];
        assert.ok(name.startsWith(words), `${name} does not begin with ${words}`);
        const names = await page
          .locator('[data-control]')
          .evaluateAll((tiles) => tiles.map((tile) => tile.textContent));
        assert.equal(new Set(names).size, names.length, `${names}`);
        for (const chip of await page.locator('.channels .chip').all()) await chip.click();
        await page.locator('.dark', { hasText: 'Every channel is switched off' }).waitFor();
        const heights = await page
          .locator(
            'button:visible, select:visible, input:visible:not(.unseen), summary:visible, '
              + '[role="option"]:visible, [role="slider"]:visible',
          )
          .evaluateAll((controls) => controls.map((control) => control.getBoundingClientRect().height));
        assert.ok(Math.min(...heights) >= 24, `${Math.min(...heights)} px`);
      },
    );
  },
);

test('every control is large enough for a finger', { skip }, async () => {
  const site = await serveMicro();
  const context = await browser.newContext({
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
  });
  try {
    const explorer = await ExplorerPage.open(context, `${site.url}?engine=candle`);
    await explorer.ready();
    const small = await explorer.page
      .locator(
        'button:visible:not(.still), select:visible, input:visible:not(.unseen), summary:visible, '
          + '[role="option"]:visible, [role="slider"]:visible',
      )
      .evaluateAll((controls) =>
        controls
          .map((control) => [
            control.textContent.trim().slice(0, 20) || control.id,
            Math.round(control.getBoundingClientRect().height),
          ])
          .filter(([, height]) => height < 44),
      );
    assert.deepEqual(small, []);
    await explorer.page.locator('.card.about').evaluate((about) => {
      for (const part of [about, ...about.querySelectorAll('details')]) part.open = true;
    });
    const links = await explorer.page
      .locator('dd > a:visible, .footnote-reference > a:visible')
      .evaluateAll((all) =>
        all.map((link) => [
          link.textContent,
          Math.floor(link.getBoundingClientRect().width),
          Math.floor(link.getBoundingClientRect().height),
        ]),
      );
    assert.equal(links.filter(([words]) => words === '1').length, 1, 'a footnote is referred to');
    assert.ok(links.some(([words]) => words.startsWith('http')), 'the data set has a link');
    assert.deepEqual(links.filter(([, width, height]) => width < 24 || height < 24), []);
    const tiles = explorer.page.locator('cellflux-control-picker .tile, .gallery .tile');
    await tiles.last().evaluate((tile) => tile.click());
    await explorer.page.locator('.gallery .tile[aria-checked="true"]').waitFor();
    const shown = await explorer.page.locator('.gallery').evaluate((list) => {
      const [around, tile] = [list, list.querySelector('[aria-checked="true"]')].map((node) =>
        node.getBoundingClientRect(),
      );
      return tile.left >= around.left - 1 && tile.right <= around.right + 1;
    });
    assert.ok(shown, 'the chosen control is in view in its list');
    await explorer.fitsItsWidth();
  } finally {
    await context.close();
    await site.close();
  }
});
