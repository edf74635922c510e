// Which engine was faster, kept for the next visit by adapter and model. A help, never a condition: where the
// browser keeps nothing, the engines are timed again.

import { openCache } from './open_cache.js';

/** @import { ManifestView } from '../protocol.js' */

const CACHE = 'cellflux-engines-1';
/** Browsers and drivers change, and do not always say so. */
const VALID_MS = 30 * 24 * 3600 * 1000;
const LONGEST = 1024;

/**
 * Milliseconds of one guided evaluation on either, and when they were measured.
 * @typedef {{ cpu: number, gpu: number, at: number }} Timed
 */

export class KeptChoice {
  #cache;
  #key;
  #now;

  /**
   * @param {string} adapter what the browser tells of the adapter
   * @param {string} model what tells models apart
   * @param {{ cache?: Promise<Pick<Cache, 'match' | 'put' | 'delete'> | null>, now?: () => number }} [given]
   */
  constructor(adapter, model, { cache = openCache(CACHE), now = Date.now } = {}) {
    const url = new URL(/* @vite-ignore */ '/cellflux-engines', import.meta.url);
    url.searchParams.set('adapter', adapter);
    url.searchParams.set('model', model);
    this.#cache = cache;
    this.#key = url.href;
    this.#now = now;
  }

  /** @returns {Promise<Timed | null>} null for what is damaged or old as well */
  async read() {
    try {
      const response = await (await this.#cache)?.match(this.#key);
      const text = await response?.text();
      if (!text || text.length > LONGEST) return null;
      const { cpu, gpu, at } = JSON.parse(text);
      const age = this.#now() - at;
      const right = [cpu, gpu].every((time) => Number.isFinite(time) && time > 0);
      return right && age >= 0 && age < VALID_MS ? { cpu, gpu, at } : null;
    } catch {
      return null;
    }
  }

  /** @param {{ cpu: number, gpu: number }} timed */
  async keep({ cpu, gpu }) {
    try {
      const text = JSON.stringify({ cpu, gpu, at: this.#now() });
      await (await this.#cache)?.put(this.#key, new Response(text));
    } catch {
      // A full or forbidden storage: the next visit measures again.
    }
  }

  async forget() {
    try {
      await (await this.#cache)?.delete(this.#key);
    } catch {
      // It is read again, and fails again, at worst.
    }
  }
}

/**
 * What tells models apart here: the digests of the weights' files.
 * @param {{ files: { path: string, sha256: string }[] }} manifest
 */
export function modelIdentity({ files }) {
  const weights = files.filter(({ path }) => path.endsWith('.safetensors'));
  return weights.map(({ sha256 }) => sha256.slice(0, 8)).join('');
}
