// Looking for words in the site's own pages. The pages themselves are what is looked through, so that nothing
// can be out of date.

/** What no visitor reads as the author's text. */
const LEFT_OUT = [
  'script', 'style', 'template', 'nav', 'math', 'cellflux-search', 'cellflux-explorer', 'cellflux-lab',
  '.fallback', '[role="tablist"]', '.steps',
].join(',');
const HEADINGS = 'h1, h2, h3, h4, h5, h6';
/** Elements within a line; the words of all others do not run into those of their neighbours. */
const INLINE = 'a, abbr, b, cite, code, em, i, kbd, mark, q, s, small, span, strong, sub, sup';
/** Letters of an excerpt before and behind what was found. */
const BEFORE = 50;
const BEHIND = 110;

/**
 * A place of the site.
 * @typedef {{ page: string, id: string, title: string, text: string }} Place
 */

/** Text as it is compared: small letters, without accents. */
export const plain = (text) => text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();

/**
 * The text of a page, from heading to heading.
 * @param {Document} page
 * @param {string} address the page's
 * @returns {Place[]}
 */
export function placesOf(page, address) {
  const title = page.querySelector('h1')?.textContent ?? address;
  const found = [{ page: address, id: '', title, text: '' }];
  const read = (/** @type {Element} */ element) => {
    for (const node of element.childNodes) {
      if (node.nodeType === 3) found[found.length - 1].text += node.textContent;
      if (node.nodeType !== 1) continue;
      const child = /** @type {Element} */ (node);
      if (child.matches(LEFT_OUT)) continue;
      if (child.matches(HEADINGS)) {
        const id = child.id || (child.closest('[id]')?.id ?? '');
        found.push({ page: address, id, title: child.textContent ?? '', text: '' });
        continue;
      }
      read(child);
      if (!child.matches(INLINE)) found[found.length - 1].text += ' ';
    }
  };
  const main = page.querySelector('main');
  if (main) read(main);
  return found.map((place) => ({
    ...place,
    title: place.title.replaceAll(/\s+/g, ' ').trim(),
    text: place.text.replaceAll(/\s+/g, ' ').trim(),
  }));
}

/**
 * The places that hold every word, those with all of them in their title first.
 * @template {{ title: string, text: string }} P
 * @param {P[]} places
 * @param {string} asked
 * @returns {P[]}
 */
export function matching(places, asked) {
  const words = plain(asked).split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const holds = (text) => {
    const compared = plain(text);
    return words.every((word) => compared.includes(word));
  };
  const found = places.filter(({ title, text }) => holds(`${title} ${text}`));
  const titled = new Set(found.filter(({ title }) => holds(title)));
  return [...titled, ...found.filter((place) => !titled.has(place))];
}

/** The part of a text around the first of the words that were asked for. */
export function excerpt(text, asked) {
  const letters = [...text];
  // Which letter each character of the compared text comes from: an accent takes none, a ligature two.
  const from = [];
  let compared = '';
  for (const [at, letter] of letters.entries()) {
    const next = plain(letter);
    for (let unit = 0; unit < next.length; unit += 1) from.push(at);
    compared += next;
  }
  const places = plain(asked).split(/\s+/).filter(Boolean).map((word) => compared.indexOf(word));
  const first = Math.min(...places.filter((at) => at >= 0));
  const at = Number.isFinite(first) ? from[first] : 0;
  const start = Math.max(0, at - BEFORE);
  const end = Math.min(letters.length, at + BEHIND);
  const cut = letters.slice(start, end).join('').trim();
  return `${start > 0 ? '…' : ''}${cut}${end < letters.length ? '…' : ''}`;
}
