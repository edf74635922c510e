// What differs between two walks, in words: “α 1 → 1.6”.

import { wordsFor } from './perturbations.js';
import { shortened } from './shortened.js';

/** @import { Recipe, Tile, Compound } from './protocol.js' */

/** Characters of a structure that has to do as a name. */
const NAME = 28;

/** How solvers are called. */
export const SOLVERS = /** @type {const} */ ([
  ['euler', 'Euler'],
  ['midpoint', 'midpoint'],
  ['heun2', 'Heun'],
  ['rk4', 'Runge–Kutta 3/8'],
  ['dopri5', 'Dormand–Prince, adaptive'],
]);
const SOLVER = new Map(/** @type {[string, string][]} */ ([...SOLVERS]));
const DIRECTION = { forward: 'forward', reverse: 'back', return: 'there and back' };

/**
 * What ids are called.
 * @typedef {{ compounds?: Compound[], samples?: Tile[], examples?: Tile[] }} Names
 */

/**
 * A recipe's compound.
 * @param {Pick<Recipe, 'compound' | 'smiles'>} recipe
 * @param {Names} names
 */
export const compoundIn = ({ compound, smiles }, { compounds }) =>
  smiles ? shortened(smiles, NAME) : (compounds?.find(({ id }) => id === compound)?.name ?? compound);

/**
 * A start image.
 * @param {string} id
 * @param {Names} names
 */
export function startIn(id, { samples, examples }) {
  if (id === 'noise') return 'noise';
  if (id === 'upload') return 'your image';
  const tile = [...(samples ?? []), ...(examples ?? [])].find((each) => each.id === id);
  if (!tile) return id;
  return `${tile.treated && !tile.untreated ? 'treated cell' : 'control'} ${tile.label}`;
}

export const solverIn = (solver) => SOLVER.get(solver) ?? solver;

const adaptive = ({ solver }) => solver === 'dopri5';
/** Whether another seed makes another walk. */
export const isRandom = ({ noise, control }) => noise > 0 || control === 'noise';

/**
 * What else the second walk has than the first; empty where both are the same.
 * @param {Recipe} from
 * @param {Recipe} to
 * @param {Names} names
 * @returns {string[]}
 */
export function differences(from, to, names) {
  const both = (of) => of(from) && of(to);
  const random = isRandom(from) || isRandom(to);
  const same = (value) => value;
  /** @type {[name: string, of: (recipe: Recipe) => any, words: (value: any) => any, counts?: boolean][]} */
  const rows = [
    [wordsFor(names.compounds).one, ({ smiles, compound }) => smiles ?? compound, (value) => (
      compoundIn(names.compounds?.some(({ id }) => id === value)
        ? { compound: value } : { compound: null, smiles: value }, names))],
    ['dose', ({ dose }) => dose, (value) => (value === undefined ? 'none' : `${value} µM`)],
    ['start', ({ control }) => control, (value) => startIn(value, names)],
    ['direction', ({ direction }) => direction, (value) => DIRECTION[value]],
    ['solver', ({ solver }) => solver, solverIn],
    ['time grid', ({ grid }) => grid, same, !both(adaptive)],
    ['steps', ({ steps }) => steps, same, !both(adaptive)],
    ['relative tolerance', ({ rtol }) => rtol, same, both(adaptive)],
    ['absolute tolerance', ({ atol }) => atol, same, both(adaptive)],
    ['α', ({ alpha }) => alpha, same],
    ['source noise', ({ noise }) => noise, same],
    ['seed', ({ seed }) => seed, same, random],
  ];
  const words = rows
    .filter(([, of, , counts = true]) => counts && of(from) !== of(to))
    .map(([name, of, words]) => {
      const [before, after] = [from, to].map((recipe) => words(of(recipe)));
      // Two cells of one plate have one label.
      return before === after ? `${name} ${of(from)} → ${of(to)}` : `${name} ${before} → ${after}`;
    });
  const shown = ({ hidden, channels }) => JSON.stringify([hidden ?? [], channels ?? []]);
  return shown(from) === shown(to) ? words : [...words, 'channels are shown otherwise'];
}
