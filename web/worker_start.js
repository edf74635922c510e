// Starts a worker from modules that have been brought and checked: they become blobs that import each
// other. So nothing unchecked runs, the worker inherits the page's policy, and a page of another origin may
// have one, too.

import { fetched, STALL_MS } from './fetched.js';
import { Failure } from './failures.js';
import { phrase } from './words.js';

/** What the page around the element must allow. A sandboxed frame without an origin has `null` for one. */
const NEEDED = () => (globalThis.origin === 'null'
  ? phrase('worker_start.frame_sandboxed_sandbox_must')
  : phrase('worker_start.where_another_site_shows'));

/** An address in quotes after `from` or `import`, relative to the module that it stands in. */
const IMPORTED = /(\bfrom\s*|\bimport\s*)(['"])(\.{1,2}\/[^'"]+)\2/g;

/**
 * What the modules of workers hold, by the worker's address, brought once for all workers of the page.
 * @type {Map<string, Promise<Uint8Array[]>>}
 */
const BROUGHT = new Map();

/**
 * @param {[name: string, address: string, integrity: string][]} modules
 * @param {string} of the worker's own module
 */
function contentsOf(modules, of) {
  const known = BROUGHT.get(of);
  if (known) return known;
  const brought = Promise.all(
    modules.map(([name, address, integrity]) => fetched(address, { name, integrity })),
  );
  BROUGHT.set(of, brought);
  // What did not come is asked for again by the next worker.
  brought.catch(() => BROUGHT.delete(of));
  return brought;
}

/**
 * @param {[name: string, address: string, integrity: string][]} modules what the worker is made of
 *   (integrity.js); empty on a page that was not built
 * @param {string} address of its own module
 * @param {() => Worker} atAddress makes it from that address; written out where it is called, since bundlers
 *   pack a worker whose address they can read
 * @returns {Promise<Worker>} a worker that has said that it is there
 * @throws {Failure} when a module does not come, or is not the page's, or the page may have no worker
 */
export async function startWorker(modules, address, atAddress) {
  if (!modules.length) return started(atAddress);
  const contents = await contentsOf(modules, address);
  const blobs = new Map();
  try {
    modules.forEach(([, of], index) =>
      blobs.set(of, blobOf(new TextDecoder().decode(contents[index]), of, blobs)),
    );
    return await started(() => new Worker(blobs.get(address), { type: 'module' }));
  } catch (error) {
    // A policy that allows no blob may still allow the worker at its own address.
    if (error.kind !== 'no-worker') throw error;
    return await started(atAddress);
  } finally {
    for (const blob of blobs.values()) URL.revokeObjectURL(blob);
  }
}

/**
 * A module's text with its imports led to the blobs of what it imports, and with the address that it came
 * from.
 */
function blobOf(text, address, blobs) {
  const led = text
    .replaceAll(IMPORTED, (whole, form, quote, target) => {
      const blob = blobs.get(new URL(target, address).href);
      return blob ? `${form}${quote}${blob}${quote}` : whole;
    })
    .replaceAll('import.meta.url', JSON.stringify(address));
  return URL.createObjectURL(new Blob([led], { type: 'text/javascript' }));
}

/** Waits for the first word of the worker that is made. @param {() => Worker} make */
function started(make) {
  return new Promise((resolve, reject) => {
    const sentence = phrase('worker_start.browser_does_not_let', { needed: NEEDED() });
    const refused = () => reject(new Failure('no-worker', sentence));
    let worker;
    try {
      worker = make();
    } catch {
      refused();
      return;
    }
    const late = setTimeout(() => {
      worker.terminate();
      reject(
        new Failure(
          'stopped',
          phrase('worker_start.page_worker_not_started', { seconds: STALL_MS / 1000 }),
        ),
      );
    }, STALL_MS);
    const fail = (event) => {
      event.preventDefault();
      clearTimeout(late);
      worker.terminate();
      refused();
    };
    worker.addEventListener('error', fail);
    worker.addEventListener('message', () => {
      clearTimeout(late);
      worker.removeEventListener('error', fail);
      resolve(worker);
    }, { once: true });
  });
}
