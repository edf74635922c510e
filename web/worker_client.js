// The page's end of the worker: calls become promises, events go to one listener. The protocol is described in worker.js.

/** An error with the kind the worker gave it; its message is a sentence for the visitor. */
export class Trouble extends Error {
  constructor({ kind, sentence }) {
    super(sentence);
    this.kind = kind;
  }
}

/** What is left when the computation itself has stopped: a trap in WebAssembly, or a worker that cannot start. */
const STOPPED = {
  kind: 'stopped',
  sentence: 'The computation stopped unexpectedly, most likely for want of memory; what you chose is kept, and the steps can be walked again.',
};

export class WorkerClient {
  #worker;
  #waiting = new Map();
  #next = 1;
  #onEvent;

  /** @param {(event: object) => void} onEvent hears progress, frames and notes */
  constructor(onEvent) {
    this.#onEvent = onEvent;
    this.start();
  }

  /** Starts a worker, after ending the one before; whatever that one still owed is answered with an error. */
  start() {
    this.end();
    this.#worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
    this.#worker.addEventListener('message', ({ data }) => this.#receive(data));
    this.#worker.addEventListener('error', (event) => {
      event.preventDefault();
      this.#failAll(STOPPED);
    });
  }

  end() {
    this.#worker?.terminate();
    this.#failAll(STOPPED);
  }

  /**
   * Calls the worker.
   * @param {string} call name of the call
   * @param {object} [args] structured-cloneable arguments
   * @param {Transferable[]} [transfer]
   */
  call(call, args = {}, transfer = []) {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, call, args }, transfer);
    });
  }

  #receive(message) {
    if (message.event) {
      this.#onEvent(message);
      return;
    }
    const waiting = this.#waiting.get(message.id);
    if (!waiting) return;
    this.#waiting.delete(message.id);
    if (message.trouble) waiting.reject(new Trouble(message.trouble));
    else waiting.resolve(message.value);
  }

  #failAll(trouble) {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(new Trouble(trouble));
  }
}
