// Maps of what changes in the walk in view: velocities, and differences to other images than the start.
// Their numbers come of the steps reached, of a walk aside, or, for what the condition adds, of an evaluation
// of the network that the visitor has asked for, made while nobody calls.

import { described } from './trouble.js';

/** @import { Walk } from '../../pkg/cellflux_wasm.js' */
/** @import { Args, DrawnMap, Say } from '../protocol.js' */
/** @import { SideWalks } from './side_walks.js' */
/** @import { Walking } from './walking.js' */

/** Evaluated effects that are kept, the newest ones: as many numbers as so many images. */
const KEPT = 64;

/**
 * The numbers of a map, and the time of what they were taken from.
 * @typedef {{ values: Float32Array, from: number | null }} Numbers
 */

export class Maps {
  #walking;
  #aside;
  #wanted;
  #say;
  /**
   * What the condition adds to the velocity, by step, of the walk with this key.
   * @type {Map<number, Float32Array>}
   */
  #effects = new Map();
  #key = -1;
  /**
   * What is to be evaluated.
   * @type {{ key: number, step: number } | null}
   */
  #asked = null;

  /**
   * @param {Pick<Walking, 'inView' | 'key' | 'canLend' | 'evaluations'>} walking
   * @param {Pick<SideWalks, 'walkOf'>} aside
   * @param {() => boolean} wanted whether a call waits
   * @param {Say} say
   */
  constructor(walking, aside, wanted, say) {
    this.#walking = walking;
    this.#aside = aside;
    this.#wanted = wanted;
    this.#say = say;
  }

  /**
   * Draws a map of a step, as far as its numbers are there.
   * @param {Args<'map'>} asked
   * @returns {DrawnMap}
   */
  map({ map, step, panels, beside }) {
    const walk = this.#walking.inView;
    const { key } = this.#walking;
    const about = { map, key, step, time: walk.time_of(step) };
    const numbers = this.#numbers(walk, map, step, beside);
    if (!numbers) {
      const nothing = { from: null, size: null, localError: null, picture: null, panels: [], strip: null };
      return { ...about, ...nothing };
    }
    const { values, from } = numbers;
    const size = map === 'speed';
    const visible = walk.channels().flatMap(({ visible: shown }, channel) => (shown ? [channel] : []));
    const alone = (channel) => ({ channel, picture: walk.map(values, size, channel) });
    return {
      ...about,
      from,
      size: rootMeanSquare(values),
      localError: map === 'velocity' || size ? localError(walk, step) : null,
      picture: walk.map(values, size),
      panels: panels ? visible.map(alone) : [],
      strip: size ? walk.magnitude_strip() : null,
    };
  }

  /**
   * Has what the condition adds evaluated at a step, in place of what was asked for before.
   * @param {number | null} step
   */
  ask(step) {
    const walk = this.#walking.inView;
    this.#asked = step === null || !walk ? null : { key: this.#walking.key, step };
  }

  /** Forgets all of it, for another bundle. */
  clear() {
    this.#effects.clear();
    this.#asked = null;
  }

  /** Evaluates what was asked for, unless a call waits. It never fails: the page is told what did. */
  async evaluate() {
    if (!this.#asked || !this.#walking.canLend || this.#wanted()) return;
    const { key, step } = this.#asked;
    this.#asked = null;
    const walk = this.#walking.inView;
    if (this.#walking.key !== key) return;
    try {
      const values = await walk.condition_effect(step);
      if (values) {
        // Two evaluations of the network are one guided velocity.
        this.#walking.evaluations += 1;
        this.#keep(key, step, values);
      }
      this.#say('effect', { key, step });
    } catch (error) {
      this.#say('effect', { key, step, failed: described(error) });
    }
  }

  /**
   * @param {Walk} walk
   * @param {Args<'map'>['map']} map
   * @param {number} step
   * @param {Args<'map'>['beside']} beside
   * @returns {Numbers | null} null where they are not there
   */
  #numbers(walk, map, step, beside) {
    if (map === 'noised-start') {
      return { values: less(walk.values(step), walk.values(0)), from: walk.time_of(0) };
    }
    if (map === 'untreated') return beside && this.#difference(walk.values(step), beside);
    if (map === 'guidance') {
      const values = this.#key === this.#walking.key ? this.#effects.get(step) : null;
      return values ? { values, from: null } : null;
    }
    const values = walk.velocity(step);
    return values ? { values, from: walk.time_of(step - 1) } : null;
  }

  /**
   * The difference to a step of a walk aside, if that has come so far.
   * @param {Float32Array} values
   * @param {Args<'map'>['beside']} beside
   * @returns {Numbers | null}
   */
  #difference(values, { key, step }) {
    const other = this.#aside.walkOf(key);
    if (!other || step >= other.steps()) return null;
    return { values: less(values, other.values(step)), from: other.time_of(step) };
  }

  #keep(key, step, values) {
    if (this.#key !== key) this.#effects.clear();
    this.#key = key;
    this.#effects.delete(step);
    this.#effects.set(step, values);
    const [oldest] = this.#effects.keys();
    if (this.#effects.size > KEPT) this.#effects.delete(oldest);
  }
}

/**
 * @param {Float32Array} a
 * @param {Float32Array} b
 */
const less = (a, b) => a.map((value, index) => value - b[index]);

/**
 * An estimate of the local error of the step that led to a step reached, as the root mean square in model
 * range, by the embedded difference of Euler's and Heun's methods: half the step's length times the change of
 * the velocity until the next step, whose velocity is taken where this one ends. Null where the next step is
 * not reached. It is an estimate for Euler's steps only.
 * @param {Walk} walk
 * @param {number} step
 */
export function localError(walk, step) {
  if (step < 1 || step + 1 >= walk.steps()) return null;
  const length = walk.time_of(step) - walk.time_of(step - 1);
  const velocity = walk.velocity(step);
  return rootMeanSquare(less(walk.velocity(step + 1), velocity)) * Math.abs(length) / 2;
}

/** @param {Float32Array} values */
function rootMeanSquare(values) {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum / values.length);
}
