// From an error to what the page shows: the sentence, and the ways on.

import { phrase } from './words.js';

/** @import { Kind } from './failures.js' */

/** @typedef {{ label: string, intent: string, engine?: string }} Action a way on */

/**
 * @typedef {object} Notice
 * @property {'info' | 'warning' | 'trouble'} kind
 * @property {Kind} [trouble]
 * @property {string} sentence
 * @property {Action[]} [actions]
 * @property {boolean} [stays]
 */

/** Words get a capital; names of files, fields and settings keep theirs. */
const capital = (sentence) =>
  /^[a-z]+ /.test(sentence) ? sentence.charAt(0).toUpperCase() + sentence.slice(1) : sentence;
const full = (sentence) => (/[.!?…。！？]$/.test(sentence) ? sentence : `${sentence}.`);

const GPU_AGAIN = { label: phrase('notices.try_gpu_again'), intent: 'engine', engine: 'wgpu' };
const USE_CPU = { label: phrase('notices.go_on_cpu'), intent: 'engine', engine: 'candle' };
const LOAD_AGAIN = { label: phrase('shared.try_again'), intent: 'load' };
const RELOAD = { label: phrase('notices.load_page_again'), intent: 'reload' };
const RESTART = { label: phrase('shared.start_again'), intent: 'restart' };

const PICTURES_AGAIN = { label: phrase('shared.try_again'), intent: 'pictures' };
const RECORDED_AGAIN = { label: phrase('shared.try_again'), intent: 'recorded' };

/**
 * After every kind of failure, what the visitor may choose; nothing where what was done before can be done
 * again.
 * @type {Record<Kind, Action[]>}
 */
const WAYS_ON = {
  'bad-image': [],
  'bad-link': [],
  'bad-recipe': [],
  'bad-compound': [],
  // Typing the compound tries again.
  chemistry: [],
  // Opening the measures or saving the figure again tries again.
  results: [],
  reader: [],
  'no-engine': [],
  cpu: [],
  internal: [],
  page: [],
  // Choosing the control tries again.
  picture: [],
  'device-lost': [GPU_AGAIN, USE_CPU],
  'out-of-memory': [USE_CPU],
  'no-adapter': [USE_CPU],
  limits: [USE_CPU],
  gpu: [GPU_AGAIN, USE_CPU],
  download: [LOAD_AGAIN],
  'bad-bundle': [LOAD_AGAIN],
  'bad-file': [LOAD_AGAIN],
  cancelled: [LOAD_AGAIN],
  stopped: [RESTART],
  'no-worker': [LOAD_AGAIN, RELOAD],
  'no-wasm': [RELOAD],
  pictures: [PICTURES_AGAIN],
  recorded: [RECORDED_AGAIN],
  silent: [RESTART],
};

/**
 * A notice for a failure, or for an error of the page's own.
 * @returns {Notice}
 */
export function troubled(error) {
  /** @type {Kind} */
  const trouble = error?.kind ?? 'page';
  const sentence = full(capital(String(error?.sentence ?? error?.message ?? error)));
  const kind = trouble === 'cancelled' ? 'info' : 'trouble';
  return { kind, trouble, sentence, actions: WAYS_ON[trouble] };
}

/** @returns {Notice} */
export const informed = (sentence) => ({ kind: 'info', sentence: full(capital(sentence)) });
/**
 * Of something that everything works without; of a kind where there is a way to it.
 * @param {string} sentence
 * @param {Kind} [trouble]
 * @returns {Notice}
 */
export const warned = (sentence, trouble) => (
  { kind: 'warning', trouble, sentence: full(capital(sentence)), actions: trouble ? WAYS_ON[trouble] : [] });
/** Of a worker that has said nothing for long although it has an answer to give. */
export const silent = () => warned(phrase('notices.computation_said_nothing_minute'), 'silent');
/** Of style sheets that did not come: everything works, and looks plain. */
export const unstyled = (names) => ({
  ...warned(phrase('notices.could_not_fetched_looks', { names: names.join(', ') })),
  actions: [RELOAD],
});
