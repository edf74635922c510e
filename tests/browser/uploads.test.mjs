// The visitor's own images: raw fields, multi-channel sets, other formats; assigned, cropped and used as the
// control.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './chromium.mjs';
import { controlCrop, floatNpy, floatTiff, jumpField, png, rawField } from './crops.mjs';
import { ExplorerPage, SITE, assertSamePixels, differing } from './explorer_page.mjs';

let browser;
let explorer;
before(async () => {
  browser = await launch();
  explorer = await ExplorerPage.open(await browser.newContext(), `${SITE}?engine=candle`);
  await explorer.ready();
});
after(async () => {
  explorer.nothingInTheConsole();
  await browser.close();
});

const editor = () => explorer.page.locator('.crop-dialog');
const crop = async () =>
  Object.fromEntries(
    await Promise.all(
      ['x', 'y', 'side'].map(async (name) => [
        name,
        Number(await explorer.page.locator(`#crop-${name}`).inputValue()),
      ]),
    ),
  );

test(
  'a raw 16-bit field of three files assigns itself by name, crops by dragging and by keys, and walks',
  { skip: !rawField().length && 'no raw fields beside the repository' },
  async () => {
    await explorer.upload(...rawField());
    await editor().waitFor();
    const assigned = await explorer.page
      .locator('.assign select')
      .evaluateAll((selects) => selects.map((select) => select.selectedOptions[0].textContent));
    assert.match(assigned[0], /actin/);
    assert.match(assigned[1], /tubulin/);
    assert.match(assigned[2], /DNA/);
    assert.equal(await explorer.page.locator('#coding').inputValue(), 'raw');
    assert.deepEqual(await crop(), { x: 608, y: 480, side: 64 });

    const box = await explorer.page.locator('.board').boundingBox();
    const at = (x, y) => [box.x + (x * box.width) / 1280, box.y + (y * box.height) / 1024];
    await explorer.page.mouse.move(...at(640, 512));
    await explorer.page.mouse.down();
    await explorer.page.mouse.move(...at(500, 400), { steps: 4 });
    await explorer.page.mouse.up();
    const dragged = await crop();
    assert.ok(
      Math.abs(dragged.x - 468) <= 3 && Math.abs(dragged.y - 368) <= 3 && dragged.side === 64,
      JSON.stringify(dragged),
    );

    await explorer.page.locator('.square').focus();
    for (const key of ['ArrowRight', 'Shift+ArrowDown', '+']) await explorer.page.keyboard.press(key);
    assert.deepEqual(await crop(), { x: dragged.x + 1, y: dragged.y + 10, side: 65 });
    await explorer.page.keyboard.press('-');

    await explorer.useCrop();
    await explorer.forward();
    assert.match(await explorer.page.locator('.view.start .title').textContent(), /Your image/);
    assert.match(await explorer.page.locator('.view.now .stamp').textContent(), /Generated, not measured/);
  },
);

test(
  'a five-channel TIFF set is assigned by hand where names do not say, and walks',
  { skip: !jumpField().length && 'no JUMP field beside the repository' },
  async () => {
    await explorer.upload(...jumpField());
    await editor().waitFor();
    const selects = explorer.page.locator('.assign select');
    assert.equal(await selects.count(), 3);
    // A model of actin, tubulin and DNA cannot know which of the five stands for tubulin.
    assert.equal(await selects.nth(1).inputValue(), '-1');
    assert.equal(await explorer.page.locator('[data-do="use-crop"]').isDisabled(), true);
    await selects.nth(1).selectOption({ label: 'ch4_ER.tiff' });
    await explorer.page.locator('[data-do="use-crop"]:not(:disabled)').waitFor();
    await explorer.page.locator('#coding').selectOption('range');
    await explorer.useCrop();
    await explorer.forward();
  },
);

test('choosing a plane that another channel has swaps the two', async () => {
  await explorer.upload({
    name: 'rgb.png',
    mimeType: 'image/png',
    buffer: png(80, 60, 3, (x, y, c) => (c === 0 ? 200 : c === 1 ? 120 : 40)),
  });
  await editor().waitFor();
  const selects = explorer.page.locator('.assign select');
  const before = await selects.evaluateAll((all) => all.map((select) => select.value));
  await selects.nth(0).selectOption(before[2]);
  await explorer.page.waitForFunction(
    ([last]) =>
      document.querySelector('cellflux-explorer').shadowRoot.querySelectorAll('.assign select')[2].value ===
      last,
    [before[0]],
  );
  await explorer.page.locator('.dialog-buttons .secondary').click();
  await editor().waitFor({ state: 'hidden' });
});

test('a tall image keeps the crop square and inside', async () => {
  await explorer.upload({
    name: 'tall.png',
    mimeType: 'image/png',
    buffer: png(40, 300, 3, (x, y) => (x * y) % 256),
  });
  await editor().waitFor();
  assert.deepEqual(await crop(), { x: 0, y: 130, side: 40 });
  await explorer.page.locator('#crop-side').fill('500');
  await explorer.page.locator('#crop-side').dispatchEvent('change');
  await explorer.page.waitForFunction(
    () => document.querySelector('cellflux-explorer').shadowRoot.querySelector('#crop-side').value === '40',
  );
  await explorer.useCrop();
});

test('pasting and dropping files do what the file dialog does', async () => {
  const { name, buffer } = controlCrop();
  const hand = (how) => explorer.page.evaluate(([how, name, text]) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([bytes], name, { type: 'image/png' }));
    const target = how === 'paste' ? document.body : document.querySelector('cellflux-explorer');
    const event =
      how === 'paste'
        ? new ClipboardEvent('paste', { clipboardData: data, bubbles: true })
        : new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true });
    target.dispatchEvent(event);
  }, [how, name, buffer.toString('base64')]);
  await hand('paste');
  await explorer.useCrop();
  const pasted = await explorer.pixels('start');
  await explorer.page.locator('[data-control]:not([data-control="upload"])').first().click();
  await explorer.page.locator('[data-control]:not([data-control="upload"])').first().click();
  // The crop stays to be chosen again.
  await explorer.page.locator('[data-control="upload"][aria-checked="false"]').waitFor();
  assert.ok(differing(await explorer.pixels('start'), pasted) > 0);
  await hand('drop');
  await explorer.useCrop();
  assertSamePixels(await explorer.pixels('start'), pasted);
});

test('channels that are only numbered are guesses, to be confirmed before the crop can be used', async () => {
  // Six planes as RxRx1 names them: w4 is not actin there.
  const files = [1, 2, 3, 4, 5, 6].map((number) => ({
    name: `HEPG2-01_Plate1_B02_s1_w${number}.png`,
    mimeType: 'image/png',
    buffer: png(80, 80, 1, (x, y) => (x * number + y) % 200),
  }));
  await explorer.upload(...files);
  await editor().waitFor();
  const guesses = explorer.page.locator('.assign .guess:visible');
  const use = explorer.page.locator('[data-do="use-crop"]');
  assert.equal(await guesses.count(), 3);
  assert.equal(await use.isDisabled(), true);
  // What the visitor chooses is not a guess; what is not chosen stays one.
  await explorer.page
    .locator('.assign select')
    .nth(0)
    .selectOption({ label: 'HEPG2-01_Plate1_B02_s1_w5.png' });
  await explorer.page.waitForFunction(
    () =>
      [...document.querySelector('cellflux-explorer').shadowRoot.querySelectorAll('.assign .guess')].filter(
        (mark) => !mark.hidden,
      ).length === 2,
  );
  assert.equal(await use.isDisabled(), true);
  await explorer.page.locator('#confirm-channels').check();
  await explorer.page.locator('[data-do="use-crop"]:not(:disabled)').waitFor();
  assert.equal(await guesses.count(), 0);
  await explorer.useCrop();
});

test('a float TIFF of 200 to 4000 opens with a reading that fits, and says what is cut off', async () => {
  await explorer.upload({
    name: 'float.tif',
    mimeType: 'image/tiff',
    buffer: floatTiff(70, 70, ['actin', 'tubulin', 'DNA'], (x, y) => 200 + ((x * y) % 70) * (3800 / 69)),
  });
  await editor().waitFor();
  assert.equal(await explorer.page.locator('#coding').inputValue(), 'range');
  assert.equal(await explorer.page.locator('.assign .guess:visible').count(), 0);
  await explorer.useCrop();
  // Values a little beyond 0 to 1 are read, and the page says what is cut off at both ends.
  await explorer.upload({
    name: 'beyond.tif',
    mimeType: 'image/tiff',
    buffer: floatTiff(64, 64, ['actin', 'tubulin', 'DNA'], (x) => (x < 16 ? -0.04 : 1.04)),
  });
  await editor().waitFor();
  assert.equal(await explorer.page.locator('#coding').inputValue(), 'unit');
  await editor()
    .getByText(
      '25.0 % of its values are darker than black and 75.0 % of its values are brighter than full scale; '
        + 'they are cut off.',
    )
    .waitFor();
  await explorer.useCrop();
});

test('files of several kinds have one reading each', async () => {
  await explorer.upload(
    { name: 'cell_actin.png', mimeType: 'image/png', buffer: png(70, 70, 1, (x, y) => (x + y) % 256) },
    {
      name: 'cell_tubulin.tif',
      mimeType: 'image/tiff',
      buffer: floatTiff(70, 70, ['tubulin'], (x) => 200 + x * 50),
    },
    { name: 'cell_DNA.npy', mimeType: 'application/octet-stream', buffer: floatNpy(70, 70, (x) => x / 69) },
  );
  await editor().waitFor();
  const codings = await explorer.page
    .locator('.codings label')
    .evaluateAll((labels) =>
      labels.map((label) => [label.firstChild.textContent, label.querySelector('select').value]),
    );
  assert.deepEqual(codings, [
    ['Values of cell_actin.png are', 'coded'],
    ['Values of cell_tubulin.tif are', 'range'],
    ['Values of cell_DNA.npy are', 'unit'],
  ]);
  await explorer.useCrop();
});

test('small files that unpack to large pictures are refused together, and the page goes on', async () => {
  const large = png(8192, 8192, 1, () => 7);
  await explorer.upload(
    ...['actin', 'tubulin', 'DNA'].map((name) => ({
      name: `${name}.png`,
      mimeType: 'image/png',
      buffer: large,
    })),
  );
  await explorer.says(/DNA\.png has 8192 x 8192 px .* at most 134217728 numbers in all files together/);
  await explorer.upload(controlCrop());
  await explorer.useCrop();
});
