// Micrometres: round lengths for scale bars, and crops at the scale of the model's images.

import { about, largestSide } from './crop_place.js';
import { digits } from './figures.js';
import { phrase } from './words.js';

/** @import { Crop } from './protocol.js' */
/** @import { Field } from './crop_place.js' */

/** A scale bar takes about this share of what is in view. */
const SHARE = 0.25;

/** How far, as a share, a crop may be from the model's scale and still be called at it. */
const SAME = 0.01;

const LIKE_THE_SAMPLES = phrase('scale.choose_side_nucleus_looks');

/**
 * The size of the model's images: micrometres per pixel, where the data state it, and pixels along the longer
 * side.
 * @typedef {{ pixelUm: number | null, side: number }} ModelScale
 */

/**
 * A round length, 1, 2 or 5 times a power of ten, of about a quarter of what is in view.
 * @param {number} across micrometres
 */
export function roundLength(across) {
  const wanted = SHARE * across;
  const power = Math.floor(Math.log10(wanted));
  // Written as a number's text, so that no digits of a multiplication are left over.
  const lengths = [1, 2, 5, 10].map((first) => Number(`${first}e${power}`));
  const off = (length) => Math.abs(Math.log(length / wanted));
  return lengths.reduce((best, length) => (off(length) < off(best) ? length : best));
}

/** A round length in words: 500 nm, 20 µm, 1 mm. */
export function inWords(um) {
  const figure = (number) => digits(number, 4);
  if (um < 1) return `${figure(um * 1000)} nm`;
  return um < 1000 ? `${figure(um)} µm` : `${figure(um / 1000)} mm`;
}

/**
 * The side of a crop that is as large on the specimen as the model's images; null where a scale is unknown.
 * @param {ModelScale} model
 * @param {number | null} pixelUm micrometres per pixel of the upload
 */
export const sideAtScale = (model, pixelUm) =>
  model.pixelUm && pixelUm ? Math.round((model.side * model.pixelUm) / pixelUm) : null;

/**
 * The crop in an upload's middle at the model's scale; null where a scale is unknown or it has no room.
 * @param {Field & { crop: Crop, pixelUm: number | null }} upload
 * @param {ModelScale} model
 * @returns {Crop | null}
 */
export function cropAtScale(upload, model) {
  const side = sideAtScale(model, upload.pixelUm);
  if (side === null || side < upload.smallest || side > largestSide(upload)) return null;
  return about(upload, { side, middle: [upload.width / 2, upload.height / 2] });
}

/**
 * How large cells are in a crop beside those of the model's images.
 * @param {Field & { pixelUm: number | null, scaleFrom: string | null, crop: Crop }} upload
 * @param {ModelScale} model
 */
export function scaleSentence(upload, model) {
  const { pixelUm, scaleFrom, crop: { side }, smallest } = upload;
  const ideal = sideAtScale(model, pixelUm);
  if (ideal === null) {
    const silent = pixelUm ? phrase('scale.data_state') : phrase('scale.your_image_states');
    const whose = pixelUm || model.pixelUm ? silent : null;
    const unknown = whose
      ? phrase('scale.no_pixel_size', { whose })
      : phrase('scale.neither_data_nor_your');
    return phrase('scale.scale_unknown', { unknown, like: LIKE_THE_SAMPLES });
  }
  const times = (model.side * model.pixelUm) / (side * pixelUm);
  if (side === ideal || Math.abs(times - 1) <= SAME) {
    const from = scaleFrom ? ` (${scaleFrom})` : '';
    return phrase('scale.crop_model_scale_px', { side, pixelUm: digits(pixelUm, 4), from });
  }
  const look = phrase('scale.cells_look_times_large', { times: digits(times, 3) });
  if (ideal > largestSide(upload)) {
    return phrase('scale.their_scale_side_would', { look, ideal });
  }
  if (ideal < smallest) {
    return phrase('scale.their_scale_side_would_2', { look, ideal, smallest });
  }
  return phrase('scale.their_scale_side_px', { look, ideal });
}
