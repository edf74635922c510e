// Opens pages of a served site in Firefox: every explorer gets ready, takes a step, and nothing fails in the
// console. Run by hand, where a Firefox is:
//
//     node tests/browser-bench/site_in_firefox.mjs http://127.0.0.1:8321/ [further pages]

import { BROWSERS } from './browsers.mjs';

const pages = process.argv.slice(2);
if (pages.length === 0) {
  console.error('expected the addresses of pages');
  process.exit(2);
}
const browser = await BROWSERS.firefox();
const wrong = [];
try {
  for (const address of pages) {
    const page = /** @type {any} */ (await browser.page());
    page.setDefaultTimeout(180_000);
    page.on('pageerror', (error) => wrong.push(`${address}: ${error}`));
    page.on('console', (message) => {
      if (message.type() === 'error') wrong.push(`${address}: ${message.text()}`);
    });
    await page.goto(address, { waitUntil: 'load' });
    const count = await page.evaluate(() => document.querySelectorAll('cellflux-explorer').length);
    if (count > 0) {
      await page.waitForSelector('cellflux-explorer[data-phase="ready"]');
      await page.waitForSelector('cellflux-explorer >>> [data-do="first"]');
      await (await page.$('cellflux-explorer >>> [data-do="first"]')).click();
      await (await page.$('cellflux-explorer >>> [data-do="forward"]')).click();
      await page.waitForSelector('cellflux-explorer >>> .where[data-step="1"]');
    }
    console.log(`${browser.version}: ${address}: ${count} explorers`);
    await page.close();
  }
} finally {
  await browser.close();
}
for (const fault of wrong) console.error(fault);
process.exit(wrong.length === 0 ? 0 : 1);
