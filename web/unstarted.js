// Where a script of the page has not come: says which file is the cause, and fetches the files again before
// the page is loaded again.
//
// It imports nothing, so that it runs where the modules that it speaks of do not. The sentence about the
// explorer stands in the page's HTML; the one about sliders and copying, which do without a script, is made
// here. It runs as soon as it has come, so that it keeps no other script waiting.

/** Nothing for this long is a connection that stands still. */
const STALL_MS = 15_000;

/** How long loading again waits for the files to come. */
const REFRESH_MS = 5_000;

/** The most causes that are told: the others are usually the same. */
const MOST = 3;

/** The files that the page's head names. */
const files = () =>
  [...document.querySelectorAll('link[integrity], script[integrity]')].map((tag) => {
    const isLink = tag instanceof HTMLLinkElement;
    const { integrity } = /** @type {HTMLLinkElement | HTMLScriptElement} */ (tag);
    const address = isLink ? tag.href : /** @type {HTMLScriptElement} */ (tag).src;
    const name = address.split('/').pop();
    return { address, name, integrity, isModule: !isLink || tag.rel !== 'stylesheet' };
  });

/** What is wrong with a file now, as a sentence; null where nothing is. */
async function trouble({ address, name, integrity, isModule }) {
  const signal = AbortSignal.timeout(STALL_MS);
  try {
    const response = await fetch(address, { cache: 'reload', signal });
    if (!response.ok) return `${name}: the server answered ${response.status}, expected the file.`;
    await response.arrayBuffer();
    const type = response.headers.get('content-type') ?? 'no type';
    if (isModule && !/javascript/.test(type)) return `${name} came as ${type}, expected text/javascript.`;
  } catch {
    const late = `has not come whole within ${STALL_MS / 1000} seconds`;
    return `${name} ${signal.aborted ? late : 'could not be fetched whole'}.`;
  }
  try {
    // The browser compares it with the digest that the build wrote into the page.
    await fetch(address, { integrity, signal });
    return null;
  } catch {
    return `${name} is not the file that this page was made with, so it was not run.`;
  }
}

/** The components on this page that no script has made. */
const lost = (...names) => names.filter((name) => document.querySelector(name) && !customElements.get(name));

const paragraph = (textContent, className) =>
  Object.assign(document.createElement('p'), { textContent, className });

let told = false;

async function tellCauses() {
  // A frame's explorer is made by a script.
  if (told || !(lost('cellflux-explorer').length || document.querySelector('body > .fallback'))) return;
  told = true;
  const causes = (await Promise.all(files().map(trouble))).filter(Boolean).slice(0, MOST).join(' ');
  if (!causes) return;
  for (const place of document.querySelectorAll('.fallback')) {
    place.firstElementChild.after(paragraph(causes, 'cause'));
    place.classList.add('told');
  }
}

/** Beside the first slider or button that has not come to life. */
function sayOfComponents() {
  const [first] = lost('cellflux-compare', 'cellflux-copy');
  if (!first || document.querySelector('.without-script')) return;
  const again = Object.assign(document.createElement('a'), { href: '', textContent: 'Load the page again' });
  const words =
    'A script of this page has not come, so pictures stand side by side and texts are copied by hand. ';
  const note = paragraph(words, 'without-script');
  note.lang = 'en';
  note.setAttribute('role', 'status');
  note.append(again);
  document.querySelector(first).before(note);
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Loads the page again, its files first: from the browser's own cache what came damaged would come again. */
async function again(event) {
  if (!event.target.closest?.('.fallback a, .without-script a')) return;
  event.preventDefault();
  const anew = async ({ address }) => (await fetch(address, { cache: 'reload' })).arrayBuffer();
  await Promise.race([Promise.allSettled(files().map(anew)), pause(REFRESH_MS)]);
  location.reload();
}

document.addEventListener('click', again);
addEventListener(
  'error',
  ({ target }) => {
    if (target instanceof HTMLScriptElement) tellCauses();
  },
  true,
);
function lookAtAll() {
  tellCauses();
  sayOfComponents();
}

// Scripts may have failed before this one has come.
if (document.readyState === 'complete') lookAtAll();
else addEventListener('load', lookAtAll);
// A script that stands still keeps those behind it from running, and the page is not loaded then.
setTimeout(sayOfComponents, STALL_MS);
