// The visitor's own image, from its files to the crop that becomes the start of a walk.

import * as intake from './intake.js';
import { informed, troubled } from './notices.js';
import { phrase } from './words.js';

/** @import { Arrangement, Exploration, Upload } from './protocol.js' */
/** @import { Offered } from './nuclei.js' */
/** @import { State } from './state.js' */
/** @import { WorkerClient } from './worker_client.js' */

/** What is chosen of an upload, as the worker draws and cuts it. @returns {Arrangement} */
const arrangementOf = ({ assignment, crop, reading }) => ({ assignment, crop, reading });

export class Uploading {
  #state;
  #set;
  #worker;
  #drawing = false;
  /**
   * The newest arrangement that has not been drawn, and whether it changes the picture that the crop is
   * placed on.
   */
  #wanted = null;

  /**
   * @param {() => State} state
   * @param {(patch: Partial<State>) => void} set
   * @param {WorkerClient} worker
   */
  constructor(state, set, worker) {
    this.#state = state;
    this.#set = set;
    this.#worker = worker;
  }

  /**
   * Files that were dropped, pasted or chosen: decoded, then shown to be arranged.
   * @param {File[]} files
   */
  async take(files) {
    const { manifest, flowSource } = this.#state();
    if (!files.length || !manifest) return;
    if (flowSource === 'noise') {
      this.#set({ notice: informed(phrase('upload.flow_starts_from_noise')) });
      return;
    }
    const contents = await intake.read(files);
    const bytes = contents.map((file) => file.bytes);
    const upload = await this.#worker.call('decode', { files: contents }, bytes);
    // What the visitor can still do something about stays.
    const { notice } = this.#state();
    this.#set({ upload, nuclei: null, notice: notice?.actions?.length ? notice : null });
    this.#findNuclei();
  }

  /**
   * Another assignment, crop or reading; shown at once, and drawn as soon as the worker can.
   * @param {Partial<Upload>} change
   */
  async arrange(change) {
    const before = this.#state().upload;
    if (!before) return;
    this.#set({ upload: { ...before, ...change } });
    if (change.assignment) this.#findNuclei();
    // Dragging makes many changes; only the newest waits while one is being drawn.
    this.#wanted = { redraw: Boolean(change.assignment || this.#wanted?.redraw) };
    if (this.#drawing) return;
    this.#drawing = true;
    try {
      await this.#draw();
    } catch (error) {
      this.#set({ upload: this.#state().upload ? before : null, notice: troubled(error) });
    } finally {
      this.#drawing = false;
      this.#wanted = null;
    }
  }

  async #draw() {
    while (this.#wanted && this.#state().upload) {
      const { redraw } = this.#wanted;
      this.#wanted = null;
      const drawn = await this.#worker.call('arrange', { ...arrangementOf(this.#state().upload), redraw });
      const { upload } = this.#state();
      if (upload) this.#set({ upload: { ...upload, ...drawn } });
    }
  }

  /** Looks for nuclei, unless those of the assigned plane are known or the bundle names no such channel. */
  async #findNuclei() {
    const { upload: { key, assignment }, nuclei } = this.#state();
    const known = nuclei && 'channel' in nuclei && nuclei.key === key
      && (nuclei.channel === null || nuclei.plane === assignment[nuclei.channel]);
    if (known) return;
    /** @type {Offered} */
    const looking = { key, looking: true };
    this.#set({ nuclei: looking });
    let found;
    try {
      found = await this.#worker.call('nuclei', { key, assignment });
    } catch (error) {
      // Channels that cannot be measured are none in which nuclei could be offered.
      found = error.kind === 'bad-bundle' ? null : { key, failed: error.message ?? String(error) };
    }
    // Another upload, or another plane, may have been chosen meanwhile.
    if (this.#state().nuclei === looking) this.#set({ nuclei: found });
  }

  cancel() {
    this.#set({ upload: null, nuclei: null });
  }

  /**
   * Makes the crop the start.
   * @returns {Promise<Exploration>} the walk from it
   */
  async use() {
    const exploration = await this.#worker.call('use_upload', arrangementOf(this.#state().upload));
    this.#set({ upload: null, nuclei: null });
    return exploration;
  }
}
