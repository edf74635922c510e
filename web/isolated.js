// Words of a bundle among the page’s own.

/** What is written from right to left, and the marks that turn or hold the direction of writing. */
const RIGHT_TO_LEFT = /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}]/u;
const MARKS = /[\u200E\u200F\u202A-\u202E\u2066-\u2069]/u;
const turns = (text) => RIGHT_TO_LEFT.test(text) || MARKS.test(text);
const OPENS = /[\u2066-\u2068]/;
const [BEGIN, END] = ['\u2068', '\u2069'];

/**
 * A text of a bundle whose direction of writing does not reach the words around it: between marks where it
 * may turn, with every mark of its own that closes more than it opened left out; otherwise as it is.
 */
export function isolated(text) {
  if (!text || !turns(text)) return text;
  let open = 0;
  let kept = '';
  for (const letter of text) {
    if (letter === END && open === 0) continue;
    if (letter === END) open -= 1;
    else if (OPENS.test(letter)) open += 1;
    kept += letter;
  }
  return `${BEGIN}${kept}${END.repeat(open + 1)}`;
}
