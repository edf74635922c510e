// Keeps the page, so that it works without a network after one visit. FILES lists every file with its
// SHA-256, and VERSION is the name of that list.
//
// Each version has its own cache, which is filled completely or not at all, its pages last. A new version
// waits until no tab shows the one before, so that an old tab keeps the files it was made with; then the
// older caches are deleted. What is served is compared with its digest, and fetched again if it is damaged.
// The explorer keeps the files of bundles, and checks them against their manifest.

const FAMILY = `cellflux-page ${registration.scope}`;
const CACHE = `${FAMILY} ${VERSION}`;
/** If the network has not answered with a page by then, the kept page is shown. */
const PATIENCE_MS = 5000;

const here = (path) => new URL(path, registration.scope).href;
const DIGESTS = new Map(Object.entries(FILES).map(([path, digest]) => [here(path), digest]));
const PAGES = new Set(['', 'index.html', 'embed.html'].map(here));

async function isWhole(file, bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('') === DIGESTS.get(file);
}

/** A file of the network, compared with its digest; the server is asked if the browser's cache is wrong. */
async function brought(file) {
  for (const cache of ['default', 'reload']) {
    const response = await fetch(file, { cache });
    const bytes = response.ok ? await response.arrayBuffer() : null;
    if (bytes && await isWhole(file, bytes)) return new Response(bytes, { headers: response.headers });
  }
  throw new Error(`${file}: not the content that this version has`);
}

/** A page as the host serves it, who may have added to it; it may only name files of this version. */
async function broughtPage(file) {
  const response = await fetch(file, { cache: 'no-cache' });
  if (!response.ok) throw new Error(`${file}: ${response.status}`);
  const text = await response.text();
  const named = [...text.matchAll(/(?:src|href)="((?:web|pkg)\/[^"]+)"/g)].map(([, path]) => here(path));
  if (!named.length || !named.every((each) => DIGESTS.has(each))) {
    throw new Error(`${file}: of another version`);
  }
  return new Response(text, { headers: { 'content-type': 'text/html; charset=utf-8' } });
}

/** A kept file, from any version in which it is whole. */
async function keptWhole(file) {
  const found = await caches.match(file);
  const bytes = await found?.arrayBuffer();
  return bytes && await isWhole(file, bytes) ? new Response(bytes, { headers: found.headers }) : null;
}

async function keep() {
  try {
    const cache = await caches.open(CACHE);
    const files = [...DIGESTS.keys()];
    const put = async (file, content) => cache.put(file, await content);
    const others = files.filter((file) => !PAGES.has(file));
    await Promise.all(others.map(async (file) => put(file, (await keptWhole(file)) ?? brought(file))));
    const pages = files.filter((file) => PAGES.has(file));
    await Promise.all(pages.map((file) => put(file, broughtPage(file))));
  } catch (error) {
    await caches.delete(CACHE);
    throw error;
  }
}

async function forgetOlder() {
  const ours = (await caches.keys()).filter((name) => name === FAMILY || name.startsWith(`${FAMILY} `));
  await Promise.all(ours.filter((name) => name !== CACHE).map((name) => caches.delete(name)));
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
    // A damaged file is not served: the network's own answer says what is wrong.
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
