// What the page says, in its language: every sentence of the page's parts, the lab and the lessons' frame
// stands by its key in one file per language, `words/en.json` and the others. The build chooses the file
// (`words/chosen.js`).
//
// Sentences of the WebAssembly modules and of bundles are English in every language.

import chosen from './words/chosen.js';

/** @typedef {keyof typeof import('./words/en.json')['words']} Key */
/**
 * Of keys that there are for several numbers, `….one` and `….other`, what they have in common.
 * @typedef {{ [K in Key]: K extends `${infer Base}.other` ? Base : never }[Key]} Counted
 */
/** @typedef {Record<string, string | number | null | undefined>} Values */

/** The language, as HTML's `lang` has it. */
export const language = chosen.language;

/** The language that the others are translated from. */
const FIRST = 'en';

/** Whether the sentences are a translation that nobody has read whose first language it is. */
export const isUnread = language !== FIRST && !chosen.read_by_native_speaker;

/** @type {Record<string, string>} */
const SENTENCES = chosen.words;

/** The forms that the language has for numbers; a language without one takes `other`. */
const rules = new Intl.PluralRules(language);

/**
 * A sentence with what stands in its places, as text: it belongs into `textContent`, never into HTML.
 * @param {Key} key
 * @param {Values} [values] by the names of the places
 */
export const phrase = (key, values = {}) => filled(SENTENCES[key], values);

/**
 * The same in the form for a number, which is itself in a place only where `values` has it.
 * @param {Counted} key
 * @param {number} count
 * @param {Values} [values]
 */
export const plural = (key, count, values = {}) =>
  filled(SENTENCES[`${key}.${rules.select(count)}`] ?? SENTENCES[`${key}.other`], values);

/** @param {string} sentence @param {Values} values */
const filled = (sentence, values) =>
  sentence.replace(/\{(\w+)\}/g, (place, name) => (name in values ? written(values[name]) : place));

/** What stands between a number's whole and its parts. */
const POINT = new Intl.NumberFormat(language).formatToParts(0.5)
  .find(({ type }) => type === 'decimal').value;

/**
 * A number, or its text, with the language's decimal sign.
 * @param {string | number} number
 */
export const inFigures = (number) => String(number).replace('.', POINT);

/** @param {Values[string]} value */
const written = (value) => (typeof value === 'number' ? inFigures(value) : String(value));

/** Languages that write nouns with a capital also within a sentence. */
const CAPITAL_NOUNS = ['de'];

/**
 * A label within a sentence.
 * @param {string} label
 */
export const lowered = (label) => (CAPITAL_NOUNS.includes(language) ? label : label.toLowerCase());
