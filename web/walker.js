// Walking: which step is shown, when the next one is computed, and playing. Steps once reached are only shown
// again.

import { hasArrived, momentOf } from './linked_time.js';

/** @import { Moment } from './linked_time.js' */
/** @import { State } from './state.js' */

/** Between two frames while playing through steps already reached; computing takes as long as it takes. */
const FRAME_MS = 160;
/** The same where the visitor wants less motion: one still after the other. */
const STILL_MS = 700;

const wantsStills = () => matchMedia('(prefers-reduced-motion: reduce)').matches;
const frameMs = () => (wantsStills() ? STILL_MS : FRAME_MS);

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Walker {
  /** Counts what has been played, so that what was paused stays so when something else plays. */
  #plays = 0;
  /**
   * Where the walk is on its way to, as long as nobody stops it.
   * @type {Moment | null}
   */
  heading = null;

  /**
   * @param {() => State} state the explorer's state
   * @param {(patch: Partial<State>) => void} set changes it
   * @param {() => Promise<unknown>} settled waits until every change has been answered
   * @param {() => Promise<boolean>} compute computes one more step and adds it to `state.walk`; true when it
   *   gave way to a change
   */
  constructor(state, set, settled, compute) {
    this.state = state;
    this.set = set;
    this.settled = settled;
    this.compute = compute;
  }

  /** Shows step `index`, if it has been reached. */
  goto(index) {
    const { walk } = this.state();
    if (walk && index >= 0 && index < walk.steps.length) this.set({ cursor: index });
  }

  back() {
    this.pause();
    this.goto(this.state().cursor - 1);
  }

  async forward() {
    this.pause();
    await this.#advance();
  }

  pause() {
    this.#plays += 1;
    this.heading = null;
    if (this.state().playing) this.set({ playing: false });
  }

  /**
   * Plays to a step, or to the end: shows what is reached, computes what is not. From the end it starts over,
   * computing nothing.
   */
  async play(until = Infinity) {
    const { walk, cursor, playing } = this.state();
    if (playing || !walk) return;
    if (walk.finished && cursor >= walk.steps.length - 1) this.set({ cursor: 0 });
    this.set({ playing: true });
    const play = this.#plays;
    const isOn = () => this.#plays === play && this.state().playing;
    try {
      while (isOn() && this.state().cursor < until) {
        const began = performance.now();
        if (!(await this.#advance())) break;
        await pause(Math.max(0, frameMs() - (performance.now() - began)));
      }
    } finally {
      if (isOn()) this.pause();
    }
  }

  /**
   * The moment in view in mid-walk, or on the way to which the walk is; nothing at either end.
   * @returns {Moment | null}
   */
  get midWalk() {
    const { walk, cursor } = this.state();
    if (this.heading || !walk) return this.heading;
    const times = walk.steps.map(({ time }) => time);
    const ended = walk.finished && cursor === times.length - 1;
    return cursor > 0 && !ended ? momentOf(walk.times ?? times, cursor) : null;
  }

  /**
   * Walks on to a moment that was in view before the walk became another one, as fast as its steps are
   * computed. Where the visitor wants less motion, only the last of them is shown.
   * @param {Moment} moment
   */
  async goOnTo(moment) {
    const { walk, playing } = this.state();
    if (playing || !walk) return;
    const stills = wantsStills();
    const at = () => {
      const { walk, cursor } = this.state();
      return stills ? walk.steps.length - 1 : cursor;
    };
    const isThere = () => hasArrived(this.state().walk, at(), moment);
    // A walk that was kept may have been there already.
    const reached = walk.steps.findIndex((_, step) => hasArrived(walk, step, moment));
    if (reached >= 0) {
      this.goto(reached);
      return;
    }
    this.set({ playing: true });
    this.heading = moment;
    const play = this.#plays;
    const isOn = () => this.#plays === play && this.state().playing;
    try {
      while (isOn() && !isThere()) if (!(await (stills ? this.#reach() : this.#advance()))) break;
      if (isOn() && stills) this.goto(at());
    } finally {
      if (isOn()) this.pause();
    }
  }

  /** One step on; false at the end. */
  async #advance() {
    // A click may come in the same moment as the change of a field that it takes the focus from.
    await this.settled();
    const { walk, cursor } = this.state();
    if (!walk) return false;
    if (cursor < walk.steps.length - 1) {
      this.goto(cursor + 1);
      return true;
    }
    const reached = await this.#reach();
    const after = this.state().walk;
    // A change may have started another walk meanwhile; its first step stays in view then.
    if (!reached || after.key !== walk.key) return false;
    if (after.steps.length > walk.steps.length) this.goto(walk.steps.length);
    return true;
  }

  /** Computes one more step without showing it; false at the end, and where the walk became another one. */
  async #reach() {
    await this.settled();
    const { walk, stepping } = this.state();
    if (!walk || walk.finished || stepping) return false;
    const { key } = walk;
    // What gave way is tried again once the change has been answered, unless that has started another walk.
    while ((await this.compute()) && this.state().walk?.key === key) await this.settled();
    return this.state().walk?.key === key;
  }
}
