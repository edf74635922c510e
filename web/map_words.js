// What a map of the change is called, and what is said beside it: what it shows, how it was computed, and why
// there is none.

import * as figures from './figures.js';
import { otherCondition } from './maps.js';
import { controlOf } from './measures.js';
import { phrase } from './words.js';

/** @import { DrawnMap, MapName } from './protocol.js' */
/** @import { State } from './state.js' */

/** What is said of velocities: no camera has seen one. */
export const COMPUTED = phrase('map_words.computed_model_not_measured');

const at = (time) => `t = ${figures.time(time)}`;

/**
 * What the start is called in a sentence.
 * @param {State['start']} start
 */
export const startWords = (start) =>
  phrase(start?.kind === 'control' ? 'shared.control' : 'shared.start');

/**
 * What a walk can be shown as, with the words of the choice.
 * @param {State} state
 * @returns {{ map: MapName, words: string }[]}
 */
export function choicesOf(state) {
  const other = otherCondition(state);
  /** @type {{ map: MapName, words: string, there?: boolean }[]} */
  const all = [
    { map: 'difference', words: phrase('map_words.difference', { start: startWords(state.start) }) },
    {
      map: 'noised-start',
      words: phrase('map_words.difference_noised_start'),
      there: Boolean(state.walk?.noised),
    },
    {
      map: 'untreated',
      words: phrase('map_words.difference_walk', { name: other?.name ?? phrase('shared.control') }),
      there: Boolean(other),
    },
    { map: 'velocity', words: phrase('map_words.velocity_channel') },
    { map: 'speed', words: phrase('map_words.velocity_magnitude') },
    { map: 'guidance', words: phrase('map_words.velocity_compound_adds') },
  ];
  // What a link asks for is a choice also where it shows nothing: the page says why.
  return all.filter(({ map, there = true }) => there || map === state.view.map);
}

/**
 * What is drawn of the map that is chosen; null as long as there is nothing of this walk.
 * @param {State} state
 * @returns {DrawnMap | null}
 */
export function drawnIn({ maps: { drawn }, walk, view }) {
  return drawn && walk && drawn.key === walk.key && drawn.map === view.map ? drawn : null;
}

/**
 * The lines below the picture of a map.
 * @param {State} state
 * @param {DrawnMap | null} drawn
 * @returns {{ title: string, note: string, stamp: string, generated: boolean, label: string }}
 */
export function captionOf(state, drawn) {
  const { map } = state.view;
  const rates = {
    velocity: phrase('map_words.velocity'),
    speed: phrase('map_words.velocity_magnitude'),
    guidance: phrase('map_words.velocity_compound_adds'),
  };
  const title = rates[map] ?? phrase('shared.difference');
  if (!drawn?.picture) {
    return { title, note: '', stamp: '', generated: false, label: phrase('map_words.nothing_show_yet', {
      title,
    }) };
  }
  const { time, from, size } = drawn;
  const when = map === 'velocity' || map === 'speed' ? phrase('map_words.t', {
    from: figures.time(from), time: figures.time(time),
  })
    : at(time);
  const unit = isRate(map) ? phrase('map_words.per_unit_t') : '';
  // What both pictures begin with is no difference of theirs.
  const generated = isRate(map) || drawn.step > 0;
  const shown = generated ? phrase('shared.generated_not_measured') : phrase('shared.no_change_yet');
  const stamp = isRate(map) ? COMPUTED : shown;
  const what = {
    'noised-start': phrase('map_words.difference_between_now_start'),
    untreated: phrase('map_words.difference_between_now_walk', { name: otherCondition(state)?.name }),
    velocity: phrase('map_words.mean_velocity_step_each'),
    speed: phrase('map_words.magnitude_mean_velocity_step'),
    guidance: phrase('map_words.what_compound_adds_velocity'),
  }[map];
  return {
    title,
    note: phrase('map_words.on_average', { when, size: figures.fixed(size, 3), unit }),
    stamp,
    generated,
    label: `${what}, ${when}. ${stamp}.`,
  };
}

/** Whether a map is of something per unit of t. @param {MapName} map */
export const isRate = (map) => map === 'velocity' || map === 'speed' || map === 'guidance';

/** What “on average” is, for a title. @param {MapName} map */
export const averageWords = (map) =>
  phrase('map_words.on_average_root_mean', { isRate: isRate(map) ? phrase('map_words.per_unit_t_2') : '' });

/**
 * What the map in view shows, and how it was computed; nothing of the difference to the start, of which the
 * stage says what there is to say.
 * @param {State} state
 * @param {DrawnMap | null} drawn
 */
export function aboutOf(state, drawn) {
  const { view: { map }, walk, recipe } = state;
  const shown = drawn?.picture ? drawn : null;
  const unit = phrase('map_words.intensity_per_unit_t');
  if (map === 'difference') return '';
  if (map === 'noised-start') {
    return phrase('map_words.now_less_picture_walk');
  }
  if (map === 'untreated') return untreatedWords(state, shown);
  if (map === 'guidance') return guidanceWords(recipe?.alpha, unit, shown);
  const step = shown
    ? phrase('map_words.step_from_t', { from: figures.time(shown.from), time: figures.time(shown.time) })
    : phrase('map_words.step_led_here');
  const last = shown && shown.step === walk?.steps.length - 1 && walk.finished
    ? phrase('map_words.end_walk_last_step') : '';
  const back = shown && shown.time < shown.from
    ? phrase('map_words.step_goes_back_t') : '';
  const sign = map === 'speed'
    ? phrase('map_words.root_mean_square_over')
    : phrase('map_words.rises_where_channel_becomes');
  return phrase('map_words.mean_velocity_change_picture', {
    step, unit, sign, back, last, computed: COMPUTED, error: localErrorWords(recipe, shown),
  });
}

/**
 * How large the local error of a step is, by which estimate and in which unit.
 * @param {State['recipe']} recipe
 * @param {DrawnMap | null} shown
 */
function localErrorWords(recipe, shown) {
  if (!shown) return '';
  if (recipe?.solver === 'dopri5') {
    return phrase('map_words.local_error_solver_estimates');
  }
  if (recipe?.solver !== 'euler') {
    return phrase('map_words.local_error_not_estimated');
  }
  if (shown.localError === null) {
    return phrase('map_words.local_error_step_estimated');
  }
  return phrase('map_words.local_error_step_about', { localError: figures.measured(shown.localError) });
}

/** @param {State} state @param {DrawnMap | null} shown */
function untreatedWords(state, shown) {
  const other = otherCondition(state);
  if (!other) return '';
  const time = shown && Math.abs(shown.from - shown.time) > 1e-6
    ? phrase('map_words.solver_finds_own_times', { at: at(shown.time), other: at(shown.from) })
    : '';
  return phrase('map_words.now_less_same_walk', { name: other.name, time });
}

/**
 * @param {number | undefined} alpha
 * @param {string} unit
 * @param {DrawnMap | null} shown
 */
function guidanceWords(alpha, unit, shown) {
  const own = alpha === 1
    ? phrase('map_words.here_1_walk_follows')
    : phrase('map_words.here', { alpha });
  const when = shown ? phrase('map_words.at', { at: at(shown.time) }) : '';
  return phrase('map_words.v_c_v_null', { when, unit, own, computed: COMPUTED });
}

/**
 * Why the map in view shows nothing, or not yet, and what a click computes for it.
 * @param {State} state
 * @param {DrawnMap | null} drawn
 * @returns {{ why: string, far: string, compute: string | null, busy: boolean }} `far` is how far that is
 */
export function lackOf(state, drawn) {
  const { view: { map }, walk, cursor, phase, maps, recipe, compounds } = state;
  const nothing = { why: '', far: '', compute: null, busy: false };
  if (map === 'difference' || !walk) return nothing;
  if (walk.recorded) {
    return { ...nothing, why: phrase('map_words.recorded_walk_view_no') };
  }
  if (map === 'untreated' && !otherCondition(state)) {
    const control = controlOf(compounds);
    return { ...nothing, why: control && recipe?.compound === control.id
      ? phrase('map_words.walk_view_one_under', { name: control.name })
      : phrase('map_words.model_no_control_condition') };
  }
  if (map === 'noised-start' && !walk.noised) {
    return { ...nothing, why: phrase('map_words.no_noise_added_start') };
  }
  if ((map === 'velocity' || map === 'speed') && cursor === 0) {
    return { ...nothing, why: phrase('map_words.no_step_leads_start') };
  }
  const lacks = isAsked(map) && drawn?.step === cursor && !drawn.picture && maps.asOf === maps.news;
  if (maps.failed) {
    return { ...nothing, why: maps.failed, compute: lacks && phase === 'ready' ? computeWords(state) : null };
  }
  if (map === 'untreated' && maps.untreated && !maps.untreated.finished) {
    const { times, of } = maps.untreated;
    const reached = Math.max(0, times.length - 1);
    const far = of === null ? phrase('map_words.step', {
      reached,
    }) : phrase('map_words.step_2', { reached, of });
    return { ...nothing, why: phrase('map_words.walking_under', {
      name: otherCondition(state).name,
    }), far, busy: true };
  }
  // What is not known to be lacking is on its way.
  if (!lacks || (map === 'untreated' && maps.untreated)) return nothing;
  if (map === 'guidance' && maps.evaluating !== null) {
    const why = phrase('map_words.evaluating_network_once_compound');
    return { ...nothing, why, busy: true };
  }
  if (phase !== 'ready') {
    return { ...nothing, why: phrase('map_words.computed_network_does_once') };
  }
  return { ...nothing, why: phrase('map_words.not_been_computed'), compute: computeWords(state) };
}

/** Whether a map is computed on a click only. @param {MapName} map */
const isAsked = (map) => map === 'untreated' || map === 'guidance';

/** What the click computes. @param {State} state */
function computeWords(state) {
  const { view: { map }, walk, cursor } = state;
  if (map === 'untreated') return phrase('map_words.walk_under', { name: otherCondition(state)?.name });
  if (map === 'guidance') return phrase('map_words.compute_two_evaluations', {
    at: at(walk.steps[cursor].time),
  });
  return null;
}

/**
 * Why a choice is missing that a reader might look for; empty where none is.
 * @param {State} state
 */
export function missingWords({ compounds }) {
  return compounds?.length && !controlOf(compounds)
    ? phrase('map_words.model_no_control_condition_2')
    : '';
}
