// Where a crop may lie in an image.

/** @import { Crop } from './protocol.js' */

/**
 * What decides where a crop of an upload may lie.
 * @typedef {object} Field
 * @property {number} width
 * @property {number} height
 * @property {[wide: number, high: number]} extent the crop's size for a side of 1
 * @property {number} smallest side
 */

/** The largest side of a crop. @param {Field} field */
export const largestSide = ({ width, height, extent: [wide, high] }) =>
  Math.floor(Math.min(width / wide, height / high));

/**
 * A crop with a change, as far as it lies within the image: first the side is bounded, then the corner.
 * @param {Field & { crop: Crop }} upload
 * @param {Partial<Crop>} change
 * @returns {Crop}
 */
export function placed(upload, change) {
  const { crop, width, height, smallest, extent: [wide, high] } = upload;
  const wanted = { ...crop, ...change };
  const side = clamp(Math.round(wanted.side) || smallest, smallest, largestSide(upload));
  const corner = (at, length, part) => clamp(Math.round(at) || 0, 0, Math.floor(length - side * part));
  return { side, x: corner(wanted.x, width, wide), y: corner(wanted.y, height, high) };
}

/**
 * A crop with another middle, or another side about the middle that it has.
 * @param {Field & { crop: Crop }} upload
 * @param {{ side?: number, middle?: [x: number, y: number] }} change `middle` in pixels of the image
 */
export function about(upload, { side = upload.crop.side, middle }) {
  const { crop, extent: [wide, high] } = upload;
  const [x, y] = middle ?? [crop.x + (crop.side * wide) / 2, crop.y + (crop.side * high) / 2];
  return placed(upload, { side, x: x - (side * wide) / 2, y: y - (side * high) / 2 });
}

/** How far a part of the picture must move to come into view, along one side; all as shares of the frame. */
export function aside(from, length) {
  if (length > 1) return 0;
  return from < 0 ? -from : Math.min(0, 1 - from - length);
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), Math.max(low, high));
