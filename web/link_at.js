// A link of the session's, with the step in view. The session reads and writes links; the page only says
// which step, whether the visitor's crop comes along, and how long a link may be.

/**
 * Most characters of an address with its link. Some servers, chat and mail programs refuse or cut off longer
 * ones; this is a bound of ours, not one that they share. All settings and a structure that was typed (1000
 * characters at most, three each where they are encoded) stay below it; a crop fits where it is small.
 */
export const LONGEST = 8000;

/** The link with `at` set to a step; before a crop, which is long, so that the rest stays in sight. */
export function linkAt(link, step) {
  const fields = fieldsOf(withoutStep(link));
  const crop = fields.findIndex((field) => field.startsWith('crop='));
  fields.splice(crop < 0 ? fields.length : crop, 0, `at=${step}`);
  return fields.join('&');
}

const fieldsOf = (link) => link.split('&');

const without = (link, key) => fieldsOf(link).filter((field) => !field.startsWith(`${key}=`)).join('&');

/** The walk that a link shows, whichever step of it. */
export const withoutStep = (link) => without(link, 'at');

/** The link without the visitor's crop. */
export const withoutCrop = (link) => without(link, 'crop');

/** Whether a link holds the visitor's crop. */
export const takesCropAlong = (link) => /(?:^|[#&])crop=/.test(link);

/**
 * Keys whose values differ between two links, the step aside.
 * @param {string} one
 * @param {string} other
 * @returns {string[]}
 */
export function differingKeys(one, other) {
  const [before, after] = [one, other].map((link) => new Map(fieldsOf(withoutStep(link)).map((field) => {
    const [key, ...value] = field.split('=');
    return [key, value.join('=')];
  })));
  // The version follows from what else is there.
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((key) => key !== '' && key !== 'v' && before.get(key) !== after.get(key));
}
