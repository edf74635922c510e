// Style sheets for a shadow root: fetched beside this module, adopted, never inlined (the page's policy forbids inline style).

const NAMES = ['tokens', 'explorer', 'controls', 'stage', 'pickers'];
const FILES = {
  tokens: new URL('./styles/tokens.css', import.meta.url),
  explorer: new URL('./styles/explorer.css', import.meta.url),
  controls: new URL('./styles/controls.css', import.meta.url),
  stage: new URL('./styles/stage.css', import.meta.url),
  pickers: new URL('./styles/pickers.css', import.meta.url),
};

async function sheet(url) {
  const sheet = new CSSStyleSheet();
  const response = await fetch(url);
  if (response.ok) sheet.replaceSync(await response.text());
  return sheet;
}

/** All sheets of the explorer, in cascade order. A sheet that cannot be fetched is an empty one: the page works unstyled. */
export const styleSheets = Promise.all(NAMES.map((name) => sheet(FILES[name]).catch(() => new CSSStyleSheet())));
