// Which engines computed a walk, and under which weights, in words.

/** @import { StepEngine } from './protocol.js' */

const computing = ({ engine, dtype }) => `${engine}, ${dtype}`;
const named = (step) => `${computing(step)}${step.quick ? `, under quick ${step.quick} weights` : ''}`;

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
    const which = from === to ? `step ${from}` : `steps ${from} to ${to}`;
    return `${which} by ${name}`;
  });
  const said = words.join('; ');
  const all = said[0].toUpperCase() + said.slice(1);
  const known = steps.flatMap(({ engine }) => engine ?? []);
  const engines = new Set(known.map(computing)).size;
  const weights = new Set(known.map(({ quick }) => quick ?? null)).size;
  if (engines > 1) {
    return `${all}. Engines round differently, so this walk is not exact: walked again by one engine, its `
      + 'numbers differ a little.';
  }
  if (weights === 1) return all;
  return `${all}. Quick weights are close to the full ones and not the same, so this walk is not exact: `
    + 'walked again under the full ones, its numbers differ a little.';
}
