// Bringing, checking and starting a WebAssembly module.

import { fetched } from '../fetched.js';
import { Failure } from '../failures.js';

/**
 * Brings, checks and starts a WebAssembly module.
 * @param {(given: { module_or_path: WebAssembly.Module }) => Promise<unknown>} init of the module's own
 *   JavaScript
 * @param {URL} address
 * @param {string} name for sentences
 * @param {string | null} integrity
 * @returns {Promise<WebAssembly.Module>} what was compiled, which another worker can start as it is
 */
export async function startModule(init, address, name, integrity) {
  if (!globalThis.WebAssembly) {
    throw new Failure('no-wasm', 'The network needs WebAssembly, which this browser does not offer here; a '
      + 'strict protection mode may have switched it off for this site. Allow it, then load the page again.');
  }
  const bytes = await fetched(address, { name, integrity });
  try {
    const module = await WebAssembly.compile(bytes);
    await init({ module_or_path: module });
    return module;
  } catch (error) {
    if (!(error instanceof WebAssembly.CompileError)) throw error;
    // Without a digest, on a page that was not built, damage is found no sooner than here.
    if (!integrity) {
      const sentence = `${name} is damaged, or this browser is too old for it (${error.message}).`;
      throw new Failure('bad-file', sentence);
    }
    throw new Failure('no-wasm', 'This browser’s WebAssembly does not take the network’s module '
      + `(${error.message}); expected one with 128-bit SIMD: Chrome 91, Firefox 89, Safari 16.4 or newer.`);
  }
}
