// What is said of a walk's start and of the compound: what the data say that it does, the start's noise, and
// whether both are of one batch.

import { natureOf } from '../finding.js';
import { isolated } from '../isolated.js';
import { startWords } from '../map_words.js';
import { done } from '../perturbations.js';

/** A compound that was typed, as far as batches are concerned. */
export const TYPED = { id: null, batches: [], control: false };

/**
 * What the data say that the compound does; nothing of a compound that was typed, or where they say nothing.
 * @param {{ id: string | null, action?: string, control: boolean }} compound
 */
export function effectSentence({ id, action, control }, name = 'this compound') {
  if (id === null) return '';
  if (control) return `Under ${name}, the untreated control, a cell should stay as it is.`;
  return action ? `The data give the mode of action of ${name} as “${action}”.` : '';
}

/**
 * What the noise of the first picture is, and that the difference leaves it out: it is taken from the start
 * with the share of the noise that the straight path still holds (`PreparedWalk::reference_at`).
 */
export function noiseSentence(start, recipe) {
  const from = start?.kind === 'upload' ? 'your image' : 'the control';
  const level = recipe?.noise === undefined ? '' : ` of level ${recipe.noise}`;
  return `The walk starts from ${from} with noise${level} added, which the network takes away on the way: `
    + `one control can become many cells. “Difference to ${startWords(start)}” leaves that noise out.`;
}

/**
 * What is known of the start's batch and the compound's, as a kind and a sentence. Cells of two batches
 * differ without any treatment (docs/bundle-format.md, `batches`). `nature` is what the cells are that the
 * bundle's figures were measured beside.
 */
export function batchNote(
  { kind, synthetic, batch, answered },
  compound,
  name = 'this compound',
  nature = natureOf(null),
) {
  const { batches, control } = compound;
  if (kind === 'noise') {
    return ['noise', 'This flow starts from noise: there is no control that the end could be compared with.'];
  }
  if (synthetic && answered) {
    return [
      'drawn',
      'The start is drawn by a program, and so is the true answer below: compare the walk’s end with it.',
    ];
  }
  if (synthetic) {
    const real = control ? 'untreated cells become' : `${name} does to cells`;
    return [
      'drawn',
      `The start is drawn by a program: the walk shows what the network does to a drawing, not what ${real}.`,
    ];
  }
  if (compound === TYPED) {
    return [
      'unseen',
      `No ${nature} cells measured: ${name} was typed. The network has never seen it, so there is nothing `
        + 'that this walk could be compared with.',
    ];
  }
  if (kind === 'upload') {
    return [
      'unknown',
      'Batch unknown: nothing says of which batch your image is, so part of any difference from measured '
        + 'cells may be the batch’s.',
    ];
  }
  const whose = control ? 'the untreated cells' : `the cells ${done(compound.kind, name)}`;
  if (!batch || !batches.length) {
    const missing = batch
      ? `of ${whose}`
      : batches.length
        ? 'of the start'
        : `of the start, nor that of ${whose}`;
    return [
      'unknown',
      `Batch unknown: the bundle does not say the batch ${missing}, so part of any difference from measured `
        + 'cells may be the batch’s.',
    ];
  }
  if (batches.includes(batch)) {
    if (batches.length === 1) {
      return ['same', `Same batch: the start and ${whose} are of ${isolated(batch)}.`];
    }
    const others = batches.length === 2 ? 'one other batch' : `${batches.length - 1} other batches`;
    return [
      'same',
      `Same batch: the start is of ${isolated(batch)}, as are some of ${whose}; the others are of ${others}.`,
    ];
  }
  return [
    'other',
    `Another batch: the start is of ${isolated(batch)}, ${whose} are of ${listed(batches.map(isolated))}. `
      + 'Part of any difference from measured cells is the batch’s.',
  ];
}

function listed(names) {
  return names.length <= 4
    ? names.join(', ')
    : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;
}
