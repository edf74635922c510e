// What an explorer has to do with the page's address and the tab's history: every choice is an entry, back
// and forward undo and redo it, a link that is opened is followed, and a link is copied.
//
// A choice is an entry as soon as the worker has answered it; while a slider is dragged or a key held, once
// for the whole gesture. Scrubbing only replaces the step in the entry, after a pause.

import { LONGEST, linkAt, takesCropAlong, withoutStep } from './link_at.js';
import { besideOf, isChosen } from './link_beside.js';
import { copied, movedWords, refused, tooLong, wholeLink } from './link_words.js';
import { informed, troubled, warned } from './notices.js';
import { PageHistory } from './page_history.js';
import { walksOf } from './real_cell.js';
import { phrase } from './words.js';

/** @import { Exploration } from './protocol.js' */
/** @import { Move, Shown } from './page_history.js' */
/** @import { Pinned, State } from './state.js' */
/** @import { WorkerClient } from './worker_client.js' */

/** How long the step in the address may lag behind the view. */
const ADDRESS_MS = 350;
/** When the address is written again that the browser has refused to change. */
const AGAIN_MS = 3000;
/** Of the state, what an entry of the history holds. */
const TOLD = /** @type {const} */ (['link', 'cursor', 'pin', 'grid', 'panels', 'real']);
/** Pinned walks that going back finds again. */
const MOST_PINS = 8;

const page = new PageHistory({
  history,
  location,
  events: globalThis,
  isPlace: (name) => document.getElementById(name) !== null,
  now: () => performance.now(),
});

/** A place among the links of the page; explorers ask for it in the order of the page. */
export const takePlace = () => page.takePlace();

/**
 * What the explorer does for it.
 * @typedef {object} Explorer
 * @property {HTMLElement} element
 * @property {() => void} pause stops playing
 * @property {(work: () => Promise<unknown>) => Promise<void>} waitFor runs what steps wait for
 * @property {(answer: Exploration) => void} follow takes over what the worker answered
 * @property {(step: number | null) => void} walkTo goes to the step that a link showed
 * @property {(link: string | null) => void} pinAgain has a walk that was pinned walked again; null, none
 * @property {(panels: boolean) => void} showAlone shows each channel alone in grey, too, or no longer
 */

export class Linked {
  #state;
  #set;
  #worker;
  #explorer;
  #place;
  /** Whether the visitor has done anything here since the address named a place in the document. */
  #touched = false;
  /** Links that are being followed; what they lead to is no choice. */
  #following = 0;
  /** Whether the browser has gone elsewhere while the bundle was being opened. */
  #missed = false;
  /** Whether a pointer or a key is held: a gesture is one choice. */
  #held = false;
  #asked = false;
  #timer;
  /** Whether the step in view waits to be written. */
  #waits = false;
  /**
   * What was told to the history last, or is to be told after a pause.
   * @type {Shown | null}
   */
  #last = null;
  /** @type {Map<string, Pinned>} pinned walks by their links, the newest last */
  #pins = new Map();
  #stop = [];

  /**
   * @param {() => State} state
   * @param {(patch: Partial<State>) => void} set
   * @param {WorkerClient} worker
   * @param {number} place
   * @param {Explorer} explorer
   */
  constructor(state, set, worker, place, explorer) {
    this.#state = state;
    this.#set = set;
    this.#worker = worker;
    this.#explorer = explorer;
    this.#place = place;
    this.#stop = [page.listen((move) => this.#move(move)), ...this.#watchGestures(explorer.element)];
  }

  end() {
    clearTimeout(this.#timer);
    for (const stop of this.#stop) stop();
  }

  /** The address that copied links begin with. */
  get address() {
    const address = new URL(this.#explorer.element.getAttribute('address') ?? location.href, location.href);
    address.hash = '';
    return address.href;
  }

  /** The link to open: of the tab's entry, else the walk that the page's author chose. */
  get opening() {
    return page.at(this.#place).link || this.#explorer.element.getAttribute('preset');
  }

  /** Why the address's link is not opened, in a sentence; nothing where it is. */
  get refused() {
    return this.#isRefused ? refused(page.tooLong, phrase('linked.page_shows_own_walk')) : null;
  }

  /** An address that is too long is told by the first explorer. */
  get #isRefused() {
    return this.#place === 0 && page.tooLong !== null;
  }

  /** The link of what is in view. */
  get here() {
    const { link, cursor } = this.#state();
    return link ? linkAt(link, cursor) : this.opening;
  }

  /** The visitor has done something: the address shows this explorer from now on. */
  touch() {
    this.#touched = true;
  }

  /** The bundle is open: what the link compares is brought back before anything else is told. */
  opened() {
    const { link, beside } = page.at(this.#place);
    if (link && beside && this.#state().link) this.#restore(beside);
    if (!this.#missed) return;
    this.#missed = false;
    this.#move({ way: null, toPlace: false });
  }

  /**
   * Sets up what a link that was followed compares.
   * @param {import('./link_beside.js').Beside | null} beside
   */
  compare(beside) {
    if (beside) this.#restore(beside);
  }

  /** Something of the state has changed. What changes together is one choice. */
  changed(before) {
    const now = this.#state();
    if (now.pin && now.pin !== before.pin) this.#keepPin(now.pin);
    if (this.#asked || TOLD.every((name) => now[name] === before[name])) return;
    this.#asked = true;
    queueMicrotask(() => {
      this.#asked = false;
      this.#tell();
    });
  }

  async copy() {
    const state = this.#state();
    // What was seen under quick weights says so.
    const { whole: address, left } = wholeLink({ ...state, link: state.walk?.quick?.link ?? state.link });
    if (address.length > LONGEST) {
      this.#set({ notice: warned(tooLong(address)) });
      return;
    }
    try {
      await navigator.clipboard.writeText(address);
      this.#set({ notice: informed(copied(address, left)) });
    } catch {
      // A crop is not shown in the address bar.
      const isShown = this.#ownsAddress && !takesCropAlong(address);
      this.#touched = true;
      if (isShown) this.#write(this.#shown(), false);
      this.#set({ notice: warned(isShown
        ? phrase('linked.browser_did_not_allow')
        : phrase('linked.browser_did_not_allow_2', { address })) });
    }
  }

  /** The page's address is the first explorer's; another says where links to its pictures lead. */
  get #ownsAddress() {
    return !this.#explorer.element.hasAttribute('address');
  }

  /** Tells the history what is in view. */
  #tell() {
    const { link } = this.#state();
    if (!link || this.#following > 0) return;
    const [now, last] = [this.#shown(), this.#last];
    const isChoice = last !== null && (withoutStep(now.link) !== withoutStep(last.link)
      || JSON.stringify(now.beside) !== JSON.stringify(last.beside));
    if (!this.#touched && (page.isAtPlace || !this.#ownsAddress)) {
      this.#last = now;
      if (last === null || isChoice) page.remember(this.#place, now);
      return;
    }
    // The gesture's end tells of all of it.
    if (isChoice ? this.#held : now.link === last?.link) return;
    clearTimeout(this.#timer);
    if (isChoice) {
      // The step that was left belongs to the entry that is left.
      if (this.#waits) page.show(this.#place, last, { choice: false });
      this.#write(now, true);
    } else {
      this.#last = now;
      this.#waits = true;
      this.#timer = setTimeout(() => this.#write(now, false), ADDRESS_MS);
    }
  }

  /**
   * @param {Shown} shown
   * @param {boolean} choice
   */
  #write(shown, choice) {
    this.#last = shown;
    this.#waits = false;
    if (page.show(this.#place, shown, { choice })) return;
    this.#timer = setTimeout(() => this.#write(this.#shown(), false), AGAIN_MS);
  }

  /** @returns {Shown} */
  #shown() {
    const { link, cursor } = this.#state();
    return { link: linkAt(link, cursor), beside: besideOf(this.#state()) };
  }

  /** @param {Pinned} pin */
  #keepPin(pin) {
    this.#pins.delete(pin.link);
    this.#pins.set(pin.link, pin);
    const [oldest] = this.#pins.keys();
    if (this.#pins.size > MOST_PINS) this.#pins.delete(oldest);
  }

  /**
   * The browser has gone to another entry, or to a link that was typed.
   * @param {Move} move
   */
  async #move({ way, toPlace }) {
    clearTimeout(this.#timer);
    this.#waits = false;
    // A place in the document is left in the address until the visitor does something here.
    if (page.isAtPlace) this.#touched = false;
    if (toPlace) return;
    const { link: current, cursor, phase } = this.#state();
    if (phase === 'opening') {
      this.#missed = true;
      return;
    }
    if (this.#isRefused) {
      const sentence = refused(page.tooLong, phrase('linked.walk_view_stays'));
      this.#set({ notice: troubled({ kind: 'bad-link', sentence }) });
      if (current) this.#write(this.#shown(), false);
      return;
    }
    const { link, beside } = page.at(this.#place);
    const isSame = !current ? false
      // Back and forward leave the step alone where the walk is the same.
      : way ? withoutStep(link) === withoutStep(current) : link === linkAt(current, cursor);
    const stays = !beside || JSON.stringify(beside) === JSON.stringify(this.#shown().beside);
    if (link && !(isSame && stays && this.#following === 0)) {
      await this.#follow({ link, beside }, way, isSame);
    } else if (current) {
      this.#last = this.#shown();
    }
  }

  /**
   * Follows a link, and says what has been undone or redone.
   * @param {Shown} shown
   * @param {Move['way']} way
   * @param {boolean} isSame whether the walk is the one in view, so that only what is beside it changes
   */
  async #follow({ link, beside }, way, isSame) {
    const from = this.#state();
    const { shadowRoot } = this.#explorer.element;
    const focused = shadowRoot?.activeElement;
    this.#following += 1;
    this.#explorer.pause();
    /** @type {number | null} */
    let step = null;
    await this.#explorer.waitFor(async () => {
      try {
        if (!isSame || this.#following > 1) {
          const answer = await this.#worker.call('link', { link });
          this.#explorer.follow(answer);
          step = answer.at;
        }
        if (beside) this.#restore(beside);
        const said = way && movedWords(way, from, this.#state());
        this.#set({ notice: said ? informed(said) : null });
      } catch (error) {
        this.#set({ notice: troubled(error) });
      }
    });
    this.#following -= 1;
    // The last of several decides what the address holds.
    if (this.#following > 0) return;
    this.#explorer.walkTo(step);
    if (this.#state().link) {
      if (page.isAtPlace) this.#last = this.#shown();
      else this.#write(this.#shown(), false);
    }
    setTimeout(() => {
      // What had the focus may be gone with what was undone.
      if (!focused || shadowRoot.activeElement) return;
      /** @type {HTMLElement | null} */ (shadowRoot.querySelector('[data-do="play"]'))?.focus();
    });
  }

  /** @param {import('./link_beside.js').Beside} beside */
  #restore({ pin, grid, panels = false, cell = null }) {
    const before = this.#state();
    const kept = pin === null ? null : (before.pin?.link === pin ? before.pin : this.#pins.get(pin));
    // What is brought from elsewhere is shown, also where nobody has opened the table here.
    const open = before.grid.open || (isChosen(grid) && !before.grid.plan);
    const { recipe } = before;
    const real = cell === null || !recipe
      ? { ...before.real, open: false }
      : { ...before.real, open: true, of: walksOf(recipe), at: cell };
    this.#set({ pin: kept ?? null, grid: { ...before.grid, ...grid, open, refused: null }, real });
    this.#explorer.pinAgain(kept ? null : pin);
    if (panels !== before.panels) this.#explorer.showAlone(panels);
  }

  /**
   * @param {HTMLElement} element
   * @returns {(() => void)[]} stop watching
   */
  #watchGestures(element) {
    const hold = (event) => {
      const [target] = event.composedPath();
      // A list of choices or a menu that opens may swallow the end of the gesture.
      const opens = event.button !== 0 || (target instanceof Element && target.closest('select') !== null);
      this.#held = event.type === 'keydown' ? event.repeat : !opens;
    };
    const release = () => {
      if (!this.#held) return;
      this.#held = false;
      this.#tell();
    };
    const [begins, ends] = [['pointerdown', 'keydown'], ['pointerup', 'pointercancel', 'keyup', 'blur']];
    for (const type of begins) element.addEventListener(type, hold);
    for (const type of ends) addEventListener(type, release);
    return [
      ...begins.map((type) => () => element.removeEventListener(type, hold)),
      ...ends.map((type) => () => removeEventListener(type, release)),
    ];
  }
}
