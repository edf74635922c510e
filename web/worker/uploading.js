// The visitor's own image, until a crop of it is the start of a walk.

import * as wasm from '../../pkg/cellflux_wasm.js';
import { cropAtScale } from '../scale.js';
import { Controls } from './likeness.js';
import { modelScale } from './manifest_view.js';

/** @import { Arranged, Arrangement, NamedFile, Upload } from '../protocol.js' */
/** @import { Opening } from './opening.js' */

/** The longer side of a plane's small picture, in pixels. */
const PLANE_SIDE = 96;

/** How long an upload waits for the controls that its crop is compared with; later crops have them, too. */
const PATIENCE_MS = 1500;

/**
 * Numbers of a plane; each is the mean of `reduction` × `reduction` pixels of the image.
 * @typedef {{ width: number, height: number, reduction: number, values: Float32Array }} ReducedPlane
 */

export class Uploading {
  #opening;
  #controls;
  /** @type {wasm.Upload} */
  #upload;
  #count = 0;
  /** What the files are called, in a few words. */
  name;

  /** @param {Opening} opening */
  constructor(opening) {
    this.#opening = opening;
    this.#controls = new Controls(opening);
  }

  /**
   * @param {NamedFile[]} files
   * @returns {Promise<Upload>}
   */
  async decode(files) {
    const { model } = this.#opening;
    const upload = new wasm.Upload(model, files);
    const described = upload.describe();
    this.#upload?.free();
    this.#upload = upload;
    this.#count += 1;
    const key = this.#count;
    this.name = described.name;
    await Promise.race([this.#controls.bring(), waited(PATIENCE_MS)]);
    const crop = cropAtScale(described, modelScale(model.manifest().image)) ?? described.crop;
    const asked = described.assignment.includes(-1) || described.guessed.some(Boolean);
    const planes = described.planes.map((plane, at) => (
      asked ? { ...plane, picture: upload.plane(at, PLANE_SIDE) } : plane));
    const arranged = this.arrange({ ...described, crop }, true);
    return { key, ...described, planes, crop, ...arranged };
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
      hints: cut ? this.#controls.hints(cut.coded) : [],
    };
  }

  /**
   * A plane of an upload with at most so many pixels; null where another upload has come since.
   * @param {number} key
   * @param {number} plane
   * @param {number} most
   * @returns {ReducedPlane | null}
   */
  reduced(key, plane, most) {
    return key === this.#count ? this.#upload.reduced(plane, most) : null;
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

const waited = (milliseconds) => new Promise((done) => {
  setTimeout(done, milliseconds);
});

const planes = ({ assignment }) => Int32Array.from(assignment);
