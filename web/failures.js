// What can fail, in a worker or in the page: every kind of it, and a sentence for the visitor.

import { phrase } from './words.js';

/**
 * Every kind of failure: the modules' own (crates/cellflux-wasm/src/trouble.rs and the other crates
 * that end in -wasm), the worker's and the page's. A way on is offered by kind (notices.js).
 */
export const KINDS = /** @type {const} */ ([
  // The module's.
  'bad-bundle', 'bad-image', 'bad-link', 'bad-recipe', 'no-engine', 'no-adapter', 'limits', 'out-of-memory',
  'device-lost', 'gpu', 'cpu',
  // The chemistry's: a compound that was typed and cannot be one.
  'bad-compound',
  // The worker's: a file that did not come or came damaged, a download that was cancelled, WebAssembly that
  // is not there or has stopped, pictures, chemistry, results and the reader of images, which everything else
  // works without, and what nobody has foreseen.
  'download', 'bad-file', 'cancelled', 'no-wasm', 'stopped', 'picture', 'pictures', 'chemistry', 'results',
  'reader', 'internal',
  // The page's: no worker, one that says nothing, a recording that did not come, and what nobody has
  // foreseen.
  'no-worker', 'silent', 'recorded', 'page',
]);

/** @typedef {typeof KINDS[number]} Kind */
/**
 * @typedef {{ kind: Kind, sentence: string }} Trouble a failure: a kind for the page, a sentence for the
 *   visitor
 */

/**
 * What is left when the computation itself has stopped: a trap in WebAssembly, or memory that has run out.
 * @type {Trouble}
 */
export const STOPPED = {
  kind: 'stopped',
  sentence: phrase('failures.computation_stopped_unexpectedly_most'),
};

/** A failure that is thrown: its message is the sentence. */
export class Failure extends Error {
  /**
   * @param {Kind} kind
   * @param {string} sentence
   * @param {{ stalled?: boolean, answered?: boolean }} [more] whether the connection stood still, and
   *   whether the server answered with something else than the file
   */
  constructor(kind, sentence, { stalled = false, answered = false } = {}) {
    super(sentence);
    this.kind = kind;
    this.sentence = sentence;
    this.stalled = stalled;
    this.answered = answered;
  }
}

/** Why what was saved from a walk of another model cannot be followed. */
export const otherModel = (what, found, open) =>
  phrase('failures.walk_model_page_cannot', { what, found: found.slice(0, 60), open });
