// The visitor's own image, until a crop of it is the start of a walk. A module of its own reads it, which is
// fetched with the first one.

import init, { Upload } from '../../pkg/cellflux_upload_wasm.js';
import { Failure } from '../failures.js';
import { cropAtScale } from '../scale.js';
import { phrase } from '../words.js';
import { Controls } from './likeness.js';
import { modelScale } from './manifest_view.js';
import { UPLOAD_INTEGRITY } from './module_integrity.js';
import { startModule } from './start_module.js';

/** @import { Arranged, Arrangement, NamedFile, Upload as Uploaded } from '../protocol.js' */
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
  #started = null;
  /** @type {Upload} */
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
   * @returns {Promise<Uploaded>}
   */
  async decode(files) {
    await this.#start();
    const { model } = this.#opening;
    const upload = new Upload(JSON.stringify(model.manifest().image), files);
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
   * The bytes `[C, H, W]` of a crop.
   * @param {Arrangement} arrangement
   * @returns {Uint8Array}
   */
  cut(arrangement) {
    return this.#cut(arrangement).coded;
  }

  /** Starts the module that reads images, once; after a failure the next image tries again. */
  #start() {
    const address = new URL('../../pkg/cellflux_upload_wasm_bg.wasm', import.meta.url);
    const name = 'cellflux_upload_wasm_bg.wasm';
    this.#started ??= startModule(init, address, name, UPLOAD_INTEGRITY).catch((error) => {
      this.#started = null;
      if (!['download', 'bad-file'].includes(error.kind)) throw error;
      throw new Failure('reader', phrase('uploading.reads_images', { message: error.message }));
    });
    return this.#started;
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
