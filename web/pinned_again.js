// A pinned walk that a link names and the page does not have: it is walked again, while nobody waits, and
// shown as far as it has come.

import { warned } from './notices.js';
import { namesIn } from './state.js';
import { phrase } from './words.js';

/** @import { SideFailure, SideStep } from './protocol.js' */
/** @import { Pinned, State } from './state.js' */
/** @import { WorkerClient } from './worker_client.js' */

export class PinnedAgain {
  #state;
  #set;
  #worker;
  #serial = 0;
  /**
   * What is to be walked, and as which walk aside once that was asked for.
   * @type {{ link: string, key: string | null } | null}
   */
  #wanted = null;
  /**
   * It, as far as it has come.
   * @type {Pinned | null}
   */
  #pin = null;

  /**
   * @param {() => State} state
   * @param {(patch: Partial<State>) => void} set
   * @param {WorkerClient} worker
   */
  constructor(state, set, worker) {
    this.#state = state;
    this.#set = set;
    this.#worker = worker;
  }

  /**
   * Has the walk of this link walked and pinned, in place of the one before; null only ends that one.
   * @param {string | null} link
   */
  restore(link) {
    this.#end();
    if (link === null) return;
    this.#wanted = { link, key: null };
    this.#set({ pinning: link });
    this.follow();
  }

  /** Asks for it as soon as there is a network; the visitor may have pinned another, or none, meanwhile. */
  follow() {
    const { phase, changes, pin } = this.#state();
    if (!this.#wanted) return;
    if (phase === 'opening') this.#wanted.key = null;
    else if (pin && pin !== this.#pin) this.#end();
    else if (!pin && this.#pin) this.#end();
    else if (this.#wanted.key === null && phase === 'ready' && changes === 0) this.#ask(this.#wanted);
  }

  /**
   * @param {SideStep | SideFailure} told
   */
  hear(told) {
    if (!this.#pin || told.key !== this.#wanted?.key) return;
    if ('failed' in told) {
      this.#fail(told.failed.sentence);
      return;
    }
    const { step, time, picture, finished } = told;
    const steps = [...this.#pin.walk.steps.slice(0, step), { time, now: picture, difference: picture }];
    const pin = { ...this.#pin, walk: { ...this.#pin.walk, steps, finished } };
    this.#pin = pin;
    if (finished) this.#wanted = null;
    this.#set({ pin });
    if (finished) this.#side([]);
  }

  /** @param {{ link: string, key: string | null }} wanted */
  async #ask(wanted) {
    this.#serial += 1;
    wanted.key = `pin ${this.#serial}`;
    try {
      const { recipe, walk } = await this.#worker.call('walk_of', { link: wanted.link });
      if (this.#wanted !== wanted) return;
      const { start, compoundName: name } = namesIn(this.#state(), recipe);
      this.#pin = { walk: { ...walk, key: -this.#serial }, recipe, link: wanted.link, name, start };
      this.#set({ pin: this.#pin, pinning: null });
      // How its channels are shown is the walk's in view.
      const { hidden, channels, map, ...change } = recipe;
      this.#side([{ key: wanted.key, change, wants: 'picture' }]);
    } catch (error) {
      if (this.#wanted === wanted) this.#fail(error.message);
    }
  }

  #fail(sentence) {
    this.#end();
    const notice = warned(phrase('pinned_again.pinned_walk_link_cannot', { sentence }));
    this.#set({ pin: null, notice });
  }

  /** Walks no more of it. */
  #end() {
    const under = this.#wanted?.key;
    this.#wanted = null;
    this.#pin = null;
    if (this.#state().pinning !== null) this.#set({ pinning: null });
    if (under) this.#side([]);
  }

  /** @param {import('./protocol.js').SideJob[]} jobs */
  #side(jobs) {
    this.#worker.call('side', { of: 'pin', jobs }).catch(({ message }) => {
      if (jobs.length) this.#fail(message);
    });
  }
}
