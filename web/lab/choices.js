// What a visitor of a lab may choose, with the words for it.

import { ERROR_STEPS } from './protocol.js';
import { phrase } from '../words.js';

/** @import { Condition, Point, Settings } from './protocol.js' */

/**
 * Targets by name. Their labels name a single condition.
 * @type {{ name: string, target: Condition['target'] }[]}
 */
export const TARGETS = [
  { name: phrase('choices.two_moons'), target: { kind: 'moons', spread: 0.1 } },
  {
    name: phrase('choices.two_gaussians'),
    target: {
      kind: 'mixture',
      parts: [
        { mean: [-2, 0.5], spread: 0.4, weight: 1 },
        { mean: [2, 0.5], spread: 0.4, weight: 1 },
      ],
    },
  },
  { name: phrase('choices.ring'), target: { kind: 'ring', radius: 2, spread: 0.1 } },
  { name: phrase('choices.spiral'), target: { kind: 'spiral', turns: 1.5, spread: 0.05 } },
  { name: phrase('choices.checkerboard'), target: { kind: 'checkerboard', squares: 4 } },
  { name: phrase('choices.letters'), target: { kind: 'letters', text: 'CELL', spread: 0.05 } },
];

/**
 * Sources by name: the Gaussian from which most flows start, and all targets.
 * @type {{ name: string, source: Settings['source'] }[]}
 */
export const SOURCES = [
  { name: phrase('choices.gaussian'), source: { kind: 'gaussian', mean: [0, 0], spread: 1 } },
  ...TARGETS.map(({ name, target }) => ({ name, source: target })),
];

/** @type {[value: string, words: string][]} */
export const TIMES = [
  ['uniform', phrase('choices.times_uniform')],
  ['skewed', phrase('choices.times_skewed')],
];

/** @type {[value: string, words: string][]} */
export const COUPLINGS = [
  ['same-batch', phrase('choices.within_batches')],
  ['independent', phrase('choices.across_batches')],
  ['optimal-transport', phrase('choices.optimal_transport_each_step')],
];

/** @type {[value: string, words: string][]} */
export const FIELDS = [
  ['learnt', phrase('choices.what_network_learnt')],
  ['exact', phrase('shared.exact_field')],
];

/** @type {[value: string, words: string][]} */
export const SOLVERS = [
  ['euler', 'Euler'],
  ['midpoint', phrase('shared.midpoint')],
  ['heun2', 'Heun'],
  ['rk4', phrase('choices.runge_kutta_order_4')],
];

/**
 * Batches by name, each as the shifts that it gives to sources and targets alike.
 * @type {{ name: string, batches: Point[] }[]}
 */
export const BATCHES = [
  { name: phrase('choices.single'), batches: [[0, 0]] },
  { name: phrase('choices.two_side_side'), batches: [[-1.5, 0], [1.5, 0]] },
  { name: phrase('choices.two_above_each_other'), batches: [[0, -1.5], [0, 1.5]] },
  { name: phrase('choices.three'), batches: [[-1.5, -1], [1.5, -1], [0, 1.5]] },
];

/** @type {number[]} */
export const RATES = [1e-4, 5e-4, 2e-3, 1e-2, 1, 100];
/** Neurons of a hidden layer, hidden layers, and pairs in a step. */
export const WIDTHS = [8, 16, 32, 64, 128];
export const LAYERS = [1, 2, 3, 4];
export const PAIRS = [32, 64, 128, 256, 512];
/** How often a condition is left out, and noise of sources. */
export const DROPS = [0, 0.1, 0.2, 0.5];
export const NOISES = [0, 0.1, 0.25, 0.5, 1];
export const NOISE_SHARES = [0.25, 0.5, 1];
/** @type {number[]} */
export const STEPS = [1, 2, 4, 8, 16, 20, 32, 64];

/** Which of the targets this one is, or none of them. */
function indexOf(/** @type {Condition['target']} */ own) {
  const text = JSON.stringify(own);
  return TARGETS.findIndex(({ target }) => JSON.stringify(target) === text);
}

/** Which of the targets the settings have under their first condition, or none of them. */
export const targetOf = (/** @type {Settings} */ { conditions }) => indexOf(conditions[0].target);

/** Which of the targets the second condition leads to: null without one, -1 where it is none of the list. */
export function secondOf(/** @type {Settings} */ { conditions: [, second, ...others] }) {
  if (!second) return null;
  return others.length ? -1 : indexOf(second.target);
}

/** Which of the sources the settings have, or none of them. */
export function sourceOf(/** @type {Settings} */ { source }) {
  const text = JSON.stringify(source);
  return SOURCES.findIndex((choice) => JSON.stringify(choice.source) === text);
}

/**
 * The settings with a first condition that leads to a target; other conditions stay.
 * @param {Settings} settings
 * @param {Condition['target']} target
 * @param {string} label
 * @returns {Settings}
 */
export const leadingTo = (settings, target, label) => ({
  ...settings, conditions: [{ label, target }, ...settings.conditions.slice(1)],
});

/**
 * The settings with one target of the list as the second condition of two, or with the first alone.
 * @param {Settings} settings
 * @param {number | null} index
 * @returns {Settings}
 */
export function withSecond(settings, index) {
  const chosen = index === null ? null : TARGETS[index];
  const second = chosen ? [{ label: chosen.name, target: chosen.target }] : [];
  return { ...settings, conditions: [settings.conditions[0], ...second] };
}

/** Which of the lists of batches the settings have, or none of them. */
export function batchesOf(/** @type {Settings} */ { batches }) {
  const own = JSON.stringify(batches);
  return BATCHES.findIndex((choice) => JSON.stringify(choice.batches) === own);
}

/**
 * The errors by solver: what the worker gives, one solver after the other, in rows.
 * @param {Float64Array | number[]} errors
 * @returns {{ solver: string, errors: number[] }[]}
 */
export const errorsBySolver = (errors) => SOLVERS.map(([, solver], index) => ({
  solver,
  errors: [...errors.slice(index * ERROR_STEPS.length, (index + 1) * ERROR_STEPS.length)],
}));
