// Which levels of source noise the network was trained with, and what is said of the others.

import { phrase } from './words.js';

/** @import { TrainedNoise } from './protocol.js' */

/** A slider's step and a link's decimals leave this much between two ways to write one level. */
const SAME = 1e-6;

/**
 * @param {TrainedNoise} trained
 * @param {number} level
 */
function includes(trained, level) {
  if ('levels' in trained) return trained.levels.some((each) => Math.abs(each - level) < SAME);
  const [low, high] = trained.range;
  return level >= low - SAME && level <= high + SAME;
}

/** @param {TrainedNoise} trained */
function named(trained) {
  if ('range' in trained) return phrase('trained_noise.to', {
    range: trained.range[0], most: trained.range[1],
  });
  const { levels } = trained;
  return levels.length > 1
    ? phrase('trained_noise.and', { levels: levels.slice(0, -1).join(', '), at: levels.at(-1) })
    : String(levels[0]);
}

/**
 * The levels to offer: marks on the slider.
 * @param {TrainedNoise | null | undefined} trained
 * @returns {number[]}
 */
export function offered(trained) {
  if (!trained) return [];
  return 'levels' in trained ? trained.levels : trained.range;
}

/**
 * What is known of a level, and whether it is a warning; nothing where the bundle does not say.
 * @param {TrainedNoise | null | undefined} trained
 * @param {number | undefined} level
 * @returns {{ words: string, warns: boolean } | null}
 */
export function ofLevel(trained, level) {
  if (!trained || level === undefined) return null;
  const known = phrase('trained_noise.network_trained', { named: named(trained) });
  return includes(trained, level)
    ? { words: phrase('trained_noise.here', { known }), warns: false }
    : { words: phrase('trained_noise.never_trained', { level, known }), warns: true };
}
