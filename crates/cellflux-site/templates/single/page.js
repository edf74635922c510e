// The page's own `fetch` and `Worker`, which find everything in this file.

const HERE = new URL('.', document.baseURI).href;

const blocks = new Map();
for (const block of document.querySelectorAll('script[data-path]')) blocks.set(block.dataset.path, block);

/** What has been read of the blocks, by path. */
const read = new Map();

/** The bytes of a block as a blob; none where there is no such block. */
function blobAt(path) {
  const block = blocks.get(path);
  if (block && !read.has(path)) {
    const text = atob(block.textContent);
    const bytes = new Uint8Array(text.length);
    for (let at = 0; at < bytes.length; at += 1) bytes[at] = text.charCodeAt(at);
    read.set(path, new Blob([bytes]));
  }
  return read.get(path);
}

async function fetch(address, { signal } = {}) {
  signal?.throwIfAborted();
  const path = pathOf(address, HERE);
  return answered(path, blobAt(path));
}

const BrowserWorker = globalThis.Worker;

/** A worker whose script is a block, and which is given all other files before anything else. */
function Worker(address) {
  const script = blobAt(pathOf(address, HERE));
  if (!script) throw new TypeError(`${address} is not in this file`);
  const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  const worker = new BrowserWorker(url);
  const files = new Map();
  for (const path of blocks.keys()) if (!path.endsWith('.js')) files.set(path, blobAt(path));
  worker.postMessage({ single: { here: HERE, files } });
  return worker;
}
