// A walk that stays in view while others are walked beside it.

/** @import { Pinned, State } from './state.js' */

/**
 * The walk in view, to be pinned.
 * @param {State} state
 * @returns {Pinned | null}
 */
export function pinOf({ walk, recipe, link, start, compoundName }) {
  if (!walk || !recipe || !link || !start) return null;
  return { walk, recipe, link, start, name: compoundName ?? '' };
}

/**
 * The pinned walk, which goes on with the walk in view until that becomes another one. A link says both which
 * walk it is and how it is shown.
 * @param {State} state
 * @returns {Pinned | null}
 */
export function pinNow({ pin, walk, link }) {
  const further = pin && walk && link === pin.link && walk.steps.length > pin.walk.steps.length;
  return further ? { ...pin, walk } : pin;
}
