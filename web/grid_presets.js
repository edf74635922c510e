// Grids that show something of a flow, as buttons: those that the bundle has what they need for.

import { offered } from './grid_plan.js';
import { wordsFor } from './perturbations.js';
import { phrase } from './words.js';

/** @import { Grid } from './grid.js' */
/** @import { Change } from './protocol.js' */
/** @import { State } from './state.js' */

/**
 * A grid that shows something, as a button.
 * @typedef {object} Preset
 * @property {string} id
 * @property {string} title
 * @property {string} look what to look at
 * @property {Partial<Grid>} [grid]
 * @property {Change} [change] of the walk in view instead
 */

/**
 * Those presets that the bundle has what they need for.
 * @param {State} state
 * @returns {Preset[]}
 */
export function presetsOf(state) {
  const { recipe, compounds, flowSource } = state;
  if (!recipe || !compounds?.length) return [];
  const control = compounds.find((compound) => compound.control);
  const own = compounds.find(({ id, control }) => id === recipe.compound && !control);
  const compound = own ?? compounds.find((each) => !each.control);
  const pair = [control?.id, compound?.id].filter(Boolean);
  const { one } = wordsFor(compounds);
  const starts = compound ? startsOfTwoBatches(state, compound.batches) : null;
  /** @type {Preset[]} */
  const presets = [];
  if (starts && flowSource === 'control') {
    presets.push({
      id: 'batches',
      title: phrase('grid_presets.one_from_controls_two', { one }),
      look: phrase('grid_presets.do_both_starts_change', { name: compound.name }),
      grid: { rows: 'control', columns: 'compound', chosen: { control: starts, compound: pair } },
    });
  }
  if (flowSource === 'noise' && compound) {
    presets.push({
      id: 'noise',
      title: phrase('grid_presets.start_from_noise'),
      look: phrase('grid_presets.no_control_enters_each', { one }),
      grid: {
        rows: 'seed', columns: 'compound',
        chosen: { seed: offered(state).seed.slice(0, 4), compound: pair },
      },
    });
  }
  presets.push({
    id: 'return',
    title: phrase('shared.there_back'),
    look: phrase('grid_presets.walk_view_goes_t'),
    change: { direction: 'return' },
  });
  return presets;
}

/**
 * Photographed controls of two batches, rather of the compound's; nothing where there is only one batch.
 * @param {State} state
 * @param {string[]} batches
 */
function startsOfTwoBatches({ samples }, batches) {
  const known = samples.filter(({ treated, synthetic, batch }) => !treated && !synthetic && batch);
  const rather = [...known].sort((a, b) =>
    Number(batches.includes(b.batch)) - Number(batches.includes(a.batch)));
  const [first] = rather;
  const second = rather.find(({ batch }) => batch !== first.batch);
  return second ? [first.id, second.id] : null;
}
