// The loss of every step so far as a small chart, with the least loss as a line where it is known.

import { ticks } from '../chart.js';
import { phrase } from '../words.js';

/** The view box. */
export const [WIDE, HIGH] = [320, 120];
const [LEFT, TOP, BOTTOM, RIGHT] = [40, 14, 20, 8];

/**
 * Where everything stands. The scale begins at 0 and ends above the largest loss.
 * @param {Float64Array} curve `step, loss, step, loss, …`
 * @param {number | null} least
 */
export function placed(curve, least) {
  const points = Array.from({ length: curve.length / 2 }, (_, index) =>
    ({ step: curve[2 * index], loss: curve[2 * index + 1] }));
  const last = Math.max(1, points.at(-1)?.step ?? 1);
  const top = 1.05 * Math.max(...points.map(({ loss }) => loss), least ?? 0) || 1;
  const x = (step) => tenth(LEFT + (step / last) * (WIDE - LEFT - RIGHT));
  const y = (loss) => tenth(HIGH - BOTTOM - (loss / top) * (HIGH - BOTTOM - TOP));
  return {
    line: points.map(({ step, loss }, index) => `${index ? 'L' : 'M'}${x(step)} ${y(loss)}`).join(''),
    least: least === null ? null : y(least),
    across: ticks(0, last, 4).map((value) => ({ value, x: x(value) })),
    up: ticks(0, top, 3).map((value) => ({ value, y: y(value) })),
  };
}

const tenth = (value) => Math.round(10 * value) / 10;

/**
 * The chart's SVG; its words are beside it, so that it is hidden from screen readers.
 * @param {ReturnType<typeof placed>} places
 */
export function drawn({ line, least, across, up }) {
  const svg = shape('svg', { viewBox: `0 0 ${WIDE} ${HIGH}`, class: 'loss-chart', 'aria-hidden': 'true' });
  svg.append(
    ...up.flatMap(({ value, y }) => [
      shape('line', { class: 'grid', x1: LEFT, x2: WIDE - RIGHT, y1: y, y2: y }),
      text(String(value), { x: LEFT - 4, y: y + 3, 'text-anchor': 'end' }),
    ]),
    ...across.map(({ value, x }) => text(String(value), { x, y: HIGH - 6, 'text-anchor': 'middle' })),
    shape('path', { class: 'curve', d: line }),
    ...(least === null ? [] : [
      shape('line', { class: 'least', x1: LEFT, x2: WIDE - RIGHT, y1: least, y2: least }),
    ]),
    text(phrase('loss_chart.loss'), { x: 2, y: 9 }),
  );
  return svg;
}

const SVG = 'http://www.w3.org/2000/svg';

function shape(name, attributes) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
  return node;
}

function text(words, attributes) {
  const node = shape('text', attributes);
  node.textContent = words;
  return node;
}
