// Helpers of the page's worker: more workers, each with a module and weights of its own. The page starts and
// ends them and hands each a line to its worker, which gives them work (worker/helpers.js). How many there
// are follows from the device and from what one of them takes of its memory.
//
// Nothing depends on them: what a helper does not answer, the worker computes itself.

import { workersAsked } from './surroundings.js';
import { phrase } from './words.js';

/** All workers of a page together take at most so much memory, in bytes. */
export const MOST_BYTES = 600e6;
/** And at most this share of the device's memory, where the browser tells it. */
const SHARE_OF_DEVICE = 1 / 8;
/** What a worker takes beside its module's memory is not told by any browser; this much is set aside. */
const BESIDE_MODULE = 24e6;
/** More workers than this would wait for each other's memory. */
const MOST_WORKERS = 8;
/** Helpers that are started in place of lost ones, before the page stays with those that it has. */
const MOST_REPLACED = 3;

/**
 * What decides how many workers there may be.
 * @typedef {object} Device
 * @property {number} [cores] logical processors
 * @property {number} [memory] GiB, where the browser tells it
 * @property {boolean} phone whether it is held in the hand
 */

/**
 * How many workers a page may have, the first included.
 * @param {Device} device
 * @param {number} bytes of one worker's module
 * @param {{ workers: number, bytes: number }} [others] of other explorers on the page
 */
export function poolSize({ cores = 1, memory, phone }, bytes, others = { workers: 0, bytes: 0 }) {
  if (phone) return 1;
  const most = Math.min(MOST_BYTES, (memory ?? Infinity) * 2 ** 30 * SHARE_OF_DEVICE) - others.bytes;
  const fit = Math.floor(most / bytesOf(bytes));
  return Math.max(1, Math.min(cores - others.workers, fit, MOST_WORKERS));
}

/** What a worker takes whose module has so many bytes of memory. */
const bytesOf = (bytes) => bytes + BESIDE_MODULE;

/** @returns {Device} */
function thisDevice() {
  const { hardwareConcurrency, userAgent } = navigator;
  const { deviceMemory, userAgentData } = /** @type {any} */ (navigator);
  const finger = matchMedia('(pointer: coarse)').matches;
  const phone = userAgentData?.mobile ?? /\bMobi/.test(userAgent);
  return { cores: hardwareConcurrency, memory: deviceMemory, phone: phone || finger };
}

/**
 * What is asked of the page around; tests play it.
 * @typedef {object} Surroundings
 * @property {() => Promise<Worker>} start
 * @property {() => Device} device
 * @property {() => number | null} asked how many workers the address asks for
 * @property {() => boolean} hidden whether the tab is in the background
 * @property {(listener: () => void) => void} whenHidden hears that it has gone there or come back
 */

/**
 * This page.
 * @param {() => Promise<Worker>} start
 * @returns {Surroundings}
 */
export const surroundings = (start) => ({
  start,
  device: thisDevice,
  asked: () => workersAsked(location.search),
  hidden: () => document.hidden,
  whenHidden: (listener) => document.addEventListener('visibilitychange', listener),
});

/** Pools of this page, which share its memory and its processors. */
const POOLS = /** @type {Set<WorkerPool>} */ (new Set());

/**
 * @typedef {{ id: number, worker: Worker | null, bytes: number, ready: boolean }} Member
 */

export class WorkerPool {
  #call;
  #tell;
  #around;
  /** @type {Member[]} */
  #members = [];
  /** Bytes of the worker that they help; null while it takes no help. */
  #own = null;
  #replaced = 0;
  #next = 1;
  /** Whether no more are started until the worker begins anew. */
  #enough = false;

  /**
   * @param {(call: 'helper' | 'leave' | 'alone', args: any, transfer?: Transferable[]) => Promise<any>} call
   *   calls the page's worker
   * @param {(event: any) => void} tell tells the page, as an event of the worker
   * @param {Surroundings} around
   */
  constructor(call, tell, around) {
    this.#call = call;
    this.#tell = tell;
    this.#around = around;
    around.whenHidden(() => {
      this.#follow();
      if (this.#own !== null) this.#fill();
    });
  }

  /** Bytes of each worker, the page's own first; none where nobody helps. */
  get each() {
    const ready = this.#members.filter(({ ready }) => ready);
    return this.#own === null ? [] : [this.#own, ...ready.map(({ bytes }) => bytes)].map(bytesOf);
  }

  /**
   * The worker says whether it takes help, and how many bytes its module has.
   * @param {number | null} bytes
   */
  want(bytes) {
    if (bytes === null) {
      this.end();
      return;
    }
    this.#own = bytes;
    this.#enough = false;
    this.#replaced = 0;
    POOLS.add(this);
    this.#follow();
    this.#fill();
    this.#tellEach();
  }

  /**
   * The worker has given a helper up: it did not answer, or failed.
   * @param {number} id
   */
  lost(id) {
    const member = this.#members.find((each) => each.id === id);
    if (!member) return;
    this.#drop(member);
    if (this.#replaced >= MOST_REPLACED) {
      this.#stayWith(phrase('worker_pool.other_workers_page_stopped'));
      return;
    }
    this.#replaced += 1;
    this.#fill();
  }

  /** Ends all helpers, with the worker that they help or because it needs none. */
  end() {
    for (const { worker } of this.#members) worker?.terminate();
    const had = this.#own !== null;
    this.#members = [];
    this.#own = null;
    POOLS.delete(this);
    if (had) this.#tellEach();
  }

  /** In a background tab the worker computes alone; its helpers stay for when the page is seen again. */
  #follow() {
    if (this.#own === null) return;
    this.#call('alone', { alone: this.#around.hidden() }).catch(() => {});
  }

  /** Starts what is lacking; in a background tab, when that is seen again. */
  #fill() {
    if (this.#around.hidden()) return;
    const size = this.#size();
    while (!this.#enough && this.#members.length + 1 < size) this.#start();
  }

  #size() {
    const asked = this.#around.asked();
    const others = [...POOLS].filter((pool) => pool !== this);
    const sum = (numbers) => numbers.reduce((total, each) => total + each, 0);
    const taken = {
      workers: sum(others.map((pool) => pool.#members.length + 1)),
      bytes: sum(others.flatMap((pool) => pool.#promised)),
    };
    const device = this.#around.device();
    return poolSize(asked ? { ...device, cores: asked, phone: false } : device, this.#own, taken);
  }

  /** Bytes of each worker, those that are still starting included. */
  get #promised() {
    return [this.#own, ...this.#members.map(({ bytes }) => bytes)].map(bytesOf);
  }

  async #start() {
    // It will have what the worker has.
    const member = { id: this.#next++, worker: null, bytes: this.#own, ready: false };
    this.#members.push(member);
    const isWanted = () => this.#members.includes(member);
    try {
      const worker = await this.#around.start();
      if (!isWanted()) {
        worker.terminate();
        return;
      }
      member.worker = worker;
      worker.addEventListener('error', (event) => {
        event.preventDefault();
        this.#leave(member);
      });
      const { port1, port2 } = new MessageChannel();
      worker.postMessage({ help: port2 }, [port2]);
      const { bytes } = await this.#call('helper', { id: member.id, port: port1 }, [port1]);
      if (!isWanted()) return;
      Object.assign(member, { bytes, ready: true });
      this.#tellEach();
    } catch (error) {
      if (!isWanted()) return;
      this.#drop(member);
      this.#stayWith(phrase(this.#members.length ? 'worker_pool.fewer_workers' : 'worker_pool.one_worker', {
        said: said(error),
      }));
    }
  }

  /** A helper has died: the worker is told, and another one takes its place. */
  #leave(member) {
    if (!this.#members.includes(member)) return;
    this.#call('leave', { id: member.id }).catch(() => {});
    this.lost(member.id);
  }

  /** @param {Member} member */
  #drop(member) {
    member.worker?.terminate();
    this.#members = this.#members.filter((each) => each !== member);
    this.#tellEach();
  }

  /** Starts no more, and says why once. */
  #stayWith(sentence) {
    if (!this.#enough) this.#tell({ event: 'note', sentence });
    this.#enough = true;
  }

  #tellEach() {
    this.#tell({ event: 'workers', each: this.each });
  }
}

/** A failure's sentence, without the full stop that ends it. */
const said = (error) => String(error?.sentence ?? error?.message ?? error).replace(/\.$/, '');
