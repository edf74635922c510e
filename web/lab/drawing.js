// A target drawn by hand on the plane: lines, as the points that they join.

import { HALF } from './protocol.js';

/** @import { Point } from './protocol.js' */

/** Points of a line are at least this far apart, in the unit of the plane. */
const APART = 0.08;

/**
 * The point of the plane at a place on a square of this size, to hundredths.
 * @param {number} left
 * @param {number} top
 * @param {number} size
 * @returns {Point}
 */
export function pointAt(left, top, size) {
  const inside = (value) => Math.min(HALF, Math.max(-HALF, value));
  const rounded = (value) => Math.round(100 * inside(value)) / 100;
  return [rounded((2 * HALF * left) / size - HALF), rounded(HALF - (2 * HALF * top) / size)];
}

/**
 * Adds a point to the last of some lines, unless it is too near to the line's end.
 * @param {Point[][]} strokes
 * @param {Point} point
 */
export function lengthen(strokes, point) {
  const stroke = strokes.at(-1);
  const end = stroke.at(-1);
  if (!end || Math.hypot(point[0] - end[0], point[1] - end[1]) >= APART) stroke.push(point);
}

/** Takes lines from a canvas with a mouse, a pen or a finger, from `start` to `end`. */
export class Drawing {
  /** @type {Point[][]} */
  #strokes = null;
  #canvas;
  #shown;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {() => void} shown is told after every point
   */
  constructor(canvas, shown) {
    this.#canvas = canvas;
    this.#shown = shown;
    canvas.addEventListener('pointerdown', (event) => {
      if (!this.isUnderWay) return;
      canvas.setPointerCapture(event.pointerId);
      this.#strokes.push([]);
      this.#take(event);
    });
    canvas.addEventListener('pointermove', (event) => {
      if (this.isUnderWay && canvas.hasPointerCapture(event.pointerId)) this.#take(event);
    });
  }

  /** The lines so far. */
  get strokes() {
    return this.#strokes ?? [];
  }

  get isUnderWay() {
    return this.#strokes !== null;
  }

  start() {
    this.#strokes = [];
    this.#canvas.classList.add('drawing');
    this.#shown();
  }

  /** Ends drawing and gives the lines. */
  end() {
    const { strokes } = this;
    this.#strokes = null;
    this.#canvas.classList.remove('drawing');
    return strokes;
  }

  #take({ clientX, clientY }) {
    const { left, top, width } = this.#canvas.getBoundingClientRect();
    lengthen(this.#strokes, pointAt(clientX - left, clientY - top, width));
    this.#shown();
  }
}
