// What the browser lets this page use here. On plain http from another host it withholds
// WebGPU, the Cache API, service workers and the clipboard.

import { informed, unstyled, warned } from './notices.js';
import { phrase } from './words.js';

/** @import { EngineName } from './protocol.js' */
/** @import { Notice } from './notices.js' */

/**
 * @returns {{ gpu: boolean, cache: boolean, sentence: string|null }} what is there, and one sentence where
 *   something is missing
 */
export function surroundings() {
  const gpu = 'gpu' in navigator;
  const cache = 'caches' in globalThis;
  if (!globalThis.isSecureContext) {
    return {
      gpu,
      cache,
      sentence:
        phrase('surroundings.page_came_over_plain'),
    };
  }
  if (!gpu) return { gpu, cache, sentence: phrase('surroundings.browser_no_webgpu_network') };
  return { gpu, cache, sentence: null };
}

/**
 * What is said first: style sheets that have not come, an engine that there is none of, what the browser
 * withholds.
 * @param {string[]} missing style sheets
 * @param {string | null} asked what is wrong with the engine that was asked for
 * @returns {Notice | null}
 */
export function firstNotice(missing, asked) {
  if (missing.length) return unstyled(missing);
  if (asked) return warned(asked);
  const { sentence } = surroundings();
  return sentence ? { ...informed(sentence), stays: true } : null;
}

/**
 * The engine the address asks for: `?engine=candle|wgpu`, else the fastest here. An unknown name is answered
 * with a sentence.
 * @returns {{ engine: EngineName, sentence: string | null }}
 */
export function engineAsked(search) {
  const asked = new URLSearchParams(search).get('engine') ?? 'auto';
  if (asked === 'auto' || asked === 'candle' || asked === 'wgpu') return { engine: asked, sentence: null };
  const sentence = phrase('surroundings.engine_not_engine_expected', { asked: asked.slice(0, 20) });
  return { engine: 'auto', sentence };
}

/**
 * How many workers the address asks for, `?workers=1` and up, in place of as many as there are processors;
 * null where it asks for none.
 * @param {string} search
 * @returns {number | null}
 */
export function workersAsked(search) {
  const asked = Number(new URLSearchParams(search).get('workers'));
  return Number.isInteger(asked) && asked > 0 ? asked : null;
}
