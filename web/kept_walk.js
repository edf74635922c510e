// The walk that a saved file came from: a picture or figure holds its link, a recipe is one.

import { LONGEST } from './link_at.js';
import { Failure } from './failures.js';
import { phrase } from './words.js';

/** @typedef {{ name: string, link: string | null, recipe: string | null }} KeptWalk one of the two is null */

/** The keyword of the link (crates/cellflux-session/src/picture_text.rs). */
const LINK = 'CellFlux link';

/**
 * Texts stand at the beginning of a PNG. A figure as SVG and a recipe, which may hold a crop, are read whole.
 */
const MOST_OF_PNG = 1 << 20;
const LARGEST_SVG = 32e6;
const LARGEST_RECIPE = 4e6;

const SIGNATURE = [137, 80, 78, 71, 13, 10, 26, 10];

/**
 * The walk that a dropped file holds; null where it holds none, as an image of the visitor's own.
 * @param {File[]} files
 * @returns {Promise<KeptWalk | null>}
 * @throws {Failure} one sentence that names the file
 */
export async function walkIn(files) {
  if (files.length !== 1) return null;
  const [{ name }] = files;
  const holds = await reading(files[0]);
  return holds && { name, link: null, recipe: null, ...holds };
}

/** @param {File} file */
async function reading(file) {
  const end = /\.(png|svg|json)$/i.exec(file.name)?.[1].toLowerCase();
  if (end === 'png') {
    const beginning = await contentOf(file, (part) => part.slice(0, MOST_OF_PNG).arrayBuffer());
    return linkOf(pngText(new Uint8Array(beginning), LINK));
  }
  if (end === 'svg') {
    bounded(file, LARGEST_SVG);
    const found = linkOf(svgText(await contentOf(file, (whole) => whole.text()), LINK));
    if (!found) {
      throw new Failure('bad-image', phrase('kept_walk.holds_no_link_walk', { name: file.name }));
    }
    return found;
  }
  if (end === 'json') {
    bounded(file, LARGEST_RECIPE);
    return { recipe: await contentOf(file, (whole) => whole.text()) };
  }
  return null;
}

/** A text that is no link is no reason to refuse a picture. */
const linkOf = (text) =>
  (text?.startsWith('#') && text.length <= LONGEST ? { link: text.slice(1) } : null);

function bounded({ name, size }, most) {
  if (size <= most) return;
  const [found, allowed] = [size, most].map((bytes) => (bytes / 1e6).toFixed(0));
  throw new Failure('bad-image', phrase('kept_walk.mb_expected_most_mb', { name, found, allowed }));
}

async function contentOf(file, read) {
  try {
    return await read(file);
  } catch {
    const sentence = phrase('shared.could_not_read_may', { name: file.name });
    throw new Failure('bad-image', sentence);
  }
}

/**
 * A PNG's text of this keyword, from the uncompressed `iTXt` chunks before its pixels (PNG specification,
 * 11.3.3); null where there is none. A text is only a text: nothing depends on its check sum.
 * @param {Uint8Array} bytes the file, or its beginning
 * @param {string} keyword
 */
export function pngText(bytes, keyword) {
  if (SIGNATURE.some((byte, at) => bytes[at] !== byte)) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = SIGNATURE.length; at + 8 <= bytes.length;) {
    const length = view.getUint32(at);
    const name = latin(bytes.subarray(at + 4, at + 8));
    if (name === 'IDAT') return null;
    const data = bytes.subarray(at + 8, at + 8 + length);
    const text = name === 'iTXt' && data.length === length ? international(data, keyword) : null;
    if (text !== null) return text;
    at += length + 12;
  }
  return null;
}

/** keyword 0, compressed?, method, language 0, translated keyword 0, text */
function international(data, keyword) {
  const end = data.indexOf(0);
  if (end < 0 || latin(data.subarray(0, end)) !== keyword || data[end + 1] !== 0) return null;
  const language = data.indexOf(0, end + 3);
  const translated = language < 0 ? -1 : data.indexOf(0, language + 1);
  return translated < 0 ? null : new TextDecoder().decode(data.subarray(translated + 1));
}

const latin = (bytes) => String.fromCharCode(...bytes.subarray(0, 80));

const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/**
 * A figure's text of this keyword; null where it has none. The figure is not parsed as a document: one that
 * nobody has checked could ask for styles that the page's policy refuses.
 * @param {string} text
 * @param {string} keyword
 */
export function svgText(text, keyword) {
  const named = text.indexOf(`keyword="${keyword}"`);
  const begin = named < 0 ? 0 : text.indexOf('>', named) + 1;
  const end = begin === 0 ? -1 : text.indexOf('<', begin);
  if (end < 0) return null;
  return text.slice(begin, end).replaceAll(/&(amp|lt|gt|quot|apos);/g, (_, name) => ENTITIES[name]);
}

/** The model that a link names; null where it names none. */
export const modelOf = (link) => new URLSearchParams(link).get('model');
