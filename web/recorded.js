// Trajectories that were computed when the page was built. They stand in for the network until it is there.
//
// A film is one lossless picture: the start and every frame side by side, the frames' differences from the start below them.

/** @typedef {{ link: string, noised: boolean, times: number[], width: number, height: number, file: string }} Recorded */

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
   */
  async find(link) {
    if (!this.#address || !link) return null;
    try {
      this.#list ??= fetch(this.#address).then((response) => (response.ok ? response.json() : []));
      const found = (await this.#list).find((each) => each.link === bare(link));
      return found ? { link: found.link, noised: found.noised, times: found.times, ...(await pictures(found, new URL(found.file, this.#address))), finished: true, recorded: true } : null;
    } catch {
      // Without the film the page waits for the network, as it does where nothing is recorded. The next walk asks again.
      this.#list = null;
      return null;
    }
  }
}

/** @param {Recorded} recorded */
async function pictures({ times, width, height }, address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  const bitmap = await createImageBitmap(await response.blob(), { colorSpaceConversion: 'none', premultiplyAlpha: 'none' });
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const drawing = canvas.getContext('2d', { willReadFrequently: true });
  drawing.drawImage(bitmap, 0, 0);
  const picture = (column, row) => ({ width, height, rgba: drawing.getImageData(column * width, row * height, width, height).data });
  return { start: picture(0, 0), steps: times.map((time, index) => ({ time, now: picture(index + 1, 0), difference: picture(index + 1, 1) })) };
}
