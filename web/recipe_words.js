// What differs between two walks, in words: “α 1 → 1.6”.

import { inWords } from './dose.js';
import { wordsFor } from './perturbations.js';
import { shortened } from './shortened.js';
import { inFigures, phrase } from './words.js';

/** @import { Recipe, Tile, Compound } from './protocol.js' */

/** Characters of a structure that has to do as a name. */
const NAME = 28;

/** How solvers are called. */
export const SOLVERS = /** @type {const} */ ([
  ['euler', 'Euler'],
  ['midpoint', phrase('shared.midpoint')],
  ['heun2', 'Heun'],
  ['rk4', phrase('recipe_words.runge_kutta_3_8')],
  ['dopri5', phrase('recipe_words.dormand_prince_adaptive')],
]);
const SOLVER = new Map(/** @type {[string, string][]} */ ([...SOLVERS]));
const DIRECTION = {
  forward: phrase('recipe_words.forward'),
  reverse: phrase('recipe_words.back'),
  return: phrase('recipe_words.there_back'),
};

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
  if (id === 'noise') return phrase('shared.noise');
  if (id === 'upload') return phrase('shared.your_image');
  const tile = [...(samples ?? []), ...(examples ?? [])].find((each) => each.id === id);
  if (!tile) return id;
  const treated = tile.treated && !tile.untreated;
  return `${phrase(treated ? 'shared.treated_cell' : 'recipe_words.control')} ${tile.label}`;
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
  const same = (value) => (typeof value === 'number' ? inFigures(value) : value);
  /** @type {[name: string, of: (recipe: Recipe) => any, words: (value: any) => any, counts?: boolean][]} */
  const rows = [
    [wordsFor(names.compounds).one, ({ smiles, compound }) => smiles ?? compound, (value) => (
      compoundIn(names.compounds?.some(({ id }) => id === value)
        ? { compound: value } : { compound: null, smiles: value }, names))],
    [phrase('recipe_words.dose'), ({ dose }) => dose, (value) => (
      value === undefined ? phrase('recipe_words.none') : inWords(value))],
    [phrase('shared.start_3'), ({ control }) => control, (value) => startIn(value, names)],
    [phrase('recipe_words.direction'), ({ direction }) => direction, (value) => DIRECTION[value]],
    [phrase('recipe_words.solver'), ({ solver }) => solver, solverIn],
    [phrase('recipe_words.time_grid'), ({ grid }) => grid, same, !both(adaptive)],
    [phrase('recipe_words.steps'), ({ steps }) => steps, same, !both(adaptive)],
    [phrase('recipe_words.relative_tolerance'), ({ rtol }) => rtol, same, both(adaptive)],
    [phrase('recipe_words.absolute_tolerance'), ({ atol }) => atol, same, both(adaptive)],
    ['α', ({ alpha }) => alpha, same],
    [phrase('recipe_words.source_noise'), ({ noise }) => noise, same],
    [phrase('recipe_words.seed'), ({ seed }) => seed, same, random],
  ];
  const words = rows
    .filter(([, of, , counts = true]) => counts && of(from) !== of(to))
    .map(([name, of, words]) => {
      const [before, after] = [from, to].map((recipe) => words(of(recipe)));
      // Two cells of one plate have one label.
      return before === after ? `${name} ${of(from)} → ${of(to)}` : `${name} ${before} → ${after}`;
    });
  const shown = ({ hidden, channels }) => JSON.stringify([hidden ?? [], channels ?? []]);
  return shown(from) === shown(to) ? words : [...words, phrase('recipe_words.channels_shown_otherwise')];
}
