// Style sheets for a shadow root: fetched beside this module, adopted, never inlined (the page's policy
// forbids inline style).

import { fetched } from './fetched.js';

const NAMES = [
  'tokens',
  'explorer',
  'controls',
  'stage',
  'display',
  'pickers',
  'measures',
  'compare',
  'doses',
];
const FILES = {
  tokens: new URL('./styles/tokens.css', import.meta.url),
  explorer: new URL('./styles/explorer.css', import.meta.url),
  controls: new URL('./styles/controls.css', import.meta.url),
  stage: new URL('./styles/stage.css', import.meta.url),
  display: new URL('./styles/display.css', import.meta.url),
  pickers: new URL('./styles/pickers.css', import.meta.url),
  measures: new URL('./styles/measures.css', import.meta.url),
  compare: new URL('./styles/compare.css', import.meta.url),
  doses: new URL('./styles/doses.css', import.meta.url),
  lab: new URL('./styles/lab.css', import.meta.url),
};

/** What browsers ask for where a page names a sheet. */
const ACCEPT = 'text/css,*/*;q=0.1';

/** The page starts without a sheet that has not come by then, and uses it when it comes. */
const PATIENCE_MS = 4_000;

/**
 * @returns {Promise<{ sheet: CSSStyleSheet, missing: string | null }>} the sheet, which fills itself when it
 * comes late
 */
async function fetchedSheet(name) {
  const sheet = new CSSStyleSheet();
  const filled = fetched(FILES[name], { name: `${name}.css`, named: true, accept: ACCEPT }).then((bytes) => {
    const text = new TextDecoder().decode(bytes);
    // Where digests cannot be compared, a page in the sheet's place is told from it by its first letter.
    if (/^\s*(<|$)/.test(text)) return false;
    sheet.replaceSync(text);
    return true;
  }).catch(() => false);
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, false));
  return { sheet, missing: (await Promise.race([filled, late])) ? null : `${name}.css` };
}

/** @type {Map<string, ReturnType<typeof fetchedSheet>>} */
const fetching = new Map();

/**
 * Sheets in cascade order, those of the explorer where none are named, and the names of those that did not
 * come: the page works unstyled.
 * @param {string[]} names
 * @returns {Promise<{ sheets: CSSStyleSheet[], missing: string[] }>}
 */
export async function styleSheets(names = NAMES) {
  for (const name of names) if (!fetching.has(name)) fetching.set(name, fetchedSheet(name));
  const all = await Promise.all(names.map((name) => fetching.get(name)));
  return {
    sheets: all.map(({ sheet }) => sheet),
    missing: all.map(({ missing }) => missing).filter(Boolean),
  };
}
