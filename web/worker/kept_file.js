// A file that the visitor takes away, made of a walk.

/** @import { Walk } from '../../pkg/cellflux_wasm.js' */
/** @import { FileKind, KeptFile } from '../protocol.js' */

/**
 * @param {Walk} walk
 * @param {FileKind} kind
 * @param {number} step for a frame, which one
 * @param {string} condition for the file's name
 * @returns {KeptFile}
 */
export function keptFile(walk, kind, step, condition) {
  const { bytes, name } = {
    frame: () => ({ bytes: walk.frame_png(step), name: `step-${step}.png` }),
    strip: () => ({ bytes: walk.strip_png(), name: 'strip.png' }),
    trajectory: () => ({ bytes: walk.trajectory_npy(), name: 'trajectory.npy' }),
    times: () => ({ bytes: walk.times_npy(), name: 'times.npy' }),
  }[kind]();
  const type = name.endsWith('.png') ? 'image/png' : 'application/octet-stream';
  return { name: `cellflux-${condition}-${name}`, type, bytes };
}
