// The helpers of this worker, at the other ends of lines: workers with the same network (helping.js). One is
// asked for half of a guided velocity, or to walk aside; what it does not give is computed here.
//
// Each does one thing at a time. One that fails, or says nothing for much longer than the work takes here,
// is given up, and the page starts another one.

import { Failure } from '../failures.js';
import { isOfTheEngine } from './trouble.js';
import { phrase } from '../words.js';

/** @import { Trouble } from '../failures.js' */
/** @import { Args, Answer, Say } from '../protocol.js' */

/**
 * What a helper is made with.
 * @typedef {object} HandedOn
 * @property {WebAssembly.Module | null} module compiled; null where a helper has to bring it itself
 * @property {Uint8Array} manifest
 * @property {Uint8Array} conditions the file of the condition vectors
 * @property {Uint8Array} weights the tensors as one safetensors file
 */

/**
 * A walk for a helper: what the module is given for it, and the step to go on from; null at its start.
 * @typedef {object} WalkGiven
 * @property {string} text
 * @property {Uint8Array} [example]
 * @property {Float32Array} [counts]
 * @property {Reached | null} from
 */
/** @typedef {{ values: Float32Array, place: Float64Array }} Reached a step, as the module hands it on */

/**
 * What a helper is asked.
 * @typedef {{ ask: 'load', number: number } & HandedOn
 *   | { ask: 'half', number: number, t: number, image: Float32Array }
 *   | { ask: 'walk', number: number } & WalkGiven
 *   | { ask: 'stop', number: number }} Asked
 */
/**
 * What a helper answers, with the number of the question: that a message could not be read, that it is at
 * work, a step of a walk, and the end, with what was asked for.
 * @typedef {{ number: number, unread?: true, trouble?: Trouble, alive?: true, step?: Reached, bytes?: number,
 *   velocity?: Float32Array, finished?: boolean }} Answered
 */

/** How long a helper may take to have the network: its module is compiled already. */
const LOAD_MS = 45_000;
/** How long one may say nothing while it works, at least; a tab's timers may be late by a second. */
const SILENT_MS = 4_000;
/** And so many times as long as an evaluation takes here: the computer may be busy with something else. */
const TIMES_AN_EVALUATION = 20;

/**
 * @typedef {object} Task
 * @property {number} number
 * @property {number} patience milliseconds
 * @property {(answer: Answered) => void} done
 * @property {(step: Reached) => void} [onStep]
 * @property {ReturnType<typeof setTimeout>} [timer]
 */

class Helper {
  #port;
  #onLost;
  #number = 0;
  /** @type {Task | null} */
  #task = null;
  ready = false;

  /**
   * @param {MessagePort} port
   * @param {() => void} onLost
   */
  constructor(port, onLost) {
    this.#port = port;
    this.#onLost = onLost;
    port.onmessage = ({ data }) => this.#hear(data);
  }

  get isFree() {
    return this.ready && !this.#task;
  }

  /** Whether it walks aside. */
  get walks() {
    return Boolean(this.#task?.onStep);
  }

  /**
   * Has it do something; the last answer, or null where none comes. `onStep` hears the steps of a walk.
   * @param {any} question
   * @param {{ patience: number, transfer?: Transferable[], onStep?: (step: Reached) => void }} how
   * @returns {Promise<Answered | null>}
   */
  ask(question, { patience, transfer = [], onStep }) {
    this.#number += 1;
    const number = this.#number;
    return new Promise((resolve) => {
      this.#task = { number, patience, onStep, done: resolve };
      try {
        this.#port.postMessage({ ...question, number }, transfer);
        this.#wait();
      } catch {
        this.#hear({ number, unread: true });
      }
    });
  }

  /** Has it leave the walk that it is at, within one evaluation. */
  stop() {
    if (this.#task) this.#port.postMessage({ ask: 'stop', number: this.#task.number });
  }

  end() {
    const task = this.#task;
    this.#task = null;
    this.ready = false;
    clearTimeout(task?.timer);
    this.#port.close();
    task?.done(null);
  }

  #wait() {
    const task = this.#task;
    clearTimeout(task.timer);
    task.timer = setTimeout(() => this.#onLost(), task.patience);
  }

  /** @param {Answered} answer */
  #hear(answer) {
    const task = this.#task;
    if (!task || (answer.number !== task.number && !answer.unread)) return;
    if (answer.alive || answer.step) {
      this.#wait();
      if (answer.step) task.onStep?.(answer.step);
      return;
    }
    clearTimeout(task.timer);
    this.#task = null;
    task.done(answer);
    if (this.ready && answer.trouble && isUnusableAfter(answer.trouble)) this.#onLost();
  }
}

/**
 * Whether a helper cannot go on after such a failure; one of a single walk costs nothing else.
 * @param {Trouble} trouble
 */
const isUnusableAfter = (trouble) => isOfTheEngine(trouble) || trouble.kind === 'internal';

export class Helpers {
  #handedOn;
  #say;
  #pace;
  /** @type {Map<number, Helper>} */
  #helpers = new Map();
  #alone = false;

  /**
   * @param {() => Promise<HandedOn>} handedOn what a helper is made with
   * @param {Say} say
   * @param {() => number | null} pace milliseconds of an evaluation, once known
   */
  constructor(handedOn, say, pace) {
    this.#handedOn = handedOn;
    this.#say = say;
    this.#pace = pace;
  }

  /** Whether a helper has nothing to do and may be given something. */
  get isOneFree() {
    return this.#free() !== undefined;
  }

  /**
   * Takes a helper; answers when it has the network.
   * @param {Args<'helper'>} args
   * @returns {Promise<Answer<'helper'>>}
   */
  async take({ id, port }) {
    const helper = new Helper(port, () => this.#lose(id));
    this.#helpers.set(id, helper);
    const isWanted = () => this.#helpers.get(id) === helper;
    try {
      const load = async (compiled) => {
        const { module, ...rest } = await this.#handedOn();
        if (!isWanted()) return null;
        return helper.ask({ ask: 'load', ...rest, module: compiled ? module : null }, {
          patience: LOAD_MS, transfer: [rest.conditions.buffer, rest.weights.buffer],
        });
      };
      let answer = await load(true);
      if (answer?.unread) answer = await load(false);
      if (!answer || answer.unread) throw new Failure('stopped', phrase('helpers.did_not_answer'));
      if (answer.trouble) throw new Failure(answer.trouble.kind, answer.trouble.sentence);
      helper.ready = true;
      return { bytes: answer.bytes };
    } catch (error) {
      this.leave(id);
      throw error;
    }
  }

  /**
   * Does without a helper.
   * @param {number} id
   */
  leave(id) {
    const helper = this.#helpers.get(id);
    this.#helpers.delete(id);
    helper?.end();
  }

  /** Does without any: another network, or an engine that needs none. */
  clear() {
    for (const id of [...this.#helpers.keys()]) this.leave(id);
  }

  /** @param {boolean} alone whether nobody is asked for now */
  setAlone(alone) {
    this.#alone = alone;
    if (alone) this.stopWalks();
  }

  /** Has all helpers leave the walks that they are at. */
  stopWalks() {
    for (const helper of this.#helpers.values()) if (helper.walks) helper.stop();
  }

  /**
   * What an engine's `share` takes: half of a velocity, where a helper is free.
   * @param {number} t
   * @param {Float32Array} image
   * @returns {Promise<Float32Array | null> | null}
   */
  ask = (t, image) => {
    const helper = this.#free();
    if (!helper) return null;
    const question = { ask: 'half', t, image };
    const answer = helper.ask(question, { patience: this.#patience(1), transfer: [image.buffer] });
    return answer.then((found) => found?.velocity ?? null);
  };

  /**
   * Has a free helper walk; null where none is free. It goes on until it is at the end or stopped, which
   * `whenDone` hears, also of a helper that is lost.
   * @param {WalkGiven} walk
   * @param {{ onStep: (step: Reached) => void, whenDone: (trouble: Trouble | null) => void }} listener
   * @returns {(() => void) | null} stops it
   */
  walk(walk, { onStep, whenDone }) {
    const helper = this.#free();
    if (!helper) return null;
    const transfer = walk.from ? [walk.from.values.buffer] : [];
    const answer = helper.ask({ ask: 'walk', ...walk }, { patience: this.#patience(8), transfer, onStep });
    answer.then((found) => whenDone(found?.trouble ?? null));
    return () => helper.stop();
  }

  #free() {
    if (this.#alone) return undefined;
    return [...this.#helpers.values()].find(({ isFree }) => isFree);
  }

  /**
   * How long a helper may say nothing.
   * @param {number} evaluations that it makes meanwhile, at most
   */
  #patience(evaluations) {
    const evaluation = this.#pace() ?? SILENT_MS;
    return Math.max(SILENT_MS, TIMES_AN_EVALUATION * evaluation) * evaluations;
  }

  #lose(id) {
    if (!this.#helpers.has(id)) return;
    this.leave(id);
    this.#say('lost', { id });
  }
}
