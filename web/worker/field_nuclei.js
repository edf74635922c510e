// The nuclei in the visitor's own image: looked for with the results' module, in the plane that the visitor
// has given to the channel that shows nuclei.

/** @import { Answer, Args } from '../protocol.js' */
/** @import { Results } from './results.js' */
/** @import { Uploading } from './uploading.js' */

export class LookingForNuclei {
  #uploading;
  #results;
  /**
   * What was found last.
   * @type {Answer<'nuclei'>}
   */
  #found = null;

  /**
   * @param {Uploading} uploading
   * @param {Results} results
   */
  constructor(uploading, results) {
    this.#uploading = uploading;
    this.#results = results;
  }

  /**
   * @param {Args<'nuclei'>} args
   * @returns {Promise<Answer<'nuclei'>>}
   */
  async find({ key, assignment }) {
    await this.#results.start();
    const none = { key, channel: null, plane: -1, count: 0, listed: [], reduction: 1 };
    /** @type {Answer<'nuclei'>} */
    const nothing = { ...none, size: [0, 0] };
    const channel = this.#results.nuclear;
    if (channel === null) return nothing;
    const plane = assignment[channel] ?? -1;
    if (plane < 0) return { ...nothing, channel };
    if (this.#found?.key === key && this.#found.plane === plane) return { ...this.#found, channel };
    // Another upload may have come while the module was fetched: nobody waits for this one's nuclei.
    const reduced = this.#uploading.reduced(key, plane, this.#results.mostPixels);
    if (!reduced) return null;
    const { width, height, reduction } = reduced;
    const { count, listed } = this.#results.nucleiIn(reduced);
    this.#found = {
      key, channel, plane, count, reduction,
      size: [width, height],
      listed: listed.map(({ x, y, area }) => (
        { x: x * reduction, y: y * reduction, area: area * reduction * reduction })),
    };
    return this.#found;
  }
}
