// A model without a page: the explorer's worker, its recipe and its frames.

import { startExplorerWorker } from '../explorer_worker.js';
import { Failure } from '../failures.js';
import { WorkerClient } from '../worker_client.js';
import { MANIFEST, Progress, WEIGHTS } from './progress.js';
import { followedBy } from './walk.js';

/** @import { Exploration, Opened } from '../protocol.js' */
/** @import { Engine, Frame, Model, Recipe, RecipeChange, SessionOptions } from './cellflux.js' */

/** @param {Opened} opened @returns {Model} */
const modelOf = ({ manifest, compounds, samples }) => ({
  id: manifest.id,
  name: manifest.name,
  description: manifest.description,
  parameters: manifest.parameters,
  dtype: manifest.dtype,
  width: manifest.size[0],
  height: manifest.size[1],
  channels: manifest.channels.map(({ name }) => name),
  compounds: compounds.map(({ id, name, doses, control, seen }) => ({ id, name, doses, control, seen })),
  controls: samples.map(({ id, condition, synthetic, source, licence }) => (
    { id, condition, synthetic, source, licence })),
});

export class Session {
  #worker;
  #progress;
  #asked;
  #model = null;
  #recipe = null;
  #link = '';
  #walk = { key: null, frames: [], finished: false };
  /** @type {Promise<Engine> | null} */
  #engine = null;

  /**
   * Opens a bundle: its manifest and controls, without its weights.
   * @param {SessionOptions} options
   * @returns {Promise<Session>}
   */
  static async open(options) {
    const session = new Session(options);
    try {
      await session.#open(options);
    } catch (error) {
      session.close();
      throw error;
    }
    return session;
  }

  /** @param {SessionOptions} options */
  constructor({ src, engine = 'auto', progress_callback = () => {} }) {
    this.#asked = engine;
    this.#progress = new Progress(String(src), progress_callback);
    this.#worker = new WorkerClient((heard) => {
      if (heard.event === 'download') this.#progress.weights(heard.loaded, heard.total);
    }, startExplorerWorker);
  }

  /** @param {SessionOptions} options */
  async #open({ src, link = null }) {
    this.#progress.begin(MANIFEST);
    const opened = await this.#worker.call('open', {
      src: new URL(src, document.baseURI).href,
      link: link?.replace(/^.*#/, '') ?? null,
      preset: null,
    });
    this.#progress.end(MANIFEST);
    if (opened.notice) throw new Failure(opened.notice.kind, opened.notice.sentence);
    this.#model = modelOf(opened);
    this.#follow(opened);
  }

  /** @param {Exploration} answer */
  #follow({ recipe, link, walk }) {
    this.#recipe = recipe;
    this.#link = link;
    this.#walk = followedBy(this.#walk, walk);
  }

  /** @returns {Model} */
  get model() {
    return this.#model;
  }

  /** @returns {Recipe | null} */
  get recipe() {
    return this.#recipe && { ...this.#recipe };
  }

  /** The recipe as a link's hash, without `#`. */
  get link() {
    return this.#link;
  }

  /** @returns {Frame[]} */
  get frames() {
    return [...this.#walk.frames];
  }

  get finished() {
    return this.#walk.finished;
  }

  /**
   * Brings the weights and starts an engine; once, however often it is called.
   * @returns {Promise<Engine>}
   */
  load() {
    this.#engine ??= this.#load().catch((error) => {
      this.#engine = null;
      this.#progress.again();
      throw error;
    });
    return this.#engine;
  }

  async #load() {
    this.#progress.begin(WEIGHTS);
    await this.#worker.call('download', {});
    this.#progress.end(WEIGHTS);
    const { engine } = await this.#worker.call('engine', { engine: this.#asked });
    this.#progress.ready();
    return { engine: engine.engine, adapter: engine.adapter, dtype: engine.dtype, software: engine.software };
  }

  /**
   * Changes part of the recipe. Frames that it makes wrong are gone.
   * @param {RecipeChange} change
   * @returns {Promise<Recipe>}
   */
  async change(change) {
    this.#follow(await this.#worker.call('change', { change }));
    return this.recipe;
  }

  /**
   * Takes the recipe of a link.
   * @param {string} link a hash, with or without the address before it
   * @returns {Promise<Recipe>}
   */
  async follow(link) {
    this.#follow(await this.#worker.call('link', { link: link.replace(/^.*#/, '') }));
    return this.recipe;
  }

  /**
   * One more step.
   * @returns {Promise<Frame | null>} null at the walk's end
   */
  async step() {
    await this.load();
    while (!this.#walk.finished) {
      const { walk, gaveWay = false } = await this.#worker.call('step', { playing: true });
      const before = this.#walk.frames.length;
      this.#walk = followedBy(this.#walk, walk);
      if (!gaveWay && this.#walk.frames.length > before) return this.#walk.frames.at(-1);
    }
    return null;
  }

  /**
   * All frames from the start to the end; those that are there are not computed again.
   * @returns {AsyncGenerator<Frame, void, void>}
   */
  async *walk() {
    for (let at = 0; ; at += 1) {
      if (at >= this.#walk.frames.length && !(await this.step())) return;
      yield this.#walk.frames[at];
    }
  }

  /** Ends the worker. What is asked of the session afterwards fails. */
  close() {
    this.#worker.end();
  }
}
