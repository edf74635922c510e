// The GPU adapter, as the browser describes it.

import { phrase } from '../words.js';

/** Names of adapters that compute on the CPU; `report` in `cellflux-wgpu/src/adapter.rs` has the same. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|basic render/i;

/**
 * @returns {Promise<{ name: string, identity: string, software: boolean } | null>} null where there is no
 *   WebGPU, or no adapter; the identity tells adapters and drivers apart as well as the browser lets it
 */
export async function describeAdapter() {
  try {
    const adapter = await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' });
    if (!adapter) return null;
    const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
    const name =
      [description || [vendor, device || architecture].filter(Boolean).join(' ')].filter(Boolean).join() ||
      phrase('adapter.adapter_without_name');
    return {
      name,
      identity: [vendor, architecture, device, description].join(' / '),
      software:
        Boolean(isFallbackAdapter ?? adapter.isFallbackAdapter) || SOFTWARE.test(`${name} ${architecture}`),
    };
  } catch {
    return null;
  }
}
