// What is said of a walk's start and of the compound: what the data say that it does, the start's noise, and
// whether both are of one batch.

import { natureOf } from '../finding.js';
import { isolated } from '../isolated.js';
import { startWords } from '../map_words.js';
import { done } from '../perturbations.js';
import { phrase } from '../words.js';

/** A compound that was typed, as far as batches are concerned. */
export const TYPED = { id: null, batches: [], control: false };

/**
 * What the data say that the compound does; nothing of a compound that was typed, or where they say nothing.
 * @param {{ id: string | null, action?: string, control: boolean }} compound
 */
export function effectSentence({ id, action, control }, name = phrase('shared.compound_2')) {
  if (id === null) return '';
  if (control) return phrase('walk_sentences.under_untreated_control_cell', { name });
  return action ? phrase('walk_sentences.data_give_mode_action', { name, action }) : '';
}

/**
 * What the noise of the first picture is, and that the difference leaves it out: it is taken from the start
 * with the share of the noise that the straight path still holds (`PreparedWalk::reference_at`).
 */
export function noiseSentence(start, recipe) {
  const from = start?.kind === 'upload' ? phrase('shared.your_image') : phrase('shared.control');
  const level = recipe?.noise === undefined ? '' : phrase('walk_sentences.level', { noise: recipe.noise });
  return phrase('walk_sentences.walk_starts_from_noise', { from, level, start: startWords(start) });
}

/**
 * What is known of the start's batch and the compound's, as a kind and a sentence. Cells of two batches
 * differ without any treatment (docs/bundle-format.md, `batches`). `nature` is what the cells are that the
 * bundle's figures were measured beside.
 */
export function batchNote(
  { kind, synthetic, batch, answered },
  compound,
  name = phrase('shared.compound_2'),
  nature = natureOf(null),
) {
  const { batches, control } = compound;
  if (kind === 'noise') {
    return ['noise', phrase('walk_sentences.flow_starts_from_noise')];
  }
  if (synthetic && answered) {
    return [
      'drawn',
      phrase('walk_sentences.start_drawn_program_true'),
    ];
  }
  if (synthetic) {
    const real = control
      ? phrase('walk_sentences.untreated_cells_become')
      : phrase('walk_sentences.does_cells', { name });
    return [
      'drawn',
      phrase('walk_sentences.start_drawn_program_walk', { real }),
    ];
  }
  if (compound === TYPED) {
    return [
      'unseen',
      phrase('walk_sentences.no_cells_measured_typed', { nature, name }),
    ];
  }
  if (kind === 'upload') {
    return [
      'unknown',
      phrase('walk_sentences.batch_unknown_nothing_says'),
    ];
  }
  const whose = control ? phrase('walk_sentences.untreated_cells') : phrase('walk_sentences.cells', {
    done: done(compound.kind, name),
  });
  if (!batch || !batches.length) {
    const missing = batch
      ? phrase('walk_sentences.of', { whose })
      : batches.length
        ? phrase('walk_sentences.start')
        : phrase('walk_sentences.start_nor', { whose });
    return [
      'unknown',
      phrase('walk_sentences.batch_unknown_bundle_does', { missing }),
    ];
  }
  if (batches.includes(batch)) {
    if (batches.length === 1) {
      return ['same', phrase('walk_sentences.same_batch_start', { whose, batch: isolated(batch) })];
    }
    const others = batches.length === 2
      ? phrase('walk_sentences.one_other_batch')
      : phrase('walk_sentences.other_batches', { length: batches.length - 1 });
    return [
      'same',
      phrase('walk_sentences.same_batch_start_some', { batch: isolated(batch), whose, others }),
    ];
  }
  return [
    'other',
    phrase('walk_sentences.another_batch_start_part', {
      batch: isolated(batch), whose, listed: listed(batches.map(isolated)),
    }),
  ];
}

function listed(names) {
  return names.length <= 4
    ? names.join(', ')
    : phrase('walk_sentences.more', { names: names.slice(0, 3).join(', '), length: names.length - 3 });
}
