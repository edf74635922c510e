// What a map of the change is called, and what is said beside it: what it shows, how it was computed, and why
// there is none.

import * as figures from './figures.js';
import { otherCondition } from './maps.js';
import { controlOf } from './measures.js';

/** @import { DrawnMap, MapName } from './protocol.js' */
/** @import { State } from './state.js' */

/** What is said of velocities: no camera has seen one. */
export const COMPUTED = 'Computed by the model, not measured';

const at = (time) => `t = ${figures.time(time)}`;

/**
 * What the start is called in a sentence.
 * @param {State['start']} start
 */
export const startWords = (start) => (start?.kind === 'control' ? 'the control' : 'the start');

/**
 * What a walk can be shown as, with the words of the choice.
 * @param {State} state
 * @returns {{ map: MapName, words: string }[]}
 */
export function choicesOf(state) {
  const other = otherCondition(state);
  /** @type {{ map: MapName, words: string, there?: boolean }[]} */
  const all = [
    { map: 'difference', words: `Difference to ${startWords(state.start)}` },
    {
      map: 'noised-start',
      words: 'Difference to the noised start',
      there: Boolean(state.walk?.noised),
    },
    {
      map: 'untreated',
      words: `Difference to ${other?.name ?? 'the control'}’s walk`,
      there: Boolean(other),
    },
    { map: 'velocity', words: 'Velocity, by channel' },
    { map: 'speed', words: 'Velocity, magnitude' },
    { map: 'guidance', words: 'Velocity that the compound adds' },
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
    velocity: 'Velocity', speed: 'Velocity, magnitude', guidance: 'Velocity that the compound adds',
  };
  const title = rates[map] ?? 'Difference';
  if (!drawn?.picture) {
    return { title, note: '', stamp: '', generated: false, label: `${title}: nothing to show yet` };
  }
  const { time, from, size } = drawn;
  const when = map === 'velocity' || map === 'speed' ? `t = ${figures.time(from)} to ${figures.time(time)}`
    : at(time);
  const unit = isRate(map) ? ' per unit of t' : '';
  // What both pictures begin with is no difference of theirs.
  const generated = isRate(map) || drawn.step > 0;
  const stamp = isRate(map) ? COMPUTED : generated ? 'Generated, not measured' : 'No change yet';
  const what = {
    'noised-start': 'Difference between now and the start with its noise',
    untreated: `Difference between now and the walk under ${otherCondition(state)?.name}`,
    velocity: 'Mean velocity of a step, with each channel’s sign',
    speed: 'Magnitude of the mean velocity of a step',
    guidance: 'What the compound adds to the velocity',
  }[map];
  return {
    title,
    note: `${when}; ${size.toFixed(3)}${unit} on average`,
    stamp,
    generated,
    label: `${what}, ${when}. ${stamp}.`,
  };
}

/** Whether a map is of something per unit of t. @param {MapName} map */
export const isRate = (map) => map === 'velocity' || map === 'speed' || map === 'guidance';

/** What “on average” is, for a title. @param {MapName} map */
export const averageWords = (map) =>
  `On average: root mean square over all pixels and channels${isRate(map) ? ', per unit of t' : ''}; the `
  + 'model’s range is −1 to 1';

/**
 * What the map in view shows, and how it was computed; nothing of the difference to the start, of which the
 * stage says what there is to say.
 * @param {State} state
 * @param {DrawnMap | null} drawn
 */
export function aboutOf(state, drawn) {
  const { view: { map }, walk, recipe } = state;
  const shown = drawn?.picture ? drawn : null;
  const unit = 'in intensity per unit of t';
  if (map === 'difference') return '';
  if (map === 'noised-start') {
    return 'Now less the picture that the walk began with: the start with all of its noise. What the network '
      + 'takes away of the noise counts as a change here.';
  }
  if (map === 'untreated') return untreatedWords(state, shown);
  if (map === 'guidance') return guidanceWords(recipe?.alpha, unit, shown);
  const step = shown
    ? `the step from t = ${figures.time(shown.from)} to ${figures.time(shown.time)}`
    : 'the step that led here';
  const last = shown && shown.step === walk?.steps.length - 1 && walk.finished
    ? ' At the end of the walk it is its last step’s.' : '';
  const back = shown && shown.time < shown.from
    ? ' This step goes back in t, so the picture changed the other way.' : '';
  const sign = map === 'speed'
    ? 'its root mean square over the visible channels, without a sign'
    : 'it rises where a channel becomes brighter with growing t, and falls where that becomes darker';
  return `The mean velocity of ${step}, ${unit}: ${sign}. It is the change of the picture over the change of `
    + 't, the mean of the guided velocities that the solver evaluated for this step, with its weights.'
    + `${back}${last} ${COMPUTED}.${localErrorWords(recipe, shown)}`;
}

/**
 * How large the local error of a step is, by which estimate and in which unit.
 * @param {State['recipe']} recipe
 * @param {DrawnMap | null} shown
 */
function localErrorWords(recipe, shown) {
  if (!shown) return '';
  if (recipe?.solver === 'dopri5') {
    return ' Local error: the solver estimates it for every step by an embedded difference, and keeps it '
      + 'below its tolerances.';
  }
  if (recipe?.solver !== 'euler') {
    return ' Local error: not estimated for this solver; its steps hold no second solution to compare with. '
      + 'Euler’s do.';
  }
  if (shown.localError === null) {
    return ' Local error of the step: estimated once the step after it is there.';
  }
  return ` Local error of the step: about ${figures.measured(shown.localError)} (root mean square over all `
    + 'pixels and channels, in intensities of the model’s range −1 to 1). That is the embedded difference: '
    + 'what Heun’s method, of order 2, would add to this step of Euler’s.';
}

/** @param {State} state @param {DrawnMap | null} shown */
function untreatedWords(state, shown) {
  const other = otherCondition(state);
  if (!other) return '';
  const time = shown && Math.abs(shown.from - shown.time) > 1e-6
    ? ` The solver finds its own times for each walk: beside ${at(shown.time)} stands the last step of the `
      + `other walk that is not later, ${at(shown.from)}.`
    : '';
  return `Now less the same walk under ${other.name}: same start, seed, noise, solver, steps and α. What `
    + `both walks share is no change here. Both are generated, not measured.${time}`;
}

/**
 * @param {number | undefined} alpha
 * @param {string} unit
 * @param {DrawnMap | null} shown
 */
function guidanceWords(alpha, unit, shown) {
  const own = alpha === 1
    ? 'Here α = 1: the walk follows v(c) alone, and guidance would add (α − 1) times this picture to it.'
    : `Here α = ${alpha}.`;
  const when = shown ? ` at ${at(shown.time)}` : '';
  return `v(c) − v(null)${when}, ${unit}: the velocity under the compound less the velocity under no `
    + 'condition. The walk follows v = α v(c) + (1 − α) v(null), which is v(null) + α times this picture. '
    + `${own} ${COMPUTED}.`;
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
    return { ...nothing, why: 'A recorded walk is in view, which has no numbers, only pictures. '
      + 'This comes with the network.' };
  }
  if (map === 'untreated' && !otherCondition(state)) {
    const control = controlOf(compounds);
    return { ...nothing, why: control && recipe?.compound === control.id
      ? `The walk in view is the one under ${control.name}.`
      : 'This model has no control condition, so there is no such walk to compare with.' };
  }
  if (map === 'noised-start' && !walk.noised) {
    return { ...nothing, why: 'No noise was added to the start of this walk.' };
  }
  if ((map === 'velocity' || map === 'speed') && cursor === 0) {
    return { ...nothing, why: 'No step leads to the start: walk one step on to see its velocity.' };
  }
  const lacks = isAsked(map) && drawn?.step === cursor && !drawn.picture && maps.asOf === maps.news;
  if (maps.failed) {
    return { ...nothing, why: maps.failed, compute: lacks && phase === 'ready' ? computeWords(state) : null };
  }
  if (map === 'untreated' && maps.untreated && !maps.untreated.finished) {
    const { times, of } = maps.untreated;
    const reached = Math.max(0, times.length - 1);
    const far = of === null ? `Step ${reached}.` : `Step ${reached} of ${of}.`;
    return { ...nothing, why: `Walking under ${otherCondition(state).name}.`, far, busy: true };
  }
  // What is not known to be lacking is on its way.
  if (!lacks || (map === 'untreated' && maps.untreated)) return nothing;
  if (map === 'guidance' && maps.evaluating !== null) {
    const why = 'Evaluating the network, once with the compound and once without.';
    return { ...nothing, why, busy: true };
  }
  if (phase !== 'ready') {
    return { ...nothing, why: 'It has to be computed, which the network does once it is loaded.' };
  }
  return { ...nothing, why: 'It has not been computed.', compute: computeWords(state) };
}

/** Whether a map is computed on a click only. @param {MapName} map */
const isAsked = (map) => map === 'untreated' || map === 'guidance';

/** What the click computes. @param {State} state */
function computeWords(state) {
  const { view: { map }, walk, cursor } = state;
  if (map === 'untreated') return `Walk under ${otherCondition(state)?.name}`;
  if (map === 'guidance') return `Compute it at ${at(walk.steps[cursor].time)} (two evaluations)`;
  return null;
}

/**
 * Why a choice is missing that a reader might look for; empty where none is.
 * @param {State} state
 */
export function missingWords({ compounds }) {
  return compounds?.length && !controlOf(compounds)
    ? 'This model has no control condition: no walk under one can be compared.'
    : '';
}
