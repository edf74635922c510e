// The part of a page's address that belongs to its lessons: `lesson=` and the name of the one that is open,
// then what was answered right. It stands behind the explorers' links, joined to them by `&&`. Progress is
// kept here and nowhere else.

const JOINT = '&&';
const NAME = 'lesson=';
const DONE = 'done=';
const LECTURE = 'lecture';

/**
 * How far a visitor has come: the lesson that is open, by name, those whose question is answered, and whether
 * the page is shown to a room.
 * @typedef {{ open: string | null, done: string[], lecture: boolean }} Progress
 */

const partsOf = (hash) => hash.replace(/^#/, '').split(JOINT);
/** Whether a part of the address is the lessons'. @param {string} part */
export const isOfLessons = (part) => part.startsWith(NAME);

/** The lessons' part of a hash; empty where it has none. @param {string} hash */
export const ofLessons = (hash) => partsOf(hash).find(isOfLessons) ?? '';

/** A hash's other parts, without `#`. @param {string} hash */
export const ofOthers = (hash) => partsOf(hash).filter((part) => !isOfLessons(part)).join(JOINT);

/** Other parts and the lessons' as one, without `#`. @param {string} others @param {string} lessons */
export const joined = (others, lessons) => [others, lessons].filter(Boolean).join(JOINT);

/**
 * @param {string} hash
 * @returns {Progress}
 */
export function readProgress(hash) {
  const [open = '', ...fields] = ofLessons(hash).slice(NAME.length).split('&');
  const done = fields.find((field) => field.startsWith(DONE))?.slice(DONE.length) ?? '';
  return {
    open: isName(open) ? open : null,
    done: done.split(',').filter(isName),
    lecture: fields.includes(LECTURE),
  };
}

/** @param {Progress} progress */
export function writeProgress({ open, done, lecture }) {
  if (!open && !done.length) return '';
  const fields = [
    open ?? '',
    ...(lecture && open ? [LECTURE] : []),
    ...(done.length ? [DONE + done.join(',')] : []),
  ];
  return NAME + fields.join('&');
}

/** @param {string} text */
const isName = (text) => /^[a-z0-9-]{1,40}$/.test(text);
