// What is inside this one file, for the modules that follow: their `fetch` answers from here, and asks no
// server. A page that is opened as a file may fetch nothing.

/** Where modules find themselves, by `import.meta.url`. */
const SITE = 'https://single.invalid/';

const TYPES = {
  css: 'text/css',
  json: 'application/json',
  png: 'image/png',
  svg: 'image/svg+xml',
  wasm: 'application/wasm',
  webp: 'image/webp',
};

/** The path of a file in here by its address, which is below the modules' or below the page's. */
function pathOf(address, here) {
  const url = new URL(address, here);
  url.search = '';
  url.hash = '';
  const root = [SITE, here].find((each) => url.href.startsWith(each));
  return root && decodeURIComponent(url.href.slice(root.length));
}

/** A file in here, packed by gzip, as a server would answer; 404 for one that is not here. */
function answered(path, packed) {
  if (!packed) return new Response(null, { status: 404 });
  const type = TYPES[path.split('.').pop()] ?? 'application/octet-stream';
  const body = packed.stream().pipeThrough(new DecompressionStream('gzip'));
  return new Response(body, { headers: { 'content-type': type } });
}

/** Nothing is kept for a next visit: everything is here already. */
const caches = { open: () => Promise.reject(new Error('this file keeps nothing')) };
