// Micrometres: round lengths for scale bars, and crops at the scale of the model's images.

import { about, largestSide } from './crop_place.js';

/** @import { Crop } from './protocol.js' */
/** @import { Field } from './crop_place.js' */

/** A scale bar takes about this share of what is in view. */
const SHARE = 0.25;

/** How far, as a share, a crop may be from the model's scale and still be called at it. */
const SAME = 0.01;

const LIKE_THE_SAMPLES = 'choose the side so that a nucleus looks as large as in the samples.';

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
  const figure = (number) => Number(number.toPrecision(4));
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
    const whose = pixelUm ? 'The data state' : model.pixelUm ? 'Your image states' : null;
    const unknown = whose
      ? `${whose} no pixel size`
      : 'Neither the data nor your image states the size of a pixel';
    return `${unknown}, so the scale is unknown: ${LIKE_THE_SAMPLES}`;
  }
  const times = (model.side * model.pixelUm) / (side * pixelUm);
  if (side === ideal || Math.abs(times - 1) <= SAME) {
    const from = scaleFrom ? ` (${scaleFrom})` : '';
    return `Crop at the model’s scale: ${side} px × ${Number(pixelUm.toPrecision(4))} µm${from}.`;
  }
  const look = `Cells look ${Number(times.toPrecision(3))} times as large as in the model’s images`;
  if (ideal > largestSide(upload)) {
    return `${look}: at their scale the side would be ${ideal} px, more than your image has.`;
  }
  if (ideal < smallest) {
    return `${look}: at their scale the side would be ${ideal} px, fewer than the ${smallest} px that show a `
      + 'cell.';
  }
  return `${look}; at their scale the side is ${ideal} px.`;
}
