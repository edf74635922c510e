// The tiles that were measured on a GPU adapter, kept for the next visit. A help, never a condition: where
// the browser keeps nothing, the defaults run. What is kept is text of the engine's, which checks it; here it
// is only bytes under the adapter's name.

import { openCache } from './open_cache.js';

const CACHE = 'cellflux-tiles-1';

/** A longer text was not written by the engine. */
const LONGEST = 256 << 10;

export class KeptTiles {
  #cache = openCache(CACHE);
  #key;

  /** @param {string} adapter what the browser tells of the adapter; another driver is another adapter */
  constructor(adapter) {
    const url = new URL(/* @vite-ignore */ '/cellflux-tiles', import.meta.url);
    url.searchParams.set('adapter', adapter);
    this.#key = url.href;
  }

  /** @returns {Promise<string | undefined>} */
  async read() {
    try {
      const response = await (await this.#cache)?.match(this.#key);
      const text = await response?.text();
      return text?.slice(0, LONGEST);
    } catch {
      return undefined;
    }
  }

  async keep(text) {
    try {
      await (await this.#cache)?.put(this.#key, new Response(text));
    } catch {
      // A full or forbidden storage: the next visit measures again.
    }
  }
}
