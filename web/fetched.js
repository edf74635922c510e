// A file of the page's own, brought whole: watched while it comes, and compared with the digest that the
// build wrote down.

import { Failure } from './failures.js';
import { phrase } from './words.js';

/** Nothing for this long is a connection that stands still. */
export const STALL_MS = 15_000;

/** Bringing a file a second time takes about as long as the first, of which this is plenty. */
const CHECK_MS = 120_000;

const STILL = phrase('fetched.nothing_come_seconds_connection', { seconds: STALL_MS / 1000 });

/**
 * Aborts a request when nothing comes any more. `moved` is called for every piece that comes, `end` when all
 * has.
 */
export class StallGuard {
  #stop = new AbortController();
  #timer;
  stalled = false;

  /** @param {AbortSignal} [also] aborts as well */
  constructor(also) {
    this.signal = also ? AbortSignal.any([also, this.#stop.signal]) : this.#stop.signal;
    this.moved();
  }

  moved() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.stalled = true;
      this.#stop.abort();
    }, STALL_MS);
  }

  end() {
    clearTimeout(this.#timer);
  }

  /** The sentence for a file that stood still. */
  sentence(name) {
    return `${name}: ${STILL}.`;
  }
}

/**
 * @typedef {object} Wanted
 * @property {string} name for sentences
 * @property {string | null} [integrity] the digest as `sha384-…`, where it is known
 * @property {boolean} [named] whether to compare with the digest in the file's name, if any
 * @property {RequestCache} [cache]
 * @property {number} [most] bytes that are read
 * @property {string} [accept] what is asked for, as a header; servers of projects under development answer a
 *   style sheet with a module where it does not say so
 */

/**
 * Brings a file.
 * @param {string | URL} address
 * @param {Wanted} wanted
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 * @throws {Failure}
 */
export async function fetched(address, wanted) {
  try {
    return await once(address, wanted);
  } catch (error) {
    // The browser's own cache may hold an answer that is wrong, or not any more the server's: ask once more,
    // past it.
    if (error.kind !== 'bad-file' && !error.answered) throw error;
    return once(address, { ...wanted, cache: 'reload' });
  }
}

/**
 * @param {string | URL} address
 * @param {Wanted} wanted
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
async function once(address, wanted) {
  const { name, integrity = null, named = false, cache = 'default', most = Infinity, accept } = wanted;
  const guard = new StallGuard();
  const pieces = [];
  let count = 0;
  let response = null;
  try {
    response = await fetch(address, { signal: guard.signal, cache, ...(accept && { headers: { accept } }) });
    if (!response.ok) {
      const sentence = phrase('fetched.server_answered_expected_file', { name, status: response.status });
      throw new Failure('download', sentence, { answered: true });
    }
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      guard.moved();
      count += value.length;
      pieces.push(value);
      if (count > most) {
        reader.cancel().catch(() => {});
        throw new Failure('bad-bundle', phrase('fetched.larger_than_bytes_expected', { name, most }));
      }
    }
  } catch (error) {
    if (error instanceof Failure) throw error;
    if (guard.stalled) throw new Failure('download', guard.sentence(name));
    throw new Failure(
      'download',
      response
        ? phrase('fetched.connection_broke_off_after', { name, count })
        : phrase('fetched.could_not_fetched_server', { name }),
    );
  } finally {
    guard.end();
  }
  let bytes = new Uint8Array(await new Blob(pieces).arrayBuffer());
  if (integrity && !globalThis.crypto?.subtle) bytes = await checkedByBrowser(address, { name, integrity });
  else if (!(await isWhole(bytes, integrity, named ? address : null))) bytes = null;
  if (!bytes) {
    const type = response.headers.get('content-type');
    throw new Failure(
      'bad-file',
      phrase('fetched.not_file_page_made', { name, count, type: type ? phrase('fetched.of', { type }) : '' }),
    );
  }
  return bytes;
}

/**
 * The same file once more, usually from the browser's cache, compared by the browser itself: on plain http
 * from another host a page cannot compute digests. The browser hands the file out whole, so nothing is seen
 * of its way. @returns {Promise<Uint8Array<ArrayBuffer> | null>} null where it is another file
 */
async function checkedByBrowser(address, { name, integrity }) {
  const signal = AbortSignal.timeout(CHECK_MS);
  try {
    const response = await fetch(address, { integrity, signal, cache: 'force-cache' });
    return new Uint8Array(await response.arrayBuffer());
  } catch {
    if (signal.aborted) throw new Failure('download', phrase('fetched.did_not_come_second', { name }));
    return null;
  }
}

/** Whether bytes have a digest, and the one in the name in their address. */
async function isWhole(bytes, integrity, address) {
  if (!globalThis.crypto?.subtle) return true;
  if (integrity) {
    const whole = await digest('SHA-384', bytes);
    return `sha384-${btoa(String.fromCharCode(...whole))}` === integrity;
  }
  const [, borne] = /-([0-9a-f]{10})\.[a-z]+$/.exec(address && new URL(address).pathname) ?? [];
  if (!borne) return true;
  const first = (await digest('SHA-256', bytes)).subarray(0, 5);
  return [...first].map((byte) => byte.toString(16).padStart(2, '0')).join('') === borne;
}

const digest = async (name, bytes) => new Uint8Array(await crypto.subtle.digest(name, bytes));
