// The keys that move along the steps of a walk, the same wherever these are shown.

/**
 * The step that a key leads to, from 0 to the last; undefined for any other key.
 * @param {string} key
 * @param {number} cursor the step in view
 * @param {number} last
 * @returns {number | undefined}
 */
export function stepOfKey(key, cursor, last) {
  const step = {
    ArrowRight: cursor + 1,
    ArrowUp: cursor + 1,
    ArrowLeft: cursor - 1,
    ArrowDown: cursor - 1,
    Home: 0,
    End: last,
  }[key];
  return step === undefined ? undefined : Math.min(Math.max(step, 0), last);
}
