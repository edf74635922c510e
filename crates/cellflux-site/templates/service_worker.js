// Keeps the page, so that it works without a network after one visit. Names bear their content: what is kept never goes
// stale, what does not hash to its name is not kept, and only the pages are asked for anew while there is a network. The
// files of bundles are kept by the explorer, which checks them against their manifest.

const CACHE = `cellflux-page ${registration.scope}`;
const here = (path) => new URL(path, registration.scope).href;
const KEPT = new Set(FILES.map(here));
const PAGES = new Set(['', 'index.html', 'embed.html'].map(here));

async function keep() {
  const cache = await caches.open(CACHE);
  const missing = [];
  for (const file of KEPT) if (PAGES.has(file) || !(await cache.match(file))) missing.push(file);
  await Promise.all(missing.map(async (file) => {
    const response = await fetch(file, { cache: PAGES.has(file) ? 'no-cache' : 'default' });
    if (!response.ok) throw new Error(`${file}: ${response.status}`);
    const bytes = await response.arrayBuffer();
    if (!(await isWhole(file, bytes))) throw new Error(`${file}: not the content that its name says`);
    await cache.put(file, new Response(bytes, { headers: response.headers }));
  }));
}

/** Whether content hashes to the digest in its name; pages bear none. */
async function isWhole(file, bytes) {
  const named = /-([0-9a-f]{10})(?:\.[a-z0-9.]+|\/manifest\.json)$/.exec(file);
  if (!named) return true;
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...digest.subarray(0, 5)].map((byte) => byte.toString(16).padStart(2, '0')).join('') === named[1];
}

async function forgetOlder() {
  const cache = await caches.open(CACHE);
  for (const { url } of await cache.keys()) if (!KEPT.has(url)) await cache.delete(url);
}

addEventListener('install', (event) => event.waitUntil(keep().then(() => skipWaiting())));
addEventListener('activate', (event) => event.waitUntil(forgetOlder().then(() => clients.claim())));

addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  const file = url.origin + url.pathname;
  if (request.method !== 'GET' || !(KEPT.has(file) || PAGES.has(file))) return;
  event.respondWith(PAGES.has(file) ? freshest(request, file) : kept(request, file));
});

async function kept(request, file) {
  return (await (await caches.open(CACHE)).match(file)) ?? fetch(request);
}

async function freshest(request, file) {
  try {
    const response = await fetch(request);
    if (response.ok) return response;
  } catch {
    // No network: the kept page below.
  }
  const cache = await caches.open(CACHE);
  return (await cache.match(file)) ?? (await cache.match(here('index.html'))) ?? Response.error();
}
