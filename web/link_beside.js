// What an explorer compares, as the last field of its link: `also=rows:compound;columns:alpha;alpha:1,2`.
// It holds what is chosen of a grid, the walk that is pinned, and what else is looked at beside the walk. It
// is no part of the recipe: the page alone reads and writes it, the session and the command know the key and
// do not read its value (crates/cellflux-session/src/link.rs).
//
// A grid's choices are `rows` and `columns`, the values of each thing that varies, and `real:0` where no real
// cells stand beside it. A pinned walk is what its link has otherwise than the one before it,
// `pin:c=dmso,a=2`; a field that only the other has is `-noise`. Names and values are percent-encoded.
// `panels:1` shows each channel alone in grey, and `cell:0` the first of the bundle's cells beside the
// prediction.

import { DIMENSIONS, NO_GRID } from './grid.js';
import { LONGEST, takesCropAlong, withoutCrop, withoutStep } from './link_at.js';
import { placeOf } from './real_cell.js';
import { phrase } from './words.js';

/** @import { Dimension, Grid, Value } from './grid.js' */
/** @import { Recipe } from './protocol.js' */
/** @import { RealCell } from './real_cell.js' */

/**
 * Walks that are compared: the link of the one that is pinned, and what is chosen of a grid; and whether each
 * channel is shown alone, and which of the bundle's cells is shown, by its place among them, if one is.
 * @typedef {{ pin: string | null, grid: Partial<Grid>, panels?: boolean, cell?: number | null }} Beside
 */

/**
 * What of an explorer's state stands there.
 * @typedef {object} Compared
 * @property {{ link?: string } | null} pin
 * @property {string | null} [pinning]
 * @property {Partial<Grid>} grid
 * @property {boolean} [panels]
 * @property {Pick<RealCell, 'open' | 'of' | 'at'>} [real]
 * @property {Recipe | null} [recipe]
 */

/** The most values of one thing that are read. */
const MOST_VALUES = 64;
/** The last place of a cell beside the walk that is read; there are fewer of them. */
const LAST_CELL = 99_999;
/** Whose values are names; those of the others are numbers. */
const NAMED = new Set(['compound', 'control', 'solver']);

const KEY = 'also';

const encoded = (value) => encodeURIComponent(value).replaceAll('%3D', '=');

/**
 * What is compared, of an explorer's state.
 * @param {Compared} state
 * @returns {Beside}
 */
export const besideOf = ({ pin, pinning = null, grid, panels = false, real: cell, recipe }) => {
  const { rows, columns, chosen, real } = grid;
  return {
    pin: pin?.link ?? pinning,
    grid: { rows, columns, chosen, real },
    ...(panels ? { panels } : {}),
    ...(cell?.open ? { cell: placeOf(cell, recipe) } : {}),
  };
};

/** Whether anything of a grid is chosen. @param {Partial<Grid>} grid */
export const isChosen = ({ rows, columns, chosen, real }) => Object.keys(chosen ?? {}).length > 0
  || (rows ?? NO_GRID.rows) !== NO_GRID.rows || (columns ?? NO_GRID.columns) !== NO_GRID.columns
  || real === false;

/** @param {Partial<Grid>} grid */
function gridFields(grid) {
  if (!isChosen(grid)) return [];
  const { rows = NO_GRID.rows, columns = NO_GRID.columns, chosen = {}, real = true } = grid;
  return [
    `rows:${rows}`, `columns:${columns}`,
    ...Object.entries(chosen).map(([of, values]) => `${of}:${values.map(encoded).join(',')}`),
    ...(real ? [] : ['real:0']),
  ];
}

const fieldsOf = (link) => new Map(withoutStep(link).split('&').filter(Boolean).map((field) => {
  const [key, ...value] = field.split('=');
  return [key, value.join('=')];
}));

/** What a pinned walk's link has otherwise than another. */
function pinFields(link, pin) {
  if (pin === null || pin === undefined) return [];
  const [own, other] = [fieldsOf(link), fieldsOf(pin)];
  const differing = [...other].filter(([key, value]) => own.get(key) !== value)
    .map(([key, value]) => encoded(`${key}=${value}`));
  const lacking = [...own.keys()].filter((key) => !other.has(key)).map((key) => `-${encoded(key)}`);
  return [`pin:${[...differing, ...lacking].join(',')}`];
}

/** What a link may have no room for, in words. */
export const GRID = phrase('link_beside.grid');
export const PIN = phrase('link_beside.pin');
export const PIN_OF_CROP = phrase('link_beside.pin_of_crop');
export const PANELS = phrase('link_beside.panels');
export const CELL = phrase('link_beside.cell');

/**
 * A link with what is compared, as far as there is room for it.
 * @param {string} link
 * @param {Beside | null} beside
 * @param {number} [room] characters
 * @returns {{ link: string, left: string[] }} `left` is what is not in it, in words
 */
export function withBeside(link, beside, room = LONGEST) {
  if (!beside) return { link, left: [] };
  const grid = { fields: gridFields(beside.grid), words: GRID };
  const pin = { fields: pinFields(link, beside.pin), words: PIN };
  const panels = { fields: beside.panels ? ['panels:1'] : [], words: PANELS };
  const isShown = Number.isInteger(beside.cell);
  const cell = { fields: isShown ? [`cell:${beside.cell}`] : [], words: CELL };
  const left = [];
  // Nobody has asked for the crop of another walk to be passed on.
  if (pin.fields.some((field) => /[:,]crop=/.test(field))) {
    pin.fields = [];
    left.push(PIN_OF_CROP);
  }
  let text = link;
  const fields = [];
  for (const part of [panels, cell, grid, pin]) {
    if (!part.fields.length) continue;
    const longer = `${link}&${KEY}=${[...fields, ...part.fields].join(';')}`;
    if (longer.length < room) {
      fields.push(...part.fields);
      text = longer;
    } else {
      left.push(part.words);
    }
  }
  return { link: text, left };
}

/**
 * A link as it stands in an address: without the visitor's crop.
 * @param {string} link
 * @param {Beside | null} beside
 */
export const inAddress = (link, beside) => withBeside(withoutCrop(link), beside).link;

/**
 * The two parts of a link, what is compared read as far as it can be read: `beside` is null where there is
 * nothing of it.
 * @param {string} text
 * @returns {{ link: string, beside: Beside | null }}
 */
export function parted(text) {
  const fields = text.split('&');
  const link = fields.filter((field) => !field.startsWith(`${KEY}=`)).join('&');
  const also = fields.find((field) => field.startsWith(`${KEY}=`))?.slice(KEY.length + 1);
  if (!also) return { link, beside: null };
  const { rows, columns, real } = NO_GRID;
  /** @type {Beside & { grid: Pick<Grid, 'rows' | 'columns' | 'chosen' | 'real'> }} */
  const beside = { pin: null, grid: { rows, columns, real, chosen: {} } };
  for (const [name, list] of also.split(';').map((field) => pairOf(field, ':'))) {
    const values = list.split(',').filter(Boolean).slice(0, MOST_VALUES).map(decoded);
    if (name === 'rows' || name === 'columns') {
      if (Object.hasOwn(DIMENSIONS, list)) beside.grid[name] = /** @type {Dimension} */ (list);
    } else if (name === 'real') {
      beside.grid.real = list !== '0';
    } else if (name === 'pin') {
      beside.pin = pinned(link, values);
    } else if (name === 'panels') {
      if (list === '1') beside.panels = true;
    } else if (name === 'cell') {
      if (/^\d+$/.test(list) && Number(list) <= LAST_CELL) beside.cell = Number(list);
    } else if (Object.hasOwn(DIMENSIONS, name)) {
      beside.grid.chosen[name] = valuesOf(/** @type {Dimension} */ (name), values);
    }
  }
  return { link, beside };
}

/** @returns {[string, string]} */
function pairOf(text, joint) {
  const at = text.indexOf(joint);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * @param {Dimension} of
 * @param {string[]} texts
 * @returns {Value[]}
 */
const valuesOf = (of, texts) => (NAMED.has(of) ? texts : texts.map(Number).filter(Number.isFinite));

/** The link of the pinned walk; null where it would hold a crop that the link before it does not have. */
function pinned(link, changes) {
  const fields = fieldsOf(link);
  for (const change of changes) {
    if (change.startsWith('-')) fields.delete(change.slice(1));
    else fields.set(...pairOf(change, '='));
  }
  const text = [...fields].map(([key, value]) => `${key}=${value}`).join('&');
  return takesCropAlong(text) && !takesCropAlong(link) ? null : text;
}
