// The visitor's crop stays out of the address, which browsers remember, until the visitor copies a link; the
// tab keeps it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launch, WITHOUT_GPU } from './chromium.mjs';
import { controlCrop } from './crops.mjs';
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
