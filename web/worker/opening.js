// Opening a bundle: the WebAssembly module, the manifest, and what comes after it.

import init, * as wasm from '../../pkg/cellflux_wasm.js';
import { fetched } from '../fetched.js';
import { Failure } from '../protocol.js';
import { BundleDownload } from './bundle_download.js';
import { MODULE_INTEGRITY } from './module_integrity.js';

/** @import { Opened, Say } from '../protocol.js' */

/** Manifests larger than this are refused before they are read; the wasm side has a limit of its own. */
const MANIFEST_BYTES = 4 << 20;

export class Opening {
  /** @type {wasm.Model} */
  model;
  #say;
  #manifest;
  #files;
  #started;
  #abort;

  /** @param {Say} say */
  constructor(say) {
    this.#say = say;
  }

  /** @param {string} src address of the manifest */
  async open(src) {
    await this.#startWasm();
    // Fetched each time: its digest is in its folder's name, and what it says is checked in full.
    this.#manifest = await fetched(src, { name: 'manifest.json', cache: 'no-cache', most: MANIFEST_BYTES });
    this.#files = new BundleDownload(src, (sentence) => this.#say('note', { sentence }));
    await this.#begin();
  }

  /**
   * What the weights weigh.
   * @returns {Promise<Opened['download']>}
   */
  async size() {
    const shards = this.model.missing();
    const total = sum(shards);
    return { total, loaded: 0, cached: await this.#files.keeps(shards), estimate: estimate(total) };
  }

  async bringWeights() {
    // A shard with tensors of another network makes the reader useless.
    if (this.model.spoilt()) await this.#begin();
    const shards = this.model.missing();
    const total = sum(shards);
    const began = performance.now();
    this.#abort = new AbortController();
    await this.#bring(shards, (loaded) => {
      const seconds = (performance.now() - began) / 1000;
      const secondsLeft = seconds > 0.3 && loaded > 0 ? ((total - loaded) * seconds) / loaded : undefined;
      this.#say('download', { loaded, total, secondsLeft });
    });
  }

  cancel() {
    this.#abort?.abort();
  }

  /**
   * A file of the bundle that is not part of the network.
   * @param {string} path
   * @returns {Promise<Uint8Array<ArrayBuffer>>}
   */
  async content(path) {
    const entry = this.model.manifest().files.find((file) => file.path === path);
    const watch = { signal: new AbortController().signal, onBytes: () => {} };
    return (await this.#files.file(entry, () => this.model.download(path), watch)).content();
  }

  /** Reads the manifest again, and the condition vectors with it: they are small, and a recipe needs them. */
  async #begin() {
    this.model = new wasm.Model(this.#manifest);
    const vectors = this.model.missing().filter(({ path }) => path === 'conditions.safetensors');
    await this.#bring(vectors, () => {});
  }

  async #bring(entries, onBytes) {
    const { signal } = this.#abort ?? new AbortController();
    const receiver = ({ path }) => this.model.download(path);
    await this.#files.files(entries, receiver, (_, file) => this.model.accept(file), { signal, onBytes });
  }

  /** Starts WebAssembly once; after a failure the next call tries again. */
  #startWasm() {
    this.#started ??= startModule().catch((error) => {
      this.#started = null;
      throw error;
    });
    return this.#started;
  }
}

const sum = (entries) => entries.reduce((total, { bytes }) => total + bytes, 0);

/** Seconds a download may take, by the browser's own guess of the line's speed; unknown in most browsers. */
function estimate(bytes) {
  const megabits = navigator.connection?.downlink;
  return megabits ? (bytes * 8) / (megabits * 1e6) : null;
}

/** Brings, checks and starts the WebAssembly module. */
async function startModule() {
  if (!globalThis.WebAssembly) {
    throw new Failure('no-wasm', 'The network needs WebAssembly, which this browser does not offer here; a '
      + 'strict protection mode may have switched it off for this site. Allow it, then load the page again.');
  }
  const address = new URL('../../pkg/cellflux_wasm_bg.wasm', import.meta.url);
  const bytes = await fetched(address, { name: 'cellflux_wasm_bg.wasm', integrity: MODULE_INTEGRITY });
  try {
    await init({ module_or_path: bytes });
  } catch (error) {
    if (!(error instanceof WebAssembly.CompileError)) throw error;
    // Without a digest, on a page that was not built, damage is found no sooner than here.
    if (!MODULE_INTEGRITY) {
      throw new Failure('bad-file', 'cellflux_wasm_bg.wasm is damaged, or this browser is too old for it '
        + `(${error.message}).`);
    }
    throw new Failure('no-wasm', 'This browser’s WebAssembly does not take the network’s module '
      + `(${error.message}); expected one with 128-bit SIMD: Chrome 91, Firefox 89, Safari 16.4 or newer.`);
  }
}
