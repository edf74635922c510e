// The GPU adapter, as the browser describes it.

const SOFTWARE = /swiftshader|llvmpipe|lavapipe|basic render/i;

/** @returns {Promise<{ name: string, software: boolean } | null>} null where there is no WebGPU, or no adapter */
export async function describeAdapter() {
  try {
    const adapter = await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' });
    if (!adapter) return null;
    const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
    const name = [description || [vendor, device || architecture].filter(Boolean).join(' ')].filter(Boolean).join() || 'an adapter without a name';
    return { name, software: Boolean(isFallbackAdapter ?? adapter.isFallbackAdapter) || SOFTWARE.test(`${name} ${architecture}`) };
  } catch {
    return null;
  }
}
