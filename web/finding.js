// What was measured of the chosen compound beside its real cells, in the words of the bundle's evaluation
// (crates/cellflux-bundle, evaluation::Finding), and whether that was with the settings chosen here.

import { phrase } from './words.js';

/** @import { Compound, Finding, Measuring, Recipe } from './protocol.js' */

const FIXED = ['solver', 'grid', 'steps', 'alpha', 'noise'];
const ADAPTIVE = ['solver', 'rtol', 'atol', 'alpha', 'noise'];

/**
 * What the cells are that generated ones were compared with, as the word before `cells`: of drawn ones the
 * evaluation says so. Where nothing was measured, that no real cells were is true whatever the bundle shows.
 * @param {Measuring | null | undefined} measuring
 */
export const natureOf = (measuring) =>
  phrase(measuring?.cells === 'drawn' ? 'finding.drawn' : 'finding.real');

/**
 * The heading of what an evaluation says.
 * @param {Measuring | null | undefined} measuring
 */
export const besideCells = (measuring) => phrase('finding.beside_cells', { nature: natureOf(measuring) });

/**
 * Why nothing is known of a compound that was typed.
 * @param {Measuring | null | undefined} measuring
 * @param {string} name
 */
export const typedUnmeasured = (measuring, name) =>
  phrase('finding.no_cells_measured_typed', { nature: natureOf(measuring), name });

/**
 * Whether a recipe walks with a sampling's settings. Seeds aside: each cell was measured with its own noise.
 * @param {Partial<Recipe>} recipe
 * @param {Measuring['sampling']} sampling
 */
export function sameSettings(recipe, sampling) {
  return (sampling.solver === 'dopri5' ? ADAPTIVE : FIXED).every((name) => recipe[name] === sampling[name]);
}

/**
 * The findings that speak of a dose; where doses are taken together, of any. Without a dose, all.
 * @param {Finding[]} findings
 * @param {number | undefined} dose
 */
function ofDose(findings, dose) {
  const together = findings.filter((finding) => finding.dose_um === null);
  if (dose === undefined) return together.length ? together : findings;
  const exact = findings.filter((finding) => finding.dose_um === dose);
  return exact.length ? exact : together;
}

/**
 * The lines to show, with warnings first; null where nothing is known: a bundle without an evaluation, or a
 * control, which the others are compared with.
 * @param {Compound | undefined} compound
 * @param {Recipe | null | undefined} recipe
 * @param {Measuring | null | undefined} measuring
 * @returns {{ words: string, warns: boolean }[] | null}
 */
export function findingLines(compound, recipe, measuring) {
  if (!measuring || !recipe || !compound?.findings.length) return null;
  const found = ofDose(compound.findings, recipe.dose);
  if (!found.length) {
    return [{ words: phrase('finding.no_cells_measured_dose', {
      nature: natureOf(measuring),
    }), warns: false }];
  }
  const lines = found.flatMap(({ dose_um: dose, sentence, warning }) => {
    const at = recipe.dose === undefined && dose !== null ? phrase('finding.m', { dose }) : '';
    const said = { words: at + sentence, warns: false };
    return warning ? [{ words: at + warning, warns: true }, said] : [said];
  });
  if (found.some(({ measured }) => measured) && !sameSettings(recipe, measuring.sampling)) {
    const which = measuring.recommended
      ? phrase('finding.recommended_settings')
      : phrase('finding.settings_own');
    lines.push({ words: phrase('finding.measured_not_these', { which }), warns: true });
  }
  return lines;
}
