// Trajectories that were computed when the page was built. They stand in for the network until it is there.
//
// What does not come, or damaged, is an error whose message is a sentence; the page waits for the network
// then.
//
// A film is one lossless picture: the start and every frame side by side, the frames' differences from the
// start below them.

import { fetched } from './fetched.js';
import { Failure } from './failures.js';
import { phrase } from './words.js';

/**
 * @typedef {object} Recorded
 * @property {string} link
 * @property {boolean} noised
 * @property {number[]} times
 * @property {number[]} [changes] how much changed until each time
 * @property {number} width
 * @property {number} height
 * @property {string} file
 */

const bare = (link) => link.split('&').filter((field) => !field.startsWith('at=')).join('&');

export class Recordings {
  #address;
  #list;

  /** @param {string | null} address of the list; without one there is nothing recorded */
  constructor(address) {
    this.#address = address && new URL(address, document.baseURI).href;
  }

  /**
   * The recorded walk of a link, in the form in which the worker reports one; null where there is none.
   * @param {string | null} link as the session writes it
   * @throws {Failure} when it does not come; the next call asks again
   */
  async find(link) {
    if (!this.#address || !link) return null;
    try {
      this.#list ??= listAt(this.#address);
      const found = (await this.#list).find((each) => each.link === bare(link));
      if (!found) return null;
      const shown = await pictures(found, new URL(found.file, this.#address));
      const { link: its, noised, times } = found;
      return { link: its, noised, times, ...shown, finished: true, recorded: true };
    } catch (error) {
      this.#list = null;
      if (error instanceof Failure) throw error;
      throw new Failure('bad-file', phrase('recorded.recorded_walk_cannot_read', { message: error.message }));
    }
  }
}

const nameOf = (address) => new URL(address).pathname.split('/').pop();

/** @returns {Promise<Recorded[]>} */
async function listAt(address) {
  return JSON.parse(new TextDecoder().decode(await fetched(address, { name: nameOf(address), named: true })));
}

/** @param {Recorded} recorded */
async function pictures({ times, changes, width, height }, address) {
  const bytes = await fetched(address, { name: nameOf(address), named: true });
  const film = new Blob([bytes], { type: 'image/webp' });
  const bitmap = await createImageBitmap(film, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' });
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const drawing = canvas.getContext('2d', { willReadFrequently: true });
  drawing.drawImage(bitmap, 0, 0);
  const picture = (column, row) => ({
    width,
    height,
    rgba: drawing.getImageData(column * width, row * height, width, height).data,
  });
  return {
    start: picture(0, 0),
    steps: times.map((time, index) => ({
      time,
      now: picture(index + 1, 0),
      difference: picture(index + 1, 1),
      change: changes?.[index],
    })),
  };
}
