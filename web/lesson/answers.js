// Checking an answer against what was computed. What is right is nowhere before that.

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
  said: 'What this question asks for is not computed here: set the lesson up again, and wait for it.',
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
  if (!Number.isFinite(given)) return { right: false, said: 'Give a number, such as 0.25.' };
  const value = await computed.ofLesson(quantity);
  if (value === null) return NOT_THERE;
  const right = Math.abs(given - value) <= tolerance * Math.abs(value);
  if (right) return { right, said: `Right: computed here, it is ${shown(value)}.` };
  return { right, said: given > value ? 'That is too large.' : 'That is too small.' };
}

/** @param {Question} question @param {string | null} answer @param {Computation} computed */
async function choice({ quantity, options = [], best }, answer, computed) {
  const given = answer === null ? NaN : Number(answer);
  if (!options[given]) return { right: false, said: 'Choose one of the answers.' };
  if (!best) {
    const value = await computed.ofLesson(quantity);
    if (value === null) return NOT_THERE;
    const { least, most } = options[given];
    const right = value >= (least ?? -Infinity) && value < (most ?? Infinity);
    return { right, said: right ? `Right: computed here, it is ${shown(value)}.` : 'No: look again.' };
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
    said: right ? `Right: computed here, the answers have ${all}.` : 'No: set each of them and compare.',
  };
}

/** @param {Question} question @param {string | null} _ @param {Computation} computed */
async function reach({ quantity, below = 0, evaluations = 0 }, _, computed) {
  const [value, used] = [await computed.inView(quantity), await computed.inView('evaluations')];
  if (value === null || used === null) return NOT_THERE;
  const right = value < below && used <= evaluations;
  const here = `What is in view has ${shown(value)} with ${used} evaluations`;
  const said = right ? `Right. ${here}.`
    : `Not yet. ${here}; below ${below} with at most ${evaluations} is asked.`;
  return { right, said };
}

/** Four digits. @param {number} value */
const shown = (value) => String(Number(value.toPrecision(4))).replace('-', '−');
