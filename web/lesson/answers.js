// Checking an answer against what was computed. What is right is nowhere before that.

import { digits } from '../figures.js';
import { phrase } from '../words.js';

/**
 * @typedef {{ least?: number | null, most?: number | null, state?: object }} Option a range of the quantity,
 *   its upper end left out, or a state whose quantity is compared with those of the others
 */
/**
 * A question, as the build writes it (crates/cellflux-site/src/components/lesson/question.rs).
 * @typedef {object} Question
 * @property {'number' | 'choice' | 'reach'} kind
 * @property {string} quantity
 * @property {number} [tolerance] how far a number may be off, as a share of the computed one
 * @property {'least' | 'greatest' | null} [best] which of several states is right
 * @property {Option[]} [options]
 * @property {number} [below]
 * @property {number} [evaluations]
 */

/**
 * What computes: a quantity of the state in view, of the lesson's own state, or of another one; null where
 * there is none.
 * @typedef {object} Computation
 * @property {(name: string) => Promise<number | null>} inView
 * @property {(name: string) => Promise<number | null>} ofLesson
 * @property {(state: object, name: string) => Promise<number | null>} of
 */

/** @typedef {{ right: boolean, said: string }} Verdict */

const NOT_THERE = {
  right: false,
  said: phrase('answers.what_question_asks_not'),
};

/**
 * @param {Question} question
 * @param {string | null} answer a number as text, or the number of an option; null where something is reached
 * @param {Computation} computed
 * @returns {Promise<Verdict>}
 */
export function check(question, answer, computed) {
  return { number, choice, reach }[question.kind](question, answer, computed);
}

/** @param {Question} question @param {string | null} answer @param {Computation} computed */
async function number({ quantity, tolerance = 0 }, answer, computed) {
  const given = answer?.trim() ? Number(answer) : NaN;
  if (!Number.isFinite(given)) return { right: false, said: phrase('answers.give_number_such_0') };
  const value = await computed.ofLesson(quantity);
  if (value === null) return NOT_THERE;
  const right = Math.abs(given - value) <= tolerance * Math.abs(value);
  if (right) return { right, said: phrase('answers.right_computed_here', { shown: shown(value) }) };
  return { right, said: given > value ? phrase('answers.too_large') : phrase('answers.too_small') };
}

/** @param {Question} question @param {string | null} answer @param {Computation} computed */
async function choice({ quantity, options = [], best }, answer, computed) {
  const given = answer === null ? NaN : Number(answer);
  if (!options[given]) return { right: false, said: phrase('answers.choose_one_answers') };
  if (!best) {
    const value = await computed.ofLesson(quantity);
    if (value === null) return NOT_THERE;
    const { least, most } = options[given];
    const right = value >= (least ?? -Infinity) && value < (most ?? Infinity);
    return { right, said: right ? phrase('answers.right_computed_here', {
      shown: shown(value),
    }) : phrase('answers.no_look_again') };
  }
  const values = [];
  // One after the other: each may take a network's whole learning.
  for (const { state } of options) values.push(await computed.of(state, quantity));
  if (values.includes(null)) return NOT_THERE;
  const wanted = best === 'least' ? Math.min(...values) : Math.max(...values);
  const right = values[given] === wanted;
  const all = values.map(shown).join(', ');
  return {
    right,
    said: right ? phrase('answers.right_computed_here_answers', { all }) : phrase('answers.no_set_each_them'),
  };
}

/** @param {Question} question @param {string | null} _ @param {Computation} computed */
async function reach({ quantity, below = 0, evaluations = 0 }, _, computed) {
  const [value, used] = [await computed.inView(quantity), await computed.inView('evaluations')];
  if (value === null || used === null) return NOT_THERE;
  const right = value < below && used <= evaluations;
  const here = phrase('answers.what_view_evaluations', { shown: shown(value), used });
  const said = right ? phrase('answers.right', { here })
    : phrase('answers.not_yet_below_most', { here, below, evaluations });
  return { right, said };
}

/** Four digits. @param {number} value */
const shown = (value) => digits(value, 4).replace('-', '−');
