// What a microscope's file says of its image: names and colours of channels, the size of a pixel; and what
// the page says of an upload that is unlike the bundle's controls.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch } from './chromium.mjs';
import { microscopeTiff, png } from './crops.mjs';
import { ExplorerPage, SITE } from './explorer_page.mjs';
import { serveMicro } from './micro_site.mjs';
import { manifestAddress, skip } from './site_bundle.mjs';


let browser;
before(async () => {
  browser = await launch();
});
after(async () => {
  await browser.close();
});

/** Work in a tab of its own, where nothing may be in the console at the end. */
async function visit(address, work, options = {}) {
  const context = await browser.newContext({ serviceWorkers: 'block', ...options });
  try {
    const explorer = await ExplorerPage.open(context, `${address}?engine=candle`);
    await explorer.network();
    await work(explorer, context);
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
}

/** OME-XML of one image with these channels and attributes. */
const ome = (channels, attributes = '') =>
  '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
  + '<Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8" SizeZ="1" SizeT="1" '
  + `SizeC="${channels.length}" ${attributes}>${channels.map((name) => `<Channel Name="${name}"/>`).join('')}`
  + '<TiffData/></Pixels></Image></OME>';

/** Three planes, each a disc on a dark ground that is brighter than in the plane before. */
const discs = [40, 80, 120].map((light) => (x, y) => (Math.hypot(x - 40, y - 40) < 25 ? light : 10));

const file = (name, buffer) => ({ name, mimeType: 'image/tiff', buffer });

/** Uploads a file and waits for the editor. */
async function edited(explorer, ...files) {
  await explorer.upload(...files);
  const editor = explorer.page.locator('.crop-dialog');
  await editor.waitFor();
  return editor;
}

/** The names of the planes that the channels have, in the channels' order. */
const assigned = (editor) =>
  editor.locator('.assign select').evaluateAll((all) => all.map((select) => select.selectedOptions[0].title));

const side = async (editor) => Number(await editor.locator('#crop-side').inputValue());

test('OME-XML’s names assign the channels in any order', async () => {
  await visit(SITE, async (explorer) => {
    const description = ome(['DNA', 'F-actin', 'beta-tubulin']);
    const editor = await edited(
      explorer,
      file('cells.ome.tif', microscopeTiff(80, 80, discs, { description })),
    );
    assert.deepEqual(await assigned(editor), [
      'cells.ome.tif F-actin', 'cells.ome.tif beta-tubulin', 'cells.ome.tif DNA',
    ]);
    assert.equal(await editor.locator('.guess:visible').count(), 0);
    assert.equal(await editor.locator('.planes canvas:visible').count(), 0);
    await explorer.useCrop();
    // More channels than planes: the names of those that are there count, and nothing fails.
    const many = ome(['DNA', 'F-actin', 'beta-tubulin', 'ER', 'RNA'], 'SizeX="9" SizeY="9"');
    await edited(explorer, file('more.ome.tif', microscopeTiff(80, 80, discs, { description: many })));
    assert.deepEqual(await assigned(editor), [
      'more.ome.tif F-actin', 'more.ome.tif beta-tubulin', 'more.ome.tif DNA',
    ]);
  });
});

test('a usual name of the same stain is a guess, and small pictures help to decide', async () => {
  await visit(SITE, async (explorer) => {
    const description = ome(['DRAQ5', 'tubulin', 'actin']);
    const editor = await edited(explorer, file('a.tif', microscopeTiff(80, 80, discs, { description })));
    assert.deepEqual(await assigned(editor), ['a.tif actin', 'a.tif tubulin', 'a.tif DRAQ5']);
    assert.equal(await editor.locator('.guess:visible').count(), 1);
    assert.equal(await editor.locator('.planes canvas:visible').count(), 3);
    await editor.locator('#confirm-channels').check();
    await editor.locator('.planes').waitFor({ state: 'hidden' });
    await explorer.useCrop();
  });
});

/** OME-XML of channels `[name, Color]`. */
const coloured = (channels) => channels.reduce(
  (xml, [name, colour]) => xml.replace(`Name="${name}"`, `Name="${name}" Color="${colour}"`),
  ome(channels.map(([name]) => name)),
);
const [BLUE, GREEN, RED] = ['65535', '16711935', '-16776961'];

test('where no name tells the channel a plane’s own colour is a guess, and tints nothing', async () => {
  await visit(SITE, async (explorer) => {
    const description = coloured([['Alexa 405', BLUE], ['Alexa 488', GREEN], ['Alexa 568', RED]]);
    const editor = await edited(explorer, file('a.tif', microscopeTiff(80, 80, discs, { description })));
    assert.deepEqual(await assigned(editor), ['a.tif Alexa 568', 'a.tif Alexa 488', 'a.tif Alexa 405']);
    const guesses = editor.locator('.guess:visible');
    assert.deepEqual(await guesses.allTextContents(), Array(3).fill('guessed from its colour'));
    const beside = editor.locator('.assign .file-colour');
    assert.deepEqual(
      await beside.allTextContents(),
      ['red in the file', 'green in the file', 'blue in the file'],
    );
    const planes = editor.locator('.planes .file-colour:visible');
    assert.deepEqual(
      await planes.allTextContents(),
      ['blue in the file', 'green in the file', 'red in the file'],
    );
    assert.equal(
      await planes.first().locator('.dot').evaluate((dot) => getComputedStyle(dot).backgroundColor),
      'rgb(0, 0, 255)',
    );
    assert.equal(await editor.getByText('A file’s own colours are named only').isVisible(), true);
    const grey = await editor.locator('.planes canvas').evaluateAll((all) => all.every((canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      return data.every((part, at) => at % 4 === 3 || part === data[at - (at % 4)]);
    }));
    assert.ok(grey, 'the small pictures are grey');

    // What was chosen is no guess, and what came in exchange is none of the colour.
    await editor.locator('#assign-2').selectOption('1');
    assert.deepEqual(await guesses.allTextContents(), ['guessed from its colour', 'a guess']);
    assert.deepEqual(
      await beside.allTextContents(),
      ['red in the file', 'blue in the file', 'green in the file'],
    );
    await editor.locator('#confirm-channels').check();
    await explorer.useCrop();
  });
});

test('ImageJ’s look-up tables colour the planes of a composite', async () => {
  await visit(SITE, async (explorer) => {
    const said = {
      description: 'ImageJ=1.54f\nimages=3\nchannels=3\nmode=composite\n',
      colours: [[0, 0, 255], [0, 255, 0], [255, 0, 0]],
    };
    const editor = await edited(explorer, file('imagej.tif', microscopeTiff(80, 80, discs, said)));
    assert.deepEqual(
      await assigned(editor),
      ['imagej.tif plane 3', 'imagej.tif plane 2', 'imagej.tif plane 1'],
    );
    assert.deepEqual(
      await editor.locator('.guess:visible').allTextContents(),
      Array(3).fill('guessed from its colour'),
    );
    // Without tables the file states no colours, and the planes are guessed by their order.
    await editor.locator('.dialog-buttons .secondary').click();
    const { description } = said;
    await edited(explorer, file('plain.tif', microscopeTiff(80, 80, discs, { description })));
    assert.equal(await editor.locator('.file-colour').count(), 0);
    assert.deepEqual(
      await editor.locator('.guess:visible').allTextContents(),
      Array(3).fill('a guess'),
    );
  });
});

test('names go before colours, and a colour that cannot be is none', async () => {
  await visit(SITE, async (explorer) => {
    const named = coloured([['DNA', RED], ['actin', '-1'], ['tubulin', BLUE]]);
    const editor = await edited(
      explorer,
      file('named.tif', microscopeTiff(80, 80, discs, { description: named })),
    );
    assert.deepEqual(await assigned(editor), ['named.tif actin', 'named.tif tubulin', 'named.tif DNA']);
    assert.equal(await editor.locator('.guess:visible').count(), 0);
    const beside = editor.locator('.assign .file-colour');
    assert.deepEqual(
      await beside.allTextContents(),
      ['white in the file', 'blue in the file', 'red in the file'],
    );
    await explorer.useCrop();
    const odd = coloured([['DNA', 'blue'], ['actin', '4294967296'], ['tubulin', '0']]);
    await edited(explorer, file('odd.tif', microscopeTiff(88, 80, discs, { description: odd })));
    assert.deepEqual(await assigned(editor), ['odd.tif actin', 'odd.tif tubulin', 'odd.tif DNA']);
    assert.equal(await editor.locator('.file-colour').count(), 0);
    assert.equal(await editor.getByText('A file’s own colours are named only').isVisible(), false);
    await explorer.useCrop();
  });
});

test('XML that would grow, nonsense and impossible sizes are told, and the upload goes on', async () => {
  await visit(SITE, async (explorer) => {
    const entities = [...'bcdefghij'].map((name, index) =>
      `<!ENTITY ${name} "${`&${'abcdefghi'[index]};`.repeat(10)}">`);
    const laughs = `<!DOCTYPE OME [<!ENTITY a "ha">${entities.join('')}]><OME><Image>&j;</Image></OME>`;
    const names = ['DNA', 'actin', 'tubulin'];
    for (const [index, [description, says]] of /** @type {[string, RegExp][]} */ ([
      [laughs, /its OME-XML is not read.*document type definition/],
      [`<OME>${'<<<&&&'.repeat(170_000)}`, /its OME-XML is not read/],
      [ome(names, 'PhysicalSizeX="0"'), /its pixels are 0 µm wide, expected 0\.001 to 100 µm/],
      [ome(names, 'PhysicalSizeX="NaN"'), /its pixels are NaN µm wide/],
      [ome(names, 'PhysicalSizeX="-1"'), /its pixels are -1 µm wide/],
      [ome(names, 'PhysicalSizeX="1" PhysicalSizeXUnit="furlong"'), /measured in "furlong", expected a unit/],
    ]).entries()) {
      // Of another size each, since the same crop again is the same walk.
      const odd = microscopeTiff(80 + 8 * index, 80, discs, { description });
      const editor = await edited(explorer, file('odd.tif', odd));
      assert.match(await editor.locator('.file-notes').textContent(), says);
      assert.match(await editor.locator('.scale-note').textContent(), /so the scale is unknown/);
      if (await editor.locator('#confirm-channels').isVisible()) {
        await editor.locator('#confirm-channels').check();
      }
      await explorer.useCrop();
    }
  });
});

test('a crop is taken at the model’s scale where both sizes are known', { skip }, async () => {
  const site = await serveMicro((manifest) => {
    manifest.image.pixel_size_um = 0.5;
  });
  try {
    await visit(site.url, async (explorer) => {
      const { page } = explorer;
      const names = ['actin', 'tubulin', 'DNA'];
      const taken = async (name, said) => {
        const editor = await edited(explorer, file(name, microscopeTiff(128, 96, discs, said)));
        const note = await editor.locator('.scale-note').textContent();
        return { editor, side: await side(editor), note };
      };
      // The network sees 32 px of 0.5 µm.
      let crop = await taken('a.ome.tif', { description: ome(names, 'PhysicalSizeX="0.25"') });
      assert.equal(crop.side, 64);
      assert.equal(crop.note, 'Crop at the model’s scale: 64 px × 0.25 µm (OME-XML).');
      await crop.editor.locator('#crop-side').fill('32');
      await crop.editor.locator('#crop-side').press('Tab');
      await page.getByText('Cells look 2 times as large as in the model’s images; at their scale').waitFor();
      await page.getByRole('button', { name: 'Crop at the model’s scale' }).click();
      await page.getByText('Crop at the model’s scale: 64 px').waitFor();
      assert.equal(await side(crop.editor), 64);
      await explorer.useCrop();

      crop = await taken('imagej.tif', {
        description: 'ImageJ=1.54f\nimages=3\nchannels=3\nunit=micron\n', perCentimetre: 2,
      });
      assert.equal(crop.side, 32);
      assert.match(crop.note, /32 px × 0\.5 µm \(ImageJ’s calibration\)/);
      await explorer.page.locator('.dialog-buttons .secondary').click();

      crop = await taken('plain.tif', { perCentimetre: 20_000 });
      assert.equal(crop.side, 32);
      await explorer.page.locator('.dialog-buttons .secondary').click();

      crop = await taken('unknown.tif', { perCentimetre: 118 });
      assert.equal(crop.side, 32);
      assert.match(crop.note, /^Your image states no pixel size, so the scale is unknown: choose the side/);
      await explorer.page.locator('.dialog-buttons .secondary').click();

      // A scale bar of a round length stands on both cells and follows the zoom.
      const bars = page.locator('.scale-bar:visible');
      assert.deepEqual(await bars.allTextContents(), ['5 µm', '5 µm']);
      const [bar, frame] = await Promise.all(
        ['.view.now .scale-bar', '.view.now .frame'].map((name) => page.locator(name).boundingBox()),
      );
      assert.ok(Math.abs(bar.width / frame.width - 5 / 16) < 0.02, `${bar.width} of ${frame.width}`);
      await page.getByRole('button', { name: 'Look closer; then drag to move' }).click();
      assert.deepEqual(await bars.allTextContents(), ['2 µm', '2 µm']);
      await page.locator('cellflux-provenance', { hasText: '0.5 µm per pixel, 16 µm across' }).waitFor();
    });
  } finally {
    await site.close();
  }
});

test('where the data state no pixel size there is no scale bar, and that is said once', async () => {
  await visit(SITE, async ({ page }) => {
    assert.equal(await page.locator('.scale-bar:visible').count(), 0);
    const said = page.getByText('The data state no pixel size, so there is no scale bar.');
    assert.equal(await said.count(), 1);
    assert.equal(await page.locator('cellflux-provenance').getByText('so there is no scale bar').count(), 1);
  });
});

test('an inverted image is said to look unlike the controls, and a control is not', async () => {
  const address = await manifestAddress();
  const { gallery } = await (await fetch(address)).json();
  const control = Buffer.from(await (await fetch(new URL(gallery.controls[0].file, address))).arrayBuffer());
  await visit(SITE, async (explorer) => {
    const inverted = png(64, 64, 3, (x, y) => (Math.hypot(x - 32, y - 32) < 20 ? 120 : 235));
    const editor = await edited(explorer, { name: 'inverted.png', mimeType: 'image/png', buffer: inverted });
    const hints = editor.locator('.unlike li');
    await hints.first().waitFor();
    const said = await hints.first().textContent();
    assert.match(said, /^Actin is \d+\.\d standard deviations brighter than this bundle’s controls/);
    assert.match(said, /\(n = \d+(, drawn by a program)?\)\.$/);
    assert.equal(await hints.count(), 3);
    await explorer.useCrop();
    await edited(explorer, { name: 'control.png', mimeType: 'image/png', buffer: control });
    assert.equal(await hints.count(), 0);
  });
});

test('on a phone one finger moves the crop on a large field, and two look closer', async () => {
  const phone = { viewport: { width: 390, height: 844 }, hasTouch: true };
  await visit(SITE, async (explorer, context) => {
    const { page } = explorer;
    const field = png(1280, 1024, 3, (x, y) => ((x >> 4) * (y >> 4)) % 120);
    const editor = await edited(explorer, { name: 'field.png', mimeType: 'image/png', buffer: field });
    const [inner, outer] = await editor.evaluate((box) => [box.scrollWidth, box.clientWidth]);
    assert.ok(inner <= outer, `the dialog's content is ${inner} px wide in ${outer}`);
    const square = await page.locator('.square').boundingBox();
    assert.ok(square.width >= 40, `the square is ${square.width} px wide`);

    const touch = await context.newCDPSession(page);
    const fingers = (type, ...points) => touch.send('Input.dispatchTouchEvent', {
      type, touchPoints: points.map(([x, y], id) => ({ x, y, id })),
    });
    const place = () => page.locator('#crop-x, #crop-y, #crop-side').evaluateAll((all) =>
      all.map((input) => Number(input.value)));
    const zoom = () =>
      page.locator('.sheet').evaluate((sheet) => Number(sheet.style.getPropertyValue('--zoom')));

    const [x, y] = [square.x + square.width / 3, square.y + square.height / 3];
    const before = await place();
    await fingers('touchStart', [x, y]);
    await fingers('touchMove', [x + 30, y + 20]);
    await fingers('touchEnd');
    await page.waitForFunction(
      ([column, row]) => {
        const root = document.querySelector('cellflux-explorer').shadowRoot;
        return root.querySelector('#crop-x').value !== column && root.querySelector('#crop-y').value !== row;
      },
      before.map(String),
    );
    const moved = await place();
    assert.ok(moved[0] > before[0] && moved[1] > before[1], `${before} to ${moved}`);
    assert.equal(moved[2], before[2]);

    const close = await zoom();
    const board = await page.locator('.board').boundingBox();
    const [left, right] = [0.4, 0.6].map((part) => board.x + part * board.width);
    const down = board.y + board.height / 2;
    await fingers('touchStart', [left, down]);
    await fingers('touchStart', [left, down], [right, down]);
    await fingers('touchMove', [left - 50, down], [right + 50, down]);
    await fingers('touchEnd');
    assert.ok((await zoom()) > close, `${close} to ${await zoom()}`);
    await page.waitForFunction(
      ([column, row]) => {
        const root = document.querySelector('cellflux-explorer').shadowRoot;
        return root.querySelector('#crop-x').value === column && root.querySelector('#crop-y').value === row;
      },
      moved.map(String),
    );
    await page.getByRole('button', { name: 'The whole image' }).click();
    assert.equal(await zoom(), 1);
    await explorer.useCrop();
  }, phone);
});
