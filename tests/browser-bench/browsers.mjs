// The browsers to measure in, each as { name, open() } where open() gives a page maker; null where one is
// missing.

import { existsSync } from 'node:fs';
import { launch as launchChromium } from '../browser/chromium.mjs';

const FIREFOX = [
  '/usr/bin/firefox-esr',
  '/usr/bin/firefox',
  '/Applications/Firefox.app/Contents/MacOS/firefox',
];
const onRealGpu = ['--enable-unsafe-webgpu', '--enable-features=Vulkan', '--ignore-gpu-blocklist'];

async function chromium(flags) {
  const browser = await launchChromium(flags);
  return { version: browser.version(), page: () => browser.newPage(), close: () => browser.close() };
}

/** Where Firefox is; null where there is none. */
export const firefoxAt = () =>
  process.env.CELLFLUX_FIREFOX ?? FIREFOX.find((path) => existsSync(path)) ?? null;

async function firefox() {
  const executablePath = firefoxAt();
  if (!executablePath) throw new Error('no Firefox found; name one in CELLFLUX_FIREFOX');
  const { default: puppeteer } = await import('puppeteer-core');
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath,
    protocolTimeout: 3_600_000,
    extraPrefsFirefox: { 'dom.webgpu.enabled': true, 'gfx.webgpu.ignore-blocklist': true },
  });
  return { version: await browser.version(), page: () => browser.newPage(), close: () => browser.close() };
}

/**
 * @type {Record<string, () => Promise<{ version: string, page: () => Promise<object>, close: () =>
 * Promise<void> }>>}
 */
export const BROWSERS = {
  chromium: () => chromium(),
  firefox,
  'chromium-gpu': () => chromium(onRealGpu),
};

/** Whether the page's adapter is a real GPU. */
export const hasRealGpu = (page) => page.evaluate(async () => {
  const adapter = await navigator.gpu?.requestAdapter();
  return (
    Boolean(adapter) &&
    !adapter.info.isFallbackAdapter &&
    !/swiftshader|llvmpipe|lavapipe/i.test(
      Object.values(adapter.info).join(' ') + adapter.info.description + adapter.info.architecture,
    )
  );
});
