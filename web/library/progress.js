// What is told while a model comes, in the words of transformers.js: `initiate`, `download`, `progress` and
// `done` of each file, `ready` at the end. The files are the manifest and the weights, which are one file
// here however many shards they lie in.

/** @import { ProgressInfo } from './cellflux.js' */

export const MANIFEST = 'manifest.json';
export const WEIGHTS = 'weights';

/** Tells of each file in order, and of nothing twice. */
export class Progress {
  #name;
  #tell;
  /** @type {Map<string, 'begun' | 'done'>} */
  #files = new Map();
  #loaded = -1;
  #isReady = false;

  /**
   * @param {string} name what the model is called: the address of its manifest
   * @param {(info: ProgressInfo) => void} tell
   */
  constructor(name, tell) {
    this.#name = name;
    this.#tell = tell;
  }

  /** A file has been asked for, and comes. @param {string} file */
  begin(file) {
    if (this.#files.has(file)) return;
    this.#files.set(file, 'begun');
    this.#tell({ status: 'initiate', name: this.#name, file });
    this.#tell({ status: 'download', name: this.#name, file });
  }

  /**
   * So much of the weights is there.
   * @param {number} loaded bytes
   * @param {number} total bytes
   */
  weights(loaded, total) {
    if (this.#files.get(WEIGHTS) !== 'begun' || loaded === this.#loaded) return;
    this.#loaded = loaded;
    const progress = total > 0 ? (100 * loaded) / total : 0;
    this.#tell({ status: 'progress', name: this.#name, file: WEIGHTS, progress, loaded, total });
  }

  /** All of a file is there, and has been compared with its digest. @param {string} file */
  end(file) {
    if (this.#files.get(file) !== 'begun') return;
    this.#files.set(file, 'done');
    this.#tell({ status: 'done', name: this.#name, file });
  }

  /** The network can be walked. */
  ready() {
    if (this.#isReady) return;
    this.#isReady = true;
    this.#tell({ status: 'ready', task: 'cellflux', model: this.#name });
  }

  /** What failed is tried again. */
  again() {
    for (const [file, state] of this.#files) if (state === 'begun') this.#files.delete(file);
    this.#loaded = -1;
  }
}
