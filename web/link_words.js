// What is said of links: what one holds and how long it is, why one is too long, and what back and forward
// have changed.

import { count } from './figures.js';
import { LONGEST, linkAt, takesCropAlong } from './link_at.js';
import { besideOf, CELL, GRID, isChosen, PANELS, PIN, PIN_OF_CROP, withBeside } from './link_beside.js';
import { wordsFor } from './perturbations.js';
import { compoundIn, differences } from './recipe_words.js';
import { phrase } from './words.js';

/** @import { Compared } from './link_beside.js' */
/** @import { State } from './state.js' */

/** @typedef {Pick<State, 'address' | 'link' | 'cursor'> & Compared} Linkable */

/**
 * What a copied link would hold, and how long it would be.
 * @param {Linkable} state
 */
export function linkHolds(state) {
  const { pin, pinning, grid } = state;
  const { whole, left } = wholeLink(state);
  if (whole.length > LONGEST) return tooLong(whole);
  const crop = takesCropAlong(whole) ? phrase('link_words.your_crop_anyone_link') : '';
  const compared = [
    ...(isChosen(grid) && !left.includes(GRID) ? [GRID] : []),
    ...((pin || pinning) && !left.includes(PIN) && !left.includes(PIN_OF_CROP) ? [PIN] : []),
  ];
  const also = compared.length ? phrase('link_words.also_holds_walked_again', {
    compared: compared.join(phrase('shared.and')),
  }) : '';
  return phrase('link_words.link_characters_holds_compound', {
    length: count(whole.length), crop, also, leftOut: leftOut(left),
  });
}

/**
 * The address that a copied link is, with what is compared as far as there is room; `left` is what is not in
 * it, in words.
 * @param {Linkable} state
 */
export function wholeLink(state) {
  const before = `${state.address}#`;
  const link = linkAt(state.link, state.cursor);
  const all = withBeside(link, besideOf(state), LONGEST - before.length);
  return { whole: before + all.link, left: all.left };
}

/** What a link has no room for, or does not pass on. @param {string[]} left */
const leftOut = (left) => (left.length ? phrase('link_words.does_not_hold', {
  left: left.join(phrase('shared.and')),
}) : '');

/**
 * Whether a link would be too long to be copied.
 * @param {Pick<State, 'address' | 'link' | 'cursor'>} state
 */
export const isTooLong = ({ address, link, cursor }) => `${address}#${linkAt(link, cursor)}`.length > LONGEST;

/** Why a link is not copied. */
export function tooLong(address) {
  const why = phrase('link_words.characters_many_programs_cut', {
    length: count(address.length), most: count(LONGEST),
  });
  return takesCropAlong(address)
    ? phrase('link_words.link_would_not_hold', { why })
    : phrase('link_words.link_would_too_long', { why });
}

/**
 * What is said when a link has been copied.
 * @param {string} address
 * @param {string[]} [left] what is not in it
 */
export const copied = (address, left = []) => phrase('link_words.link_copied_makes_picture', {
  crop: takesCropAlong(address) ? phrase('link_words.your_crop_included_anyone') : '',
  leftOut: leftOut(left),
});

/**
 * Why a link in the address is not followed.
 * @param {number} length its characters
 * @param {string} instead what the page does, in a sentence
 */
export const refused = (length, instead) => phrase('link_words.link_cannot_read_characters', {
  length: count(length), most: count(LONGEST), instead,
});

/**
 * What back or forward has changed: “Back to taxol”; nothing where that is nothing in words.
 * @param {'back' | 'forward'} way
 * @param {State} from
 * @param {State} to
 */
export function movedWords(way, from, to) {
  const start = way === 'back' ? phrase('link_words.back') : phrase('link_words.forward');
  const [before, after] = [from.recipe, to.recipe];
  const all = before && after ? differences(before, after, to) : [];
  const isOther = all.some(isOfCompound);
  const others = [...all.filter((words) => !isOfCompound(words)), ...besideWords(from, to)];
  if (isOther) return [phrase('link_words.to', { start, name: compoundIn(after, to) }), ...others].join('; ');
  return others.length ? `${start}: ${others.join('; ')}` : null;
}

const isOfCompound = (words) => words.startsWith(`${wordsFor([]).one} `);

/**
 * @param {Compared} from
 * @param {Compared} to
 */
function besideWords(from, to) {
  const words = [];
  const [before, after] = [from, to].map(({ pin, pinning = null }) => pin?.link ?? pinning);
  if (before !== after) {
    const pinned = before ? phrase('link_words.another_walk_pinned') : phrase('link_words.walk_pinned');
    words.push(after ? pinned : phrase('link_words.no_walk_pinned'));
  }
  /** @param {Compared} compared */
  const chosen = ({ grid: { rows, columns, chosen, real } }) => JSON.stringify([rows, columns, chosen, real]);
  if (chosen(from) !== chosen(to)) words.push(GRID);
  if (Boolean(from.panels) !== Boolean(to.panels)) words.push(PANELS);
  // Beside another walk the first of its cells stands, which nobody has chosen.
  const [one, other] = [from, to].map(({ real }) =>
    ({ open: Boolean(real?.open), of: real?.of, at: real?.at }));
  if (one.open !== other.open || (one.of === other.of && one.at !== other.at)) words.push(CELL);
  return words;
}
