// Keeps the page, so that it works without a network after one visit. VERSION names what FILES holds: every file with its SHA-256.
//
// Each version has a cache of its own, filled whole or not at all, its pages last. A new version waits until no tab shows the one
// before, so that an old tab keeps what it was made with; then the older caches go. What is served is compared with its digest, and
// fetched again where it is damaged. The files of bundles are kept by the explorer, which checks them against their manifest.

const FAMILY = `cellflux-page ${registration.scope}`;
const CACHE = `${FAMILY} ${VERSION}`;
/** A network that does not answer a page by then is none, where the page is kept. */
const PATIENCE_MS = 5000;

const here = (path) => new URL(path, registration.scope).href;
const DIGESTS = new Map(Object.entries(FILES).map(([path, digest]) => [here(path), digest]));
const PAGES = new Set(['', 'index.html', 'embed.html'].map(here));

async function isWhole(file, bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('') === DIGESTS.get(file);
}

/** A file from the network, compared with its digest; the browser's own cache may be wrong, then the server is asked. */
async function brought(file) {
  for (const cache of ['default', 'reload']) {
    const response = await fetch(file, { cache });
    const bytes = response.ok ? await response.arrayBuffer() : null;
    if (bytes && await isWhole(file, bytes)) return new Response(bytes, { headers: response.headers });
  }
  throw new Error(`${file}: not the content that this version has`);
}

/** A page as the host serves it, which may have added to it; it must name this version's files and no other's. */
async function broughtPage(file) {
  const response = await fetch(file, { cache: 'no-cache' });
  if (!response.ok) throw new Error(`${file}: ${response.status}`);
  const text = await response.text();
  const named = [...text.matchAll(/(?:src|href)="((?:web|pkg)\/[^"]+)"/g)].map(([, path]) => here(path));
  if (!named.length || !named.every((each) => DIGESTS.has(each))) throw new Error(`${file}: of another version`);
  return new Response(text, { headers: { 'content-type': 'text/html; charset=utf-8' } });
}

/** A kept file, from whichever version has it whole. */
async function keptWhole(file) {
  const found = await caches.match(file);
  const bytes = await found?.arrayBuffer();
  return bytes && await isWhole(file, bytes) ? new Response(bytes, { headers: found.headers }) : null;
}

async function keep() {
  try {
    const cache = await caches.open(CACHE);
    const files = [...DIGESTS.keys()];
    await Promise.all(files.filter((file) => !PAGES.has(file)).map(async (file) => cache.put(file, (await keptWhole(file)) ?? await brought(file))));
    await Promise.all(files.filter((file) => PAGES.has(file)).map(async (file) => cache.put(file, await broughtPage(file))));
  } catch (error) {
    await caches.delete(CACHE);
    throw error;
  }
}

async function forgetOlder() {
  const older = (await caches.keys()).filter((name) => (name === FAMILY || name.startsWith(`${FAMILY} `)) && name !== CACHE);
  await Promise.all(older.map((name) => caches.delete(name)));
}

addEventListener('install', (event) => event.waitUntil(keep()));
addEventListener('activate', (event) => event.waitUntil(forgetOlder().then(() => clients.claim())));

addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  const file = url.origin + url.pathname;
  if (request.method !== 'GET' || !(DIGESTS.has(file) || PAGES.has(file))) return;
  event.respondWith(PAGES.has(file) ? freshest(event, file) : kept(event, file));
});

async function kept(event, file) {
  const cache = await caches.open(CACHE);
  const found = await cache.match(file);
  const bytes = await found?.arrayBuffer();
  if (bytes && await isWhole(file, bytes)) return new Response(bytes, { headers: found.headers });
  try {
    const response = await brought(file);
    event.waitUntil(cache.put(file, response.clone()).catch(() => {}));
    return response;
  } catch {
    // What is damaged is not served: the network's own answer says what is wrong.
    return fetch(event.request);
  }
}

async function freshest(event, file) {
  const cache = await caches.open(CACHE);
  const keptPage = (await cache.match(file)) ?? (await cache.match(here('index.html')));
  const fresh = fetch(event.request).then((response) => (response.ok || !keptPage ? response : keptPage));
  if (!keptPage) return fresh;
  event.waitUntil(fresh.catch(() => {}));
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, keptPage.clone()));
  return Promise.race([fresh.catch(() => keptPage), late]);
}
