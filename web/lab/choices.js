// What a visitor of a lab may choose, with the words for it.

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
/** @type {number[]} */
export const STEPS = [1, 2, 4, 8, 16, 20, 32, 64];

/** Which of the targets the settings have, or none of them. */
export function targetOf(/** @type {Settings} */ { conditions: [condition, ...others] }) {
  if (others.length) return -1;
  const own = JSON.stringify(condition.target);
  return TARGETS.findIndex(({ target }) => JSON.stringify(target) === own);
}

/**
 * The settings with one condition that leads to a target.
 * @param {Settings} settings
 * @param {Condition['target']} target
 * @param {string} label
 * @returns {Settings}
 */
export const leadingTo = (settings, target, label) => ({ ...settings, conditions: [{ label, target }] });

/** Which of the lists of batches the settings have, or none of them. */
export function batchesOf(/** @type {Settings} */ { batches }) {
  const own = JSON.stringify(batches);
  return BATCHES.findIndex((choice) => JSON.stringify(choice.batches) === own);
}
