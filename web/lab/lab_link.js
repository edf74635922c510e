// A lab in a link: `lab=` and, as JSON, what differs from the lab that the page shows by itself.

const NAME = 'lab=';

/**
 * What of `value` differs from `base`, or undefined where nothing does. Objects are compared field by field,
 * lists and everything else as a whole.
 */
export function difference(value, base) {
  if (!isRecord(value) || !isRecord(base) || value.kind !== base.kind) {
    return JSON.stringify(value) === JSON.stringify(base) ? undefined : value;
  }
  const fields = Object.entries(value)
    .map(([name, field]) => [name, difference(field, base[name])])
    .filter(([, field]) => field !== undefined);
  return fields.length ? Object.fromEntries(fields) : undefined;
}

/** `base` with what a difference says in its place. */
export function applied(base, change) {
  if (change === undefined) return base;
  if (!isRecord(base) || !isRecord(change)) return change;
  // A distribution of another kind has other fields.
  if (change.kind !== undefined && change.kind !== base.kind) return change;
  const fields = Object.entries(change).map(([name, field]) => [name, applied(base[name], field)]);
  return { ...base, ...Object.fromEntries(fields) };
}

/**
 * The address's hash, without `#`, for a lab; empty where it is the page's own.
 * @param {object} lab
 * @param {object} own
 */
export function written(lab, own) {
  const change = difference(lab, own);
  return change === undefined ? '' : NAME + encodeURIComponent(JSON.stringify(change));
}

/**
 * What a hash says of a lab; null where it holds none, or none that can be read.
 * @param {string} hash
 * @returns {object | null}
 */
export function read(hash) {
  const field = hash.replace(/^#/, '').split('&').find((part) => part.startsWith(NAME));
  if (!field) return null;
  try {
    const change = JSON.parse(decodeURIComponent(field.slice(NAME.length)));
    return isRecord(change) ? change : null;
  } catch {
    return null;
  }
}

const isRecord = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
