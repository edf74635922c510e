// Walks aside: other walks than the one in view, on the same engine, while nobody calls. The page says which
// ones it wants, and whether to hear of each step what it measures, its picture, or both; one walk is under
// way here at a time, and one more with each helper (helpers.js), in the order of the lists.
//
// A walk that a helper walks is here all the same: each of its steps is taken over as it comes. So nothing is
// lost with a helper, and a walk goes on here, or with another helper, from the last step.
//
// The engine is lent for a solver step and is back with the walk in view before the next call is served,
// after a failure, too. A call waits for one evaluation at most; what a step had evaluated until then is
// evaluated again later.
//
// A walk of pictures is kept after its end, as long as it is on a list: in another view it is drawn again and
// not walked again. So is a walk of which only the steps are told, whose numbers are asked for (maps.js).

import { nextTurn } from './next_turn.js';
import { numbersOf } from './recipe_view.js';
import { described, isOfTheEngine } from './trouble.js';
import { free } from './walks_before.js';

/** @import { Walk } from '../../pkg/cellflux_wasm.js' */
/** @import { Args, MeasuredStep, Say, SideList, SideWants } from '../protocol.js' */
/** @import { Helpers, Reached } from './helpers.js' */
/** @import { Walking } from './walking.js' */

/**
 * A walk that was asked for.
 * @typedef {object} Job
 * @property {SideList} of
 * @property {string} key
 * @property {any} recipe
 * @property {SideWants} wants
 * @property {string} [view] the page's name for how it is shown
 * @property {boolean} has whether the page has all of it
 * @property {Walk | null} walk once it has begun
 * @property {number} told steps that the page has been told of
 * @property {boolean} redraw whether the walk is drawn otherwise than the recipe says
 */

/** What is served first. */
const LISTS = /** @type {const} */ (['measures', 'untreated', 'pin', 'doses', 'grid']);

/** @param {SideWants} wants */
const isDrawn = (wants) => wants === 'picture' || wants === 'both';
/** @param {SideWants} wants */
const isMeasured = (wants) => wants === 'measures' || wants === 'both';

/**
 * Where nobody helps.
 * @type {Pick<Helpers, 'isOneFree' | 'walk' | 'stopWalks'>}
 */
const NOBODY = { isOneFree: false, walk: () => null, stopWalks: () => {} };

export class SideWalks {
  #walking;
  #wanted;
  #say;
  #measure;
  #helpers;
  /**
   * Walks that helpers walk, with what stops each.
   * @type {Map<Walk, () => void>}
   */
  #away = new Map();
  /**
   * Walks that failed with a helper: they are walked here, where a failure is told.
   * @type {WeakSet<Walk>}
   */
  #onlyHere = new WeakSet();
  /** Ends waiting for what helpers do. */
  #wake = () => {};
  /**
   * All that is on the lists, in order.
   * @type {Job[]}
   */
  #jobs = [];

  /**
   * @param {Pick<Walking, 'another' | 'canLend' | 'evaluations' | 'given' | 'lend' | 'recipeWith' |
   *   'redraw'>} walking lends the engine
   * @param {() => boolean} wanted whether a call waits
   * @param {Say} say
   * @param {(image: Float32Array) => MeasuredStep['values']} measure
   * @param {Pick<Helpers, 'isOneFree' | 'walk' | 'stopWalks'>} helpers
   */
  constructor(walking, wanted, say, measure, helpers = NOBODY) {
    this.#walking = walking;
    this.#wanted = wanted;
    this.#say = say;
    this.#measure = measure;
    this.#helpers = helpers;
  }

  /**
   * Makes these a list, each walk as the recipe in view with a change. What has been walked of those that
   * were on it before goes on; the others are forgotten.
   * @param {Args<'side'>} args
   */
  take({ of, jobs }) {
    const before = this.#jobs.filter((job) => job.of === of);
    const now = jobs.map((job) => this.#taken(of, job, before.find(({ key }) => key === job.key)));
    for (const { walk } of before) if (!now.some((job) => job.walk === walk)) this.#forget(walk);
    const others = this.#jobs.filter((job) => job.of !== of);
    this.#jobs = LISTS.flatMap((list) => (list === of ? now : others.filter((job) => job.of === list)));
  }

  /**
   * @param {SideList} of
   * @param {Args<'side'>['jobs'][number]} asked
   * @param {Job} [before] of the same key
   * @returns {Job}
   */
  #taken(of, { key, change, wants = 'measures', view, has = false }, before) {
    const recipe = this.#walking.recipeWith(change);
    const job = { of, key, recipe, wants, view, has };
    if (!before?.walk || !sameNumbers(before.recipe, recipe)) {
      return { ...job, walk: null, told: 0, redraw: false };
    }
    const { walk } = before;
    const redraw = before.redraw || !sameView(before.recipe, recipe);
    // What the page says that it lacks it is told again.
    const ended = walk.finished() && before.told === walk.steps();
    const told = has ? walk.steps() : redraw || ended ? 0 : before.told;
    return { ...job, walk, told, redraw: redraw && isDrawn(wants) };
  }

  /**
   * The walk of this key, as far as it has come. It stays where it is: nobody else frees or steps it.
   * @param {string} key
   * @returns {Walk | null}
   */
  walkOf(key) {
    return this.#jobs.find((job) => job.key === key)?.walk ?? null;
  }

  /** Forgets all of them, for another bundle. */
  clear() {
    for (const { walk } of this.#jobs) this.#forget(walk);
    this.#jobs = [];
  }

  /** A call has come: helpers leave their walks, within one evaluation, and nobody waits for them. */
  giveWay() {
    this.#helpers.stopWalks();
    this.#wake();
  }

  /** Walks until a call comes or nothing is left. It never fails: the page is told what did. */
  async walkOn() {
    while (this.#walking.canLend && !this.#wanted()) {
      await this.#spread();
      const job = this.#next();
      if (!job && !this.#away.size) return;
      if (this.#wanted()) return;
      if (!job) {
        await new Promise((resolve) => { this.#wake = () => resolve(undefined); });
        continue;
      }
      try {
        await this.#goOn(job);
      } catch (error) {
        this.#fail(job, error);
      }
      await nextTurn();
    }
  }

  /** What is to be told, or else what is under way here, or else the first that is lacking. */
  #next() {
    const untold = this.#jobs.find(({ walk, redraw, told }) =>
      walk && this.#away.has(walk) && (redraw || told < walk.steps()));
    return untold ?? this.#lacking()[0];
  }

  /** What is lacking and not with a helper: first what has begun, then in the order of the lists. */
  #lacking() {
    const lacking = this.#jobs.filter((job) => isLacking(job) && !(job.walk && this.#away.has(job.walk)));
    return [...lacking.filter(({ walk }) => walk), ...lacking.filter(({ walk }) => !walk)];
  }

  /** Gives helpers that are free what is lacking, except for the first, which is walked here. */
  async #spread() {
    while (this.#helpers.isOneFree && !this.#wanted()) {
      const [, ...others] = this.#lacking();
      const job = others.find(({ walk, redraw }) =>
        !walk || !(redraw || walk.finished() || this.#onlyHere.has(walk)));
      if (!job) return;
      try {
        if (!(await this.#sendAway(job))) return;
      } catch (error) {
        this.#fail(job, error);
      }
    }
  }

  /**
   * Has a helper walk on from the last step; false where none is free any more.
   * @param {Job} job
   */
  async #sendAway(job) {
    const given = await this.#walking.given(job.recipe);
    const walk = job.walk ?? (await this.#walking.another(job.recipe));
    job.walk = walk;
    const last = walk.steps() - 1;
    const from = last ? { values: walk.values(last), place: walk.place_of(last) } : null;
    const stop = this.#helpers.walk({ ...given, from }, {
      onStep: (step) => this.#takeStep(walk, step),
      whenDone: (trouble) => {
        if (trouble) this.#onlyHere.add(walk);
        this.#away.delete(walk);
        this.#wake();
      },
    });
    if (stop) this.#away.set(walk, stop);
    return stop !== null;
  }

  /**
   * A helper has come a step further.
   * @param {Walk} walk
   * @param {Reached} step
   */
  #takeStep(walk, { values, place }) {
    // It may have been forgotten meanwhile.
    if (!this.#away.has(walk) || this.#onlyHere.has(walk)) return;
    try {
      walk.take_step(values, place);
      this.#walking.evaluations += walk.evaluations_of(walk.steps() - 1);
    } catch {
      this.#onlyHere.add(walk);
      this.#away.get(walk)();
    }
    this.#wake();
  }

  /**
   * Frees a walk, wherever it is walked.
   * @param {Walk | null} walk
   */
  #forget(walk) {
    if (walk) this.#away.get(walk)?.();
    if (walk) this.#away.delete(walk);
    free(walk);
  }

  /**
   * One thing to do: its start, drawing it again, telling of a step, or one solver step.
   * @param {Job} job
   */
  async #goOn(job) {
    if (!job.walk) {
      job.walk = await this.#walking.another(job.recipe);
    } else if (job.redraw) {
      await this.#walking.redraw(job.walk, job.recipe);
      job.redraw = false;
    } else if (job.told === job.walk.steps() && !(await this.#step(job.walk))) {
      if (job.walk.finished()) this.#end(job);
      return;
    }
    this.#tell(job);
    if (job.told === job.walk.steps() && job.walk.finished()) this.#end(job);
  }

  /**
   * One solver step; false where a call has come in the middle of it, and at the end.
   * @param {Walk} walk
   */
  #step(walk) {
    return this.#walking.lend(walk, async () => {
      while (await walk.evaluate()) {
        await nextTurn();
        if (this.#wanted()) return false;
      }
      return walk.step(false);
    });
  }

  /**
   * Tells the page of the next step that it has not been told of.
   * @param {Job} job
   */
  #tell(job) {
    const { key, walk, wants, view } = job;
    const step = job.told;
    const time = walk.time_of(step);
    const measures = isMeasured(wants) ? { time, values: this.#measure(walk.values(step)) } : null;
    const picture = isDrawn(wants) ? walk.picture(step).now : null;
    this.#say('side', {
      key,
      step,
      of: walk.times() ? walk.times().length - 1 : null,
      finished: walk.finished() && step === walk.steps() - 1,
      time,
      ...(measures ? { measures } : {}),
      ...(picture ? { picture, view } : {}),
    });
    job.told = step + 1;
  }

  /** A failure of the engine ends all that is lacking; another one only the walk that it is of. */
  #fail(job, error) {
    const failed = described(error);
    const ended = isOfTheEngine(failed) ? this.#jobs.filter(isLacking) : [job];
    for (const { key, walk } of ended) {
      this.#say('side', { key, failed });
      this.#forget(walk);
    }
    this.#jobs = this.#jobs.filter((each) => !ended.includes(each));
  }

  /**
   * At its end a walk that was only measured is not needed any more; another one stays.
   * @param {Job} job
   */
  #end(job) {
    job.has = true;
    if (job.wants !== 'measures') return;
    this.#forget(job.walk);
    this.#jobs = this.#jobs.filter((each) => each !== job);
  }
}

/**
 * Whether there is something left to do for it.
 * @param {Job} job
 */
function isLacking({ walk, has, redraw, told }) {
  if (!walk) return !has;
  return redraw || told < walk.steps() || !walk.finished();
}

/** Whether two recipes give the same numbers, however these are shown. */
const sameNumbers = (a, b) => numbersOf(a) === numbersOf(b);

const sameView = (a, b) => JSON.stringify(a.view ?? null) === JSON.stringify(b.view ?? null);
