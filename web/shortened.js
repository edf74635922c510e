// Names that are longer than their place. What tells one file from another stands at its ends: the beginning
// says which image it is, the end which channel and which kind of file.

/**
 * A text of at most `most` characters, with a dot sign for what is left out in the middle. The end keeps two
 * thirds, because a channel's name stands there.
 * @param {string} text
 * @param {number} most 4 or more
 */
export function shortened(text, most) {
  const letters = [...text];
  if (letters.length <= most) return text;
  const end = Math.ceil(((most - 1) * 2) / 3);
  const start = most - 1 - end;
  return `${letters.slice(0, start).join('')}…${letters.slice(-end).join('')}`;
}
