// One exploration, call by call. What a call answers is { value, transfer }.

import init, * as wasm from '../../pkg/cellflux_wasm.js';
import { fetched } from '../fetched.js';
import { BundleDownload, Trouble } from './bundle_download.js';
import { chooseEngine } from './engine_choice.js';
import { KeptTiles } from './kept_tiles.js';
import { manifestView } from './manifest_view.js';
import { MODULE_INTEGRITY } from './module_integrity.js';
import * as recipeView from './recipe_view.js';

/** Manifests larger than this are refused before they are read; the wasm side has a limit of its own. */
const MANIFEST_BYTES = 4 << 20;

/** Evaluations quicker than a frame are not worth looking between for what the visitor has changed. */
const QUICK_MS = 16;

const LIMITS = { steps: [1, 1000], alpha: [0, 4], noise: [0, 2], seed: [0, 0xffffffff], rtol: [1e-9, 1], atol: [1e-9, 1] };

export class Exploring {
  static CALLS = new Set([
    'open', 'pictures', 'download', 'load', 'cancel', 'engine', 'change', 'link', 'step', 'show', 'decode',
    'arrange', 'use_upload', 'keep',
  ]);

  #say;
  #manifest;
  #model;
  #files;
  #walk;
  #recipe;
  #upload;
  #visible;
  #started;
  #abort;
  #evaluations = 0;
  /** The visitor's crop: `{ key, name, picture }`. It stays to be chosen again after another start was. */
  #uploaded = null;
  #uploadedName;
  /** An engine that was ready before there was anything to walk. */
  #spare = null;
  #uploads = 0;
  /** Thumbnails and drawings that have not come, as `#decorate` takes them. */
  #lacking = { samples: [], examples: [], compounds: [] };
  #runsOnGpu = false;
  /** The GPU engine's tiles, to be measured while nobody waits, and where they are kept; null when there is nothing to measure. */
  #tiles = null;
  #kept = null;
  /** Milliseconds of an evaluation, once known. */
  #pace = null;
  #wanted;
  /** Steps of the walk whose pictures the page has, as they are now. */
  #told = 0;

  /**
   * @param {(event: string, detail: object, transfer?: Transferable[]) => void} say tells the page something it did not ask for
   * @param {() => boolean} wanted whether another call waits
   */
  constructor(say, wanted) {
    this.#say = say;
    this.#wanted = wanted;
  }

  // Opening and loading

  async open({ src, link }) {
    await this.#startWasm();
    this.#manifest = await fetchManifest(src);
    this.#files = new BundleDownload(src, (sentence) => this.#say('note', { sentence }));
    await this.#begin();
    const view = manifestView(this.#model.manifest());
    this.#visible = view.channels.map(() => true);
    let notice = null;
    let recipe = null;
    if (link) {
      try {
        recipe = this.#model.read_link(link);
      } catch (error) {
        notice = error;
      }
    }
    recipe ??= this.#model.first_recipe() ?? null;
    if (recipe) {
      const missing = await this.#followWhatComes(recipe, view);
      notice ??= missing;
      if (missing) recipe = null;
    }
    const shards = this.#model.missing();
    this.#decorate(view);
    return {
      value: {
        ...view, limits: LIMITS, notice,
        at: recipe?.view?.step ?? null,
        download: { total: sum(shards), loaded: 0, cached: await this.#files.keeps(shards), estimate: estimate(sum(shards)) },
        uploaded: this.#uploaded,
        ...this.#answer(),
      },
    };
  }

  /** Thumbnails and drawings that have not come, once more. */
  async pictures() {
    this.#decorate(this.#lacking);
    return {};
  }

  async download() {
    // A shard whose tensors were not the network's has spoilt the reader.
    if (this.#model.spoilt()) await this.#begin();
    const shards = this.#model.missing();
    const total = sum(shards);
    const began = performance.now();
    this.#abort = new AbortController();
    await this.#bring(shards, (loaded) => {
      const seconds = (performance.now() - began) / 1000;
      const secondsLeft = seconds > 0.3 && loaded > 0 ? ((total - loaded) * seconds) / loaded : undefined;
      this.#say('download', { loaded, total, secondsLeft });
    });
    return {};
  }

  async load({ engine }) {
    return { value: await this.#useEngine(engine) };
  }

  async cancel() {
    this.#abort?.abort();
    return {};
  }

  async engine({ engine }) {
    return { value: await this.#useEngine(engine) };
  }

  // The exploration

  async change({ change }) {
    const { control, ...rest } = change;
    const start = control === 'upload' && this.#uploaded ? { start: { crop: this.#uploaded.key } } : control === undefined ? {} : { control };
    await this.#follow(recipeView.changed(this.#recipe, { ...rest, ...start }));
    return { value: this.#answer() };
  }

  async link({ link }) {
    const recipe = this.#model.read_link(link);
    await this.#follow(recipe);
    return { value: { ...this.#answer(), at: recipe.view?.step ?? null } };
  }

  async step({ playing }) {
    const began = performance.now();
    const quick = this.#pace !== null && this.#pace < QUICK_MS;
    if (!quick && !(await this.#evaluateUntilLast())) return { value: { ...this.#newSteps(), gaveWay: true } };
    // The CPU path computes where it stands: looking ahead would only delay the step that is wanted. So it would where an
    // evaluation takes long, and the visitor changes something meanwhile.
    const reached = await this.#walk.step(Boolean(playing) && this.#runsOnGpu && quick);
    const took = performance.now() - began;
    if (!reached) return { value: this.#newSteps() };
    const evaluations = this.#walk.evaluations_of(this.#walk.steps() - 1);
    this.#evaluations += evaluations;
    if (evaluations > 0) this.#pace = took / evaluations;
    return { value: { ...this.#newSteps(), ...(evaluations > 0 ? { pace: this.#pace } : {}) } };
  }

  /** Evaluates all velocities of a step but the last; false when another call has come meanwhile, which is to be followed first. */
  async #evaluateUntilLast() {
    while (await this.#walk.evaluate()) {
      await nextTurn();
      if (this.#wanted()) return false;
    }
    return true;
  }

  /** What a step's answer holds. */
  #newSteps() {
    return { walk: this.#toldWalk(), rejected: this.#rejected(), evaluations: this.#evaluations };
  }

  async show({ visible }) {
    this.#visible = visible;
    const hidden = visible.flatMap((on, index) => (on ? [] : [index]));
    await this.#follow(recipeView.changed(this.#recipe, { hidden }));
    return { value: this.#answer() };
  }

  // The visitor's own image

  async decode({ files }) {
    const upload = new wasm.Upload(this.#model, files);
    const described = upload.describe();
    this.#upload?.free();
    this.#upload = upload;
    this.#uploadedName = described.name;
    return { value: { key: ++this.#uploads, ...described, ...this.#arranged(described, true) } };
  }

  async arrange({ assignment, crop, reading, redraw }) {
    return { value: this.#arranged({ assignment, crop, reading }, redraw) };
  }

  async use_upload({ assignment, crop, reading }) {
    this.#upload.cut(Int32Array.from(assignment), crop.x, crop.y, crop.side, reading);
    if (this.#walk) this.#turned(this.#walk.use_upload(this.#upload));
    else this.#begun(wasm.Walk.of_upload(this.#model, this.#upload));
    return { value: this.#answer() };
  }

  #arranged({ assignment, crop, reading }, redraw) {
    const planes = Int32Array.from(assignment);
    const complete = !assignment.includes(-1);
    const cut = complete ? this.#upload.cut(planes, crop.x, crop.y, crop.side, reading) : null;
    return {
      complete,
      ...(redraw ? { picture: this.#upload.preview(planes) } : {}),
      cropPicture: cut?.picture ?? null,
      clipped: { dark: cut?.dark ?? 0, bright: cut?.bright ?? 0 },
    };
  }

  // What the visitor takes away

  async keep({ kind, step }) {
    const [bytes, type, suffix] = {
      frame: () => [this.#walk.frame_png(step), 'image/png', `step-${step}.png`],
      strip: () => [this.#walk.strip_png(), 'image/png', 'strip.png'],
      trajectory: () => [this.#walk.trajectory_npy(), 'application/octet-stream', 'trajectory.npy'],
      times: () => [this.#walk.times_npy(), 'application/octet-stream', 'times.npy'],
    }[kind]();
    return { value: { name: `cellflux-${this.#recipe.condition}-${suffix}`, type, bytes }, transfer: [bytes.buffer] };
  }

  // While nobody waits

  /**
   * Measures one tile of the GPU engine, for the engine that is made next; what an evaluation takes must be known by then. False when
   * there is nothing to measure for now.
   */
  async tune() {
    if (!this.#tiles || this.#pace === null) return false;
    try {
      const [before] = this.#tiles.counts();
      const more = await this.#tiles.tune(this.#pace);
      const [measured, remaining] = this.#tiles.counts();
      if (measured > before) await this.#kept.keep(this.#tiles.text());
      if (measured > before || !more) this.#say('tuned', { measured, remaining: more ? remaining : 0 });
      if (more) return true;
    } catch {
      // A lost device: the next step says so, where it matters.
    }
    this.#forgetTiles();
    return false;
  }

  #forgetTiles() {
    this.#tiles?.free();
    this.#tiles = null;
  }

  // Inner workings

  /** Reads the manifest anew, and the condition vectors with it: they are small, and a recipe needs them. */
  async #begin() {
    this.#model = new wasm.Model(this.#manifest);
    await this.#bring(this.#model.missing().filter(({ path }) => path === 'conditions.safetensors'), () => {});
  }

  /** Starts WebAssembly once; what failed is tried anew by the next call. */
  #startWasm() {
    this.#started ??= startModule().catch((error) => {
      this.#started = null;
      throw error;
    });
    return this.#started;
  }

  /**
   * Turns to a recipe, or, where its picture does not come, to the same walk from the first control whose picture does: one picture is
   * no reason to close the page.
   * @returns {Promise<{ kind: string, sentence: string } | null>} what was missing, as the page's notice takes it
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
          return { kind: 'picture', sentence: `${error.message.replace(/\.$/, '')}. The walk starts from another control; choosing this one tries again.` };
        } catch {
          // Nor this one.
        }
      }
      throw error;
    }
  }

  async #bring(entries, onBytes) {
    const signal = (this.#abort ?? new AbortController()).signal;
    await this.#files.files(entries, ({ path }) => this.#model.download(path), (_, file) => this.#model.accept(file), { signal, onBytes });
  }

  /** A file of the bundle that is not part of the network. */
  async #content(path) {
    const entry = this.#model.manifest().files.find((file) => file.path === path);
    const watch = { signal: new AbortController().signal, onBytes: () => {} };
    return (await this.#files.file(entry, () => this.#model.download(path), watch)).content();
  }

  /** Turns to a recipe; what it shares with the one before is kept. */
  async #follow({ view, ...wanted }) {
    // Which step is looked at is the page's affair; the channels hidden decide the pictures.
    const recipe = { ...wanted, view: { hidden: view?.hidden ?? [] } };
    const path = this.#model.start_file(JSON.stringify(recipe));
    const example = path ? await this.#content(path) : undefined;
    if (this.#walk) this.#turned(this.#walk.apply(JSON.stringify(recipe), example));
    else this.#begun(new wasm.Walk(this.#model, JSON.stringify(recipe), example));
  }

  #begun(walk) {
    this.#walk = walk;
    if (this.#spare) walk.attach(this.#spare);
    this.#spare = null;
    this.#turned(0);
  }

  /** After the walk has turned to another recipe, under which so many steps have the pictures that they had. */
  #turned(kept) {
    this.#told = Math.min(this.#told, kept);
    this.#recipe = this.#walk.recipe();
    const hidden = new Set(this.#recipe.view?.hidden ?? []);
    this.#visible = this.#visible.map((_, index) => !hidden.has(index));
  }

  async #useEngine(asked) {
    const make = {
      candle: () => wasm.Engine.candle(this.#model),
      wgpu: async (adapter) => {
        kept = new KeptTiles(adapter);
        return wasm.Engine.wgpu(this.#model, adapter, await kept.read(), tell.doing);
      },
      guess: () => wasm.Engine.guess_on_gpu(this.#model),
    };
    let kept = null;
    let starting = true;
    const tell = {
      // A software adapter's trial may go on for a while after another engine was taken; nobody wants to hear of it then.
      doing: (doing) => starting && this.#say('starting', { doing }),
      note: (sentence) => this.#say('note', { sentence }),
    };
    const { engine, report, pace, why } = await chooseEngine(make, asked, tell).finally(() => { starting = false; });
    this.#runsOnGpu = report.engine === 'wgpu';
    this.#forgetTiles();
    this.#tiles = engine.take_tiles() ?? null;
    this.#kept = kept;
    this.#pace = pace;
    if (this.#walk) this.#walk.attach(engine);
    else this.#spare = engine;
    return { engine: { ...report, why, tilesRefused: this.#tiles?.refused() ?? null }, tuned: null, engineAsked: asked, evaluations: this.#evaluations, pace };
  }

  /** Recipe, link and walk, as the page shows them. */
  #answer() {
    if (!this.#walk) return { recipe: null, link: '', walk: null };
    const walk = this.#walk;
    const link = walk.link();
    const { crop } = this.#recipe.start;
    const another = crop && crop !== this.#uploaded?.key;
    if (another) this.#uploaded = { key: crop, name: this.#uploadedName ?? 'the link’s crop', picture: walk.control() };
    return {
      recipe: recipeView.shown(this.#recipe),
      link,
      visible: this.#visible,
      rejected: this.#rejected(),
      ...(another ? { uploaded: this.#uploaded } : {}),
      walk: this.#toldWalk(),
    };
  }

  #rejected() {
    return sumOf(this.#walk.steps(), (index) => this.#walk.rejected_of(index));
  }

  /** The walk with those pictures that the page does not have yet: of the steps from `from` on; from 0 on, the start's too. */
  #toldWalk() {
    const walk = this.#walk;
    const from = this.#told;
    const told = {
      key: walk.key(),
      noised: walk.noised(),
      times: plainNumbers(walk.times()),
      finished: walk.finished(),
      from,
      steps: Array.from({ length: walk.steps() - from }, (_, index) => walk.picture(from + index)),
      ...(from === 0 ? { start: walk.control() } : {}),
    };
    this.#told = walk.steps();
    return told;
  }

  /** Thumbnails and drawings, one after the other, behind everything else: first what the first screen shows. */
  async #decorate({ samples, examples, compounds }) {
    const chosen = this.#recipe ? recipeView.shown(this.#recipe).compound : null;
    const chosenFirst = (list, compound) => [...list].sort((a, b) => (compound(b) === chosen) - (compound(a) === chosen));
    const thumbnail = async ({ id }) => {
      const path = this.#model.example_file(id);
      this.#say('thumbnail', { id, picture: this.#model.thumbnail(path, await this.#content(path)) });
    };
    const structure = async ({ id, structure: path }) => {
      this.#say('structure', { id, svg: new TextDecoder().decode(await this.#content(path)) });
    };
    const drawn = chosenFirst(compounds.filter((compound) => compound.structure), ({ id }) => id);
    this.#lacking = {
      samples: await lacking(samples, thumbnail),
      compounds: await lacking(drawn, structure),
      examples: await lacking(chosenFirst(examples, ({ condition }) => condition), thumbnail),
    };
    const missing = Object.values(this.#lacking).flat().length;
    const all = samples.length + drawn.length + examples.length;
    if (missing) {
      this.#say('note', {
        trouble: 'pictures',
        sentence: `${missing} of ${all} small pictures and drawings could not be fetched, so their places stay `
          + 'empty; everything works without.',
      });
    }
  }
}

/** Brings pictures one by one; which ones did not come. After one that stood still no other is waited for. */
async function lacking(pictures, bring) {
  const missing = [];
  for (const [index, picture] of pictures.entries()) {
    try {
      await bring(picture);
    } catch (error) {
      if (error?.stalled) return [...missing, ...pictures.slice(index)];
      missing.push(picture);
    }
  }
  return missing;
}

/** Lets messages in that have come meanwhile; a timer would wait for milliseconds. */
function nextTurn() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

const plainNumbers = (numbers) => (numbers ? [...numbers] : null);
const sumOf = (count, value) => Array.from({ length: count }, (_, index) => value(index)).reduce((total, each) => total + each, 0);
const sum = (entries) => entries.reduce((total, { bytes }) => total + bytes, 0);

/** Seconds a download may take, by the browser's own guess of the line's speed; unknown in most browsers. */
function estimate(bytes) {
  const megabits = navigator.connection?.downlink;
  return megabits ? (bytes * 8) / (megabits * 1e6) : null;
}

/** The manifest, asked for anew each time. Its digest is in its folder's name; what it says is checked in full. */
async function fetchManifest(src) {
  return fetched(src, { name: 'manifest.json', cache: 'no-cache', most: MANIFEST_BYTES });
}

/** Brings, checks and starts the WebAssembly module. */
async function startModule() {
  if (!globalThis.WebAssembly) {
    throw new Trouble('no-wasm', 'The network needs WebAssembly, which this browser does not offer here; a strict protection mode may have switched it off for this site. Allow it, then load the page again.');
  }
  const bytes = await fetched(new URL('../../pkg/cellflux_wasm_bg.wasm', import.meta.url), { name: 'cellflux_wasm_bg.wasm', integrity: MODULE_INTEGRITY });
  try {
    await init({ module_or_path: bytes });
  } catch (error) {
    if (!(error instanceof WebAssembly.CompileError)) throw error;
    // Without a digest, on a page that was not built, damage is found no sooner than here.
    if (!MODULE_INTEGRITY) {
      const sentence = `cellflux_wasm_bg.wasm is damaged, or this browser is too old for it (${error.message}).`;
      throw new Trouble('bad-file', sentence);
    }
    throw new Trouble('no-wasm', `This browser’s WebAssembly does not take the network’s module (${error.message}); expected one with 128-bit SIMD: Chrome 91, Firefox 89, Safari 16.4 or newer.`);
  }
}
