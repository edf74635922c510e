// One exploration: each call of the protocol, led to the one who does it.

import { CountingCells } from './cell_counts.js';
import { Compounds } from './compounds.js';
import { startEngine } from './engine_choice.js';
import { ranIn } from './kept_file.js';
import { LookingForNuclei } from './field_nuclei.js';
import { manifestView } from './manifest_view.js';
import { Maps } from './maps.js';
import { Opening } from './opening.js';
import { Results } from './results.js';
import { SideWalks } from './side_walks.js';
import { SmallPictures } from './small_pictures.js';
import { Tuning } from './tuning.js';
import { Uploading } from './uploading.js';
import { Walking } from './walking.js';

/** @import { Answer, Answering, Args, Opened, Say } from '../protocol.js' */

/**
 * What the page's fields allow; the session refuses what is beyond its own, wider ones.
 * @type {Opened['limits']}
 */
const LIMITS = {
  steps: [1, 1000], alpha: [0, 4], noise: [0, 2], seed: [0, 0xffffffff], rtol: [1e-9, 1], atol: [1e-9, 1],
};

export class Exploring {
  #say;
  #opening;
  #pictures;
  #walking;
  #uploading;
  #tuning;
  #results;
  #nuclei;
  #counting;
  #aside;
  #maps;

  /**
   * @param {Say} say tells the page something it did not ask for
   * @param {() => boolean} wanted whether another call waits
   */
  constructor(say, wanted) {
    this.#say = say;
    this.#opening = new Opening(say);
    this.#pictures = new SmallPictures(this.#opening, say);
    this.#walking = new Walking(this.#opening, new Compounds(this.#opening), wanted);
    this.#uploading = new Uploading(this.#opening);
    this.#tuning = new Tuning(say);
    this.#results = new Results(this.#opening);
    this.#nuclei = new LookingForNuclei(this.#uploading, this.#results);
    this.#counting = new CountingCells(this.#opening);
    this.#aside = new SideWalks(this.#walking, wanted, say, (image) => this.#results.of(image));
    this.#maps = new Maps(this.#walking, this.#aside, wanted, say);
  }

  /** @type {Answering} */
  calls = {
    open: (args) => this.#open(args),
    pictures: async () => {
      this.#pictures.bringLacking();
      return {};
    },
    download: async () => ({ more: await this.#opening.bringWeights() }),
    full: async () => {
      await this.#opening.bringFullWeights();
      return {};
    },
    cancel: async () => {
      this.#opening.cancel();
      return {};
    },
    engine: (args) => this.#startEngine(args),
    change: ({ change }) => this.#walking.change(change),
    type: (args) => this.#walking.type(args),
    link: ({ link }) => this.#walking.followLink(link),
    recipe: ({ text }) => this.#walking.followRecipe(text),
    again: () => this.#walking.again(),
    step: ({ playing }) => this.#walking.step(playing),
    show: ({ view }) => this.#walking.show(view),
    look: async (args) => this.#walking.look(args),
    map: async (args) => this.#maps.map(args),
    effect: async ({ step }) => {
      this.#maps.ask(step);
      return {};
    },
    decode: async ({ files }) => this.#uploading.decode(files),
    arrange: async ({ redraw, ...arrangement }) => this.#uploading.arrange(arrangement, redraw),
    nuclei: (args) => this.#nuclei.find(args),
    use_upload: async (arrangement) => {
      const upload = this.#uploading.cut(arrangement);
      return this.#walking.useUpload(upload, this.#uploading.name);
    },
    keep: (args) => this.#walking.keep(args, this.#results),
    cells: (args) => this.#results.cells(args),
    count_cells: ({ ids }) => this.#counting.count(ids),
    measure: (args) => this.#measure(args),
    side: async (args) => {
      this.#aside.take(args);
      return {};
    },
    table: (args) => this.#table(args),
  };

  /** While nobody calls: see `Maps` and `SideWalks`. */
  async walkAside() {
    await this.#maps.evaluate();
    await this.#aside.walkOn();
  }

  /** While nobody calls: see `Tuning`. */
  tune() {
    return this.#tuning.tune(this.#walking.pace);
  }

  /**
   * @param {Args<'open'>} args
   * @returns {Promise<Answer<'open'>>}
   */
  async #open({ src, link, preset }) {
    this.#aside.clear();
    this.#maps.clear();
    await this.#opening.open(src);
    const { model } = this.#opening;
    const view = manifestView(model.manifest(), model.evaluated());
    const { notice, at } = await this.#walking.begin(link, preset, view);
    this.#pictures.bring(view, this.#walking.compound);
    const download = await this.#opening.size();
    return { ...view, limits: LIMITS, notice, at, download, ...this.#walking.told() };
  }

  /**
   * @param {Args<'engine'>} args
   * @returns {Promise<Answer<'engine'>>}
   */
  async #startEngine({ engine: asked }) {
    const opening = this.#opening;
    const use = (work) => opening.use(work);
    const { engine, report, pace, why, kept } = await startEngine(opening.model, asked, this.#say, use);
    const quick = engine.quick_dtype() ?? null;
    const weights = quick ?? opening.model.manifest().model.dtype;
    const tiles = engine.take_tiles() ?? null;
    this.#tuning.of(tiles, kept);
    this.#walking.attach(engine, { pace, ahead: report.engine === 'wgpu', quick });
    const tilesRefused = tiles?.refused() ?? null;
    const facts = { ...report, weights, quick: quick !== null, why, tilesRefused };
    return { engine: facts, tuned: null, engineAsked: asked, evaluations: this.#walking.evaluations, pace };
  }

  /**
   * @param {Args<'measure'>} args
   * @returns {Promise<Answer<'measure'>>}
   */
  async #measure({ from }) {
    await this.#results.start();
    return this.#walking.measured(from, (image) => this.#results.of(image));
  }

  /**
   * @param {Args<'table'>} args
   * @returns {Promise<Answer<'table'>>}
   */
  async #table({ others }) {
    const { steps } = await this.#measure({ from: 0 });
    const of = `${this.#walking.compound ?? 'typed-compound'}${ranIn(this.#walking.inView)}`;
    const name = `cellflux-${of}-measures.csv`;
    return this.#results.table(name, [{ ...this.#walking.named, steps }, ...others]);
  }
}
