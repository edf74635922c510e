// The recorded walk that stands in for the network: shown before the worker has said a word, walked to its
// end, and left when something is asked for that only the network can give.

import { warned } from './notices.js';
import { Recordings } from './recorded.js';
import { continued } from './state.js';
import { phrase } from './words.js';

/** @import { State } from './state.js' */

/** The step that a link shows; none where it names none. */
const stepOf = (link) => {
  const at = link?.split('&').find((field) => field.startsWith('at='));
  return at && Number.parseInt(at.slice('at='.length), 10);
};

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
    const end = recorded.steps.length - 1;
    const cursor = Math.min(stepOf(link) || end, end);
    this.#set({ walk: { key: before?.key ?? 'recorded', ...recorded, live: before }, cursor });
  }

  /** Whether the end of a recording is in view, and stays there until the visitor asks for more. */
  get rests() {
    const { walk, cursor, playing } = this.#state();
    return Boolean(walk?.recorded) && !playing && cursor === walk.steps.length - 1;
  }

  /**
   * Lets the network walk unseen to the step in view, and puts its walk in the recorded one's place: the
   * pictures stay, and are now its own.
   * @param {() => Promise<{ walk: import('./protocol.js').ToldWalk }>} compute one more step
   */
  async catchUp(compute) {
    for (;;) {
      const { walk, cursor } = this.#state();
      const { live } = walk ?? {};
      if (!walk?.recorded || !live) return;
      if (live.finished || live.steps.length > cursor) {
        this.#set({ walk: live, cursor: Math.min(cursor, live.steps.length - 1) });
        return;
      }
      const { walk: told, ...rest } = await compute();
      const now = this.#state().walk;
      if (now?.key !== walk.key || !now.live) return;
      this.#set({ ...rest, walk: { ...now, live: continued(now.live, told) } });
    }
  }

  /** Without its film a walk waits for the network, as it does where nothing is recorded. */
  #miss({ message }) {
    const { phase, notice } = this.#state();
    if (phase === 'ready' || notice?.kind === 'trouble') return null;
    const sentence = phrase('stand_in.walk_waits_network_nothing', { message });
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
