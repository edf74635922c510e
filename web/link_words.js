// What is said of links: what one holds and how long it is, why one is too long, and what back and forward
// have changed.

import { LONGEST, linkAt, takesCropAlong } from './link_at.js';
import { besideOf, isChosen, withBeside } from './link_beside.js';
import { compoundIn, differences } from './recipe_words.js';

/** @import { State } from './state.js' */

const counted = (number) => number.toLocaleString('en');

/**
 * What a copied link would hold, and how long it would be.
 * @param {Pick<State, 'address' | 'link' | 'cursor' | 'pin' | 'pinning' | 'grid'>} state
 */
export function linkHolds({ address, link, cursor, pin, pinning, grid }) {
  const { whole, left } = wholeLink({ address, link, cursor, pin, pinning, grid });
  if (whole.length > LONGEST) return tooLong(whole);
  const crop = takesCropAlong(whole) ? ', your crop (anyone with the link has it)' : '';
  const isLeft = (words) => left.some((each) => each.startsWith(words));
  const compared = [
    ...(isChosen(grid) && !isLeft('what the grid') ? ['what the grid compares'] : []),
    ...((pin || pinning) && !isLeft('the pinned') ? ['the pinned walk'] : []),
  ];
  const also = compared.length ? ` It also holds ${compared.join(' and ')}, to be walked again.` : '';
  return `The link has ${counted(whole.length)} characters. It holds the compound, the start${crop}, the `
    + `settings, how the channels are shown and the step in view.${also}${leftOut(left)}`;
}

/**
 * The address that a copied link is, with what is compared as far as there is room; `left` is what is not in
 * it, in words.
 * @param {Pick<State, 'address' | 'link' | 'cursor' | 'pin' | 'pinning' | 'grid'>} state
 */
export function wholeLink({ address, link, cursor, pin, pinning, grid }) {
  const before = `${address}#`;
  const all = withBeside(linkAt(link, cursor), besideOf({ pin, pinning, grid }), LONGEST - before.length);
  return { whole: before + all.link, left: all.left };
}

/** What a link has no room for, or does not pass on. @param {string[]} left */
const leftOut = (left) => (left.length ? ` It does not hold ${left.join(' and ')}.` : '');

/**
 * Whether a link would be too long to be copied.
 * @param {Pick<State, 'address' | 'link' | 'cursor'>} state
 */
export const isTooLong = ({ address, link, cursor }) => `${address}#${linkAt(link, cursor)}`.length > LONGEST;

/** Why a link is not copied. */
export function tooLong(address) {
  const why = `${counted(address.length)} characters, and many programs cut off links of more than `
    + `${counted(LONGEST)}. Send the recipe file instead: “Recipe (JSON)”.`;
  return takesCropAlong(address)
    ? `The link would not hold your crop: with it, it would have ${why}`
    : `The link would be too long: it would have ${why}`;
}

/**
 * What is said when a link has been copied.
 * @param {string} address
 * @param {string[]} [left] what is not in it
 */
export const copied = (address, left = []) => 'The link is copied; it makes this picture again'
  + `${takesCropAlong(address) ? ', your crop included: anyone with the link has the crop' : ''}.`
  + leftOut(left);

/**
 * Why a link in the address is not followed.
 * @param {number} length its characters
 * @param {string} instead what the page does, in a sentence
 */
export const refused = (length, instead) => `The link cannot be read: it has ${counted(length)} characters, `
  + `expected at most ${counted(LONGEST)}, so it was damaged or is not of this page. ${instead}`;

/**
 * What back or forward has changed: “Back to taxol”; nothing where that is nothing in words.
 * @param {'back' | 'forward'} way
 * @param {State} from
 * @param {State} to
 */
export function movedWords(way, from, to) {
  const start = way === 'back' ? 'Back' : 'Forward';
  const [before, after] = [from.recipe, to.recipe];
  const all = before && after ? differences(before, after, to) : [];
  const isOther = all.some(isOfCompound);
  const others = [...all.filter((words) => !isOfCompound(words)), ...besideWords(from, to)];
  if (isOther) return [`${start} to ${compoundIn(after, to)}`, ...others].join('; ');
  return others.length ? `${start}: ${others.join('; ')}` : null;
}

const isOfCompound = (words) => words.startsWith('compound ');

/**
 * @param {Pick<State, 'pin' | 'pinning' | 'grid'>} from
 * @param {Pick<State, 'pin' | 'pinning' | 'grid'>} to
 */
function besideWords(from, to) {
  const words = [];
  const [before, after] = [from, to].map(({ pin, pinning = null }) => pin?.link ?? pinning);
  if (before !== after) {
    words.push(!after ? 'no walk is pinned' : before ? 'another walk is pinned' : 'a walk is pinned');
  }
  const chosen = ({ grid: { rows, columns, chosen, real } }) => JSON.stringify([rows, columns, chosen, real]);
  if (chosen(from) !== chosen(to)) words.push('what the grid compares');
  return words;
}
