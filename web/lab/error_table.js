// How far walks of all solvers end from where a fine one ends, as a table.

import { el } from '../html.js';
import { errorsBySolver } from './choices.js';
import { ERROR_STEPS } from './protocol.js';
import { phrase } from '../words.js';

/**
 * The table.
 * @param {Float64Array} errors
 * @param {number} particles that walked
 * @param {(value: number) => string} figure writes a number
 */
export function errorTable(errors, particles, figure) {
  const cell = (error) =>
    el('td', {}, Number.isFinite(error) ? figure(error) : phrase('error_table.left_plane'));
  return el(
    'div',
    // A table that scrolls needs the focus for the keyboard.
    { class: 'lab-errors', role: 'region', tabindex: '0', 'aria-label': phrase('error_table.errors') },
    el(
      'table',
      {},
      el('caption', {}, phrase('error_table.caption', { particles })),
      el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, phrase('shared.solver')),
        ...ERROR_STEPS.map((steps) => el('th', { scope: 'col' }, String(steps))))),
      el('tbody', {}, ...errorsBySolver(errors).map((row) =>
        el('tr', {}, el('th', { scope: 'row' }, row.solver), ...row.errors.map(cell)))),
    ),
  );
}
