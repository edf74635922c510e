// Doses: which a walk may have, where one stands on a slider, and what training had of it.

import { inFigures, phrase } from './words.js';

/** @import { Change, Compound, Recipe } from './protocol.js' */

/** @typedef {[lowest: number, highest: number]} DoseRange in micromolar */

/**
 * What training had of a dose: `trained` and `data` are doses of the data, the second of a bundle that does
 * not say which were trained on; the others are doses that no cell was trained on.
 * @typedef {'trained' | 'data' | 'untrained' | 'between' | 'beyond' | 'unseen'} DoseKind
 */
/** @typedef {{ kind: DoseKind, words: string }} Standing */

/** How far a slider moves at once, as a part of the way. */
export const STEP = 0.005;
const BETWEEN =
  phrase('dose.interpolated_network_no_cell');
const BEYOND =
  phrase('dose.extrapolated_network_no_cell');
/** The least and the most digits of a dose that a slider gives. */
const [FEW, MANY] = [3, 12];

/**
 * The lowest and the highest dose that the session takes (`Conditions::dose_range` of cellflux-bundle).
 * @param {Pick<Compound, 'doses' | 'control'> | null | undefined} compound nothing for one that was typed
 * @param {Compound[]} compounds
 * @returns {DoseRange | null} null where the bundle lists no dose
 */
export function doseRange(compound, compounds) {
  if (compound?.doses.length) return spanOf(compound.doses);
  const trained = compounds
    .filter(({ control, seen }) => seen && !control)
    .flatMap(({ doses, trainedDoses }) => trainedDoses ?? doses);
  const range = trained.length ? spanOf(trained) : null;
  return range && compound?.control ? [0, 0] : range;
}

/** @returns {DoseRange} */
const spanOf = (doses) => [Math.min(...doses), Math.max(...doses)];

/**
 * The dose of a walk under another compound: the one before, or, where that is beyond the compound's own, its
 * highest.
 * @param {{ recipe?: Recipe | null, compounds?: Compound[], takesDose?: boolean }} state
 * @param {string | null} id of the bundle's compound; null for one that was typed
 * @returns {Pick<Change, 'dose'>}
 */
export function doseUnder({ recipe, compounds, takesDose }, id) {
  const compound = compounds?.find((each) => each.id === id);
  const range = takesDose ? doseRange(compound, compounds ?? []) : null;
  if (!range) return {};
  return { dose: isWithin(recipe?.dose, range) ? recipe.dose : range[1] };
}

/**
 * @param {number | undefined} dose
 * @param {DoseRange} range
 */
export const isWithin = (dose, [lowest, highest]) =>
  dose !== undefined && dose >= lowest && dose <= highest;

/**
 * The scale is logarithmic; a range that begins with 0 has the logarithm of 1 + dose, as the network has.
 * @param {DoseRange} range
 */
const scaleOf = ([lowest]) =>
  lowest > 0
    ? { to: Math.log, from: Math.exp }
    : { to: Math.log1p, from: Math.expm1 };

/**
 * Where a dose stands between the lowest, 0, and the highest, 1.
 * @param {number} dose
 * @param {DoseRange} range
 */
export function placeOf(dose, range) {
  const [lowest, highest] = range;
  if (!(highest > lowest)) return 0;
  const { to } = scaleOf(range);
  return Math.min(1, Math.max(0, (to(dose) - to(lowest)) / (to(highest) - to(lowest))));
}

/**
 * The dose at a place: one of the data where that is as near as the slider can show, else a rounded one.
 * @param {number} place 0 to 1
 * @param {DoseRange} range
 * @param {number[]} [listed]
 */
export function doseAt(place, range, listed = []) {
  const near = listed.find((dose) =>
    isWithin(dose, range) && Math.abs(placeOf(dose, range) - place) < STEP / 2);
  if (near !== undefined) return near;
  const [lowest, highest] = range;
  const { to, from } = scaleOf(range);
  const dose = from(to(lowest) + place * (to(highest) - to(lowest)));
  // As many as tell one step of the slider from the next.
  const digits = 1 + Math.ceil(-Math.log10(STEP * (to(highest) - to(lowest))));
  const rounded = Number(dose.toPrecision(Math.min(MANY, Math.max(FEW, digits))));
  return Math.min(highest, Math.max(lowest, rounded));
}

/**
 * So many doses from the lowest to the highest: those of the data, and others in the middle of the widest
 * gaps between them. There are more where the data have more.
 * @param {DoseRange} range
 * @param {number[]} listed
 * @param {number} count
 */
export function dosesBetween(range, listed, count) {
  const doses = rising([...range, ...listed.filter((dose) => isWithin(dose, range))]);
  while (doses.length < count) {
    const places = doses.map((dose) => placeOf(dose, range));
    const gaps = places.slice(1).map((place, index) => place - places[index]);
    // Of equal gaps the first; rounding must not decide.
    const widest = Math.max(...gaps);
    const at = gaps.findIndex((gap) => gap > widest - 1e-9);
    const dose = doseAt((places[at] + places[at + 1]) / 2, range);
    if (!gaps.length || doses.includes(dose)) break;
    doses.splice(at + 1, 0, dose);
  }
  return doses;
}

const rising = (doses) => [...new Set(doses)].sort((a, b) => a - b);

/**
 * What training had of a compound at a dose.
 * @param {number} dose
 * @param {Compound | null | undefined} compound nothing for one that was typed
 * @returns {Standing}
 */
export function standingOf(dose, compound) {
  if (!compound) return { kind: 'unseen', words: phrase('dose.network_never_seen_compound') };
  const { doses, trainedDoses, seen } = compound;
  const listed = doses.includes(dose);
  if (trainedDoses?.includes(dose)) return { kind: 'trained', words: phrase('dose.cells_dose_were_trained') };
  if (!seen) {
    const words = phrase('dose.network_never_saw_compound');
    return { kind: 'unseen', words: listed ? phrase('dose.cells_dose_data_but', { words }) : words };
  }
  if (listed && !trainedDoses) return { kind: 'data', words: phrase('dose.cells_dose_data') };
  if (listed) {
    return { kind: 'untrained', words: phrase('dose.cells_dose_data_but_2') };
  }
  const trained = trainedDoses ?? doses;
  if (trained.length && isWithin(dose, spanOf(trained))) {
    return { kind: 'between', words: BETWEEN };
  }
  return { kind: 'beyond', words: BEYOND };
}

/**
 * A dose on the page.
 * @param {number} dose in micromolar
 */
export const inWords = (dose) => `${inFigures(dose)} µM`;

/**
 * Behind what was done at it.
 * @param {number | undefined} dose in micromolar
 */
export const atDose = (dose) => phrase('dose.at', { dose });

/** Whether cells of the compound at this dose are in the data. */
export const isOfTheData = ({ kind }) => ['trained', 'data', 'untrained'].includes(kind);

/**
 * The conditions that are one compound at several doses, each with one dose, where the network knows them as
 * conditions and not by a dose. Vectors that are made from structures are the same for all of them.
 * @param {Compound | null | undefined} compound
 * @param {{ compounds?: Compound[], takesDose?: boolean, takesStructures?: boolean }} bundle
 * @returns {Compound[]} by rising dose; none where there are not two
 */
export function sameAtOtherDoses(compound, { compounds, takesDose, takesStructures }) {
  if (!compound?.smiles || takesDose || takesStructures) return [];
  const all = (compounds ?? []).filter(({ smiles }) => smiles === compound.smiles);
  const doses = new Set(all.flatMap(({ doses }) => doses));
  const each = all.every(({ doses, control }) => doses.length === 1 && !control);
  if (!each || all.length < 2 || doses.size < all.length) return [];
  return [...all].sort((a, b) => a.doses[0] - b.doses[0]);
}
