// Images to upload: real ones where the data lie beside the repository, otherwise ones made here.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { SHARED } from './explorer_page.mjs';

const CELLS = SHARED && join(SHARED, 'data/bbbc021-cells');

/** A control crop, 68 x 68, 8-bit RGB: the first DMSO cell of the data set, or a synthetic one. */
export function controlCrop() {
  if (!CELLS || !existsSync(CELLS)) {
    return { name: 'synthetic.png', mimeType: 'image/png', buffer: png(68, 68, 3, blob) };
  }
  const [header, ...rows] = readFileSync(join(CELLS, 'metadata.csv'), 'utf8')
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split(','));
  const column = (name) => header.indexOf(name);
  const row = rows.find((cells) => cells[column('STATE')] === '0' && cells[column('BATCH')] === 'Week4');
  const path = row[column('path')];
  return { name: path.split('/').pop(), mimeType: 'image/png', buffer: readFileSync(join(CELLS, path)) };
}

/** A bright disc on a dark ground, a different one in each channel: not a cell, but an image. */
function blob(x, y, channel) {
  const far = Math.hypot(x - 34 - 4 * channel, y - 34 + 3 * channel);
  return Math.max(0, Math.round(190 - 6 * far - 20 * channel));
}

/** The files of one raw 16-bit field, one per channel; empty without the data. */
export function rawField() {
  return filesOf('data/bbbc021-fields', (name) => name.includes('_s1_'));
}

/** The five channels of one JUMP field; empty without the data. */
export function jumpField() {
  return filesOf('data/jump', (name) => /BR00117010_A01_f1.*\.tiff?$/.test(name));
}

function filesOf(folder, wanted) {
  const root = SHARED && join(SHARED, folder);
  if (!root || !existsSync(root)) return [];
  const found = readdirSync(root, { recursive: true }).map(String).filter((name) => wanted(name)).sort();
  return found.map((name) => join(root, name));
}

/** A PNG of 8-bit samples, grey (1) or RGB (3), written without filters. */
export function png(width, height, channels, sample) {
  const rows = Buffer.alloc(height * (1 + width * channels));
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      for (let c = 0; c < channels; c += 1) {
        rows[y * (1 + width * channels) + 1 + x * channels + c] = sample(x, y, c);
      }
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  header[9] = channels === 3 ? 2 : 0;
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(8 + body.length);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), 4 + body.length);
  return framed;
}

function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** A TIFF of 32-bit floating point, a page for each name. */
export function floatTiff(width, height, names, sample) {
  const pixels = Buffer.alloc(4 * width * height);
  for (let i = 0; i < width * height; i += 1) {
    pixels.writeFloatLE(sample(i % width, Math.floor(i / width)), 4 * i);
  }
  const named = names.map((name) => [[285, TEXT, name.padEnd(16, '\0')], [339, SHORT, 3]]);
  return pagesOf(width, height, 32, names.map(() => pixels), named);
}

/**
 * A TIFF of 8-bit grey, a page for each plane, as a microscope's program writes it.
 * @param {number} width
 * @param {number} height
 * @param {((x: number, y: number) => number)[]} planes
 * @param {{ description?: string, perCentimetre?: number, colours?: number[][] }} [said] of the image, in the
 *   first page; `colours` are red, green and blue of ImageJ's look-up tables, one for each channel
 */
export function microscopeTiff(width, height, planes, { description, perCentimetre, colours } = {}) {
  const pixels = planes.map((sample) => Buffer.from(
    Array.from({ length: width * height }, (_, i) => sample(i % width, Math.floor(i / width)))));
  const first = [
    ...(description ? [[270, TEXT, `${description}\0`]] : []),
    ...(perCentimetre ? [282, 283].map((tag) => [tag, FRACTION, perCentimetre]) : []),
    ...(perCentimetre ? [[296, SHORT, 3]] : []),
    ...(colours ? lookUpTables(colours) : []),
  ];
  return pagesOf(width, height, 8, pixels, planes.map((_, page) => (page ? [] : first)));
}

/** ImageJ's metadata of tables that go from black to a colour: the lengths of its parts, and the parts. */
function lookUpTables(colours) {
  const tables = colours.map((colour) => Buffer.from(
    colour.flatMap((full) => Array.from({ length: 256 }, (_, at) => Math.floor((full * at) / 255)))));
  // Words of four letters are numbers in the file's byte order.
  const header = Buffer.from('JIJIstul\0\0\0\0', 'latin1');
  header.writeUInt32LE(tables.length, 8);
  const lengths = [header, ...tables].map((part) => part.length);
  return [[50_838, LONG, lengths], [50_839, TEXT, Buffer.concat([header, ...tables])]];
}

const [TEXT, SHORT, LONG, FRACTION] = [2, 3, 4, 5];

/** An entry's values: a text's bytes, whole numbers, or a fraction over 1. */
function bytesOf(type, value) {
  if (type === TEXT) return Buffer.from(value);
  const numbers = type === FRACTION ? [value, 1] : [value].flat();
  const bytes = Buffer.alloc(4 * numbers.length);
  numbers.forEach((number, at) => bytes.writeUInt32LE(number, 4 * at));
  return bytes;
}

/** Uncompressed pages of one strip each; `more` holds each page's other entries, `[tag, type, value]`. */
function pagesOf(width, height, bits, pixels, more) {
  let file = Buffer.from('II*\0\0\0\0\0', 'latin1');
  /** Where the place of the next directory is to be written. */
  let link = 4;
  pixels.forEach((content, page) => {
    const at = file.length;
    file = Buffer.concat([file, content, Buffer.alloc(content.length % 2)]);
    file.writeUInt32LE(file.length, link);
    const { directory, behind } = directoryOf(file.length, [
      [256, SHORT, width], [257, SHORT, height], [258, SHORT, bits], [262, SHORT, 1], [273, LONG, at],
      [278, SHORT, height], [279, LONG, content.length], ...more[page],
    ]);
    link = file.length + directory.length - 4;
    file = Buffer.concat([file, directory, behind]);
  });
  return file;
}

/** A directory that stands at a place in the file, and what its entries point to behind it. */
function directoryOf(place, entries) {
  const directory = Buffer.alloc(2 + 12 * entries.length + 4);
  directory.writeUInt16LE(entries.length, 0);
  let behind = Buffer.alloc(0);
  entries.toSorted(([a], [b]) => a - b).forEach(([tag, type, value], index) => {
    const at = 2 + 12 * index;
    const bytes = bytesOf(type, value);
    directory.writeUInt16LE(tag, at);
    directory.writeUInt16LE(type, at + 2);
    directory.writeUInt32LE(type === TEXT ? bytes.length : [value].flat().length, at + 4);
    if (bytes.length <= 4) bytes.copy(directory, at + 8);
    else {
      directory.writeUInt32LE(place + directory.length + behind.length, at + 8);
      behind = Buffer.concat([behind, bytes, Buffer.alloc(bytes.length % 2)]);
    }
  });
  return { directory, behind };
}

/** A `.npy` of 32-bit floating point, `[height, width]`. */
export function floatNpy(width, height, sample) {
  const text =
    `{'descr': '<f4', 'fortran_order': False, 'shape': (${height}, ${width}), }`.padEnd(117) + '\n';
  const values = Buffer.alloc(4 * width * height);
  for (let i = 0; i < width * height; i += 1) {
    values.writeFloatLE(sample(i % width, Math.floor(i / width)), 4 * i);
  }
  return Buffer.concat([Buffer.from('\x93NUMPY\x01\0\x76\0', 'latin1'), Buffer.from(text, 'latin1'), values]);
}

/** The header of a TIFF that claims 30,000 x 30,000 pixels, three samples each, and holds none. */
export function hugeTiff() {
  const { directory } = directoryOf(8, [
    [256, LONG, 30000], [257, LONG, 30000], [258, SHORT, 8], [259, SHORT, 1], [262, SHORT, 2],
    [273, LONG, 200], [277, SHORT, 3], [278, LONG, 30000], [279, LONG, 2700000000],
  ]);
  const file = Buffer.alloc(256);
  file.write('II*\0', 'latin1');
  file.writeUInt32LE(8, 4);
  directory.copy(file, 8);
  return file;
}
