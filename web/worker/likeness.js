// Where a crop of an upload looks unlike the bundle's own controls, by statistics of its coded bytes.

import { fixed } from '../figures.js';
import { isolated } from '../isolated.js';
import { countsOf } from './cell_counts.js';
import { phrase } from '../words.js';

/** @import { Opening } from './opening.js' */

/** Fewer controls than this do not say how much controls differ. */
const FEWEST = 3;
/** More than this are not fetched for it. */
const MOST = 32;
/** Controls whose bytes differ by less do so by chance: a byte is a whole number. */
const LEAST_SPREAD = 1;

/**
 * Student's t that is exceeded at either end in one of 1000 cases, by degrees of freedom. Few controls say
 * little of how much controls differ, so a crop must be farther from them.
 */
const T = [
  [2, 31.6], [3, 12.92], [4, 8.61], [5, 6.87], [6, 5.96], [7, 5.41], [8, 5.04], [9, 4.78], [10, 4.59],
  [12, 4.32], [15, 4.07], [20, 3.85], [30, 3.65],
];

/**
 * Student's t is of normal numbers; the light of cells is skewed, and some controls are far brighter than the
 * others. Half as much again keeps most of those from being called unlike.
 */
const SKEWED = 1.5;

/** @typedef {{ mean: number, spread: number, bright: number }} Statistics of one channel, in coded units */

/** What is compared, the plainest first, and how it is said where a crop has more of it, and less. */
const COMPARED = /** @type {const} */ ([
  ['mean', 'likeness.brighter', 'likeness.darker'],
  ['spread', 'likeness.contrast_higher', 'likeness.contrast_lower'],
  ['bright', 'likeness.brightest_brighter', 'likeness.brightest_darker'],
]);

/**
 * Mean, standard deviation and 99th percentile of each channel.
 * @param {Uint8Array} coded `[C, H, W]`
 * @param {number} channels
 * @returns {Statistics[]}
 */
export function statistics(coded, channels) {
  const pixels = coded.length / channels;
  return countsOf(coded, channels).map((counts) => {
    const sum = (of) => counts.reduce((total, count, value) => total + count * of(value), 0) / pixels;
    const mean = sum((value) => value);
    let [bright, below] = [0, counts[0]];
    while (below < 0.99 * pixels) below += counts[bright += 1];
    return { mean, spread: Math.sqrt(sum((value) => (value - mean) ** 2)), bright };
  });
}

/**
 * By how many of their standard deviations something must differ from `n` controls to be called unlike them:
 * half as much again as the interval in which one more control would lie in 999 of 1000 cases, were they
 * normal.
 * @param {number} n 3 or more
 */
export function threshold(n) {
  const [, t] = T.findLast(([freedom]) => freedom <= n - 1);
  return SKEWED * t * Math.sqrt(1 + 1 / n);
}

/**
 * Sentences on channels that look unlike those of the controls, one for each channel at most; none with too
 * few controls.
 * @param {Statistics[]} crop
 * @param {Statistics[][]} controls
 * @param {string[]} names of the channels
 * @param {boolean} drawn whether a program drew the controls
 */
export function unlike(crop, controls, names, drawn) {
  const n = controls.length;
  if (n < FEWEST) return [];
  const most = threshold(n);
  const whom = phrase('likeness.bundle_controls_n', {
    n, drawn: drawn ? phrase('likeness.drawn_program') : '',
  });
  return crop.flatMap((found, channel) => {
    for (const [key, more, less] of COMPARED) {
      const theirs = controls.map((control) => control[channel][key]);
      const mean = theirs.reduce((sum, value) => sum + value, 0) / n;
      const squares = theirs.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      const times = (found[key] - mean) / Math.max(Math.sqrt(squares / (n - 1)), LEAST_SPREAD);
      if (Math.abs(times) > most) {
        const deviations = phrase('likeness.standard_deviations', { times: fixed(Math.abs(times), 1) });
        // The name begins the sentence of the first.
        const name = key === 'mean' ? capital(names[channel]) : names[channel];
        return [phrase(times > 0 ? more : less, { name, times: deviations, whom })];
      }
    }
    return [];
  });
}

const capital = (name) => name.charAt(0).toUpperCase() + name.slice(1);

/** The controls of the bundle that is open. */
export class Controls {
  #opening;
  /** The model that they are of. */
  #model = null;
  /** @type {Promise<void> | null} */
  #coming = null;
  /** @type {Statistics[][]} */
  #controls = [];
  #drawn = false;
  #names = [];

  /** @param {Opening} opening */
  constructor(opening) {
    this.#opening = opening;
  }

  /** Fetches and measures them, once for each model. What does not come is not compared with. */
  bring() {
    const { model } = this.#opening;
    if (this.#model !== model) {
      this.#model = model;
      this.#coming = this.#measure(model);
    }
    return this.#coming;
  }

  /**
   * Where a crop looks unlike them.
   * @param {Uint8Array} coded
   * @returns {string[]}
   */
  hints(coded) {
    return unlike(statistics(coded, this.#names.length), this.#controls, this.#names, this.#drawn);
  }

  async #measure(model) {
    const { image, gallery } = model.manifest();
    const all = gallery?.controls ?? [];
    const measured = all.filter(({ synthetic }) => !synthetic);
    // Drawings are compared with where there are too few cells, and never mixed with them.
    this.#drawn = measured.length < FEWEST;
    const chosen = this.#drawn ? all.filter(({ synthetic }) => synthetic) : measured;
    this.#names = image.channels.map(({ name }) => isolated(name));
    const controls = [];
    this.#controls = controls;
    for (const { id } of chosen.slice(0, MOST)) {
      try {
        const path = model.example_file(id);
        const content = await this.#opening.content(path);
        controls.push(statistics(model.coded(path, content), this.#names.length));
      } catch (error) {
        // One that stands still will not be followed by others.
        if (error?.stalled) return;
      }
    }
  }
}
