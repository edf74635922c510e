// Bringing, checking and starting a WebAssembly module.

import { fetched } from '../fetched.js';
import { Failure } from '../failures.js';
import { phrase } from '../words.js';

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
    throw new Failure('no-wasm', phrase('start_module.network_needs_webassembly_browser'));
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
      const sentence = phrase('start_module.damaged_or_browser_too', { name, message: error.message });
      throw new Failure('bad-file', sentence);
    }
    throw new Failure('no-wasm', phrase('start_module.browser_webassembly_does_not', {
      message: error.message,
    }));
  }
}
