// What visitors bring that cannot be used: each is one sentence that names the thing, and nothing they made
// is lost.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './chromium.mjs';
import { hugeTiff, png } from './crops.mjs';
import { ExplorerPage, SITE, assertSamePixels } from './explorer_page.mjs';

let browser;
let explorer;
before(async () => {
  browser = await launch();
  explorer = await ExplorerPage.open(await browser.newContext(), `${SITE}?engine=candle`);
  await explorer.ready();
  // One step per test, and the page's own walk has ten.
  await explorer.set('steps', 20);
  await explorer.forward();
});
after(async () => {
  explorer.nothingInTheConsole();
  await browser.close();
});

const FILES = [
  [
    'a text file named .png',
    { name: 'notes.png', mimeType: 'image/png', buffer: Buffer.from('these are only words\n') },
    /notes\.png is .*text.*, expected a PNG, JPEG, TIFF or \.npy picture/,
  ],
  [
    'a TIFF of 30,000 pixels a side',
    { name: 'slide.tiff', mimeType: 'image/tiff', buffer: hugeTiff() },
    /slide\.tiff has .*30000.*, at most .* are read/,
  ],
  [
    'a grey image for a model of three channels',
    { name: 'grey.png', mimeType: 'image/png', buffer: png(80, 80, 1, () => 90) },
    /the picture has one channel|has 1 channel.*the model needs 3: actin, tubulin, DNA/i,
  ],
  [
    'an image too small to show a cell',
    { name: 'tiny.png', mimeType: 'image/png', buffer: png(9, 9, 3, () => 90) },
    /The crop has sides of 9 px, expected at least 16 px/,
  ],
  [
    'a PNG that breaks off',
    { name: 'half.png', mimeType: 'image/png', buffer: png(80, 80, 3, (x) => x).subarray(0, 120) },
    /half\.png is a damaged PNG/,
  ],
];
for (const [name, file, sentence] of FILES) {
  test(`${name} is refused in one sentence; the walk stays and goes on`, async () => {
    const before = await explorer.pixels('now');
    const step = await explorer.step();
    await explorer.upload(file);
    const said = await explorer.says(sentence);
    assert.ok(said.length < 250 && !said.includes('\n'), said);
    assert.equal(await explorer.step(), step);
    assertSamePixels(await explorer.pixels('now'), before);
    await explorer.forward();
  });
}

test('a crop that is too small or outside is pulled back into the image', async () => {
  await explorer.upload({
    name: 'field.png',
    mimeType: 'image/png',
    buffer: png(200, 100, 3, (x, y) => (x + y) % 256),
  });
  const number = async (name, value) => {
    await explorer.page.locator(`#crop-${name}`).fill(String(value));
    await explorer.page.locator(`#crop-${name}`).dispatchEvent('change');
  };
  await number('side', 3);
  await explorer.page.waitForFunction(
    () => document.querySelector('cellflux-explorer').shadowRoot.querySelector('#crop-side').value === '16',
  );
  await number('x', 10_000);
  await explorer.page.waitForFunction(
    () => document.querySelector('cellflux-explorer').shadowRoot.querySelector('#crop-x').value === '184',
  );
  await explorer.page.keyboard.press('Escape');
  await explorer.page.locator('.crop-dialog').waitFor({ state: 'hidden' });
});

const LINKS = [
  ['alpha', 'a=11', /alpha is 11, expected a number from 0 to 10/i],
  ['steps', 'steps=0', /steps is 0, expected a number from 1 to 1000/i],
  ['noise', 'noise=-1', /noise is -1, expected a number from 0 to 10/i],
  ['a condition', 'c=nothing', /condition is "nothing", expected the id of a condition/i],
  ['a word for a number', 'a=warm', /the link cannot be read: a is "warm", expected a number/i],
  ['a crop', 'crop=AAAA', /the link.s crop/i],
];
for (const [name, link, sentence] of LINKS) {
  test(`a link with ${name} out of range is one sentence, and the exploration in view stays`, async () => {
    const before = await explorer.pixels('now');
    await explorer.page.evaluate((hash) => { location.hash = hash; }, link);
    await explorer.says(sentence);
    assertSamePixels(await explorer.pixels('now'), before);
    await explorer.page.waitForFunction(() => location.hash.startsWith('#v=1&model='));
    await explorer.forward();
  });
}

test('a page opened with a bad link says so and starts with the bundle’s first control', async () => {
  const context = await browser.newContext();
  const other = await ExplorerPage.open(context, `${SITE}?engine=candle#steps=5000`);
  await other.says(/steps is 5000, expected a number from 1 to 1000/i);
  await other.ready();
  await other.stillWorks();
  other.nothingInTheConsole();
  await context.close();
});

const TOO_LONG = `v=1&crop=${'A'.repeat(9000)}`;
const DAMAGED = [
  ['longer than any link', TOO_LONG, /has 9,\d+ characters, expected at most 8,000.*shows its own walk/],
  ['cut off in the middle of a key', 'v=1&model=bbbc021-tiny&star', /"star" is not key=value/],
  ['with a crop that was cut off', `v=1&crop=${'iVBORw0KGgo'.repeat(20)}`, /the link.s crop/i],
];
for (const [name, link, sentence] of DAMAGED) {
  test(`a page opened at a link ${name} says so in one sentence and shows its own walk`, async () => {
    const context = await browser.newContext();
    const other = await ExplorerPage.open(context, `${SITE}?engine=candle#${link}`);
    try {
      const said = await other.says(sentence);
      assert.ok(said.length < 400 && !said.includes('\n'), said);
      await other.ready();
      await other.page.waitForFunction(() => /^#v=1&model=[^&]+&start=/.test(location.hash));
      await other.stillWorks();
      other.nothingInTheConsole();
    } finally {
      await context.close();
    }
  });
}

test('a link that is too long leaves the walk in view as it is', async () => {
  const before = await explorer.pixels('now');
  await explorer.page.evaluate((hash) => { location.hash = hash; }, TOO_LONG);
  await explorer.says(/has 9,\d+ characters, expected at most 8,000.*The walk in view stays/);
  assertSamePixels(await explorer.pixels('now'), before);
  await explorer.page.waitForFunction(() => location.hash.startsWith('#v=1&model='));
});

test('an unknown engine in the address is one sentence', async () => {
  const context = await browser.newContext();
  const other = await ExplorerPage.open(context, `${SITE}?engine=abacus`, {
    init: () => {
      Object.defineProperty(Navigator.prototype, 'gpu', { get: () => undefined });
    },
  });
  await other.says(/\?engine=abacus is not an engine; expected candle or wgpu/);
  other.nothingInTheConsole();
  await context.close();
});
