// Chromium as the tests need it: headless, WebGPU on SwiftShader's software adapter.

import { chromium } from 'playwright-core';

/** WebGPU compute and canvases on a software adapter; each flag is needed. */
export const WITH_GPU = [
  '--enable-unsafe-webgpu',
  '--enable-features=Vulkan',
  '--use-vulkan=swiftshader',
  '--use-angle=swiftshader',
];

/** WebGPU computes, but touching a WebGPU canvas kills the GPU process: a lost device, on demand. */
export const LOSES_ITS_GPU = ['--enable-unsafe-webgpu'];

/** No WebGPU at all. */
export const WITHOUT_GPU = ['--disable-features=WebGPU', '--disable-gpu', '--disable-blink-features=WebGPU'];

/** A browser; for root Chromium requires its sandbox to be off. */
export function launch(flags = WITH_GPU) {
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({
    executablePath: process.env.CELLFLUX_CHROMIUM ?? '/usr/bin/chromium',
    args: [...flags, ...sandbox],
  });
}
