// Nuclei of an uploaded image, offered as middles of the crop: which one a tap is on, which is next, and what
// is said of them.

import { count as whole } from './figures.js';
import { phrase, plural } from './words.js';

/** @import { FieldNuclei, Nucleus } from './protocol.js' */
/** @import { Point } from './lens.js' */

/**
 * What is known of the nuclei of an upload: they are looked for, or were found, or could not be looked for.
 * @typedef {{ key: number, looking: true }
 *   | { key: number, failed: string }
 *   | FieldNuclei} Offered
 */

/** A tap is on a nucleus from this many CSS pixels on, so that each is as large as a fingertip needs. */
const REACH = 12;

/** The smallest nucleus that is looked for, across, in pixels of the plane (`LEAST_AREA`). */
const LEAST_ACROSS = 6;

/** A ring lies outside of its nucleus, and is never smaller than a share of the image's longer side. */
const AROUND = 1.25;
const SMALLEST = 1 / 200;

/** The radius of a disc as large as a nucleus, in pixels of the image. @param {Nucleus} nucleus */
const radius = ({ area }) => Math.sqrt(area / Math.PI);

/**
 * Which nucleus a tap is on: of those that it is on the nearest one.
 * @param {Nucleus[]} nuclei
 * @param {Point} point in pixels of the image
 * @param {number} scale pixels of the image per CSS pixel, as it is shown
 * @returns {number | null} its place in the list
 */
export function nucleusAt(nuclei, [x, y], scale) {
  let [best, least] = [null, Infinity];
  for (const [index, nucleus] of nuclei.entries()) {
    const far = Math.hypot(nucleus.x - x, nucleus.y - y);
    if (far < least && far <= Math.max(REACH * scale, radius(nucleus))) [best, least] = [index, far];
  }
  return best;
}

/**
 * The place in a list that is one further on, or back; from the last one to the first. Before any was chosen
 * it begins at an end.
 * @param {number} length
 * @param {number | null} index
 * @param {1 | -1} by
 */
export function beside(length, index, by) {
  if (index === null) return by > 0 ? 0 : length - 1;
  return (index + by + length) % length;
}

/**
 * Rings around nuclei, as the `d` of an SVG path in pixels of the image.
 * @param {Nucleus[]} nuclei
 * @param {{ width: number, height: number }} image
 */
export function ringPath(nuclei, { width, height }) {
  const least = SMALLEST * Math.max(width, height);
  const written = (value) => String(Math.round(10 * value) / 10);
  return nuclei.map((nucleus) => {
    const r = Math.max(AROUND * radius(nucleus), least);
    const [side, across, back] = [r, 2 * r, -2 * r].map(written);
    const half = (to) => `a${side} ${side} 0 1 0 ${to} 0`;
    return `M${written(nucleus.x - r)} ${written(nucleus.y)}${half(across)}${half(back)}`;
  }).join('');
}

/**
 * What is said of them, while none is chosen.
 * @param {Offered} offered
 * @param {string} channel the name of the one that shows nuclei
 */
export function foundSentence(offered, channel) {
  if ('looking' in offered) return phrase('nuclei.looking_nuclei');
  if ('failed' in offered) return phrase('nuclei.nuclei_could_not_looked', { failed: full(offered.failed) });
  const { plane, count, listed } = offered;
  if (plane < 0) return phrase('nuclei.choose_plane_nuclei_found', { channel });
  if (!count) return phrase('nuclei.no_nuclei_were_found', { channel });
  const values = { count: whole(count), channel, listed: whole(listed.length) };
  return plural(listed.length < count ? 'nuclei.found_some' : 'nuclei.found', count, values);
}

/**
 * The one that the crop is on, for the live region.
 * @param {Nucleus[]} listed
 * @param {number} index
 */
export const chosenSentence = (listed, index) =>
  phrase('nuclei.nucleus_px_area', {
    index: index + 1, length: listed.length, whole: whole(listed[index].area),
  });

/**
 * How they were found; nothing while there is nothing to say.
 * @param {Offered} offered
 */
export function howSentence(offered) {
  if (!('size' in offered) || offered.plane < 0) return '';
  const { listed, reduction, size: [width, height] } = offered;
  const how = listed.length
    ? phrase('nuclei.threshold_otsu_watershed_find')
    : phrase('nuclei.they_looked_threshold_otsu');
  if (reduction === 1) return how;
  return phrase('nuclei.plane_reduced_pixels_what', { how, width, height, least: LEAST_ACROSS * reduction });
}

const full = (sentence) => (/[.!?…。！？]$/.test(sentence) ? sentence : `${sentence}.`);
