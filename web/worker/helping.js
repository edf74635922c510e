// Helping another worker: this one has the same module and the same network, and computes what it is asked
// over its line (helpers.js).

import init, * as wasm from '../../pkg/cellflux_wasm.js';
import { nextTurn } from './next_turn.js';
import { startNetworkModule } from './opening.js';
import { described } from './trouble.js';
import { free } from './walks_before.js';

/** @import { Answered, Asked, HandedOn, Reached, WalkGiven } from './helpers.js' */

export class Helping {
  #port;
  /** @type {wasm.Model | null} */
  #model = null;
  /** @type {wasm.Engine | null} */
  #engine = null;
  /** The question whose walk is to be left. */
  #left = 0;
  #queue = Promise.resolve();

  /** @param {MessagePort} port */
  constructor(port) {
    this.#port = port;
    port.onmessage = ({ data }) => this.#hear(data);
    // Not every browser lets a compiled module through such a line.
    port.onmessageerror = () => port.postMessage({ unread: true });
  }

  /** @param {Asked} asked */
  #hear(asked) {
    if (asked.ask === 'stop') this.#left = asked.number;
    else this.#queue = this.#queue.then(() => this.#answer(asked));
  }

  async #answer(asked) {
    const { number } = asked;
    try {
      if (asked.ask === 'load') this.#say(number, { bytes: await this.#load(asked) });
      else if (asked.ask === 'half') await this.#half(asked);
      else this.#say(number, { finished: await this.#walk(number, asked) });
    } catch (error) {
      this.#say(number, { trouble: described(error) });
    }
  }

  /**
   * @param {number} number of the question
   * @param {Omit<Answered, 'number'>} answer
   * @param {Transferable[]} [transfer]
   */
  #say(number, answer, transfer = []) {
    this.#port.postMessage({ number, ...answer }, transfer);
  }

  /** @param {HandedOn} given */
  async #load({ module, manifest, conditions, weights }) {
    if (!module) await startNetworkModule();
    const { memory } = await init({ module_or_path: module ?? undefined });
    const model = new wasm.Model(manifest);
    const file = model.download('conditions.safetensors');
    file.push(conditions);
    file.finish();
    model.accept(file);
    model.take_weights(weights);
    this.#model = model;
    this.#engine = wasm.Engine.candle(model);
    return memory.buffer.byteLength;
  }

  async #half({ number, t, image }) {
    const velocity = await this.#engine.unguided(t, image, undefined);
    this.#say(number, { velocity }, [velocity.buffer]);
  }

  /**
   * Walks on from a step until the end, or until it is to leave; false then. The engine is free afterwards.
   * @param {number} number
   * @param {WalkGiven} given
   */
  async #walk(number, { text, example, counts, from }) {
    const walk = new wasm.Walk(this.#model, text, example, counts);
    try {
      if (from) walk.take_step(from.values, from.place);
      walk.attach(this.#engine);
      this.#engine = null;
      for (;;) {
        while (await walk.evaluate()) {
          this.#say(number, { alive: true });
          if (await this.#isLeft(number)) return false;
        }
        if (await this.#isLeft(number)) return false;
        if (!(await walk.step(false))) return true;
        this.#tell(number, walk);
      }
    } finally {
      this.#engine ??= walk.detach() ?? null;
      free(walk);
    }
  }

  /** @param {number} number */
  async #isLeft(number) {
    await nextTurn();
    return this.#left === number;
  }

  /**
   * @param {number} number
   * @param {wasm.Walk} walk
   */
  #tell(number, walk) {
    const last = walk.steps() - 1;
    /** @type {Reached} */
    const step = { values: walk.values(last), place: walk.place_of(last) };
    this.#say(number, { step }, [step.values.buffer, step.place.buffer]);
  }
}
