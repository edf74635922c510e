// How a walk is looked at: which channels are hidden, and which are shown otherwise than the manifest says.
// The session checks a view and writes it into links; here it is only changed.

import { fixed } from './figures.js';
import { phrase } from './words.js';

/** @import { Channel, ChannelView, Recipe, View, Window } from './protocol.js' */

/** Windows and gammas are whole thousandths, as links hold them. */
const rounded = (value) => Math.round(1000 * value) / 1000;

const sameWindow = (a, b) => rounded(a.low) === rounded(b.low) && rounded(a.high) === rounded(b.high);

/**
 * How a recipe's walk is looked at.
 * @param {Recipe} recipe
 * @returns {View}
 */
export const viewIn = ({ hidden, channels, map }) => ({ hidden, channels, map });

/**
 * A view in which a channel is switched off, or on again.
 * @param {View} view
 * @param {number} channel
 * @returns {View}
 */
export function toggled(view, channel) {
  const others = view.hidden.filter((each) => each !== channel);
  const off = others.length === view.hidden.length;
  return { ...view, hidden: off ? [...others, channel].sort((a, b) => a - b) : others };
}

/**
 * Which channels a view shows.
 * @param {View} view
 * @param {Channel[]} channels
 */
export const visibleIn = ({ hidden }, channels) => channels.map((_, index) => !hidden.includes(index));

/**
 * How a view shows a channel.
 * @param {View} view
 * @param {Channel[]} channels
 * @param {number} channel
 * @returns {{ window: Window, gamma: number, lut: string }}
 */
export function shownIn(view, channels, channel) {
  const { window = channels[channel].window, gamma = 1, lut = 'own' } =
    view.channels.find((each) => each.channel === channel) ?? {};
  return { window, gamma, lut };
}

/**
 * A view in which a channel is shown otherwise. What is as the manifest has it is left out, so that going
 * back to that gives the link from before.
 * @param {View} view
 * @param {Channel[]} channels of the manifest
 * @param {number} channel
 * @param {Partial<ChannelView>} change
 * @returns {View}
 */
export function withChannel(view, channels, channel, change) {
  const others = view.channels.filter((each) => each.channel !== channel);
  const { window, gamma, lut } = { ...shownIn(view, channels, channel), ...change };
  const chosen = {
    channel,
    ...(sameWindow(window, channels[channel].window)
      ? {}
      : { window: { low: rounded(window.low), high: rounded(window.high) } }),
    ...(rounded(gamma) === 1 ? {} : { gamma: rounded(gamma) }),
    ...(lut === 'own' ? {} : { lut }),
  };
  const all = Object.keys(chosen).length > 1 ? [...others, chosen] : others;
  return { ...view, channels: all.sort((a, b) => a.channel - b.channel) };
}

/**
 * A view in which channels are shown as the manifest says.
 * @param {View} view
 * @param {number[]} reset
 * @returns {View}
 */
export const withoutChannels = (view, reset) => ({
  ...view,
  channels: view.channels.filter(({ channel }) => !reset.includes(channel)),
});

/** The narrowest window, about one coded byte. */
const NARROWEST = 0.004;

/**
 * A window with one end moved; the other end stays, and the ends do not pass each other.
 * @param {Window} window
 * @param {'low' | 'high'} end
 * @param {number} value
 * @returns {Window}
 */
export function withEnd({ low, high }, end, value) {
  if (end === 'low') return { low: Math.max(0, Math.min(value, high - NARROWEST)), high };
  return { low, high: Math.min(1, Math.max(value, low + NARROWEST)) };
}

/**
 * Colours that stay apart without one of the three kinds of cones, too (a test beside `Lut` simulates it),
 * for three channels. There is no fourth: further channels are grey, which resembles cyan or yellow then.
 */
const SAFE = ['magenta', 'yellow', 'cyan'];

/**
 * A view in colours that stay apart for the colour-blind, as far as there are such.
 * @param {View} view
 * @param {Channel[]} channels
 * @returns {View}
 */
export const inSafeColours = (view, channels) =>
  channels.reduce(
    (changed, _, index) => withChannel(changed, channels, index, { lut: SAFE[index] ?? 'grey' }),
    view,
  );

/** A share that is cut off silently. */
export const SILENT = 0.01;

/** How far a value may lie beyond a window's end and still be the end itself. */
const ROUNDING = 1e-6;

/** 3.2 % */
export const percent = (share) => `${fixed(100 * share, 1)} %`;

/**
 * The shares of counted pixels that a window cuts off, as crates/cellflux-image has them of a picture.
 * @param {number[]} counts of each coded byte
 * @param {Window} window
 * @returns {{ dark: number, bright: number }}
 */
export function cutOff(counts, { low, high }) {
  const share = (isCut) => {
    const [cut, all] = counts.reduce(([part, whole], count, byte) => (
      [part + (isCut(byte / 255) ? count : 0), whole + count]), [0, 0]);
    return all ? cut / all : 0;
  };
  return { dark: share((unit) => unit < low - ROUNDING), bright: share((unit) => unit > high + ROUNDING) };
}

/**
 * What the windows of the visible channels cut off at their high ends, where it is more than 1 %, in
 * sentences.
 * @param {Channel[]} channels
 * @param {boolean[]} visible
 * @param {{ bright: number }[]} [now] by channel, of the picture in view
 * @param {{ bright: number }[]} [start] of the start
 * @returns {{ index: number, sentence: string }[]}
 */
export function clippedSentences(channels, visible, now, start) {
  return channels.flatMap(({ name }, index) => {
    const [after, before] = [now?.[index]?.bright ?? 0, start?.[index]?.bright ?? 0];
    if (!visible[index] || Math.max(after, before) <= SILENT) return [];
    const [where, share] = after > SILENT ? ['', after] : [phrase('view.start'), before];
    return [{
      index,
      sentence: phrase('view.pixels_brighter_than_window', { name, where, share: percent(share) }),
    }];
  });
}
