// What the visitor takes away of the walk in view, or of what is compared with it.

import { keptBeside, keptFile } from './kept_file.js';
import { free } from './walks_before.js';

/** @import { Args } from '../protocol.js' */
/** @import { Opening } from './opening.js' */
/** @import { Results } from './results.js' */
/** @import { Walking } from './walking.js' */

/** Files that show the map of the change. */
const FIGURES = new Set(['figure-png', 'figure-svg']);

export class Keeping {
  #opening;
  #walking;
  #results;

  /**
   * @param {Pick<Opening, 'model'>} opening
   * @param {Pick<Walking, 'another' | 'canWalkAlike' | 'compound' | 'inView' | 'lend' |
   *   'recipeWith'>} walking
   * @param {Pick<Results, 'start'>} results whose module draws figures
   */
  constructor(opening, walking, results) {
    this.#opening = opening;
    this.#walking = walking;
    this.#results = results;
  }

  /**
   * A file of the walk in view.
   * @param {Args<'keep'>} wanted
   */
  async keep(wanted) {
    const { citation } = this.#opening.model.manifest().provenance.data_set;
    const beside = FIGURES.has(wanted.kind) ? await this.#untreated() : null;
    try {
      return await keptFile(this.#walking.inView, beside, this.#results, wanted, this.#condition, citation);
    } finally {
      free(beside);
    }
  }

  /**
   * A figure of a grid or of charts.
   * @param {Args<'keep_beside'>} wanted
   */
  async keepBeside({ base, words, ...wanted }) {
    const { inView } = this.#walking;
    const walk = base ? await this.#walking.another(this.#walking.recipeWith(base)) : inView;
    try {
      const about = walk.figure_about(JSON.stringify(words));
      return await keptBeside(about, wanted, this.#results, this.#condition);
    } finally {
      if (walk !== inView) free(walk);
    }
  }

  /** The compound, as a file's name has it. */
  get #condition() {
    return this.#walking.compound ?? 'typed-compound';
  }

  /**
   * The walk that a figure's map of the change is taken from, as far as the walk in view: to its end, where
   * the solver finds its times on the way. Null where the map needs none, without an engine, and where that
   * has other weights than the walk in view ran under: the map would show their difference, too.
   */
  async #untreated() {
    const { inView } = this.#walking;
    const recipe = inView.untreated_recipe();
    if (!recipe || !this.#walking.canWalkAlike) return null;
    const other = await this.#walking.another(recipe);
    const most = other.times() ? inView.steps() : Infinity;
    try {
      await this.#walking.lend(other, async () => {
        while (other.steps() < most && (await other.step(false)));
      });
      return other;
    } catch (error) {
      free(other);
      throw error;
    }
  }
}
