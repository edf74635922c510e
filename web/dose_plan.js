// Which walks lie across the doses of a compound, why they are refused, and what their ends give: a curve of
// each measure, and a table.

import { bandOf } from './chart.js';
import { doseRange, dosesBetween, isOfTheData, placeOf, sameAtOtherDoses, standingOf } from './dose.js';
import { MOST_BYTES, MOST_CELLS } from './grid.js';
import { costOf } from './grid_plan.js';
import { compoundIn, isRandom } from './recipe_words.js';
import { phrase, plural } from './words.js';

/** @import { Axis, Point } from './chart.js' */
/** @import { DosePlan, DosePoint, Doses } from './doses.js' */
/** @import { State } from './state.js' */

/** Labels on the axis stand at least so far apart, as a part of it. */
const APART = 0.16;

/**
 * The doses of the compound in view: any between those of the data where the network takes the dose as a
 * number, else those that the bundle has as conditions.
 * @param {State} state
 * @param {number} count how many, where any can be asked for
 * @returns {DosePoint[]} by rising dose; fewer than two where there is nothing to compare
 */
export function pointsOf(state, count) {
  const { recipe, compounds, takesDose } = state;
  if (!recipe || !compounds) return [];
  const own = compounds.find(({ id }) => id === recipe.compound) ?? null;
  if (!takesDose) {
    return sameAtOtherDoses(own, state).map((each) => {
      const [dose] = each.doses;
      return { dose, compound: each.id, standing: standingOf(dose, each) };
    });
  }
  const range = doseRange(own, compounds);
  return range ? dosesBetween(range, own?.doses ?? [], count).map((dose) => (
    { dose, compound: recipe.compound, standing: standingOf(dose, own) })) : [];
}

/**
 * The walks across the doses, or why they cannot be walked.
 * @param {State} state
 * @param {number} serial
 * @returns {{ plan: DosePlan, refused: null } | { plan: null, refused: string }}
 */
export function dosePlan(state, serial) {
  const { recipe, doses, takesDose, uploaded } = state;
  const no = (refused) => ({ plan: null, refused });
  const points = pointsOf(state, doses.count);
  if (points.length < 2) return no(phrase('dose_plan.compound_no_two_doses'));
  if (recipe.direction !== 'forward') {
    return no(phrase('dose_plan.only_walk_forward_ends'));
  }
  const count = isRandom(recipe) ? doses.seeds : 1;
  const seeds = Array.from({ length: count }, (_, index) => (recipe.seed + index) % 2 ** 32);
  const walks = seeds.flatMap((seed, row) => points.map((point, column) => ({
    key: `doses ${serial}: ${row} ${column}`,
    point,
    seed,
    recipe: { ...recipe, seed, ...(takesDose ? { dose: point.dose } : { compound: point.compound }) },
    shown: row === 0,
  })));
  if (walks.length > MOST_CELLS) {
    return no(plural('dose_plan.too_many', count, {
      points: points.length, count, walks: walks.length, most: MOST_CELLS,
    }));
  }
  const { bytes } = costOf(walks.filter(({ shown }) => shown), state);
  if (bytes > MOST_BYTES) {
    return no(phrase('dose_plan.these_walks_would_take', {
      bytes: Math.ceil(bytes / 1e6), most: MOST_BYTES / 1e6,
    }));
  }
  return {
    refused: null,
    plan: {
      serial, points, seeds, walks,
      base: { ...recipe },
      name: String(compoundIn(recipe, state)),
      compound: recipe.smiles ?? recipe.compound,
      upload: recipe.control === 'upload' ? (uploaded?.key ?? null) : null,
    },
  };
}

/**
 * One measure at t = 1 against the dose: of the first seed, of the others, and from the smallest to the
 * largest of all at each dose that all have reached.
 * @param {DosePlan} plan
 * @param {Doses['ends']} ends
 * @param {number} place of the measure
 */
export function responseOf({ seeds, walks }, ends, place) {
  const curves = seeds.map((seed) => walks.filter((walk) => walk.seed === seed).map(({ key, point }) => (
    /** @type {Point} */ ({
      time: point.dose, value: ends[key]?.[place] ?? null, open: !isOfTheData(point.standing),
    }))));
  const [curve, ...others] = curves;
  return { curve, others, band: bandOf(curves) };
}

/**
 * The doses across a chart, labelled where there is room, those of the data first.
 * @param {DosePoint[]} points
 * @returns {Axis}
 */
export function axisOf(points) {
  const doses = points.map(({ dose }) => dose);
  /** @type {[number, number]} */
  const range = [doses[0], doses.at(-1)];
  const part = (dose) => placeOf(dose, range);
  const labelled = [...range];
  const rather = [...points].sort((a, b) =>
    Number(isOfTheData(b.standing)) - Number(isOfTheData(a.standing)) || a.dose - b.dose);
  for (const { dose } of rather) {
    if (labelled.every((other) => Math.abs(part(other) - part(dose)) >= APART)) labelled.push(dose);
  }
  return { label: phrase('dose_plan.dose_m_logarithmic'), ticks: labelled.sort((a, b) => a - b), part };
}

/**
 * The ends that have been measured as a table, CSV: a row for each walk. A value that an image does not have
 * is empty.
 * @param {DosePlan} plan
 * @param {Pick<Doses, 'ends' | 'list'>} measured
 */
export function doseTable({ walks, compound }, { ends, list }) {
  const titles = list.map(({ name, unit }) => (unit ? `${name} [${unit}]` : name));
  const rows = walks.filter(({ key }) => ends[key]).map(({ key, point, seed, recipe }) => [
    recipe.smiles ?? point.compound ?? compound, point.dose, point.standing.words, seed,
    ...list.map((_, place) => ends[key][place] ?? ''),
  ]);
  return [['compound', 'dose [micromolar]', 'training', 'seed', ...titles], ...rows]
    .map((cells) => `${cells.map(quoted).join(',')}\n`).join('');
}

/** A cell of a CSV table (RFC 4180). */
function quoted(value) {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
