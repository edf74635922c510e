// The explorer's one state: what it holds, and what an answer of the worker makes of it.

import { NO_DOSES } from './doses.js';
import { NO_GRID } from './grid.js';
import { isolated } from './isolated.js';
import { NOTHING_MAPPED } from './maps.js';
import { NOTHING_MEASURED } from './measures.js';
import { NO_REAL_CELL } from './real_cell.js';
import { shortened } from './shortened.js';
import { viewIn } from './view.js';
import { phrase } from './words.js';

/** @import { ChangeLegend, Clipped, Compound, Counted, EngineName, EngineReport } from './protocol.js' */
/** @import { Exploration, Look, ManifestView, Opened, Picture, Recipe, Shown, Step } from './protocol.js' */
/** @import { ToldWalk, Typed, Upload, Uploaded, View } from './protocol.js' */
/** @import { Doses } from './doses.js' */
/** @import { Grid } from './grid.js' */
/** @import { Mapped } from './maps.js' */
/** @import { Measures } from './measures.js' */
/** @import { Offered } from './nuclei.js' */
/** @import { Notice } from './notices.js' */
/** @import { RealCell } from './real_cell.js' */

/**
 * A walk as it is shown. A recorded one stands in for the worker's own, which is `live` meanwhile.
 * @typedef {object} Walk
 * @property {number | 'recorded'} key
 * @property {Picture} [start]
 * @property {Clipped[]} [clipped] what the windows cut off of that picture; a recorded walk has none
 * @property {boolean} noised
 * @property {number[] | null} times
 * @property {boolean} finished
 * @property {ToldWalk['quick']} [quick] the quick weights under which steps of it ran; a recorded walk has
 *   none
 * @property {Step[]} steps
 * @property {string} [link] of a recorded one
 * @property {boolean} [recorded]
 * @property {Walk | null} [live]
 */

/**
 * What the walk starts from.
 * @typedef {{ title: string, note: string, kind: string, synthetic: boolean, batch: string | null }} Start
 */

/**
 * A walk that was pinned, with what makes it again.
 * @typedef {{ walk: Walk, recipe: Recipe, link: string, name: string, start: Start }} Pinned
 */

/**
 * What is there before a bundle has been opened.
 * @typedef {object} Always
 * @property {'opening' | 'offered' | 'loading' | 'starting' | 'ready' | 'failed'} phase
 * @property {Notice | null} notice
 * @property {Map<string, Picture>} thumbnails
 * @property {Map<string, string>} structures
 * @property {number} cursor the step in view
 * @property {boolean} playing
 * @property {number} changes recipe changes that the worker has not answered yet
 * @property {boolean} stepping
 * @property {boolean} smooth
 * @property {boolean} looking whether histograms are in view
 * @property {boolean} panels whether each channel is shown alone in grey, too
 * @property {Measures} measures what is measured of the walk in view
 * @property {Mapped} maps what the picture of the change shows, where that is not the difference
 * @property {Grid} grid walks that are compared
 * @property {Doses} doses walks across doses
 * @property {RealCell} real a cell of the bundle beside the prediction
 * @property {Pinned | null} pin a walk that stays in view beside the others
 * @property {string | null} pinning the link of one that is to be walked again
 * @property {View} view how the channels are shown, as the visitor wants it
 * @property {number} evaluations
 * @property {string} address what copied links begin with
 */

/**
 * What comes with a bundle, and with what the visitor does.
 * @typedef {object} Later
 * @property {Opened['limits']} limits
 * @property {Opened['at']} at
 * @property {Partial<Opened['download']> & { secondsLeft?: number, doing?: string }} download
 * @property {Recipe | null} recipe
 * @property {string} link
 * @property {boolean[]} visible
 * @property {Shown[]} shown how the channels are shown in the pictures
 * @property {Look & { at: number }} look at a step, `at`
 * @property {Counted | null} counted the bundle's cells beside a walk, as far as they were counted
 * @property {ChangeLegend} legend what the colours of the differences mean
 * @property {number} rejected
 * @property {Walk | null} walk
 * @property {Start | null} start
 * @property {string} compoundName
 * @property {string} lastControl the control walked from last: where to go back to from a treated cell
 * @property {EngineName} engineAsked
 * @property {EngineReport} engine
 * @property {{ measured: number, remaining: number } | null} tuned
 * @property {number[]} workers bytes of memory set aside for each worker; none where the engine takes no help
 * @property {number | null} pace
 * @property {Upload | null} upload what is being arranged
 * @property {Offered | null} nuclei of it, which are offered as middles of the crop
 * @property {Uploaded | null} uploaded
 * @property {Typed | null} typed the compound that was typed, while the walk is under one
 */

/** @typedef {Always & Partial<ManifestView> & Partial<Later>} State */

/** What is said of a compound that was typed, wherever it is shown. */
export const UNSEEN = phrase('state.never_seen_network');

/**
 * The id of the drawn example that is the true answer for a walk, where the bundle has one
 * (docs/bundle-format.md).
 * @param {Recipe | null | undefined} recipe
 */
export const answerOf = (recipe) => `${recipe?.control}-${recipe?.compound}`;

/** Characters of a structure that has to do as a name. */
const NAME = 28;

/** @type {State} */
export const EMPTY = {
  phase: 'opening',
  notice: null,
  thumbnails: new Map(),
  structures: new Map(),
  cursor: 0,
  playing: false,
  changes: 0,
  stepping: false,
  smooth: false,
  looking: false,
  panels: false,
  measures: NOTHING_MEASURED,
  maps: NOTHING_MAPPED,
  grid: NO_GRID,
  doses: NO_DOSES,
  real: NO_REAL_CELL,
  pin: null,
  pinning: null,
  view: { hidden: [], channels: [], map: 'difference' },
  evaluations: 0,
  address: '',
};

/**
 * What changes in the state when the worker has answered: recipe, link, walk and whatever else it says.
 * @template {Partial<Exploration>} Answered
 * @param {State} state
 * @param {Answered} answer
 * @returns {Partial<State>}
 */
export function followed(state, { walk: told, ...answer }) {
  const shown = state.walk;
  const live = told && continued(shown?.recorded ? shown.live : shown, told);
  // A recorded walk stays in view while the worker speaks of the same one.
  const stays = live && speaksOf(shown, answer.link);
  const walk = stays ? { ...shown, key: live.key, live } : live;
  const restarted = walk && !stays && walk.key !== shown?.key;
  const steps = (walk ?? shown)?.steps.length ?? 1;
  const recipe = answer.recipe ?? state.recipe;
  const chosen = tileOf(state, recipe);
  return {
    ...answer,
    ...(walk === undefined ? {} : { walk }),
    ...(answer.recipe ? { view: viewIn(recipe) } : {}),
    ...(recipe && !chosen?.treated ? { lastControl: recipe.control } : {}),
    cursor: restarted ? steps - 1 : Math.min(state.cursor, steps - 1),
    ...namesIn(state, recipe),
  };
}

/** The sample or example that a walk starts from. */
const tileOf = ({ samples = [], examples = [] }, recipe) =>
  [...samples, ...examples].find((tile) => tile.id === recipe?.control);

/**
 * What a walk starts from, and what its compound is called.
 * @param {Pick<State, 'samples' | 'examples' | 'compounds'>} bundle
 * @param {Recipe | null | undefined} recipe
 */
export function namesIn(bundle, recipe) {
  const compound = bundle.compounds?.find(({ id }) => id === recipe?.compound);
  return {
    start: startOf(recipe, tileOf(bundle, recipe)),
    compoundName: recipe?.smiles ? shortened(recipe.smiles, NAME) : isolated(compound?.name),
  };
}

/** Whether a walk in view is the recorded one of this link. */
export const speaksOf = (walk, link) => Boolean(walk?.recorded) && walk.link === link;

/**
 * A walk with what the worker has told of it since: what is not told again stays as it is.
 * @param {Walk | null} walk
 * @param {ToldWalk} told
 * @returns {Walk}
 */
export function continued(walk, { from, steps, ...more }) {
  const before = from ? walk : null;
  return { ...before, ...more, steps: [...(before?.steps.slice(0, from) ?? []), ...steps] };
}

/**
 * Its title, its note, whether it was drawn, and its batch where that is known.
 * @returns {Start | null}
 */
function startOf(recipe, chosen) {
  if (!recipe) return null;
  const unknown = { synthetic: false, batch: null };
  if (recipe.control === 'noise') {
    return { title: phrase('shared.noise_2'), note: phrase('state.standard_normal_seed', {
      seed: recipe.seed,
    }), kind: 'noise', ...unknown };
  }
  if (recipe.control === 'upload') {
    return { title: phrase('state.your_image'), note: '', kind: 'upload', ...unknown };
  }
  const treated = chosen?.treated && !chosen.untreated;
  const [title, kind] = treated
    ? [phrase('state.treated_cell'), 'treated']
    : [phrase('shared.control_2'), 'control'];
  const { note = '', synthetic = false, batch = null } = chosen ?? {};
  return { title, kind, note, synthetic, batch };
}
