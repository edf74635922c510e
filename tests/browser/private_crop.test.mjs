// The visitor's crop stays out of the address, which browsers remember, until the visitor copies a link; the
// tab keeps it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { controlCrop, png } from './crops.mjs';
import { ExplorerPage, SITE, assertSamePixels } from './explorer_page.mjs';

let browser;
before(async () => { browser = await launch(WITHOUT_GPU); });
after(async () => { await browser.close(); });

test('an uploaded crop is not in the address, comes back after reloading and after back, and is in the '
  + 'copied link', async () => {
  const context = await browser.newContext({
    permissions: ['clipboard-read', 'clipboard-write'],
    serviceWorkers: 'block',
  });
  try {
    const explorer = await ExplorerPage.open(context, `${SITE}?engine=candle`);
    const { page } = explorer;
    await explorer.ready();
    assert.match(
      await page.locator('cellflux-control').textContent(),
      /out of the page’s address too, until you copy the link/,
    );
    await explorer.upload(controlCrop());
    await explorer.useCrop();
    await explorer.forward();
    await explorer.link(1);
    const shown = await explorer.pixels('start');
    const bare = () => page.evaluate(() => location.href);
    assert.doesNotMatch(await bare(), /crop=/);

    await page.reload();
    await explorer.ready();
    await page.locator('.where[data-step="1"]').waitFor({ timeout: 60_000 });
    assertSamePixels(await explorer.pixels('start'), shown);
    assert.doesNotMatch(await bare(), /crop=/);

    await page.goto('about:blank');
    await page.goBack();
    await explorer.ready();
    assertSamePixels(await explorer.pixels('start'), shown);

    // A place in the document, and back.
    await page.evaluate(() => {
      location.hash = 'content';
    });
    await page.evaluate(() => history.back());
    await page.waitForFunction(() => location.hash.includes('at='));
    assertSamePixels(await explorer.pixels('start'), shown);

    await page.locator('[data-keep="link"]').click();
    await explorer.says(/anyone with the link has the crop/);
    const link = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(link, /crop=/);
    assert.doesNotMatch(await bare(), /crop=/);
    const other = await ExplorerPage.open(context, link);
    await other.ready();
    assertSamePixels(await other.pixels('start'), shown);
    await other.page.waitForFunction(() => !location.hash.includes('crop='));
    explorer.nothingInTheConsole();
    other.nothingInTheConsole();
  } finally {
    await context.close();
  }
});

test('beside the button stands what a link holds and how long it is; a longer one is not copied',
  async () => {
    const context = await browser.newContext({
      permissions: ['clipboard-read', 'clipboard-write'],
      serviceWorkers: 'block',
    });
    try {
      const explorer = await ExplorerPage.open(context, `${SITE}?engine=candle`);
      const { page } = explorer;
      await explorer.ready();
      const holds = page.locator('.link-holds');
      const copy = page.locator('[data-keep="link"]');
      await holds.getByText(/^The link has \d+ characters\. It holds the compound, the start, the/).waitFor();
      await copy.click();
      await explorer.says(/The link is copied/);
      const whole = await page.evaluate(() => navigator.clipboard.readText());
      assert.match(await holds.innerText(), new RegExp(`has ${whole.length} characters`));

      // Noise does not compress: 64 x 64 pixels of it are longer than a link may be.
      let seed = 1;
      const noise = () => (seed = (seed * 48271) % 2147483647) & 255;
      await explorer.upload({ name: 'noise.png', mimeType: 'image/png', buffer: png(64, 64, 3, noise) });
      await explorer.useCrop();
      await holds.getByText(/^The link would not hold your crop: .* Send the recipe file instead/).waitFor();
      await page.evaluate(() => navigator.clipboard.writeText('untouched'));
      await copy.click();
      await explorer.says(/would not hold your crop: with it, it would have 1\d,\d{3} characters/);
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'untouched');
      // The recipe file holds it.
      const recipe = JSON.parse((await explorer.keep('recipe')).toString());
      assert.ok(recipe.start.crop.length > 8000);
      explorer.nothingInTheConsole();
    } finally {
      await context.close();
    }
  });

test('an image dropped beside the explorer is taken, and the page is not left', async () => {
  const context = await browser.newContext({ serviceWorkers: 'block' });
  try {
    const explorer = await ExplorerPage.open(context, `${SITE}?engine=candle`);
    await explorer.ready();
    const { name, buffer } = controlCrop();
    const prevented = await explorer.page.evaluate(([name, text]) => {
      const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
      const data = new DataTransfer();
      data.items.add(new File([bytes], name, { type: 'image/png' }));
      const event = (type) => new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true });
      const title = document.querySelector('h1');
      title.dispatchEvent(event('dragenter'));
      const over = event('dragover');
      title.dispatchEvent(over);
      const marked = document.querySelector('cellflux-explorer').hasAttribute('dropping');
      title.dispatchEvent(event('drop'));
      return [
        over.defaultPrevented,
        marked,
        document.querySelector('cellflux-explorer').hasAttribute('dropping'),
      ];
    }, [name, buffer.toString('base64')]);
    assert.deepEqual(prevented, [true, true, false]);
    await explorer.useCrop();
    await explorer.forward();
    explorer.nothingInTheConsole();
  } finally {
    await context.close();
  }
});
