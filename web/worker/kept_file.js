// A file that the visitor takes away, made of a walk.

import { drawn, drawnBeside } from './figures.js';

/** @import { Walk } from '../../pkg/cellflux_wasm.js' */
/** @import { Args, KeptFile } from '../protocol.js' */
/** @import { Results } from './results.js' */

const TYPES = {
  png: 'image/png',
  svg: 'image/svg+xml',
  json: 'application/json',
  bib: 'text/plain',
  txt: 'text/plain',
};

const written = (text) => new TextEncoder().encode(text);

/**
 * @param {Walk} walk
 * @param {Walk | null} untreated the walk that its map of the change is taken from, where that needs one
 * @param {Pick<Results, 'start'>} results whose module draws figures
 * @param {Args<'keep'>} wanted
 * @param {string} condition for the file's name
 * @param {string} citation how the data is cited, as the manifest says it
 * @returns {Promise<KeptFile>}
 */
export async function keptFile(walk, untreated, results, wanted, condition, citation) {
  const { kind, step, figure: { steps, width } } = wanted;
  const draw = async (shown, made, name) =>
    ({ bytes: await drawn(results, walk, untreated, shown, made), name });
  const { bytes, name } = await {
    frame: () => ({ bytes: walk.frame_png(step), name: `step-${step}.png` }),
    strip: () => ({ bytes: walk.strip_png(), name: 'strip.png' }),
    'figure-png': () => draw(steps, (figure) => figure.png(width), 'figure.png'),
    'figure-svg': () => draw(steps, (figure) => written(figure.svg(width)), 'figure.svg'),
    animation: () => draw('film', (figure) => figure.animation(), 'animation.png'),
    trajectory: () => ({ bytes: walk.trajectory_npy(), name: 'trajectory.npy' }),
    times: () => ({ bytes: walk.times_npy(), name: 'times.npy' }),
    recipe: () => ({ bytes: written(recipe(walk, step)), name: 'recipe.json' }),
    // BibTeX begins with an @.
    citation: () => ({ bytes: written(citation), name: /^\s*@/.test(citation) ? 'data.bib' : 'data.txt' }),
  }[kind]();
  const type = TYPES[name.split('.').pop()] ?? 'application/octet-stream';
  return { name: `cellflux-${condition}${ranIn(walk)}-${name}`, type, bytes };
}

/**
 * What a file's name says of the weights, where they were quick ones.
 * @param {Walk} walk
 */
export const ranIn = (walk) => (walk.quick() === undefined ? '' : `-quick-${walk.quick()}`);

/**
 * A figure of a table or of charts.
 * @param {any} about what it says of itself, from the explorer's module
 * @param {Omit<Args<'keep_beside'>, 'base' | 'words'>} wanted
 * @param {Pick<Results, 'start'>} results whose module draws figures
 * @param {string} condition for the file's name
 * @returns {Promise<KeptFile>}
 */
export async function keptBeside(about, wanted, results, condition) {
  const { kind, name } = wanted;
  const made = (figure) => (kind === 'svg' ? written(figure.svg('double')) : figure.png('double'));
  const bytes = await drawnBeside(results, about, wanted, made);
  return { name: `cellflux-${condition}-${name}.${kind}`, type: TYPES[kind], bytes };
}

/** The recipe with the step in view, as `cellflux run --recipe` reads it. */
function recipe(walk, step) {
  const { view, ...rest } = walk.recipe();
  const weights = walk.quick();
  const seen = { ...view, step, ...(weights === undefined ? {} : { weights }) };
  return `${JSON.stringify({ ...rest, view: seen }, null, 2)}\n`;
}
