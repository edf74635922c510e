// The page's address and the tab's history, which all explorers of a page share: what each of them shows is a
// link, a choice is an entry, and back and forward bring the links of another entry.
//
// The address holds the first explorer's link, and after it those of others that the visitor has used, joined
// by `&&`, each with what is compared there (link_beside.js), as far as there is room. An entry's state holds
// all of it in full, with the visitor's crop, which stays out of the address: browsers remember addresses and
// carry them to other computers. Reloading, back and forward find it in the state. Behind the links stands
// the part of the page's lessons (course_link.js), which is left as it is.

import { isOfLessons, joined, ofLessons } from './course_link.js';
import { differingKeys, LONGEST } from './link_at.js';
import { inAddress as addressed, parted } from './link_beside.js';

/** What is dragged or typed: several changes of it in a row are one choice. */
const GLIDING = new Set([
  'a', 'dose', 'steps', 'noise', 'seed', 'rtol', 'atol', 'window', 'gamma', 'grid choice',
]);
/** Changes of the same that follow within so many milliseconds are one choice. */
const ONE_CHOICE_MS = 1000;

/** Browsers allow 100 to 200 changes of the address in 30 seconds, and then refuse: of these so many new. */
const MOST_ENTRIES = 40;
const SPAN_MS = 30_000;

const JOINT = '&&';

/**
 * What an explorer shows: the link of its walk with the step in view, and what is compared `beside` it.
 * @typedef {{ link: string, beside: Beside | null }} Shown
 */
/** @typedef {{ entry: number, links: string[], beside: (Beside | null)[] }} Kept in an entry's state */
/**
 * What the browser has done: gone to another entry, `back` or `forward` where that is known, or to a place
 * in the document by an ordinary anchor.
 * @typedef {{ way: 'back' | 'forward' | null, toPlace: boolean }} Move
 */

/**
 * What of a browser is used.
 * @typedef {object} Browser
 * @property {Pick<History, 'state' | 'pushState' | 'replaceState'>} history
 * @property {{ hash: string, href: string }} location
 * @property {Pick<EventTarget, 'addEventListener'>} events tells of `popstate`
 * @property {(name: string) => boolean} isPlace whether the document has a place of this name
 * @property {() => number} now milliseconds
 */

/** @import { Beside } from './link_beside.js' */

export class PageHistory {
  #browser;
  /** @type {((move: Move) => void)[]} */
  #listeners = [];
  /** @type {(Shown & { inAddress: boolean } | undefined)[]} what explorers have told, by their places */
  #told = [];
  #places = 0;
  #entry;
  /** When entries were made, of those that still count. */
  #made = [];
  /** @type {{ place: number, keys: string, at: number } | null} the choice that the entry is of */
  #choice = null;

  /** @param {Browser} browser */
  constructor(browser) {
    this.#browser = browser;
    this.#entry = this.#kept()?.entry ?? 0;
    browser.events.addEventListener('popstate', () => this.#moved());
  }

  /**
   * A place among the links for another explorer; explorers ask in the order of the page.
   * @returns {number}
   */
  takePlace() {
    this.#places += 1;
    return this.#places - 1;
  }

  /**
   * @param {(move: Move) => void} listener hears of every entry that the browser has gone to
   * @returns {() => void} stops that
   */
  listen(listener) {
    this.#listeners.push(listener);
    return () => { this.#listeners = this.#listeners.filter((each) => each !== listener); };
  }

  /** Whether the address names a place in the document, such as a heading or a footnote. */
  get isAtPlace() {
    const text = this.#browser.location.hash.slice(1);
    return text !== '' && !this.#isLink(text);
  }

  /**
   * Characters of a link in the address that is too long to be followed; nothing where there is none.
   * @returns {number | null}
   */
  get tooLong() {
    const { length } = this.#browser.location.hash;
    return !this.isAtPlace && length > LONGEST ? length : null;
  }

  /**
   * What an explorer shows at this entry, as far as address and state know; an empty link where they do not.
   * @param {number} place
   * @returns {Shown}
   */
  at(place) {
    const kept = this.#kept();
    const link = kept?.links[place] ?? '';
    const beside = kept?.beside[place] ?? null;
    const inAddress = this.#parts()[place] ?? '';
    // Another address than the one that the state was kept beside, such as one that was typed, comes first.
    if (inAddress && addressed(link, beside) !== inAddress) return parted(inAddress);
    return { link, beside };
  }

  /**
   * Remembers what an explorer shows without writing it into the address, so that going back leads to it.
   * @param {number} place
   * @param {Shown} shown
   */
  remember(place, shown) {
    const inAddress = this.#told[place]?.inAddress ?? Boolean(this.#parts()[place]);
    this.#told[place] = { ...shown, inAddress };
    this.#write(this.#entry, false);
  }

  /**
   * Shows a link in the address.
   * @param {number} place
   * @param {Shown} shown
   * @param {{ choice: boolean }} as whether the visitor has chosen it, which is an entry of its own
   * @returns {boolean} false where the browser refused; it is to be tried again later
   */
  show(place, shown, { choice }) {
    const keys = choice ? this.#keysOf(this.at(place), shown) : [];
    this.#told[place] = { ...shown, inAddress: true };
    if (!choice) return this.#write(this.#entry, true);
    const now = this.#browser.now();
    const same = this.#choice?.place === place && this.#choice.keys === keys.join()
      && keys.every((key) => GLIDING.has(key)) && now - this.#choice.at < ONE_CHOICE_MS;
    this.#choice = { place, keys: keys.join(), at: now };
    return (!same && this.#add(now)) || this.#write(this.#entry, true);
  }

  /** Adds an entry; false where that would be too many, and where the browser refuses. */
  #add(now) {
    this.#made = this.#made.filter((at) => now - at < SPAN_MS);
    if (this.#made.length >= MOST_ENTRIES) return false;
    try {
      const state = { ...this.#browser.history.state, cellflux: this.#keep(this.#entry + 1) };
      this.#browser.history.pushState(state, '', this.#address());
    } catch {
      return false;
    }
    this.#made.push(now);
    this.#entry += 1;
    return true;
  }

  #write(entry, intoAddress) {
    const { history } = this.#browser;
    try {
      const state = { ...history.state, cellflux: this.#keep(entry) };
      if (intoAddress) history.replaceState(state, '', this.#address());
      else history.replaceState(state, '');
      return true;
    } catch {
      return false;
    }
  }

  /** Which keys of link and `beside` an explorer has changed. */
  #keysOf(before, { link, beside }) {
    const differs = (name) => JSON.stringify(before.beside?.[name]) !== JSON.stringify(beside?.[name]);
    return [
      ...differingKeys(before.link, link),
      ...(differs('pin') ? ['pin'] : []),
      ...(differs('grid') ? ['grid choice'] : []),
      ...(differs('panels') ? ['panels'] : []),
      ...(differs('cell') ? ['cell'] : []),
    ];
  }

  /** What all explorers show; of those that have not started yet, what this entry knows. */
  #all() {
    const parts = this.#parts();
    const count = Math.max(this.#told.length, parts.length, this.#kept()?.links.length ?? 0);
    return Array.from({ length: count }, (_, place) => (
      this.#told[place] ?? { ...this.at(place), inAddress: Boolean(parts[place]) }));
  }

  /** @returns {Kept} */
  #keep(entry) {
    const all = this.#all();
    return { entry, links: all.map(({ link }) => link), beside: all.map(({ beside }) => beside) };
  }

  #address() {
    const parts = this.#all()
      .map(({ link, beside, inAddress }) => (inAddress ? addressed(link, beside) : ''));
    // What would be too long for an address stays in the entry's state alone.
    const isTooLong = () => parts.length > 1 && parts.join(JOINT).length >= LONGEST;
    while (parts.at(-1) === '' || isTooLong()) parts.pop();
    return `#${joined(parts.join(JOINT), ofLessons(this.#browser.location.hash))}`;
  }

  /** The links in the address, by place. */
  #parts() {
    const text = this.#browser.location.hash.slice(1);
    const isRead = this.#isLink(text) && text.length < LONGEST;
    return isRead ? text.split(JOINT).filter((part) => !isOfLessons(part)) : [];
  }

  /**
   * Whether a hash is a link: `key=value` joined by `&`. What is neither that nor empty belongs to the
   * document.
   */
  #isLink(text) {
    return /^(?:&&)*[^=&]+=/.test(text) && !this.#browser.isPlace(decoded(text));
  }

  /** @returns {Kept | null} what the entry's state holds */
  #kept() {
    const kept = this.#browser.history.state?.cellflux;
    const isOurs = Number.isInteger(kept?.entry) && Array.isArray(kept.links) && Array.isArray(kept.beside);
    return isOurs ? kept : null;
  }

  #moved() {
    const kept = this.#kept();
    this.#choice = null;
    if (!kept && this.isAtPlace) {
      // An ordinary anchor was followed: coming back to its entry, explorers show what they show now.
      this.#entry += 1;
      this.#write(this.#entry, false);
      this.#tell({ way: null, toPlace: true });
      return;
    }
    const entry = kept?.entry ?? this.#entry + 1;
    /** @type {Move['way']} */
    const way = !kept || entry === this.#entry ? null : entry < this.#entry ? 'back' : 'forward';
    this.#entry = entry;
    const parts = this.#parts();
    this.#told = this.#told.map((told, place) => {
      const here = this.at(place);
      return here.link ? { ...here, inAddress: Boolean(parts[place]) } : told;
    });
    this.#tell({ way, toPlace: false });
  }

  /** @param {Move} move */
  #tell(move) {
    for (const listener of this.#listeners) listener(move);
  }
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
