// The page's end of the worker: calls become promises, events go to one listener. What is said is in
// protocol.js.

import { Failure, STOPPED } from './failures.js';
import { surroundings, WorkerPool } from './worker_pool.js';

/** @import { Answer, Args, Call, Events } from './protocol.js' */

/**
 * What the listener hears: the worker's events, and of this end `silent`, when nothing has come for long, and
 * `heard`.
 * @typedef {{ [Name in keyof Events]: { event: Name } & Events[Name] }[keyof Events] | { event: 'silent' |
 *   'heard' }} Heard
 */

/**
 * Without a word for this long the visitor is asked whether to wait on. Nothing is stopped: a slow computer
 * may just be busy.
 */
const SILENT_MS = 60_000;

export class WorkerClient {
  #running = null;
  #waiting = new Map();
  #next = 1;
  #onEvent;
  #startWorker;
  #silence;
  #isSilent = false;
  #pool;

  /**
   * @param {(event: Heard) => void} onEvent
   * @param {() => Promise<Worker>} start gives a worker that has said that it is there
   */
  constructor(onEvent, start) {
    this.#onEvent = onEvent;
    this.#startWorker = start;
    const call = (name, args, transfer) => this.call(name, args, transfer);
    this.#pool = new WorkerPool(call, onEvent, surroundings(start));
    this.start();
  }

  /** Starts a worker, after ending the one before; whatever that one still owed is answered with an error. */
  start() {
    this.end();
    // The first call says what went wrong.
    this.#worker().catch(() => {});
  }

  end() {
    this.#pool.end();
    this.#running?.then((worker) => worker.terminate(), () => {});
    this.#running = null;
    this.#failAll(STOPPED);
  }

  /**
   * The worker that runs, or one that is started now; one that could not start is tried again by the next
   * call.
   */
  #worker() {
    if (!this.#running) {
      const running = this.#startWorker();
      this.#running = running;
      running.then((worker) => {
        if (this.#running !== running) return;
        worker.addEventListener('message', ({ data }) => this.#receive(data));
        worker.addEventListener('error', (event) => {
          event.preventDefault();
          this.#failAll(STOPPED);
        });
      }, () => { if (this.#running === running) this.#running = null; });
    }
    return this.#running;
  }

  /**
   * Calls the worker.
   * @template {Call} Name
   * @param {Name} call
   * @param {Args<Name>} args
   * @param {Transferable[]} [transfer]
   * @returns {Promise<Answer<Name>>} fails with a `Failure`
   */
  call(call, args, transfer = []) {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker().then((worker) => {
        if (!this.#waiting.has(id)) return;
        worker.postMessage({ id, call, args }, transfer);
        this.#listen();
      }, (failure) => {
        if (this.#waiting.delete(id)) reject(failure);
      });
    });
  }

  #receive(message) {
    if (this.#isSilent) this.#onEvent({ event: 'heard' });
    if (message.event === 'sharing') {
      this.#pool.want(message.bytes);
    } else if (message.event === 'lost') {
      this.#pool.lost(message.id);
    } else if (message.event) {
      this.#onEvent(message);
    } else {
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (message.trouble) waiting?.reject(new Failure(message.trouble.kind, message.trouble.sentence));
      else waiting?.resolve(message.value);
    }
    this.#listen();
  }

  /** Waits again for a worker that has an answer to give and says nothing. */
  #listen() {
    clearTimeout(this.#silence);
    this.#isSilent = false;
    if (!this.#waiting.size) return;
    this.#silence = setTimeout(() => {
      this.#isSilent = true;
      this.#onEvent({ event: 'silent' });
    }, SILENT_MS);
  }

  #failAll({ kind, sentence }) {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    clearTimeout(this.#silence);
    this.#isSilent = false;
    for (const { reject } of waiting) reject(new Failure(kind, sentence));
  }
}
