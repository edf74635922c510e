// How numbers are written on the page, in its language. What others read as numbers (links, recipes, CSV, the
// values of fields and sliders, styles) never comes from here.

import { inFigures, language, phrase } from './words.js';

/** With so many decimal places. @param {number} value @param {number} places */
export const fixed = (value, places) => inFigures(value.toFixed(places));

/** With at most so many digits. @param {number} value @param {number} most */
export const digits = (value, most) => inFigures(Number(value.toPrecision(most)));

/** 2.7 MB; decimal units, as hosts and browsers count. */
export function bytes(count) {
  if (count < 1000) return `${count} B`;
  if (count < 1e6) return `${fixed(count / 1e3, 0)} kB`;
  return `${fixed(count / 1e6, count < 1e8 ? 1 : 0)} MB`;
}

/** A duration in words, rounded up, so that it is seldom too short. */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return phrase('figures.unknown_time');
  if (seconds < 1) return phrase('figures.under_1');
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return `${Math.ceil(seconds / 60)} min`;
}

/** A time on the probability path, 0 to 1. */
export const time = (t) => fixed(t, 3);

/** A time at an end of the path: 0 and 1 as they are. */
export const end = (t) => (t === 0 || t === 1 ? String(t) : time(t));

/** 1,323,587 */
export const count = (n) => Math.round(n).toLocaleString(language);

/**
 * A day. English, which is read everywhere, has it as bundles do.
 * @param {string} day as `YYYY-MM-DD`; anything else stays as it is
 */
export function date(day) {
  if (language === 'en' || !/^\d{4}-\d\d-\d\d$/.test(day)) return day;
  return new Intl.DateTimeFormat(language, { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(day));
}

/** Milliseconds, with one decimal place below 10 and as seconds from 10,000. */
export const milliseconds = (ms) =>
  ms < 10 ? fixed(ms, 1) : ms < 1e4 ? fixed(ms, 0) : `${fixed(ms / 1000, 1)} s`;

/** What was measured, with four digits; a dash for nothing. */
export function measured(value) {
  if (value === null || value === undefined) return '–';
  if (Math.abs(value) >= 1000) return count(value).replace('-', '−');
  return digits(value, 4).replace('-', '−');
}

/** A round number on a scale, with all its digits. */
export const tick = (value) =>
  value.toLocaleString(language, { maximumFractionDigits: 12 }).replace('-', '−');

/** What was measured, with its sign. */
export const signed = (value) => `${value > 0 ? '+' : ''}${measured(value)}`;
