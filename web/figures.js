// How numbers are written on the page.

import { phrase } from './words.js';

/** 2.7 MB; decimal units, as hosts and browsers count. */
export function bytes(count) {
  if (count < 1000) return `${count} B`;
  if (count < 1e6) return `${(count / 1e3).toFixed(0)} kB`;
  return `${(count / 1e6).toFixed(count < 1e8 ? 1 : 0)} MB`;
}

/** A duration in words, rounded up, so that it is seldom too short. */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return phrase('figures.unknown_time');
  if (seconds < 1) return phrase('figures.under_1');
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return `${Math.ceil(seconds / 60)} min`;
}

/** A time on the probability path, 0 to 1. */
export const time = (t) => t.toFixed(3);

/** A time at an end of the path: 0 and 1 as they are. */
export const end = (t) => (t === 0 || t === 1 ? String(t) : time(t));

/** 1,323,587 */
export const count = (n) => Math.round(n).toLocaleString('en');

/** Milliseconds, with one decimal place below 10 and as seconds from 10,000. */
export const milliseconds = (ms) =>
  ms < 10 ? ms.toFixed(1) : ms < 1e4 ? ms.toFixed(0) : `${(ms / 1000).toFixed(1)} s`;

/** What was measured, with four digits; a dash for nothing. */
export function measured(value) {
  if (value === null || value === undefined) return '–';
  if (Math.abs(value) >= 1000) return count(value).replace('-', '−');
  return String(Number(value.toPrecision(4))).replace('-', '−');
}

/** A round number on a scale, with all its digits. */
export const tick = (value) =>
  value.toLocaleString('en', { maximumFractionDigits: 12 }).replace('-', '−');

/** What was measured, with its sign. */
export const signed = (value) => `${value > 0 ? '+' : ''}${measured(value)}`;
