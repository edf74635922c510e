// The visitor's own image, until a crop of it is the start of a walk.

import * as wasm from '../../pkg/cellflux_wasm.js';

/** @import { Arranged, Arrangement, NamedFile, Upload } from '../protocol.js' */
/** @import { Opening } from './opening.js' */

export class Uploading {
  #opening;
  /** @type {wasm.Upload} */
  #upload;
  #count = 0;
  /** What the files are called, in a few words. */
  name;

  /** @param {Opening} opening */
  constructor(opening) {
    this.#opening = opening;
  }

  /**
   * @param {NamedFile[]} files
   * @returns {Upload}
   */
  decode(files) {
    const upload = new wasm.Upload(this.#opening.model, files);
    const described = upload.describe();
    this.#upload?.free();
    this.#upload = upload;
    this.name = described.name;
    return { key: ++this.#count, ...described, ...this.arrange(described, true) };
  }

  /**
   * @param {Arrangement} arrangement
   * @param {boolean} redraw whether the picture that the crop is placed on is another one now
   * @returns {Arranged}
   */
  arrange(arrangement, redraw) {
    const complete = !arrangement.assignment.includes(-1);
    const cut = complete ? this.#cut(arrangement) : null;
    return {
      complete,
      ...(redraw ? { picture: this.#upload.preview(planes(arrangement)) } : {}),
      cropPicture: cut?.picture ?? null,
      clipped: { dark: cut?.dark ?? 0, bright: cut?.bright ?? 0 },
    };
  }

  /**
   * The upload with this crop cut.
   * @param {Arrangement} arrangement
   */
  cut(arrangement) {
    this.#cut(arrangement);
    return this.#upload;
  }

  #cut(arrangement) {
    const { crop: { x, y, side }, reading } = arrangement;
    return this.#upload.cut(planes(arrangement), x, y, side, reading);
  }
}

const planes = ({ assignment }) => Int32Array.from(assignment);
