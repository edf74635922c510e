// A bundle's files: from the browser's cache or the network, hashed while they arrive, kept for the next
// visit.
//
// The cache is a help, never a condition: a kept file that is not the manifest's any more is fetched again,
// and where the cache fails, the files are fetched without it.

import { StallGuard } from '../fetched.js';
import { Failure } from '../failures.js';
import { openCache } from './open_cache.js';
import { phrase } from '../words.js';

const CACHE = 'cellflux-bundles-1';
const AT_ONCE = 3;

const isAbort = (error) => error?.name === 'AbortError';

export class BundleDownload {
  #base;
  #note;
  #cache;

  /**
   * @param {string} manifestUrl absolute; the files lie beside it
   * @param {(sentence: string) => void} note hears what went wrong without stopping anything
   */
  constructor(manifestUrl, note) {
    this.#base = new URL('.', manifestUrl);
    this.#note = note;
    this.#cache = openCache(CACHE);
  }

  #url({ path }) {
    return new URL(path, this.#base);
  }

  /** What a file is kept under: its address and its digest, so that a new version never meets an old one. */
  #key(entry) {
    const url = this.#url(entry);
    url.searchParams.set('sha256', entry.sha256);
    return url.href;
  }

  /**
   * Whether all these files are kept already. Kept is not yet whole: they are hashed again when they are
   * read.
   */
  async keeps(entries) {
    const cache = await this.#cache;
    if (!cache) return false;
    try {
      const found = await Promise.all(entries.map((entry) => cache.match(this.#key(entry))));
      return found.every(Boolean);
    } catch {
      return false;
    }
  }

  /**
   * Brings files, a few at a time.
   * @param {{ path: string, bytes: number, sha256: string }[]} entries
   * @param {(entry: object) => { push(piece: Uint8Array): void, free(): void, finish(): void }} receiver
   *   makes a file's receiver,
   *   which throws as soon as the bytes cannot be the file's
   * @param {(entry: object, receiver: object) => Promise<void>} take gets each finished receiver
   * @param {{ signal: AbortSignal, onBytes: (loaded: number) => void }} watch
   */
  async files(entries, receiver, take, { signal, onBytes }) {
    const loaded = new Map();
    const report = (path, count) => {
      loaded.set(path, count);
      onBytes([...loaded.values()].reduce((sum, each) => sum + each, 0));
    };
    const queue = [...entries];
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    const lane = async () => {
      for (let entry = queue.shift(); entry && !either.aborted; entry = queue.shift()) {
        const { path } = entry;
        await take(
          entry,
          await this.file(entry, () => receiver(entry), {
            signal: either,
            onBytes: (count) => report(path, count),
          }),
        );
      }
    };
    // The first failure stops the others, and all have ended before it is reported.
    let failure = null;
    await Promise.all(Array.from({ length: AT_ONCE }, () => lane().catch((error) => {
      failure ??= error;
      stop.abort();
    })));
    if (failure) throw failure;
    if (signal.aborted) throw cancelled();
    await this.#purge(entries);
  }

  /** Brings one file; the answer is its finished receiver. */
  async file(entry, receiver, watch) {
    const kept = await this.#fromCache(entry, receiver, watch);
    if (kept) return kept;
    try {
      return await this.#fromNetwork(entry, receiver, watch, 'default');
    } catch (error) {
      // The browser's own HTTP cache may hold an older file of this name: ask once more, past it.
      if (error.kind !== 'bad-file') throw error;
      return await this.#fromNetwork(entry, receiver, watch, 'reload');
    }
  }

  async #fromCache(entry, receiver, watch) {
    const cache = await this.#cache;
    if (!cache) return null;
    let response;
    try {
      response = await cache.match(this.#key(entry));
      if (!response) return null;
      return await pour(entry, response, receiver(), watch);
    } catch (error) {
      if (isAbort(error)) throw cancelled();
      await cache.delete(this.#key(entry)).catch(() => {});
      this.#note(phrase('bundle_download.kept_copy_damaged_downloaded', { path: entry.path }));
      return null;
    }
  }

  async #fromNetwork(entry, receiver, watch, mode) {
    const guard = new StallGuard(watch.signal);
    const pieces = [];
    try {
      let response;
      try {
        response = await fetch(this.#url(entry), { signal: guard.signal, cache: mode });
      } catch (error) {
        throw isAbort(error)
          ? cancelled()
          : new Failure('download', phrase('bundle_download.could_not_fetched_server', { path: entry.path }));
      }
      if (!response.ok) {
        throw new Failure(
          'download',
          phrase('bundle_download.server_answered_expected_file', {
            path: entry.path, status: response.status,
          }),
        );
      }
      const file = await pour(entry, response, receiver(), watch, (piece) => {
        guard.moved();
        pieces.push(piece);
      });
      guard.end();
      await this.#keep(entry, pieces);
      return file;
    } catch (error) {
      if (!guard.stalled) throw error;
      throw new Failure('download', guard.sentence(entry.path), { stalled: true });
    } finally {
      guard.end();
    }
  }

  async #keep(entry, pieces) {
    const cache = await this.#cache;
    if (!cache) return;
    try {
      await cache.put(this.#key(entry), new Response(new Blob(pieces)));
    } catch (error) {
      const why =
        error?.name === 'QuotaExceededError'
          ? phrase('bundle_download.browser_storage_full')
          : phrase('bundle_download.browser_cache_failed');
      this.#note(phrase('bundle_download.could_not_kept_next', { why, path: entry.path }));
    }
  }

  /** Forgets what this bundle kept under digests that it no longer lists. */
  async #purge(entries) {
    const cache = await this.#cache;
    if (!cache) return;
    try {
      const wanted = new Set(entries.map((entry) => this.#key(entry)));
      const paths = new Set(entries.map((entry) => this.#url(entry).pathname));
      for (const { url } of await cache.keys()) {
        if (paths.has(new URL(url).pathname) && !wanted.has(url)) await cache.delete(url);
      }
    } catch {
      // Old files stay; they are only in the way of the quota.
    }
  }
}

const cancelled = () => new Failure('cancelled', phrase('bundle_download.loading_cancelled_what_come'));

/** Streams a response into a receiver. */
async function pour(entry, response, receiver, { onBytes }, also = (piece) => {}) {
  let count = 0;
  onBytes(0);
  const reader = response.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      count += value.length;
      pushOrRefuse(() => receiver.push(value));
      also(value);
      onBytes(count);
    }
    pushOrRefuse(() => receiver.finish());
  } catch (error) {
    receiver.free();
    reader.cancel().catch(() => {});
    if (isAbort(error)) throw cancelled();
    if (error instanceof Failure) throw error;
    throw new Failure(
      'download',
      phrase('bundle_download.connection_broke_off_after', { path: entry.path, count, bytes: entry.bytes }),
    );
  }
  return receiver;
}

/** What the receiver refuses is wrong with the file, not with the connection. */
function pushOrRefuse(work) {
  try {
    work();
  } catch (error) {
    throw new Failure('bad-file', error.sentence ?? String(error));
  }
}
