// Which walks a grid has: what its rows and columns may vary, which values are chosen, what the walks cost,
// and why a grid is refused.

import { doseRange, inWords, isWithin } from './dose.js';
import * as figures from './figures.js';
import { dimensionName, MOST_BYTES, MOST_CELLS } from './grid.js';
import { stepAt } from './linked_time.js';
import { hasReal } from './real_beside.js';
import { compoundIn, isRandom, SOLVERS, solverIn, startIn } from './recipe_words.js';
import { inFigures, phrase } from './words.js';

/** @import { Cell, Dimension, Plan, Planned, Value } from './grid.js' */
/** @import { Moment } from './linked_time.js' */
/** @import { Recipe } from './protocol.js' */
/** @import { State } from './state.js' */

/** The steps of a walk by the adaptive solver, about. */
const ADAPTIVE_STEPS = 60;
/** Velocities of a step. */
const STAGES = { euler: 1, midpoint: 2, heun2: 2, rk4: 4, dopri5: 6 };
/** Seeds to choose from, beginning with the walk's own. */
const SEEDS = 6;

const numbers = (...values) =>
  [...new Set(values.flat().filter((value) => Number.isFinite(value)))].sort((a, b) => a - b);

/**
 * What each dimension can be; those that this bundle or this walk does not have are left out.
 * @param {State} state
 * @returns {Partial<Record<Dimension, Value[]>>}
 */
export function offered(state) {
  const { compounds, samples, uploaded, flowSource, recipe, takesDose, trainedNoise } = state;
  if (!recipe || !compounds) return {};
  // What was chosen stays on offer while the walk in view changes.
  const chosen = (name) => (state.grid.chosen[name] ?? []).map(Number);
  const fromNoise = flowSource === 'noise';
  const levels = trainedNoise ? ('levels' in trainedNoise ? trainedNoise.levels : trainedNoise.range) : [];
  const seeds = Array.from({ length: SEEDS }, (_, index) => (recipe.seed + index) % 2 ** 32);
  const doses = numbers(compounds.flatMap(({ doses }) => doses), recipe.dose, chosen('dose'));
  const starts = [
    ...(uploaded ? ['upload'] : []),
    ...samples.filter(({ treated }) => !treated).map(({ id }) => id),
  ];
  return {
    compound: compounds.map(({ id }) => id),
    ...(fromNoise || !starts.length ? {} : { control: starts }),
    seed: numbers(seeds, chosen('seed')),
    ...(fromNoise ? {} : { noise: numbers([0, 0.25, 0.5, 1], levels, recipe.noise, chosen('noise')) }),
    alpha: numbers([0, 0.5, 1, 1.5, 2, 3], recipe.alpha, chosen('alpha')),
    ...(takesDose && doses.length > 1 ? { dose: doses } : {}),
    steps: numbers([2, 5, 10, 20, 50], recipe.steps, chosen('steps')),
    solver: SOLVERS.map(([id]) => id),
  };
}

/**
 * The values chosen of a dimension, before the visitor has chosen any: the walk's own and one or two others.
 * @param {State} state
 * @param {Dimension} dimension
 * @returns {Value[]}
 */
export function chosenOf(state, dimension) {
  const all = offered(state)[dimension] ?? [];
  const chosen = state.grid.chosen[dimension];
  if (chosen) return all.filter((value) => chosen.includes(value));
  const own = state.recipe?.[dimension];
  const control = state.compounds?.find(({ control }) => control)?.id;
  if (dimension === 'compound' && own && own !== control) {
    return all.filter((id) => id === own || id === control);
  }
  const others = all.filter((value) => value !== own);
  const [more] = others.filter((value) => typeof value !== 'number' || value > Number(own));
  return all.filter((value) => value === own || value === (more ?? others[0]));
}

/**
 * A value in words, as a row or a column is headed.
 * @param {Dimension} dimension
 * @param {Value} value
 * @param {Pick<State, 'compounds' | 'samples' | 'examples'>} names
 * @returns {string}
 */
export function valueWords(dimension, value, names) {
  switch (dimension) {
    case 'compound': return String(compoundIn({ compound: String(value) }, names));
    case 'control': {
      const tile = names.samples?.find(({ id }) => id === value);
      const same = names.samples?.filter(({ label }) => label === tile?.label).length > 1;
      const number = same ? phrase('grid_plan.number', { number: tile.number }) : '';
      return `${startIn(String(value), names)}${number}`;
    }
    case 'seed': return phrase('grid_plan.seed', { value });
    case 'noise': return phrase('grid_plan.noise', { value });
    case 'alpha': return `α = ${inFigures(value)}`;
    case 'dose': return inWords(Number(value));
    case 'steps': return phrase('grid_plan.steps', { value });
    default: return solverIn(value);
  }
}

/**
 * What the walks share: the walk in view, but a cell that was treated is no start for other compounds.
 * @param {State} state
 * @param {Dimension[]} varied
 * @returns {Recipe}
 */
function baseOf({ recipe, examples, lastControl, samples, flowSource }, varied) {
  const cell = examples?.find(({ id }) => id === recipe.control);
  const treated = cell && !cell.untreated;
  if (!treated || !varied.some((each) => each === 'compound' || each === 'control')) return { ...recipe };
  const control = flowSource === 'noise' ? 'noise' : (lastControl ?? samples[0]?.id);
  return { ...recipe, control, direction: 'forward' };
}

/**
 * A recipe with some of its values changed.
 * @param {State} state
 * @param {Recipe} base
 * @param {Partial<Record<Dimension, Value>>} set
 * @returns {Recipe | null} nothing for a dose beyond those of the compound
 */
function recipeOf({ compounds, takesDose }, base, set) {
  const recipe = /** @type {Recipe} */ ({ ...base, ...set });
  if ('compound' in set) delete recipe.smiles;
  const range = takesDose ? doseRange(compounds.find(({ id }) => id === recipe.compound), compounds) : null;
  if (!range || isWithin(recipe.dose, range)) return recipe;
  if ('dose' in set) return null;
  return 'compound' in set ? { ...recipe, dose: range[1] } : recipe;
}

/** Steps of a walk, as far as they are known before it. */
const stepsOf = ({ solver, steps, direction }) =>
  (solver === 'dopri5' ? ADAPTIVE_STEPS : steps) * (direction === 'return' ? 2 : 1);

/**
 * What some walks take: pictures in the page and numbers in the worker, for every step, and evaluations.
 * @param {Pick<Planned, 'recipe'>[]} cells
 * @param {Pick<State, 'manifest' | 'channels'>} bundle
 */
export function costOf(cells, { manifest, channels }) {
  const [width, height] = manifest.size;
  const step = 4 * width * height * (1 + channels.length);
  const sum = (of) => cells.reduce((total, { recipe }) => total + of(recipe), 0);
  return {
    bytes: step * sum((recipe) => stepsOf(recipe) + 1),
    evaluations: sum((recipe) => stepsOf(recipe) * (STAGES[recipe.solver] ?? 1)),
  };
}

/**
 * The walks of the grid that is chosen, or why it cannot be walked.
 * @param {State} state
 * @param {number} serial
 * @returns {{ plan: Plan, refused: null } | { plan: null, refused: string }}
 */
export function planOf(state, serial) {
  const { grid } = state;
  const no = (refused) => ({ plan: null, refused });
  const [rows, columns] = [grid.rows, grid.columns].map((of) => ({ of, values: chosenOf(state, of) }));
  if (rows.of === columns.of) return no(phrase('grid_plan.rows_columns_vary_same'));
  for (const { of, values } of [rows, columns]) {
    if (!values.length) return no(phrase('grid_plan.choose_least_one_value', {
      name: dimensionName(of, state.compounds),
    }));
  }
  const varied = [rows.of, columns.of];
  const base = baseOf(state, varied);
  const upload = base.control === 'upload' || varied.includes('control');
  const cells = rows.values.flatMap((row, at) => columns.values.flatMap((column, across) => {
    const recipe = recipeOf(state, base, { [rows.of]: row, [columns.of]: column });
    return recipe ? [{ key: `grid ${serial}: ${at} ${across}`, row, column, recipe }] : [];
  }));
  const why = whyNot(state, cells, { rows, columns });
  if (why) return no(why);
  return {
    refused: null,
    plan: {
      serial, base, rows, columns, cells,
      upload: upload ? (state.uploaded?.key ?? null) : null,
      real: grid.real && hasReal(state) ? (columns.of === 'compound' ? 'row' : 'column') : null,
    },
  };
}

/**
 * @param {State} state
 * @param {Planned[]} cells
 * @param {Pick<Plan, 'rows' | 'columns'>} grid
 */
function whyNot(state, cells, { rows, columns }) {
  const asked = rows.values.length * columns.values.length;
  if (asked > MOST_CELLS) {
    return phrase('grid_plan.grid_cells_most_walked', {
      length: rows.values.length, across: columns.values.length, asked, most: MOST_CELLS,
    });
  }
  if (!cells.length) return phrase('grid_plan.these_doses_beyond_those');
  const { bytes } = costOf(cells, state);
  if (bytes > MOST_BYTES) {
    return phrase('grid_plan.grid_would_take_about', {
      bytes: Math.ceil(bytes / 1e6), most: MOST_BYTES / 1e6,
    });
  }
  const alike = (of) => new Set(cells.map(({ recipe }) => of(recipe))).size < 2;
  const many = [rows, columns].filter(({ values }) => values.length > 1).map(({ of }) => of);
  const random = cells.some(({ recipe }) => isRandom(recipe));
  if (many.includes('seed') && !random) {
    return phrase('grid_plan.without_source_noise_every');
  }
  if (many.includes('steps') && alike(({ solver }) => solver) && cells[0].recipe.solver === 'dopri5') {
    return phrase('grid_plan.adaptive_solver_chooses_steps');
  }
  return null;
}

/**
 * What a cell shows at a moment.
 * @param {Cell} cell
 * @param {Moment} moment
 * @returns {number | null} the step; nothing before the walk has begun
 */
export const shownStep = ({ times }, moment) => (times.length ? stepAt(times, moment) : null);

/**
 * Whether the picture of a step is generated: the start without noise is not.
 * @param {Recipe} recipe
 * @param {number | null} step
 */
export const isGenerated = (recipe, step) => step !== null && (step > 0 || isRandom(recipe));

/**
 * What a cell shows, in a few words.
 * @param {Planned} cell
 * @param {Cell} reached
 * @param {number | null} step
 */
export function captionOf(cell, { times, of, finished, failed }, step) {
  if (failed) return phrase('shared.stopped', { failed });
  if (step === null) return phrase('shared.waits');
  const what = isGenerated(cell.recipe, step) ? phrase('shared.generated') : phrase('shared.start');
  const on = finished ? '' : phrase('grid_plan.on_step', {
    step: times.length - 1, of: of ? phrase('shared.of', { of }) : '',
  });
  return phrase('grid_plan.t', { times: figures.time(times[step]), what, on });
}

/**
 * What the grid leaves the same, in words.
 * @param {Pick<Plan, 'base' | 'rows' | 'columns'>} plan
 * @param {Pick<State, 'compounds' | 'samples' | 'examples' | 'takesDose'>} state
 */
export function sharedWords({ base, rows, columns }, state) {
  const varied = new Set([rows.of, columns.of]);
  const adaptive = base.solver === 'dopri5';
  const words = {
    compound: compoundIn(base, state),
    dose: state.takesDose && !varied.has('compound') ? inWords(base.dose) : null,
    control: startIn(base.control, state),
    solver: solverIn(base.solver),
    steps: adaptive && !varied.has('solver') ? null : phrase('shared.steps_2', { steps: base.steps }),
    alpha: `α = ${inFigures(base.alpha)}`,
    noise: phrase('grid_plan.source_noise', { noise: base.noise }),
    seed: base.noise > 0 || base.control === 'noise' ? phrase('shared.seed_2', { seed: base.seed }) : null,
  };
  return Object.entries(words).filter(([name, value]) => value && !varied.has(/** @type {any} */ (name)))
    .map(([, value]) => value).join(', ');
}
