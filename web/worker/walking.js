// Walking: the recipe, the steps reached, and what the page is told of them.

import * as wasm from '../../pkg/cellflux_wasm.js';
import { Failure } from '../failures.js';
import { nextTurn } from './next_turn.js';
import * as recipeView from './recipe_view.js';
import { StepEngines } from './step_engines.js';
import { measuredSteps, rejectedIn, toldWalk } from './told_walk.js';
import { free, WalksBefore } from './walks_before.js';
import { phrase } from '../words.js';

/** @import { Trouble } from '../failures.js' */
/** @import { Answer, Change, Exploration, ManifestView } from '../protocol.js' */
/** @import { Args, Measured, MeasuredStep, StepEngine, Stepped, ToldWalk } from '../protocol.js' */
/** @import { Typed, Uploaded, View } from '../protocol.js' */
/** @import { Compounds } from './compounds.js' */
/** @import { Opening } from './opening.js' */

/** Evaluations quicker than a frame are not worth looking between for what the visitor has changed. */
const QUICK_MS = 16;

export class Walking {
  #opening;
  #compounds;
  #wanted;
  /** @type {wasm.Walk | null} */
  #walk = null;
  #recipe = null;
  /** @type {boolean[]} */
  #visible = [];
  /**
   * The visitor's crop. It stays to be chosen again after another start was.
   * @type {Uploaded | null}
   */
  #uploaded = null;
  /**
   * The compound that was typed, while the walk is under one.
   * @type {Typed | null}
   */
  #typed = null;
  #before = new WalksBefore();
  /** What the page calls the walk in view, and of which state of which walk it is the name. */
  #called = { walk: null, own: 0, key: 0 };
  /** Steps whose pictures the page has, as they are now. */
  #told = 0;
  /** An engine that was ready before there was anything to walk. */
  #spare = null;
  /** Whether the engine may go on with the next step while the page shows this one. */
  #ahead = false;
  /** Whether the walk has an engine. */
  #lendable = false;
  /** How the quick weights are stored that the engine has; null where it has the bundle's own. */
  #quick = null;
  /**
   * The engine that walks, by name.
   * @type {StepEngine | null}
   */
  #engine = null;
  #engines = new StepEngines();
  /** Velocities evaluated, of all walks. */
  evaluations = 0;
  /**
   * Milliseconds of an evaluation, once known.
   * @type {number | null}
   */
  pace = null;

  /**
   * @param {Opening} opening
   * @param {Compounds} compounds
   * @param {() => boolean} wanted whether another call waits
   */
  constructor(opening, compounds, wanted) {
    this.#opening = opening;
    this.#compounds = compounds;
    this.#wanted = wanted;
  }

  /** Whether there is an engine to lend. What is compared is walked under the full weights alone. */
  get canLend() {
    return this.#lendable && this.#quick === null;
  }

  /** Whether there is an engine to lend with the weights under which the walk in view ran. */
  get canWalkAlike() {
    return this.#lendable && this.#quick === (this.#walk?.quick() ?? null);
  }

  /** The walk in view, for what is drawn of it alone; null before there is one. */
  get inView() {
    return this.#walk;
  }

  /** The bundle's compound walked under; null for one that was typed. */
  get compound() {
    return recipeView.compoundOf(this.#recipe);
  }

  /**
   * Begins at a link, or with what the bundle shows before anything is chosen.
   * @param {string | null} link
   * @param {string | null} preset the walk of the page's author, in place of a link that cannot be followed
   * @param {ManifestView} view
   * @returns {Promise<{ notice: Trouble | null, at: number | null }>} what could not be followed, and the
   *   step that the link shows
   */
  async begin(link, preset, view) {
    this.#visible = view.channels.map(() => true);
    this.#before.clear();
    const { model } = this.#opening;
    let notice = null;
    let recipe = null;
    if (link) {
      try {
        recipe = model.read_link(link);
        const smiles = recipeView.smilesOf(recipe);
        if (smiles) await this.#compounds.read(smiles);
      } catch (error) {
        const sentence = String(error.sentence ?? error.message).replace(/\.?$/, '.');
        notice = { kind: error.kind, sentence: phrase('walking.page_shows_own_walk', { sentence }) };
        recipe = this.#preset(preset);
      }
    }
    recipe ??= model.first_recipe() ?? null;
    if (!recipe) return { notice, at: null };
    const missing = await this.#followWhatComes(recipe, view);
    return { notice: notice ?? missing, at: (missing ? null : recipe.view?.step) ?? null };
  }

  /** The walk that the page's author chose, where it can be read. */
  #preset(link) {
    try {
      return link ? this.#opening.model.read_link(link) : null;
    } catch {
      return null;
    }
  }

  /**
   * @param {Change} change
   * @returns {Promise<Exploration>}
   */
  async change(change) {
    await this.#follow(this.recipeWith(change));
    return this.#exploration();
  }

  /**
   * Turns to a compound that the visitor has typed, or that a dropped file holds.
   * @param {Args<'type'>} typed
   * @returns {Promise<Answer<'type'>>}
   */
  async type({ text, file, change }) {
    const smiles = file === null ? text : await this.#compounds.smilesOf(file, text);
    const { typed } = await this.#compounds.read(smiles);
    const exploration = await this.change({ ...change, smiles: typed.smiles });
    return { ...exploration, same: this.compound };
  }

  /**
   * @param {string} link
   * @returns {Promise<Answer<'link'>>}
   */
  async followLink(link) {
    const recipe = this.#opening.model.read_link(link);
    await this.#follow(recipe, { again: true });
    return { ...this.#exploration(), at: recipe.view?.step ?? null };
  }

  /**
   * @param {string} text a recipe's JSON
   * @returns {Promise<Answer<'recipe'>>}
   */
  async followRecipe(text) {
    const recipe = recipeView.read(text, this.#opening.model.manifest().id);
    await this.#follow(recipe);
    return { ...this.#exploration(), at: recipe.view?.step ?? null };
  }

  /**
   * Walks the recipe in view anew: its steps ran under weights that are not the engine's any more.
   * @returns {Promise<Exploration>}
   */
  async again() {
    const other = await this.another(this.#recipe);
    const engine = this.#walk.detach();
    free(this.#walk);
    this.#walk = other;
    if (engine) other.attach(engine);
    this.#told = Math.min(this.#told, 1);
    return this.#exploration();
  }

  /**
   * @param {View} view
   * @returns {Promise<Exploration>}
   */
  async show(view) {
    await this.#follow({ ...this.#recipe, view });
    return this.#exploration();
  }

  /**
   * @param {Args<'look'>} asked
   * @returns {Answer<'look'>}
   */
  look({ step, histograms, panels }) {
    return {
      histograms: histograms ? this.#walk.histograms(step) : null,
      panels: panels ? this.#walk.grey_panels(step) : null,
    };
  }

  /**
   * Makes a crop of the visitor's image the start.
   * @param {Uint8Array} coded its bytes `[C, H, W]`
   * @param {string} name
   */
  async useCrop(coded, name) {
    if (this.#walk) {
      if (this.#walk.steps() > 1) {
        const other = await this.another(this.#recipe);
        other.use_crop(coded);
        this.#leaveFor(other);
      }
      this.#turned(this.#walk.use_crop(coded), this.#typed);
    } else {
      this.#begun(wasm.Walk.of_crop(this.#opening.model, coded));
    }
    return this.#exploration(name);
  }

  /**
   * @param {boolean} playing
   * @returns {Promise<Stepped>}
   */
  async step(playing) {
    const began = performance.now();
    const quick = this.pace !== null && this.pace < QUICK_MS;
    if (!quick && !(await this.#evaluateUntilLast())) return { ...this.#stepped(), gaveWay: true };
    // The CPU path computes where it stands: looking ahead would only delay the step that is wanted. So it
    // would where an evaluation takes long, and the visitor changes something meanwhile.
    const reached = await this.#walk.step(Boolean(playing) && this.#ahead && quick);
    const took = performance.now() - began;
    if (!reached) return this.#stepped();
    this.#engines.note(this.#walk, this.#engine);
    const evaluations = this.#walk.evaluations_of(this.#walk.steps() - 1);
    if (evaluations === 0) return this.#stepped();
    this.evaluations += evaluations;
    this.pace = took / evaluations;
    return { ...this.#stepped(), pace: this.pace };
  }

  /**
   * Walks on with this engine, from the step reached.
   * @param {wasm.Engine} engine
   * @param {{ pace: number | null, report: StepEngine, quick: string | null }} known of it
   */
  attach(engine, { pace, report, quick }) {
    // Going back to a walk under the quick weights would show steps that can be walked exactly now.
    if (this.#quick !== null && quick === null) this.#before.clear();
    this.#quick = quick;
    this.pace = pace;
    this.#ahead = report.engine === 'wgpu';
    this.#engine = { engine: report.engine, dtype: report.dtype, quick };
    this.#lendable = Boolean(this.#walk);
    if (this.#walk) this.#walk.attach(engine);
    else this.#spare = engine;
  }

  /**
   * Takes the engine out, so that another one can be put in its place.
   * @returns {wasm.Engine | null}
   */
  detach() {
    const engine = this.#walk ? (this.#walk.detach() ?? null) : this.#spare;
    this.#spare = null;
    this.#lendable = false;
    return engine;
  }

  /** Milliseconds of an evaluation: as steps took, or else of one that is made for it. */
  async timed() {
    const engine = this.pace === null && this.#walk ? this.#walk.detach() : null;
    if (!engine) return this.pace;
    const began = performance.now();
    try {
      await engine.probe();
      this.pace = performance.now() - began;
    } finally {
      this.#walk.attach(engine);
    }
    return this.pace;
  }

  /**
   * Lends the engine to another walk of the model for one piece of work; it is back with the walk in view
   * when that is done or has failed.
   * @template Value
   * @param {wasm.Walk} other
   * @param {() => Promise<Value>} work
   * @returns {Promise<Value>}
   */
  async lend(other, work) {
    const engine = this.#walk.detach();
    if (!engine) throw new Failure('no-engine', phrase('walking.network_not_ready_yet'));
    other.attach(engine);
    const before = other.steps();
    try {
      return await work();
    } finally {
      const back = other.detach();
      if (back) this.#walk.attach(back);
      for (let step = before; step < other.steps(); step += 1) {
        this.evaluations += other.evaluations_of(step);
      }
      this.#engines.note(other, this.#engine);
    }
  }

  /**
   * The recipe in view with a change; `upload` as the control is the visitor's crop.
   * @param {Change} change
   */
  recipeWith({ control, ...rest }) {
    const again = control === 'upload' && this.#uploaded;
    const start = again ? { start: { crop: again.key } } : control === undefined ? {} : { control };
    return recipeView.changed(this.#recipe, { ...rest, ...start });
  }

  /**
   * The walk of a link, at its start; the walk in view stays.
   * @param {string} link
   * @returns {Promise<Answer<'walk_of'>>}
   */
  async walkOf(link) {
    const walk = await this.another(this.#opening.model.read_link(link));
    try {
      const times = walk.times();
      return {
        recipe: recipeView.shown(walk.recipe()),
        walk: {
          noised: walk.noised(), times: times ? [...times] : null, finished: false, steps: [walk.picture(0)],
        },
      };
    } finally {
      free(walk);
    }
  }

  /** Another walk of the model, at its start and without an engine. */
  async another(recipe) {
    const { text, example, counts } = await this.given(recipe);
    return new wasm.Walk(this.#opening.model, text, example, counts);
  }

  /**
   * What the module is given to make a recipe's walk, in this worker or in another one.
   * @returns {Promise<{ text: string, example?: Uint8Array<ArrayBuffer>, counts?: Float32Array }>}
   */
  async given(recipe) {
    const { text, example, read } = await this.#prepared(recipe);
    return { text, example, counts: read?.counts };
  }

  /**
   * Shows another walk as this recipe has it, which differs from its own only in that.
   * @param {wasm.Walk} walk
   */
  async redraw(walk, recipe) {
    const { text, example, read } = await this.#prepared(recipe);
    walk.apply(text, example, read?.counts);
  }

  /**
   * What the steps reached measure, from one on.
   * @param {number} from
   * @param {(image: Float32Array) => MeasuredStep['values']} measure
   * @returns {Measured}
   */
  measured(from, measure) {
    return { key: this.key, from, steps: measuredSteps(this.#walk, from, measure) };
  }

  /** The compound and the seed in view, as a table names them. */
  get named() {
    return { compound: recipeView.namedIn(this.#recipe), seed: this.#recipe.sampling.seed };
  }

  /**
   * All that a page knows which has just opened this.
   * @returns {Exploration}
   */
  told() {
    this.#told = 0;
    return { uploaded: this.#uploaded, ...this.#exploration() };
  }

  /**
   * Turns to a recipe, or, where its picture does not come, to the same walk from the first control whose
   * picture does: one picture is no reason to close the page.
   * @returns {Promise<Trouble | null>} what was missing
   */
  async #followWhatComes(recipe, { samples }) {
    try {
      await this.#follow(recipe);
      return null;
    } catch (error) {
      if (!recipe.start.example || !['download', 'bad-file'].includes(error.kind)) throw error;
      for (const { id } of samples.filter((sample) => sample.id !== recipe.start.example)) {
        try {
          await this.#follow({ ...recipe, start: { example: id } });
          const said = error.message.replace(/\.$/, '');
          const sentence = phrase('walking.walk_starts_from_another', { said });
          return { kind: 'picture', sentence };
        } catch {
          // This one does not come either: the next is tried.
        }
      }
      throw error;
    }
  }

  /**
   * Turns to a recipe; what it shares with the one before is kept. The walk before is kept as well, and with
   * `again` one that was in view before comes back with its steps.
   */
  async #follow(wanted, { again = false } = {}) {
    const { text, example, read } = await this.#prepared(wanted);
    const walk = () => new wasm.Walk(this.#opening.model, text, example, read?.counts);
    if (!this.#walk) {
      this.#begun(walk(), read?.typed);
      return;
    }
    const isBack = again && this.#bringBack(wanted);
    const leaves = !isBack && this.#walk.steps() > 1 && recipeView.sharesNoStep(this.#recipe, wanted);
    if (leaves) this.#leaveFor(walk());
    this.#turned(this.#walk.apply(text, example, read?.counts), read?.typed);
  }

  /**
   * Puts another walk in view, at its start, and keeps the one before; not where both have steps in common,
   * which the one in view keeps when it turns to the other's recipe.
   * @param {wasm.Walk} other
   */
  #leaveFor(other) {
    const recipe = other.recipe();
    if (!recipeView.sharesNoStep(this.#recipe, recipe)) {
      free(other);
      return;
    }
    this.#putInView(other, recipeView.sameStart(this.#recipe, recipe) ? 1 : 0);
  }

  /** Puts the walk of a recipe in view again; false where none is kept. */
  #bringBack(recipe) {
    const numbers = recipeView.numbersOf(recipe);
    if (numbers === recipeView.numbersOf(this.#recipe)) return false;
    const before = this.#before.take(numbers);
    if (before) this.#putInView(before, 0);
    return before !== null;
  }

  /**
   * @param {wasm.Walk} walk
   * @param {number} same steps, from the first on, whose pictures are those of the walk before
   */
  #putInView(walk, same) {
    const engine = this.#walk.detach();
    const { image } = this.#opening.model.manifest();
    const length = image.width * image.height * image.channels.length;
    this.#before.keep(recipeView.numbersOf(this.#recipe), this.#walk, length);
    this.#walk = walk;
    this.#recipe = walk.recipe();
    if (engine) walk.attach(engine);
    this.#told = Math.min(this.#told, same);
  }

  /** The walk's name for the page; another one after every change that lost steps or may have. */
  get key() {
    const own = this.#walk.key();
    if (this.#called.walk !== this.#walk || this.#called.own !== own) {
      this.#called = { walk: this.#walk, own, key: this.#called.key + 1 };
    }
    return this.#called.key;
  }

  /** What the module is given for a recipe: its text, its start's file and what is known of its compound. */
  async #prepared(wanted) {
    // The page alone decides which step is looked at; how channels are shown changes the pictures.
    const text = JSON.stringify({ ...wanted, view: recipeView.lookedAt(wanted) });
    const path = this.#opening.model.start_file(text);
    const example = path ? await this.#opening.content(path) : undefined;
    const smiles = recipeView.smilesOf(wanted);
    const read = smiles ? await this.#compounds.read(smiles) : null;
    return { text, example, read };
  }

  /**
   * @param {wasm.Walk} walk
   * @param {Typed} [typed]
   */
  #begun(walk, typed) {
    this.#walk = walk;
    if (this.#spare) walk.attach(this.#spare);
    this.#lendable = Boolean(this.#spare);
    this.#spare = null;
    this.#turned(0, typed);
  }

  /**
   * After the walk has turned to another recipe. The first `kept` steps have the same pictures as before.
   * @param {number} kept
   * @param {Typed | null} [typed] the compound that was typed, which may be one of the bundle's after all
   */
  #turned(kept, typed = null) {
    this.#told = Math.min(this.#told, kept);
    this.#engines.cut(this.#walk);
    this.#recipe = this.#walk.recipe();
    this.#typed = recipeView.smilesOf(this.#recipe) ? typed : null;
    const hidden = new Set(this.#recipe.view?.hidden ?? []);
    this.#visible = this.#visible.map((_, index) => !hidden.has(index));
  }

  /**
   * Evaluates all velocities of a step but the last; false when another call has come, to be
   * followed first.
   */
  async #evaluateUntilLast() {
    while (await this.#walk.evaluate()) {
      await nextTurn();
      if (this.#wanted()) return false;
    }
    return true;
  }

  /**
   * @param {string} name of a crop that is a start for the first time
   * @returns {Exploration}
   */
  #exploration(name = phrase('walking.link_crop')) {
    if (!this.#walk) return { recipe: null, link: '', typed: null, walk: null };
    const link = this.#walk.link();
    const { crop } = this.#recipe.start;
    const another = crop && crop !== this.#uploaded?.key;
    if (another) {
      this.#uploaded = { key: crop, name, picture: this.#walk.control() };
    }
    return {
      recipe: recipeView.shown(this.#recipe),
      link,
      visible: this.#visible,
      shown: this.#walk.channels(),
      legend: this.#walk.difference_legend(),
      rejected: rejectedIn(this.#walk),
      ...(another ? { uploaded: this.#uploaded } : {}),
      typed: this.#typed,
      walk: this.#toldWalk(),
    };
  }

  /** @returns {Stepped} */
  #stepped() {
    return { rejected: rejectedIn(this.#walk), evaluations: this.evaluations, walk: this.#toldWalk() };
  }

  /** @returns {ToldWalk} */
  #toldWalk() {
    const walk = this.#walk;
    const engineOf = (step) => this.#engines.of(walk, step);
    const told = toldWalk(walk, { key: this.key, from: this.#told, engineOf });
    this.#told = walk.steps();
    return told;
  }
}
