// A recipe as the page's controls show it, and back. The recipe itself is the session's: checked there, never
// here.

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
export const lookedAt = ({ view }) => ({ hidden: view?.hidden ?? [], channels: view?.channels ?? [] });

const SAMPLING = new Set(['solver', 'grid', 'steps', 'alpha', 'noise', 'seed', 'rtol', 'atol']);

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
