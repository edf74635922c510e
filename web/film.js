// The walk as a video, recorded from a canvas where the browser can do that.

import { el } from './html.js';
import { phrase } from './words.js';

/** @import { Picture } from './protocol.js' */

/** @typedef {{ picture: Picture, label: string, caption: string }} Shot */

const TYPE = 'video/webm';

/** The least pixels across, the band below the picture, and its letters. */
const LEAST = 320;
const BAND = 52;
const LETTERS = '16px system-ui, sans-serif';

/** How long a frame stays, how long the last one does, and how long all before it may take together. */
const FRAME_MS = 160;
const LAST_MS = 2000;
const LONGEST_MS = 30_000;

const FRAMES_A_SECOND = 30;
const BITS_A_SECOND = 8e6;

/** Whether this browser records a canvas. */
export const canFilm = () =>
  Boolean(globalThis.MediaRecorder?.isTypeSupported(TYPE) && HTMLCanvasElement.prototype.captureStream);

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Records frames, in the time that they take to be seen.
 * @param {Shot[]} shots one at least
 * @returns {Promise<{ type: string, bytes: Blob }>}
 */
export async function film(shots) {
  const { width, height } = shots[0].picture;
  const times = Math.ceil(LEAST / Math.max(width, height));
  const canvas = el('canvas', { width: Math.max(width * times, LEAST), height: height * times + BAND });
  const stream = canvas.captureStream(FRAMES_A_SECOND);
  const recorder = new MediaRecorder(stream, { mimeType: TYPE, videoBitsPerSecond: BITS_A_SECOND });
  const pieces = [];
  recorder.addEventListener('dataavailable', ({ data }) => pieces.push(data));
  const ended = new Promise((resolve, reject) => {
    recorder.addEventListener('stop', resolve);
    recorder.addEventListener('error', () => reject(new Error(phrase('film.browser_could_not_record'))));
  });
  // The pause before the end is not cut off by an error: it is told after it.
  ended.catch(() => {});
  draw(canvas, shots[0], times);
  recorder.start();
  const each = Math.min(FRAME_MS, LONGEST_MS / shots.length);
  for (const [index, shot] of shots.entries()) {
    draw(canvas, shot, times);
    await pause(index + 1 === shots.length ? LAST_MS : each);
  }
  if (recorder.state !== 'inactive') recorder.stop();
  await ended;
  for (const track of stream.getTracks()) track.stop();
  return { type: TYPE, bytes: new Blob(pieces, { type: TYPE }) };
}

/** A frame, each pixel a block, and what it is below it. */
function draw(canvas, { picture, label, caption }, times) {
  const small = el('canvas', { width: picture.width, height: picture.height });
  small.getContext('2d').putImageData(new ImageData(picture.rgba, picture.width, picture.height), 0, 0);
  const context = canvas.getContext('2d');
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, picture.width * times, picture.height * times);
  context.font = LETTERS;
  context.fillStyle = '#111111';
  const below = picture.height * times;
  context.fillText(label, 8, below + 21, canvas.width - 16);
  context.fillText(caption, 8, below + 42, canvas.width - 16);
}
