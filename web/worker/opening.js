// Opening a bundle: the WebAssembly module, the manifest, and what comes after it.

import init, * as wasm from '../../pkg/cellflux_wasm.js';
import { fetched } from '../fetched.js';
import { Failure } from '../failures.js';
import { BundleDownload } from './bundle_download.js';
import { MODULE_INTEGRITY } from './module_integrity.js';
import { startModule } from './start_module.js';
import { phrase } from '../words.js';

/** @import { Opened, Say } from '../protocol.js' */
/** @import { HandedOn } from './helpers.js' */

/** Manifests larger than this are refused before they are read; the wasm side has a limit of its own. */
const MANIFEST_BYTES = 4 << 20;

/** What may happen to quick weights while the full ones can still come. */
const WITHOUT_QUICK = new Set(['download', 'bad-file', 'bad-bundle']);

export class Opening {
  /** @type {wasm.Model} */
  model;
  #say;
  #manifest;
  #files;
  #started;
  #abort;
  /** What works with the model and has not ended. @type {Set<Promise<void>>} */
  #uses = new Set();

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
   * What the weights weigh, the quick ones included where those come first.
   * @returns {Promise<Opened['download']>}
   */
  async size() {
    const shards = this.model.missing();
    const cached = await this.#files.keeps(shards);
    const total = sum(shards) + (cached ? 0 : sum(this.model.quick_missing()));
    return { total, loaded: 0, cached, estimate: estimate(total) };
  }

  /**
   * Brings weights to walk with: the quick ones where the bundle has some, unless the full ones are kept.
   * @returns {Promise<boolean>} whether the full ones are still to come
   */
  async bringWeights() {
    // A shard with tensors of another network makes the reader useless.
    if (this.model.spoilt()) await this.#begin();
    const quick = this.model.quick_missing();
    if (quick.length && !(await this.#files.keeps(this.model.missing()))) {
      try {
        await this.#bringShards(quick);
      } catch (error) {
        if (!WITHOUT_QUICK.has(error?.kind)) throw error;
        const why = String(error.sentence ?? error.message).replace(/\.$/, '');
        this.#say('note', { sentence: phrase('opening.network_waits_full_weights', { why }) });
      }
    }
    if (this.model.quick_dtype() !== undefined) return true;
    await this.bringFullWeights();
    return false;
  }

  /** Brings the weights that the bundle calls its own. */
  async bringFullWeights() {
    if (this.model.spoilt()) await this.#begin();
    await this.#bringShards(this.model.missing());
  }

  /**
   * Work with the model that goes on for a while: no file is put into it meanwhile, which the module would
   * refuse.
   * @template Value
   * @param {() => Promise<Value>} work
   * @returns {Promise<Value>}
   */
  use(work) {
    const done = work();
    const ended = done.then(() => {}, () => {});
    this.#uses.add(ended);
    ended.then(() => this.#uses.delete(ended));
    return done;
  }

  async #bringShards(shards) {
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

  /** Bytes of the module's memory, which never become fewer. */
  async memory() {
    const { memory } = await init();
    return memory.buffer.byteLength;
  }

  /**
   * What another worker needs to have this network, brought and decoded once, by this one: never with quick
   * weights.
   * @returns {Promise<HandedOn>}
   */
  async handedOn() {
    const module = await this.#startWasm();
    const conditions = await this.content('conditions.safetensors');
    const weights = this.model.weights();
    if (!weights) {
      throw new Failure('no-engine', phrase('opening.full_weights_not_come'));
    }
    return { module, manifest: this.#manifest, conditions, weights };
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
    const take = async (_, file) => {
      while (this.#uses.size) await Promise.all(this.#uses);
      this.model.accept(file);
    };
    await this.#files.files(entries, receiver, take, { signal, onBytes });
  }

  /** Starts WebAssembly once; after a failure the next call tries again. */
  #startWasm() {
    this.#started ??= startNetworkModule().catch((error) => {
      this.#started = null;
      throw error;
    });
    return this.#started;
  }
}

/** Brings and starts the module of networks and walks. */
export function startNetworkModule() {
  const address = new URL('../../pkg/cellflux_wasm_bg.wasm', import.meta.url);
  return startModule(init, address, 'cellflux_wasm_bg.wasm', MODULE_INTEGRITY);
}

const sum = (entries) => entries.reduce((total, { bytes }) => total + bytes, 0);

/** Seconds a download may take, by the browser's own guess of the line's speed; unknown in most browsers. */
function estimate(bytes) {
  const megabits = navigator.connection?.downlink;
  return megabits ? (bytes * 8) / (megabits * 1e6) : null;
}
