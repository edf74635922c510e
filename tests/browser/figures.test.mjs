// Figures that leave the page: what they show and say of themselves, that the command makes the same ones,
// and that a dropped one sets its walk up again.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pngText, svgText } from '../../web/kept_walk.js';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { controlCrop } from './crops.mjs';
import { ExplorerPage, SITE } from './explorer_page.mjs';
import { bundleFolder, cellflux, CLI, manifestAddress, skip } from './site_bundle.mjs';

const RESULTS = /cellflux_results_wasm_bg/;
const STEPS = 2;
const WALK = `${SITE}?engine=candle#v=1&c=taxol&a=1.2&solver=euler&grid=uniform&steps=${STEPS}&noise=0`;

let browser;
before(async () => { browser = await launch(WITHOUT_GPU); });
after(async () => { await browser.close(); });

/** A page in a context of its own, at `address`; `opening` is what `ExplorerPage.open` takes. */
const opened = (address, opening = {}) => ExplorerPage.alone(browser, address, {}, opening);

/** The same, walked to the end. */
async function walked(address = WALK, opening = {}) {
  const page = await opened(address, opening);
  while ((await page.explorer.step()) < STEPS) await page.explorer.forward();
  return page;
}

/** A link without the step in view. */
const walkOf = (address) =>
  new URL(address).hash.slice(1).split('&').filter((field) => !field.startsWith('at=')).join('&');

/** How many values of two PNGs differ, and by how much at most, counted in the browser. */
const compared = (page, ...files) =>
  page.evaluate(async (files) => {
    const [a, b] = await Promise.all(files.map(async (base64) => {
      const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
      const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
      const drawing = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
      drawing.drawImage(bitmap, 0, 0);
      return drawing.getImageData(0, 0, bitmap.width, bitmap.height);
    }));
    let [differing, largest] = [0, 0];
    for (const [index, value] of a.data.entries()) {
      const by = Math.abs(value - b.data[index]);
      if (by > 0) differing += 1;
      largest = Math.max(largest, by);
    }
    const sizes = [a, b].map(({ width, height }) => [width, height]);
    return { sizes, share: differing / a.data.length, largest };
  }, files.map((file) => file.toString('base64')));

/** A chunk's data of a PNG. */
function chunk(file, name) {
  const at = file.indexOf(name, 0, 'latin1');
  assert.ok(at > 0, `${name} is missing`);
  return file.subarray(at + 4, at + 4 + file.readUInt32BE(at - 4));
}

const KEYWORDS = ['Title', 'Warning', 'Description', 'Source', 'Copyright', 'Software', 'CellFlux link'];
const textsOf = (file) => KEYWORDS.map((keyword) => pngText(new Uint8Array(file), keyword));

test('figures are PNG at 300 dpi and SVG, a film has a frame for each step, and all say what they are',
  async () => {
    const { explorer, page, context } = await walked();
    try {
      const asked = () => explorer.requests.filter((address) => RESULTS.test(address)).length;
      assert.equal(asked(), 0, 'the module that draws is fetched when a figure is saved, and not before');
      const png = await explorer.keep('figure-png');
      assert.equal(asked(), 1);
      const [resolution, across] = ['pHYs', 'IHDR'].map((name) => chunk(png, name).readUInt32BE(0));
      assert.deepEqual([resolution, across], [11811, 2126]);
      const [title, warning, described, source] = textsOf(png);
      assert.match(title, /taxol/i);
      assert.match(warning, /^Generated, not measured/);
      assert.match(described, /3 frames of the walk, and what changed in them/);
      assert.match(source, /^the model /);

      await page.locator('[data-figure="width"]').selectOption('single');
      await page.locator('[data-figure="steps"]').selectOption('ends');
      const svg = (await explorer.keep('figure-svg')).toString();
      // One column, 88 mm, in whole dots of 300 per inch.
      assert.match(svg, /width="87\.97mm" height="[\d.]+mm" viewBox="0 0 1039 /);
      for (const said of ['t = 0.500', 'generated', 'Change from the start', 'less', 'same', 'more']) {
        assert.ok(svg.includes(`>${said}<`), said);
      }
      // In an <img> an SVG has no scripts and no other files: everything it shows is in it.
      const shown = await page.evaluate(async (text) => {
        const image = new Image();
        image.src = `data:image/svg+xml,${encodeURIComponent(text)}`;
        await image.decode();
        return image.naturalWidth / image.naturalHeight;
      }, svg);
      const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg);
      assert.ok(Math.abs(shown - width / height) < 0.02, `${shown}`);

      const film = await explorer.keep('animation');
      assert.deepEqual([0, 4].map((at) => chunk(film, 'acTL').readUInt32BE(at)), [STEPS + 1, 0]);
      assert.equal(asked(), 1);
      explorer.nothingInTheConsole();
    } finally {
      await context.close();
    }
  });

/** An SVG but for the pixels of its pictures. */
const withoutPanels = (text) => text.replaceAll(/ href="data:image\/png;base64,[^"]*"/g, '');

test('the command makes the page’s figure of the same link', { skip }, async () => {
  const { explorer, page, context } = await walked();
  const out = await mkdtemp(join(tmpdir(), 'cellflux-figures-'));
  try {
    const [png, svg, film] = ['figure.png', 'figure.svg', 'film.png'].map((name) => join(out, name));
    const given = ['run', await explorer.link(STEPS), '--bundle', await bundleFolder(), '--engine', 'candle'];
    await cellflux(...given, '--figure', png, '--figure', svg, '--animation', film);
    // Places, lengths and texts are the same to the last digit; panels are, but for the rounding of another
    // processor's sums.
    const drawn = (await explorer.keep('figure-svg')).toString();
    assert.equal(withoutPanels(drawn), withoutPanels(await readFile(svg, 'utf8')));
    for (const [kind, file] of [['figure-png', png], ['animation', film]]) {
      const [kept, native] = [await explorer.keep(kind), await readFile(file)];
      assert.deepEqual(textsOf(kept), textsOf(native));
      const { sizes, share, largest } = await compared(page, kept, native);
      assert.deepEqual(sizes[0], sizes[1]);
      assert.ok(share < 0.05 && largest <= 8, `${kind}: ${share} differ by ${largest} at most`);
    }
    explorer.nothingInTheConsole();
  } finally {
    await rm(out, { recursive: true, force: true });
    await context.close();
  }
});

/** Each map with what stands above it, and below its colours, in a figure. */
const MAPS = [
  ['velocity', 'Mean velocity of the step that led here, by channel', ['falls', 'stays', 'rises'], STEPS],
  ['speed', 'Magnitude of the mean velocity of the step that led here', ['none', 'fast'], STEPS],
  ['guidance', 'Velocity that the compound adds', ['less', 'same', 'more'], STEPS + 1],
  ['untreated', /Difference to .+’s walk/, ['less', 'same', 'more'], STEPS],
];

for (const [map, heading, words, pictures] of MAPS) {
  test(`a figure of the map “${map}” shows it with its legend and words, as the command’s does`, async () => {
    const { explorer, context } = await walked(WALK.replace('v=1', 'v=4') + `&map=${map}`);
    const out = await mkdtemp(join(tmpdir(), 'cellflux-maps-'));
    try {
      const svg = (await explorer.keep('figure-svg')).toString();
      const texts = [...svg.matchAll(/<text x[^>]*>([^<]*)</g)].map(([, text]) => text);
      assert.ok(texts.some((text) => (heading instanceof RegExp ? heading.test(text) : text === heading)));
      for (const word of words) assert.ok(texts.includes(word), `${map}: ${word}`);
      const rate = map === 'untreated' ? /full scale$/ : /per unit of t$/;
      assert.ok(texts.some((text) => text.startsWith('Colours of the') && rate.test(text)), map);
      assert.ok(svg.includes(`map=${map}`) && /Map: .*not measured/s.test(texts.join(' ')), map);
      // Steps, their maps, and a strip of colours for each channel, or one for all.
      const channels = await explorer.page.locator('[data-channel]').count();
      const strips = map === 'speed' ? 1 : channels;
      assert.equal([...svg.matchAll(/<image /g)].length, STEPS + 1 + pictures + strips, map);
      if (CLI) {
        const file = join(out, 'figure.svg');
        await cellflux('run', await explorer.link(STEPS), '--bundle', await bundleFolder(),
          '--engine', 'candle', '--figure', file);
        assert.equal(withoutPanels(svg), withoutPanels(await readFile(file, 'utf8')));
      }
      explorer.nothingInTheConsole();
    } finally {
      await rm(out, { recursive: true, force: true });
      await context.close();
    }
  });
}

test('a dropped figure, picture, film or recipe sets its walk up again', async () => {
  const { explorer, context } = await walked();
  try {
    const wanted = walkOf(await explorer.link(STEPS));
    const files = new Map();
    for (const [kind, name] of [
      ['figure-png', 'figure.png'], ['figure-svg', 'figure.svg'], ['animation', 'film.png'],
      ['frame', 'picture.png'], ['recipe', 'recipe.json'],
    ]) {
      files.set(name, await explorer.keep(kind));
    }
    const other = await opened(`${SITE}?engine=candle#v=1&c=cycloheximide&solver=euler&steps=3`);
    for (const [name, file] of files) {
      await other.explorer.drop(name, file);
      await other.explorer.says(/was saved from a walk, which is set up again here/);
      await other.explorer.settled();
      // A picture and a recipe say which step they show, and the network walks to it.
      const step = ['picture.png', 'recipe.json'].includes(name) ? STEPS : 0;
      await other.page.locator(`.where[data-step="${step}"]`).waitFor({ timeout: 60_000 });
      assert.equal(walkOf(await other.explorer.link(step)), wanted, name);
      await other.explorer.compound('cycloheximide');
    }
    other.explorer.nothingInTheConsole();
    await other.context.close();
  } finally {
    await context.close();
  }
});

test('a grid’s figure says what each cell is, and dropped it sets up the grid and its walk', async () => {
  const { explorer, page, context } = await walked();
  try {
    const wanted = walkOf(await explorer.link(STEPS));
    await page.getByText('Compare walks').click();
    await page.locator('[data-do="grid-walk"]').click();
    const cells = await page.locator('[data-cell]').count();
    assert.ok(cells > 1);
    await page.locator(`[data-grid="progress"][data-done="${cells}"]`).waitFor({ timeout: 120_000 });
    const [png, svg] = [await explorer.keep('grid-png'), (await explorer.keep('grid-svg')).toString()];
    assert.equal(chunk(png, 'IHDR').readUInt32BE(0), 2126);
    const [title, warning, , source, , , link] = textsOf(png);
    assert.match(title, /^Walks by Compound and Guidance α, at t = 1\.000$/);
    assert.match(warning, /^Generated, not measured/);
    assert.match(source, /^the model /);
    assert.match(link, /&also=rows:compound;columns:alpha;/);
    for (const heading of await page.locator('.grid-table th').allInnerTexts()) {
      assert.ok(svg.includes(`>${heading}<`), heading);
    }
    assert.ok(svg.includes('t = 1.000, generated') && svg.includes('Generated, not measured. Model:'));
    assert.ok([...svg.matchAll(/<image /g)].length >= cells);
    const chosen = (other) => other.locator('.grid-values input').evaluateAll((boxes) =>
      boxes.map((box) => [box.dataset.value, box.checked]));
    const before = await chosen(page);

    const other = await opened(`${SITE}?engine=candle#v=1&c=cycloheximide&solver=euler&steps=3`);
    for (const [name, file] of [['grid.png', png], ['grid.svg', svg]]) {
      await other.explorer.drop(name, file);
      await other.explorer.says(/was saved from a walk, which is set up again here/);
      await other.explorer.settled();
      assert.equal(walkOf(await other.explorer.link(0)), wanted, name);
      assert.ok(await other.page.locator('[data-do="grid-walk"]').isVisible(), name);
      assert.deepEqual(await chosen(other.page), before, name);
      await other.explorer.compound('cycloheximide');
    }
    other.explorer.nothingInTheConsole();
    await other.context.close();
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('charts are kept with units and what their signs mean, and dropped they set the walk up', async () => {
  const { explorer, page, context } = await walked();
  try {
    const wanted = walkOf(await explorer.link(STEPS));
    await page.getByText('Measure this walk').click();
    await page.locator('.measure-chart').first().waitFor({ timeout: 120_000 });
    const charts = await page.locator('cellflux-measures .measure-chart').count();
    const [png, svg] = [await explorer.keep('charts-png'), (await explorer.keep('charts-svg')).toString()];
    const [title, warning] = textsOf(png);
    assert.equal(title, 'What the images of the walk measure');
    assert.match(warning, /^Generated, not measured/);
    assert.equal([...svg.matchAll(/>time t</g)].length, charts);
    assert.ok(svg.includes('Generated: the walk in view') && svg.includes('<polyline '));
    assert.match(svg, /Compound: .*Start: /);
    const other = await opened(`${SITE}?engine=candle#v=1&c=cycloheximide&solver=euler&steps=3`);
    for (const [name, file] of [['charts.png', png], ['charts.svg', svg]]) {
      await other.explorer.drop(name, file);
      await other.explorer.says(/was saved from a walk, which is set up again here/);
      await other.explorer.settled();
      assert.equal(walkOf(await other.explorer.link(0)), wanted, name);
      await other.explorer.compound('cycloheximide');
    }
    other.explorer.nothingInTheConsole();
    await other.context.close();
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('what is of another model, or no walk at all, is told in a sentence, and the walk stays', async () => {
  const { explorer, context } = await walked();
  try {
    const link = await explorer.link(STEPS);
    const svg = (await explorer.keep('figure-svg')).toString();
    const recipe = JSON.parse((await explorer.keep('recipe')).toString());
    const other = JSON.stringify({ ...recipe, model: 'another-model' });
    const backwards = JSON.stringify({ ...recipe, sampling: { ...recipe.sampling, steps: -3 } });
    const elsewhere = svg.replaceAll(/model=[\w-]+/g, 'model=another-model');
    for (const [name, file, expected] of [
      ['other.svg', elsewhere, /other\.svg is of a walk with the model “another-model”; this page has “/],
      ['other.json', other, /The recipe is of a walk with the model “another-model”; this page has “/],
      ['drawing.svg', '<svg xmlns="http://www.w3.org/2000/svg"/>', /drawing\.svg holds no link to a walk/],
      ['script.svg', svg.replace(/>#v=1[^<]*</, '>javascript:alert(1)<'), /script\.svg holds no link/],
      ['list.json', '[1, 2]', /The JSON is no recipe/],
      ['words.json', 'words', /The file is not JSON/],
      ['steps.json', backwards, /steps is -3/i],
    ]) {
      await explorer.drop(name, file);
      await explorer.says(expected);
      await explorer.settled();
      assert.equal(await explorer.link(STEPS), link, name);
    }
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('a figure of the visitor’s own crop does not hold the crop', async () => {
  const { explorer, page, context } = await opened(WALK);
  try {
    await explorer.upload(controlCrop());
    await explorer.useCrop();
    await explorer.forward();
    for (const kind of ['figure-png', 'figure-svg', 'animation']) {
      const text = (await explorer.keep(kind)).toString('latin1');
      assert.ok(!text.includes('crop=') && text.includes('CellFlux settings'), kind);
    }
    // The recipe makes the walk again, so it does, and its button says so.
    assert.match(await page.locator('[data-keep="recipe"]').getAttribute('title'), /your own crop included/);
    assert.ok(JSON.parse((await explorer.keep('recipe')).toString()).start.crop.length > 100);
  } finally {
    await context.close();
  }
});

test('the citation is the manifest’s', async () => {
  const { explorer, context } = await opened(WALK);
  try {
    const manifest = await (await fetch(await manifestAddress())).json();
    assert.equal((await explorer.keep('citation')).toString(), manifest.provenance.data_set.citation);
  } finally {
    await context.close();
  }
});

test('below the difference stands what its colours mean', async () => {
  const { explorer, page, context } = await walked();
  try {
    const scale = page.locator('.change-scale');
    assert.match(await scale.innerText(), /less −0\.25\s*same\s*more \+0\.25/);
    assert.match(await scale.getAttribute('aria-label'), /from 0\.25 less to 0\.25 more/);
    /** The first colour of each strip below the same, and the last of each above it. */
    const ends = () => scale.locator('canvas').evaluateAll((canvases) => canvases.map((canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, 1);
      return [[...data.slice(0, 3)], [...data.slice(-4, -1)]];
    }));
    const all = await ends();
    const channels = await page.locator('[data-channel]').count();
    assert.equal(all.length, 2 * channels);
    for (const [, same] of all.slice(0, channels)) assert.deepEqual(same, [128, 128, 128]);
    for (const [same] of all.slice(channels)) assert.deepEqual(same, [128, 128, 128]);
    // With one channel alone the colours are others, and so are those of the legend.
    for (let index = 1; index < channels; index += 1) {
      await page.locator('[data-channel]').nth(index).click();
      await explorer.settled();
    }
    await page.waitForFunction(() => {
      const { shadowRoot } = document.querySelector('cellflux-explorer');
      return shadowRoot.querySelectorAll('.change-scale canvas').length === 2;
    });
    assert.deepEqual(await ends(), [[[33, 102, 172], [247, 247, 247]], [[247, 247, 247], [178, 24, 43]]]);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('without its module the page goes on, and saving the figure again tries again', async () => {
  const { explorer, page, context } = await walked(WALK, { failures: true });
  try {
    await context.route(RESULTS, (route) => route.abort());
    await page.locator('[data-keep="figure-png"]').click();
    await explorer.says(/could not be fetched.*draws figures; everything else works without it/);
    assert.ok((await explorer.keep('strip')).length > 0);
    await context.unroute(RESULTS);
    assert.ok((await explorer.keep('figure-png')).length > 0);
  } finally {
    await context.close();
  }
});

test('where the browser records a canvas, the walk can be saved as a video', async (running) => {
  const { explorer, page, context } = await walked();
  try {
    const records = await page.evaluate(() =>
      Boolean(globalThis.MediaRecorder?.isTypeSupported('video/webm')));
    const button = page.locator('[data-keep="webm"]');
    assert.equal(await button.isVisible(), records);
    if (!records) {
      running.skip('this browser records no video');
      return;
    }
    const video = await explorer.keep('webm');
    // The mark of EBML, of which WebM is a kind.
    assert.equal(video.readUInt32BE(0), 0x1a45dfa3);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

/** A PNG of one chunk. */
function pngOf(name, data, length = data.length) {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(length, 0);
  head.write(name, 4, 'latin1');
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return new Uint8Array(Buffer.concat([signature, head, data, Buffer.alloc(4)]));
}

test('a PNG’s text is read where it is plain and whole, and nothing else is mistaken for one', () => {
  const text = (keyword, compressed = 0) =>
    Buffer.concat([Buffer.from(`${keyword}\0`), Buffer.from([compressed, 0, 0, 0]), Buffer.from('#c=µ')]);
  const whole = pngOf('iTXt', text('CellFlux link'));
  assert.equal(pngText(whole, 'CellFlux link'), '#c=µ');
  assert.equal(pngText(whole, 'Title'), null);
  assert.equal(pngText(pngOf('iTXt', text('CellFlux link', 1)), 'CellFlux link'), null);
  assert.equal(pngText(pngOf('IDAT', text('CellFlux link')), 'CellFlux link'), null);
  assert.equal(pngText(pngOf('iTXt', text('CellFlux link'), 0xffffffff), 'CellFlux link'), null);
  for (let length = 0; length < whole.length - 4; length += 1) {
    assert.equal(pngText(whole.subarray(0, length), 'CellFlux link'), null);
  }
});

test('an SVG’s text is read with its signs, and from nothing else', () => {
  const text = '<metadata><t:text keyword="CellFlux link">#v=1&amp;c=a&lt;b&amp;lt;</t:text></metadata>';
  assert.equal(svgText(text, 'CellFlux link'), '#v=1&c=a<b&lt;');
  for (const other of ['', '<svg/>', 'keyword="CellFlux link"', 'keyword="CellFlux link">#v=1']) {
    assert.equal(svgText(other, 'CellFlux link'), null, other);
  }
});
