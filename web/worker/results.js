// The module of what is made of a walk, fetched when a visitor first keeps a figure.

import init, * as results from '../../pkg/cellflux_results_wasm.js';
import { Failure } from '../protocol.js';
import { RESULTS_INTEGRITY } from './module_integrity.js';
import { startModule } from './start_module.js';

/** Failures to bring the module: everything else works without it. */
const NOT_BROUGHT = ['download', 'bad-file'];

let started = null;

/** Starts the module once; after a failure the next call tries again. */
export async function startResults() {
  const address = new URL('../../pkg/cellflux_results_wasm_bg.wasm', import.meta.url);
  const name = 'cellflux_results_wasm_bg.wasm';
  started ??= startModule(init, address, name, RESULTS_INTEGRITY).catch((error) => {
    started = null;
    if (!NOT_BROUGHT.includes(error.kind)) throw error;
    throw new Failure('results', `${error.message} It draws figures; saving one again tries again.`);
  });
  await started;
  return results;
}
