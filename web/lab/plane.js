// The plane of a lab on a canvas: goals, arrows of the field, paths and particles. Where things stand is
// computed without a document.

import { ARROWS, CELLS, HALF } from './protocol.js';

/** @import { Point, Seen } from './protocol.js' */

/** Paths of this many particles are drawn. */
const PATHS = 60;
/** The longest arrow, in cells of its grid. */
const LONGEST_ARROW = 0.9;

/**
 * Where a point of the plane stands on a canvas of this size: up is up.
 * @param {number} size
 * @returns {(x: number, y: number) => [left: number, top: number]}
 */
export const placing = (size) => (x, y) => [
  (size * (x + HALF)) / (2 * HALF),
  (size * (HALF - y)) / (2 * HALF),
];

/** How fast a field is at each place. @param {Float64Array} velocities */
const speedsOf = (velocities) => Array.from({ length: velocities.length / 2 }, (_, place) =>
  Math.hypot(velocities[2 * place], velocities[2 * place + 1]));

/** How fast a field is where it is fastest. @param {Float64Array} velocities */
export const fastestOf = (velocities) => Math.max(...speedsOf(velocities));

/**
 * The arrows of a field: where each starts and ends, in the plane, and how fast the field is there as a part
 * of the fastest. The middle of an arrow's tail is its place on the grid.
 * @param {Float64Array} velocities
 * @param {number} [fastest] of several fields that are drawn to one scale
 * @returns {{ from: [number, number], to: [number, number], speed: number }[]}
 */
export function arrowsOf(velocities, fastest = fastestOf(velocities)) {
  const cell = (2 * HALF) / ARROWS;
  return speedsOf(velocities).map((length, place) => {
    const [column, row] = [place % ARROWS, Math.floor(place / ARROWS)];
    const from = /** @type {[number, number]} */ (
      [column, row].map((index) => -HALF + (index + 0.5) * cell));
    const reach = fastest > 0 ? (LONGEST_ARROW * cell) / fastest : 0;
    const [x, y] = [velocities[2 * place] * reach, velocities[2 * place + 1] * reach];
    return { from, to: [from[0] + x, from[1] + y], speed: fastest > 0 ? length / fastest : 0 };
  });
}

/**
 * @typedef {object} Colours
 * @property {string} goal
 * @property {string} arrow
 * @property {string} path
 * @property {string} particle
 * @property {string} pair
 */

/**
 * Where points are between two moments of a walk.
 * @param {Float64Array[]} at
 * @param {number} moment whole at a step, with a part towards the next one between
 */
export function between(at, moment) {
  const [step, part] = [Math.floor(moment), moment % 1];
  const next = at[step + 1];
  return part && next ? at[step].map((value, index) => value + part * (next[index] - value)) : at[step];
}

/**
 * Draws the arrows of a field.
 * @param {CanvasRenderingContext2D} context of a square canvas
 * @param {Float64Array} velocities
 * @param {string} colour
 * @param {number} [fastest] of several fields that are drawn to one scale
 */
export function drawField(context, velocities, colour, fastest) {
  const size = context.canvas.width;
  const place = placing(size);
  context.lineWidth = Math.max(1, size / 500);
  context.strokeStyle = colour;
  for (const { from, to, speed } of arrowsOf(velocities, fastest)) {
    context.globalAlpha = 0.15 + 0.6 * speed;
    arrow(context, place(...from), place(...to), size / 120);
  }
  context.globalAlpha = 1;
}

/**
 * Draws one moment of a walk.
 * @param {CanvasRenderingContext2D} context of a square canvas
 * @param {Seen} seen
 * @param {number} moment a step, or between two of them
 * @param {Colours} colours
 */
export function draw(context, seen, moment, colours) {
  const size = context.canvas.width;
  const place = placing(size);
  const step = Math.floor(moment);
  context.clearRect(0, 0, size, size);
  dots(context, seen.goals, place, size / 300, colours.goal);
  if (seen.pairs) drawPairs(context, seen.pairs, place, colours.pair);
  drawField(context, seen.arrows[step], colours.arrow);
  context.globalAlpha = 0.35;
  context.strokeStyle = colours.path;
  const drawn = Math.min(PATHS, seen.at[0].length / 2);
  for (let particle = 0; particle < drawn; particle += 1) {
    context.beginPath();
    for (const points of seen.at.slice(0, step + 1)) {
      context.lineTo(...place(points[2 * particle], points[2 * particle + 1]));
    }
    context.stroke();
  }
  context.globalAlpha = 1;
  if (seen.densities) drawDensity(context, seen.densities[step], place, colours.particle);
  else dots(context, between(seen.at, moment), place, size / 220, colours.particle);
}

/** Lines from the sources of pairs to their targets: where the conditional velocities lead. */
function drawPairs(context, pairs, place, colour) {
  context.globalAlpha = 0.5;
  context.strokeStyle = colour;
  context.lineWidth = Math.max(1, context.canvas.width / 500);
  for (let pair = 0; pair < pairs.length; pair += 4) {
    context.beginPath();
    context.moveTo(...place(pairs[pair], pairs[pair + 1]));
    context.lineTo(...place(pairs[pair + 2], pairs[pair + 3]));
    context.stroke();
  }
  context.globalAlpha = 1;
}

/**
 * Writes a walk's time into the corner of the plane, where it changes too fast for words beside it.
 * @param {CanvasRenderingContext2D} context of a square canvas
 * @param {string} words
 * @param {string} colour
 */
export function drawTime(context, words, colour) {
  const size = context.canvas.width;
  context.fillStyle = colour;
  context.font = `${Math.round(size / 28)}px sans-serif`;
  context.fillText(words, size / 40, size / 20);
}

/**
 * Where a density's cells stand, and how dense each is as a part of the densest; empty cells are left out.
 * @param {Float64Array} density
 * @returns {{ corner: Point, share: number }[]} the upper left corner, in the plane
 */
export function cellsOf(density) {
  const cell = (2 * HALF) / CELLS;
  const densest = Math.max(...density);
  const cells = Array.from(density, (value, index) => ({
    corner: /** @type {Point} */ (
      [-HALF + (index % CELLS) * cell, -HALF + (Math.floor(index / CELLS) + 1) * cell]),
    share: densest > 0 ? value / densest : 0,
  }));
  return cells.filter(({ share }) => share > 0);
}

function drawDensity(context, density, place, colour) {
  const side = context.canvas.width / CELLS;
  context.fillStyle = colour;
  for (const { corner, share } of cellsOf(density)) {
    context.globalAlpha = 0.1 + 0.9 * share;
    context.fillRect(...place(...corner), side, side);
  }
  context.globalAlpha = 1;
}

/**
 * Marks a point of the plane with a cross.
 * @param {CanvasRenderingContext2D} context of a square canvas
 * @param {Point} point
 * @param {string} colour
 */
export function drawCross(context, [x, y], colour) {
  const size = context.canvas.width;
  const [left, top] = placing(size)(x, y);
  const arm = size / 60;
  context.strokeStyle = colour;
  context.lineWidth = size / 250;
  for (const slope of [-1, 1]) {
    context.beginPath();
    context.moveTo(left - arm, top - slope * arm);
    context.lineTo(left + arm, top + slope * arm);
    context.stroke();
  }
}

/**
 * Draws the lines of a target that is being drawn.
 * @param {CanvasRenderingContext2D} context of a square canvas
 * @param {Point[][]} strokes
 * @param {string} colour
 */
export function drawStrokes(context, strokes, colour) {
  const size = context.canvas.width;
  const place = placing(size);
  context.clearRect(0, 0, size, size);
  context.strokeStyle = colour;
  context.lineWidth = size / 100;
  context.lineCap = 'round';
  for (const stroke of strokes) {
    context.beginPath();
    for (const point of stroke) context.lineTo(...place(...point));
    // A line of one point is a dot.
    context.lineTo(...place(...stroke.at(-1)));
    context.stroke();
  }
}

function dots(context, points, place, radius, colour) {
  context.fillStyle = colour;
  for (let index = 0; index < points.length; index += 2) {
    const [left, top] = place(points[index], points[index + 1]);
    context.beginPath();
    context.arc(left, top, radius, 0, 2 * Math.PI);
    context.fill();
  }
}

function arrow(context, [x0, y0], [x1, y1], head) {
  const angle = Math.atan2(y1 - y0, x1 - x0);
  const length = Math.min(head, 0.6 * Math.hypot(x1 - x0, y1 - y0));
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  for (const side of [-0.5, 0.5]) {
    context.moveTo(x1, y1);
    context.lineTo(x1 - length * Math.cos(angle + side), y1 - length * Math.sin(angle + side));
  }
  context.stroke();
}
