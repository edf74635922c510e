// Which engines computed a walk, and under which weights, in words.

import { phrase } from './words.js';

/** @import { StepEngine } from './protocol.js' */

const computing = ({ engine, dtype }) => `${engine}, ${dtype}`;
const named = (step) => `${computing(step)}${step.quick ? phrase('engine_words.under_quick_weights', {
  quick: step.quick,
}) : ''}`;

/**
 * The runs of steps that one engine computed under the same weights; steps of which that is not known are
 * left out.
 * @param {{ engine?: StepEngine | null }[]} steps from step 0 on
 * @returns {{ name: string, from: number, to: number }[]}
 */
export function enginesOf(steps) {
  const runs = [];
  for (const [step, { engine }] of steps.entries()) {
    if (!engine) continue;
    const name = named(engine);
    const last = runs.at(-1);
    if (last?.name === name && last.to === step - 1) last.to = step;
    else runs.push({ name, from: step, to: step });
  }
  return runs;
}

/**
 * Who computed the steps reached; a walk of more than one engine, or under more than one sort of weights, is
 * said not to be exact. Null before the first step.
 * @param {{ engine?: StepEngine | null }[]} steps
 * @returns {string | null}
 */
export function stepsInWords(steps) {
  const runs = enginesOf(steps);
  if (!runs.length) return null;
  const words = runs.map(({ name, from, to }) => {
    const which = from === to ? phrase('engine_words.step', {
      from,
    }) : phrase('engine_words.steps', { from, to });
    return phrase('engine_words.by', { which, name });
  });
  const said = words.join('; ');
  const all = said[0].toUpperCase() + said.slice(1);
  const known = steps.flatMap(({ engine }) => engine ?? []);
  const engines = new Set(known.map(computing)).size;
  const weights = new Set(known.map(({ quick }) => quick ?? null)).size;
  if (engines > 1) {
    return phrase('engine_words.engines_round_differently_walk', { all });
  }
  if (weights === 1) return all;
  return phrase('engine_words.quick_weights_close_full', { all });
}
