// How often the coded bytes of the gallery's cells occur, by channel: what is drawn beside the histogram of a
// prediction.

/** @import { Answer } from '../protocol.js' */
/** @import { Opening } from './opening.js' */

const BYTES = 256;

/**
 * How often each byte occurs in each channel.
 * @param {Uint8Array} coded `[C, H, W]`
 * @param {number} channels
 * @returns {Uint32Array[]}
 */
export function countsOf(coded, channels) {
  const pixels = coded.length / channels;
  return Array.from({ length: channels }, (_, channel) => {
    const counts = new Uint32Array(BYTES);
    for (const value of coded.subarray(channel * pixels, (channel + 1) * pixels)) counts[value] += 1;
    return counts;
  });
}

export class CountingCells {
  #opening;
  /** The model that the counts are of. */
  #model = null;
  /** @type {Map<string, Uint32Array[]>} by the id of a cell */
  #counts = new Map();

  /** @param {Opening} opening */
  constructor(opening) {
    this.#opening = opening;
  }

  /**
   * Counts cells together. What does not come is counted as missing; after a picture that stood still no
   * other is waited for.
   * @param {string[]} ids
   * @returns {Promise<Answer<'count_cells'>>}
   */
  async count(ids) {
    const { model } = this.#opening;
    if (this.#model !== model) {
      this.#model = model;
      this.#counts = new Map();
    }
    const channels = model.manifest().image.channels.length;
    const known = this.#counts;
    for (const id of ids) {
      if (known.has(id)) continue;
      try {
        const path = model.example_file(id);
        known.set(id, countsOf(model.coded(path, await this.#opening.content(path)), channels));
      } catch (error) {
        if (!['download', 'bad-file', 'bad-image'].includes(error?.kind)) throw error;
        if (error.stalled) break;
      }
    }
    const found = ids.flatMap((id) => (known.has(id) ? [known.get(id)] : []));
    const sum = (channel, byte) => found.reduce((total, cell) => total + cell[channel][byte], 0);
    const counts = Array.from({ length: channels }, (_, channel) =>
      Array.from({ length: BYTES }, (_, byte) => sum(channel, byte)));
    return { counts, cells: found.length, missing: ids.length - found.length };
  }
}
