// Style sheets for a shadow root: fetched beside this module, adopted, never inlined (the page's policy forbids inline style).

const NAMES = ['tokens', 'explorer', 'controls', 'stage', 'pickers'];
const FILES = {
  tokens: new URL('./styles/tokens.css', import.meta.url),
  explorer: new URL('./styles/explorer.css', import.meta.url),
  controls: new URL('./styles/controls.css', import.meta.url),
  stage: new URL('./styles/stage.css', import.meta.url),
  pickers: new URL('./styles/pickers.css', import.meta.url),
};

/** A sheet that has not come by then is done without until it comes. */
const PATIENCE_MS = 4_000;

/** @returns {Promise<{ sheet: CSSStyleSheet, missing: string | null }>} the sheet, which fills itself when it comes late */
async function fetchedSheet(name) {
  const sheet = new CSSStyleSheet();
  const filled = fetch(FILES[name]).then(async (response) => {
    if (!response.ok || !/^text\/css\b/i.test(response.headers.get('content-type') ?? 'text/css')) return false;
    const text = await response.text();
    sheet.replaceSync(text);
    return text.length > 0;
  }).catch(() => false);
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, false));
  return { sheet, missing: (await Promise.race([filled, late])) ? null : `${name}.css` };
}

let fetching;

/**
 * All sheets of the explorer, in cascade order, and the names of those that did not come: the page works unstyled.
 * @returns {Promise<{ sheets: CSSStyleSheet[], missing: string[] }>}
 */
export function styleSheets() {
  fetching ??= Promise.all(NAMES.map(fetchedSheet)).then((all) => ({
    sheets: all.map(({ sheet }) => sheet),
    missing: all.map(({ missing }) => missing).filter(Boolean),
  }));
  return fetching;
}
