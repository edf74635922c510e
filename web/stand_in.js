// The recorded walk that stands in for the network: shown before the worker has said a word, and left once
// there is a network to walk with.

import { warned } from './notices.js';
import { Recordings } from './recorded.js';

/** @import { State } from './state.js' */

export class StandIn {
  #state;
  #set;
  #recordings;

  /**
   * @param {() => State} state
   * @param {(patch: Partial<State>) => void} set
   * @param {string | null} address of the list of recorded walks
   */
  constructor(state, set, address) {
    this.#state = state;
    this.#set = set;
    this.#recordings = new Recordings(address);
  }

  /**
   * Shows what was recorded of a walk, if nothing has been walked.
   * @param {string | null} link
   */
  async show(link) {
    const before = this.#state().walk;
    if (this.#state().phase === 'ready' || before?.recorded || before?.steps.length > 1) return;
    const recorded = await this.#recordings.find(link).catch((error) => this.#miss(error));
    const { phase, walk } = this.#state();
    if (!recorded || phase === 'ready' || walk !== before) return;
    this.#set({ walk: { key: before?.key ?? 'recorded', ...recorded, live: before } });
  }

  /** Without its film a walk waits for the network, as it does where nothing is recorded. */
  #miss({ message }) {
    const { phase, notice } = this.#state();
    if (phase === 'ready' || notice?.kind === 'trouble') return null;
    const sentence = `${message} The walk waits for the network; nothing else needs the recording.`;
    this.#set({ notice: warned(sentence, 'recorded') });
    return null;
  }

  /**
   * Puts the worker's own walk in the recorded one's place.
   * @returns {number} the step that the visitor had gone to, the end while playing, 0 where there was
   *   nothing recorded
   */
  leave() {
    const { walk, cursor, playing } = this.#state();
    if (!walk?.recorded) return 0;
    this.#set({ walk: walk.live, cursor: 0 });
    return playing ? Infinity : cursor;
  }
}
