// A recipe as the page's controls show it, and back. The recipe itself is the session's: checked there, never
// here.

import { Failure, otherModel } from '../failures.js';
import { phrase } from '../words.js';

/**
 * The recipe in a file: one that the page has saved, or that of a record of `cellflux run`. What its fields
 * hold is checked by the session.
 * @param {string} text
 * @param {string} model the id of the model that is open
 * @throws {Failure}
 */
export function read(text, model) {
  let json = null;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Failure('bad-recipe', phrase('recipe_view.file_not_json_expected', { message: error.message }));
  }
  const recipe = json?.recipe ?? json;
  if (typeof recipe?.model !== 'string' || !recipe.start || !recipe.sampling) {
    throw new Failure('bad-recipe', phrase('recipe_view.json_no_recipe_expected'));
  }
  if (recipe.model !== model) {
    throw new Failure('bad-recipe', otherModel(phrase('recipe_view.recipe'), recipe.model, model));
  }
  return recipe;
}

/** The structure of a recipe's typed compound; null where the compound is one of the bundle's. */
export const smilesOf = (recipe) => recipe?.condition?.smiles ?? null;

/** The id of a recipe's compound; null where it was typed. */
export const compoundOf = (recipe) => (recipe && !smilesOf(recipe) ? recipe.condition : null);

/** A recipe's compound in a table: its id, or the structure of a typed one. */
export const namedIn = (recipe) => smilesOf(recipe) ?? recipe.condition;

/** The values of the page's controls. */
export function shown(recipe) {
  const { start, dose_um: dose, sampling, direction } = recipe;
  const smiles = smilesOf(recipe);
  const { solver, grid, steps, alpha, noise, seed, rtol, atol } = sampling;
  return {
    control: start === 'noise' ? 'noise' : (start.example ?? 'upload'),
    compound: compoundOf(recipe),
    ...(smiles ? { smiles } : {}),
    ...(dose === undefined ? {} : { dose }),
    direction: direction ?? 'forward',
    solver, grid, steps, alpha, noise, seed, rtol, atol,
    ...lookedAt(recipe),
  };
}

/**
 * How a recipe's walk is looked at; the page alone decides which step.
 * @returns {import('../protocol.js').View}
 */
export const lookedAt = ({ view }) => (
  { hidden: view?.hidden ?? [], channels: view?.channels ?? [], map: view?.map ?? 'difference' });

const SAMPLING = new Set(['solver', 'grid', 'steps', 'alpha', 'noise', 'seed', 'rtol', 'atol']);

/** A name for what a recipe's walk computes, however that is looked at. */
export const numbersOf = (recipe) => JSON.stringify({ ...recipe, view: undefined });

/** What of a recipe decides the first picture of its walk. */
const startOf = ({ start, direction, view, sampling: { noise, seed } }) =>
  JSON.stringify([start, direction, lookedAt({ view }), noise, noise > 0 || start === 'noise' ? seed : null]);

/** Whether two walks begin with the same pictures. */
export const sameStart = (one, other) => startOf(one) === startOf(other);

/** Whether two walks have no step beyond their start in common. */
export function sharesNoStep(one, other) {
  const flowOf = ({ start, condition, sampling: { alpha, solver, noise } }) =>
    JSON.stringify([start, condition, alpha, solver, noise]);
  return flowOf(one) !== flowOf(other);
}

/** A recipe with some of the page's controls changed. What is looked at starts over with the trajectory. */
export function changed(recipe, change) {
  const next = { ...recipe, sampling: { ...recipe.sampling }, view: lookedAt(recipe) };
  for (const [name, value] of Object.entries(change)) {
    if (SAMPLING.has(name)) next.sampling[name] = value;
    else if (name === 'direction') next.direction = value;
    else if (name === 'compound') next.condition = value;
    else if (name === 'smiles') next.condition = { smiles: value };
    else if (name === 'dose') next.dose_um = value;
    else if (name === 'control') next.start = value === 'noise' ? 'noise' : { example: value };
    else if (name === 'start') next.start = value;
  }
  return next;
}
