// What axe-core finds against a page. It is run by the debugger, so the page's policy stays as it is.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** The rules of WCAG 2.2, levels A and AA, and what axe-core calls best practice. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Every violation with the elements that it is about. */
async function violationsOf(page) {
  await page.evaluate(await readFile(AXE, 'utf8'));
  return page.evaluate(async (rules) => {
    const { violations } = await globalThis.axe.run(document, {
      runOnly: { type: 'tag', values: rules },
      resultTypes: ['violations'],
    });
    return violations.map(({ id, help, nodes }) => {
      const where = nodes.map(({ target, html }) => `  ${target.flat(9).join(' ')}: ${html.slice(0, 160)}`);
      return `${id}: ${help}\n${where.join('\n')}`;
    });
  }, RULES);
}

const none = (found, state) => assert.equal(found.length, 0, `${state}:\n${found.join('\n')}`);

/**
 * Fails with every violation and the elements that it is about.
 * @param {import('./explorer_page.mjs').ExplorerPage} explorer
 * @param {string} state what the page shows, for the message
 */
export async function accessible(explorer, state) {
  explorer.nothingInTheConsole();
  const { page, faults } = explorer;
  const found = await violationsOf(page);
  // axe-core measures with inline styles, which the page's policy refuses: that is not the page's fault. The
  // console may tell it a little later.
  await page.waitForTimeout(300);
  faults.length = 0;
  none(found, state);
}

/**
 * The same of a page whose scripts fail on purpose, so that its console is not looked at.
 * @param {import('playwright-core').Page} page
 * @param {string} state what the page shows, for the message
 */
export async function accessibleThough(page, state) {
  none(await violationsOf(page), state);
}
