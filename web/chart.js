// A small line chart of one measure along a walk, or across something else such as doses: where everything
// stands, in the units of its view box, and the SVG of it. Where things stand is computed without a document.

import { phrase } from './words.js';

/** @import { MeasuredStep } from './protocol.js' */

/**
 * A value at a time, or at a place on another axis: null where the image has no such value. `open` points are
 * drawn as rings.
 * @typedef {{ time: number, value: number | null, open?: boolean }} Point
 */
/** @typedef {{ time: number, low: number, high: number }} Span */

/**
 * The mean of some cells, beside the curve.
 * @typedef {object} Mark
 * @property {string} letter stands below it
 * @property {boolean} treated
 * @property {boolean} far of another batch or dose than the walk's
 * @property {number} mean
 * @property {[low: number, high: number] | null} interval
 * @property {number} [at] where it stands across, on an axis of doses; else beside the curve, over its letter
 */

/**
 * What runs across a chart in place of time.
 * @typedef {object} Axis
 * @property {string} label
 * @property {number[]} ticks
 * @property {(value: number) => number} part where a value stands, from 0 at the left to 1 at the right
 */

/**
 * @typedef {object} Charted
 * @property {[first: number, last: number]} times of the whole walk, smaller first
 * @property {string} unit
 * @property {Point[]} curve the walk in view
 * @property {Point[][]} others other walks
 * @property {Span[]} band around walks that have the same times
 * @property {Mark[]} marks
 * @property {Axis} [axis] where it is not time
 */

/** The view box. */
export const [WIDE, HIGH] = [320, 176];
const [LEFT, TOP, BOTTOM, RIGHT] = [48, 18, 34, 12];
/** Room for each mark, and before the first. */
const [MARK, GAP] = [20, 12];
/** How many stretches the scales across and up have, about. */
const [ACROSS, UP] = [4, 5];

/**
 * Round numbers between two, both included where they are round.
 * @param {number} low
 * @param {number} high
 * @param {number} about the number of stretches, or a few less
 * @returns {number[]}
 */
export function ticks(low, high, about) {
  const rough = (high - low) / about;
  if (!(rough > 0) || !Number.isFinite(rough)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough * (1 - 1e-9));
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  // Each from its own multiple, so that no error adds up; rounded to the step's own decimals.
  const decimals = Math.min(100, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
  return Array.from({ length: count }, (_, index) => Number(((first + index) * step).toFixed(decimals)));
}

/**
 * The scale's ends around some values, with a little room; of equal values, around that one.
 * @param {number[]} values
 * @returns {[low: number, high: number]}
 */
export function ends(values) {
  if (!values.length) return [0, 1];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = high > low ? 0.06 * (high - low) : Math.abs(high) * 0.1 || 0.5;
  return [low - room, high + room];
}

/**
 * The smallest and the largest value at each step over walks of which all have it; empty where the walks are
 * fewer than two or have times of their own.
 * @param {Point[][]} walks
 * @returns {Span[]}
 */
export function bandOf(walks) {
  const [first, ...others] = walks;
  const same = others.every((walk) => walk.every(({ time }, step) => time === (first[step]?.time ?? time)));
  if (!others.length || !same) return [];
  const length = Math.min(...walks.map((walk) => walk.length));
  return first.slice(0, length).flatMap(({ time }, step) => {
    const values = walks.map((walk) => walk[step].value);
    return values.includes(null) ? [] : [{ time, low: Math.min(...values), high: Math.max(...values) }];
  });
}

/**
 * One measure of steps.
 * @param {MeasuredStep[]} steps
 * @param {number} place of the measure
 * @returns {Point[]}
 */
export const curveOf = (steps, place) =>
  steps.map(({ time, values }) => ({ time, value: values[place] ?? null }));

/**
 * The step nearest to a time. There and back passes every time twice; then the step nearer to the one in
 * view is meant.
 * @param {number[]} times
 * @param {number} time
 * @param {number} cursor the step in view
 */
export function nearestStep(times, time, cursor) {
  const far = (step) => Math.abs(times[step] - time) + 1e-6 * Math.abs(step - cursor);
  return times.reduce((nearest, _, step) => (far(step) < far(nearest) ? step : nearest), 0);
}

/**
 * @param {Charted['times']} times
 * @returns {Axis}
 */
const timeAxis = ([first, last]) => ({
  label: phrase('chart.time_t'),
  ticks: ticks(first, last, ACROSS),
  part: (time) => (last > first ? (time - first) / (last - first) : 0.5),
});

/**
 * Where everything of a chart stands.
 * @param {Charted} charted
 */
export function placed({ times, curve, others, band, marks, axis = timeAxis(times) }) {
  const outside = marks.filter(({ at }) => at === undefined);
  const right = WIDE - RIGHT - (outside.length ? GAP + MARK * outside.length : 0);
  const [first, last] = times;
  const values = [
    ...[curve, ...others].flat().map(({ value }) => value),
    ...band.flatMap(({ low, high }) => [low, high]),
    ...marks.flatMap(({ mean, interval }) => [mean, ...(interval ?? [])]),
  ].filter((value) => value !== null && Number.isFinite(value));
  const [bottom, top] = ends(values);
  const x = (time) => tenth(LEFT + axis.part(time) * (right - LEFT));
  const y = (value) => tenth(HIGH - BOTTOM - ((value - bottom) / (top - bottom)) * (HIGH - BOTTOM - TOP));
  const at = ({ time, value }) => `${x(time)} ${y(value)}`;
  const around = [
    ...band.map(({ time, high }) => at({ time, value: high })),
    ...band.map(({ time, low }) => at({ time, value: low })).reverse(),
  ];
  return {
    right,
    x,
    /** The time at a place across, as far as the walk goes. */
    timeAt: (across) => first + Math.min(1, Math.max(0, (across - LEFT) / (right - LEFT))) * (last - first),
    label: axis.label,
    across: axis.ticks.map((value) => ({ value, x: x(value) })),
    up: ticks(bottom, top, UP).map((value) => ({ value, y: y(value) })),
    curve: pathOf(curve, at),
    points: curve
      .filter(({ value }) => value !== null)
      .map(({ time, value, open = false }) => ({ x: x(time), y: y(value), open })),
    others: others.map((walk) => pathOf(walk, at)),
    band: around.length > 2 ? `M${around.join('L')}Z` : '',
    frame: /** @type {[number, number, number, number]} */ ([LEFT, TOP, right, HIGH - BOTTOM]),
    marks: marks.map((mark) => ({
      ...mark,
      x: mark.at === undefined ? right + GAP + MARK * (outside.indexOf(mark) + 0.5) : x(mark.at),
      y: y(mark.mean),
      ends: mark.interval?.map(y) ?? null,
    })),
  };
}

const tenth = (value) => Math.round(10 * value) / 10;

/** A line through points, interrupted where one has no value. */
function pathOf(points, at) {
  let on = false;
  return points.map((point) => {
    const word = point.value === null ? '' : `${on ? 'L' : 'M'}${at(point)}`;
    on = point.value !== null;
    return word;
  }).join('');
}

/**
 * The SVG, with a line at the cursor that `moveCursor` moves.
 * @param {Charted} charted
 * @param {ReturnType<typeof placed>} places
 * @param {(value: number) => string} words a number on the scale
 */
export function drawn({ unit }, places, words) {
  const floor = HIGH - BOTTOM;
  const svg = shape('svg', { viewBox: `0 0 ${WIDE} ${HIGH}`, class: 'measure-chart', 'aria-hidden': 'true' });
  svg.append(
    ...places.up.flatMap(({ value, y }) => [
      shape('line', { class: 'grid', x1: LEFT, x2: places.right, y1: y, y2: y }),
      text(words(value), { class: 'tick', x: LEFT - 5, y: y + 3.5, 'text-anchor': 'end' }),
    ]),
    ...places.across.flatMap(({ value, x }) => [
      shape('line', { class: 'axis', x1: x, x2: x, y1: floor, y2: floor + 4 }),
      text(words(value), { class: 'tick', x, y: floor + 15, 'text-anchor': 'middle' }),
    ]),
    shape('path', { class: 'axis', d: `M${LEFT} ${TOP}V${floor}H${places.right}` }),
    text(unit, { class: 'unit', x: 4, y: 11 }),
    text(places.label, { class: 'unit', x: (LEFT + places.right) / 2, y: HIGH - 4, 'text-anchor': 'middle' }),
    shape('path', { class: 'band', d: places.band }),
    ...places.others.map((d) => shape('path', { class: 'other', d })),
    shape('line', { class: 'cursor', y1: TOP, y2: floor, x1: 0, x2: 0 }),
    shape('path', { class: 'curve', d: places.curve }),
    ...places.points.map(({ x, y, open }) =>
      shape('circle', { class: `point${open ? ' open' : ''}`, cx: x, cy: y, r: open ? 2.8 : 2.2 })),
    ...places.marks.flatMap((mark) => markShapes(mark, floor)),
  );
  return svg;
}

/** The mean as a circle, full for treated cells, with its interval; dashed for cells of another batch. */
function markShapes({ letter, treated, far, at = undefined, x, y, ends: whisker }, floor) {
  const kind = `mark${treated ? ' treated' : ''}${far ? ' far' : ''}`;
  return [
    ...(whisker ? [shape('path', { class: kind, d: `M${x} ${whisker[0]}V${whisker[1]}` })] : []),
    shape('circle', { class: kind, cx: x, cy: y, r: 3.6 }),
    ...(at === undefined
      ? [text(letter, { class: 'tick', x, y: floor + 15, 'text-anchor': 'middle' })]
      : [text(letter, { class: 'tick', x: x + 6, y: y + 3.5 })]),
  ];
}

/**
 * @param {SVGElement} svg
 * @param {number} x
 */
export function moveCursor(svg, x) {
  const line = svg.querySelector('.cursor');
  for (const end of ['x1', 'x2']) line.setAttribute(end, String(x));
}

const SVG = 'http://www.w3.org/2000/svg';

/**
 * An element of an SVG.
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} name
 * @param {Record<string, any>} attributes
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function shape(name, attributes) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
  return node;
}

function text(words, attributes) {
  const node = shape('text', attributes);
  node.textContent = words;
  return node;
}
