// One exploration: each call of the protocol, led to the one who does it.

import { CountingCells } from './cell_counts.js';
import { ChangeOver } from './change_over.js';
import { CellPictures } from './cell_picture.js';
import { Compounds } from './compounds.js';
import { NO_GPU, startEngine, timesInWords } from './engine_choice.js';
import { ranIn } from './kept_file.js';
import { LookingForNuclei } from './field_nuclei.js';
import { Helpers } from './helpers.js';
import { Keeping } from './keeping.js';
import { manifestView } from './manifest_view.js';
import { Maps } from './maps.js';
import { Opening } from './opening.js';
import { Results } from './results.js';
import { Sharing } from './sharing.js';
import { SideWalks } from './side_walks.js';
import { SmallPictures } from './small_pictures.js';
import { described, isOfTheDevice } from './trouble.js';
import { Tuning } from './tuning.js';
import { Uploading } from './uploading.js';
import { Walking } from './walking.js';
import { phrase } from '../words.js';

/** @import { Answer, Answering, Args, EngineReport, Opened, Say } from '../protocol.js' */
/** @import { Engine } from '../../pkg/cellflux_wasm.js' */
/** @import { Taken } from './engine_choice.js' */
/** @import { KeptTiles } from './kept_tiles.js' */

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
  #cellPictures;
  #keeping;
  #aside;
  #maps;
  /** @type {ChangeOver<Engine, Taken>} */
  #changeOver = new ChangeOver();
  /**
   * The engine that walks, as the page was told of it, and where tiles of a GPU's are kept; after a change
   * also the one before.
   * @type {{ facts: EngineReport, kept: () => KeptTiles | null, before?: { facts: EngineReport,
   *   pace: number } } | null}
   */
  #started = null;
  #helpers;
  #sharing = new Sharing((helped) => this.#share(helped));
  /** Numbers what the page was told of help, so that only the last stands. */
  #shared = 0;

  /**
   * @param {Say} say tells the page something it did not ask for
   * @param {() => boolean} wanted whether another call waits
   */
  constructor(say, wanted) {
    this.#say = say;
    this.#opening = new Opening(say);
    this.#pictures = new SmallPictures(this.#opening, say);
    this.#walking = new Walking(this.#opening, new Compounds(this.#opening), wanted);
    this.#tuning = new Tuning(say);
    this.#results = new Results(this.#opening);
    this.#uploading = new Uploading(this.#opening);
    this.#keeping = new Keeping(this.#opening, this.#walking, this.#results);
    this.#nuclei = new LookingForNuclei(this.#uploading, this.#results);
    this.#counting = new CountingCells(this.#opening);
    this.#helpers = new Helpers(() => this.#opening.handedOn(), say, () => this.#walking.pace);
    this.#aside = new SideWalks(
      this.#walking, wanted, say, (image) => this.#results.of(image), this.#helpers);
    this.#cellPictures = new CellPictures(this.#opening, this.#walking);
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
    walk_of: ({ link }) => this.#walking.walkOf(link),
    recipe: ({ text }) => this.#walking.followRecipe(text),
    again: () => this.#walking.again(),
    step: ({ playing }) => this.#step(playing),
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
      const crop = this.#uploading.cut(arrangement);
      return this.#walking.useCrop(crop, this.#uploading.name);
    },
    keep: (args) => this.#keeping.keep(args),
    keep_beside: (args) => this.#keeping.keepBeside(args),
    cells: (args) => this.#results.cells(args),
    count_cells: ({ ids }) => this.#counting.count(ids),
    cell_picture: (args) => this.#cellPictures.draw(args),
    measure: (args) => this.#measure(args),
    side: async (args) => {
      this.#aside.take(args);
      return {};
    },
    table: (args) => this.#table(args),
    helper: (args) => this.#helpers.take(args),
    leave: async ({ id }) => {
      this.#helpers.leave(id);
      return {};
    },
    alone: async ({ alone }) => {
      this.#helpers.setAlone(alone);
      return {};
    },
  };

  /** A call has come: helpers leave walks aside, so that they are free for what it asks. */
  giveWay() {
    this.#aside.giveWay();
  }

  /** While nobody calls: see `ChangeOver`, `Maps` and `SideWalks`. */
  async walkAside() {
    await this.#decideAside();
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
    this.#changeOver.begin(null);
    this.#sharing.begin({ helped: false, rival: false });
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
    // Full weights that come meanwhile wait, so that an engine and its rival have the same ones.
    const facts = await use(async () => {
      const chosen = await startEngine(opening.model, asked, this.#say, use);
      const { rival, kept } = chosen;
      const attached = await this.#attach(chosen, kept, Boolean(rival));
      this.#started = { facts: attached, kept };
      this.#changeOver.begin(rival ?? null);
      return attached;
    });
    const { evaluations, pace } = this.#walking;
    return { engine: facts, tuned: null, engineAsked: asked, evaluations, pace };
  }

  /**
   * Walks on with this engine; what the page is told of it. The CPU path has its halves computed by helpers,
   * of which the page has as many as there is room for; under quick weights by none, since helpers have the
   * full ones. While a rival may take over there are none yet.
   */
  async #attach({ engine, report, pace, why }, kept, rival = false) {
    const tiles = engine.take_tiles() ?? null;
    const quick = engine.quick_dtype() ?? null;
    const weights = quick ?? this.#opening.model.manifest().model.dtype;
    this.#tuning.of(tiles, kept());
    const shares = report.engine === 'candle' && quick === null;
    if (shares) engine.share(this.#helpers.ask);
    this.#walking.attach(engine, { pace, report, quick });
    this.#sharing.begin({ helped: shares, rival });
    return { ...report, weights, quick: quick !== null, why, tilesRefused: tiles?.refused() ?? null };
  }

  /**
   * One more step. A GPU that is ready is timed before it; if it takes over and fails at its first step, the
   * CPU goes on from the last step reached.
   * @param {boolean} playing
   * @returns {Promise<Answer<'step'>>}
   */
  async #step(playing) {
    if (this.#changeOver.isDue) await this.#decide(this.#walking.pace);
    try {
      const stepped = await this.#walking.step(playing);
      if (!stepped.gaveWay) this.#changeOver.settled();
      return stepped;
    } catch (error) {
      const trouble = described(error);
      const before = isOfTheDevice(trouble) ? this.#changeOver.takeBefore() : null;
      if (!before) throw error;
      await this.#goBack(before, trouble.sentence);
      return this.#walking.step(playing);
    }
  }

  /** As before a step, where nobody calls; the CPU is timed for it if no step has shown its pace. */
  async #decideAside() {
    if (!this.#changeOver.isDue) return;
    try {
      await this.#decide(await this.#walking.timed());
    } catch {
      // The next step says what is wrong.
    }
  }

  /**
   * Changes over to a GPU that is faster than the CPU; not before the CPU's time is known.
   * @param {number | null} cpu milliseconds of an evaluation
   */
  async #decide(cpu) {
    const decided = cpu === null ? null : await this.#changeOver.decide(cpu);
    if (!decided) return;
    const { outcome, gpu, built, error } = decided;
    if (outcome !== 'faster') this.#sharing.stays();
    if (outcome === 'faster') {
      const { facts, kept } = this.#started;
      const before = this.#walking.detach();
      const why = [timesInWords({ cpu, gpu }), built.why].filter(Boolean).join('; ');
      const now = await this.#attach({ ...built, pace: gpu, why }, kept);
      this.#started = { facts: now, kept, before: { facts, pace: cpu } };
      this.#changeOver.keepBefore(before);
      this.#tellOfEngine();
      return;
    }
    const why = {
      slower: () => timesInWords({ cpu, gpu }),
      late: () => phrase('exploring.evaluation_on_gpu_took'),
      failed: () => phrase('exploring.gpu_engine_did_not', { sentence: described(error).sentence }),
    }[outcome]();
    this.#started.facts = { ...this.#started.facts, why };
    if (outcome === 'failed') this.#say('note', { sentence: NO_GPU });
    this.#tellOfEngine();
  }

  /** The CPU goes on in place of a GPU that failed before it made a step. */
  async #goBack(engine, sentence) {
    const { facts, pace } = this.#started.before;
    const lost = this.#walking.detach();
    const { kept } = this.#started;
    const now = await this.#attach({ engine, report: facts, pace, why: phrase('exploring.gpu_failed', {
      sentence,
    }) }, kept);
    this.#started = { facts: now, kept };
    lost?.free();
    this.#say('note', { sentence: NO_GPU });
    this.#tellOfEngine();
  }

  #tellOfEngine() {
    this.#say('changed', { engine: this.#started.facts, pace: this.#walking.pace, tuned: null });
  }

  /** @param {boolean} helped whether the page is to start helpers */
  async #share(helped) {
    this.#shared += 1;
    const shared = this.#shared;
    if (!helped) this.#helpers.clear();
    const bytes = helped ? await this.#opening.memory() : null;
    if (shared === this.#shared) this.#say('sharing', { bytes });
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
