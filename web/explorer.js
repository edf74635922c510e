// <cellflux-explorer src="…/manifest.json" preset="…" hide="…" recorded="…" address="…">: one state, shown
// by parts; parts say what the visitor intends, the worker computes.
//
//   worker ──events, answers──▶ state ──update──▶ parts ──intents──▶ explorer ──calls──▶ worker

import { doseUnder } from './dose.js';
import { takeDrops } from './drops.js';
import { startExplorerWorker } from './explorer_worker.js';
import { time } from './figures.js';
import { film } from './film.js';
import { FullWeights } from './full_weights.js';
import { toldBy } from './heard.js';
import { seen } from './html.js';
import { structureIn } from './intake.js';
import { modelOf, walkIn } from './kept_walk.js';
import { ANY_PART, layout, nameNoise, nameTreatments } from './layout.js';
import { parted } from './link_beside.js';
import { Linked, takePlace } from './linked.js';
import { Looking } from './looking.js';
import { informed, troubled } from './notices.js';
import { stamp } from './parts/stage.js';
import { pinNow } from './pin.js';
import { otherModel } from './failures.js';
import { saveFile } from './save_file.js';
import { SideBySide } from './side_by_side.js';
import { StandIn } from './stand_in.js';
import { continued, EMPTY, followed, speaksOf } from './state.js';
import { styleSheets } from './style_sheets.js';
import { engineAsked, firstNotice } from './surroundings.js';
import { Uploading } from './upload.js';
import { WalkMeasures } from './walk_measures.js';
import { Walker } from './walker.js';
import { leavingCell, withStart } from './where_walks_start.js';
import { WorkerClient } from './worker_client.js';
import { phrase } from './words.js';

/** @import { Change, Exploration, FigureOptions, FileKind } from './protocol.js' */
/** @import { KeptWalk } from './kept_walk.js' */
/** @import { Moment } from './linked_time.js' */
/** @import { Part } from './html.js' */
/** @import { State } from './state.js' */
/** @import { Heard } from './worker_client.js' */

/** Models up to this size are fetched at once; larger ones when the visitor says so. */
const FETCH_AT_ONCE = 48e6;

/**
 * News leave by themselves, and with the next action. What offers a way on stays until that is taken.
 */
const isNews = (notice) => notice?.kind === 'info' && !notice.stays && !notice.actions?.length;

/** How long news such as “The link is copied” stay. */
const NEWS_MS = 10_000;

class Explorer extends HTMLElement {
  #state = EMPTY;
  #scheduled = false;
  /** @type {WorkerClient} */
  #worker;
  /** @type {Walker} */
  #walker;
  /** @type {Uploading} */
  #upload;
  #noticeTimer;
  #stopListening = [];
  /** @type {Promise<unknown>} */
  #settled = Promise.resolve();
  /** @type {StandIn} */
  #recorded;
  /** @type {Looking} */
  #looking;
  /** @type {WalkMeasures} */
  #measures;
  /** @type {SideBySide} */
  #beside;
  /** @type {Linked} */
  #linked;
  /** @type {FullWeights} */
  #full;

  async connectedCallback() {
    if (this.shadowRoot) return;
    const root = this.attachShadow({ mode: 'open' });
    const place = takePlace();
    const { sheets, missing } = await styleSheets();
    root.adoptedStyleSheets = sheets;
    root.append(...layout(this));
    if (this.hasAttribute('address')) await seen(this);
    root.addEventListener('intent', (/** @type {any} */ { detail }) => this.#intend(detail));
    this.#worker = new WorkerClient((event) => this.#hear(event), startExplorerWorker);
    const [state, set] = [() => this.#state, (patch) => this.#set(patch)];
    this.#walker = new Walker(state, set, () => this.#settled, () => this.#computeStep());
    this.#upload = new Uploading(state, set, this.#worker);
    this.#recorded = new StandIn(state, set, this.getAttribute('recorded'));
    this.#looking = new Looking(state, set, this.#worker, {
      attempt: (work) => this.#attempt(work),
      walkedHere: () => this.#walkedHere(),
      waitFor: (work) => this.#waitFor(work),
      follow: (answer) => this.#follow(answer),
    });
    this.#measures = new WalkMeasures(state, set, this.#worker, {
      attempt: (work) => this.#attempt(work),
      walkedHere: () => this.#walkedHere(),
    });
    this.#beside = new SideBySide(state, set, this.#worker, this.#walker, {
      attempt: (work) => this.#attempt(work),
      waitFor: (work) => this.#waitFor(work),
      settled: () => this.#settled,
      follow: (answer) => this.#follow(answer),
      change: (change, moment) => this.#change(change, moment),
      goOnTo: (moment) => this.#goOnTo(moment),
    });
    this.#linked = new Linked(state, set, this.#worker, place, {
      element: this,
      pause: () => this.#walker.pause(),
      waitFor: (work) => this.#waitFor(work),
      follow: (answer) => this.#follow(answer),
      walkTo: (step) => this.#walkTo(step),
      pinAgain: (link) => this.#beside.pins.restore(link),
      showAlone: (panels) => this.#looking.closer({ panels }),
    });
    this.#full = new FullWeights(state, set, this.#worker);
    this.#stopListening = [takeDrops(this, (files) => this.#takeFiles(files)), () => this.#linked.end()];
    const asked = engineAsked(location.search);
    const { address, opening, refused } = this.#linked;
    const notice = refused
      ? troubled({ kind: 'bad-link', sentence: refused })
      : firstNotice(missing, asked.sentence);
    this.#set({ address, engineAsked: asked.engine, notice });
    await this.#open(opening);
  }

  disconnectedCallback() {
    for (const stop of this.#stopListening) stop();
    this.#worker?.end();
  }

  /** What lessons (`web/lesson/targets.js`) and the library (`web/library/`) do with this explorer. */
  get lesson() {
    return {
      state: () => this.#state,
      /** @param {string} link */
      show: async (link) => {
        this.#linked.touch();
        this.#walker.pause();
        await this.#waitFor(() => this.#attempt(async () =>
          this.#follow(await this.#worker.call('link', { link }))));
        await this.#walkTo(this.#state.at);
        await this.#walkedHere();
      },
      /** @param {Change} change */
      change: async (change) => {
        this.#linked.touch();
        this.#change(change);
        await this.#settled;
      },
      /** Has the network walk what is in view, if that was recorded. */
      walked: () => this.#walkedHere(),
      /** @param {number} step */
      walkTo: (step) => this.#walkTo(step),
      /** @param {'velocity' | 'guidance'} map @param {number} step */
      map: (map, step) => this.#worker.call('map', { map, step, panels: false, beside: null }),
      /** Has what the condition adds evaluated at a step; its map comes then. @param {number} step */
      effect: (step) => this.#worker.call('effect', { step }),
    };
  }

  /** @param {Partial<State>} patch */
  #set(patch) {
    const before = this.#state;
    this.#state = { ...before, ...patch };
    this.#state.pin = pinNow(this.#state);
    if (this.#state.notice !== before.notice) this.#letNoticeLeave(this.#state.notice);
    this.#linked?.changed(before);
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      const parts = /** @type {NodeListOf<Part>} */ (this.shadowRoot.querySelectorAll(ANY_PART));
      for (const part of parts) part.update(this.#state);
      this.dataset.phase = this.#state.phase;
      this.#looking?.follow();
      this.#measures?.follow();
      this.#beside?.follow();
      this.dispatchEvent(new Event('state'));
    });
  }

  /** News leave by themselves after a while; warnings and troubles stay until they are dealt with. */
  #letNoticeLeave(notice) {
    clearTimeout(this.#noticeTimer);
    if (!isNews(notice)) return;
    this.#noticeTimer = setTimeout(() => {
      if (this.#state.notice === notice) this.#set({ notice: null });
    }, NEWS_MS);
  }

  /** Runs something that may fail; a failure becomes a sentence and changes nothing else. */
  async #attempt(work) {
    try {
      return await work();
    } catch (error) {
      this.#set({ playing: false, notice: troubled(error) });
      if (!error?.message) throw error;
      return undefined;
    }
  }

  // Opening and loading

  async #open(link) {
    await this.#attempt(async () => {
      const src = new URL(this.getAttribute('src') ?? 'manifest.json', document.baseURI).href;
      this.#recorded.show(link);
      try {
        const { notice, walk, ...opened } = await this.#worker.call('open', {
          src,
          link,
          preset: this.getAttribute('preset'),
        });
        const visible = opened.channels.map(() => true);
        this.#set({ ...opened, ...(notice ? { notice: troubled(notice) } : {}), phase: 'offered', visible });
        if (opened.flowSource === 'noise') nameNoise(this.shadowRoot);
        nameTreatments(this.shadowRoot, opened.compounds);
        this.#follow({ ...opened, walk });
      } catch (error) {
        this.#set({ phase: 'failed' });
        throw error;
      }
      this.#linked.opened();
      if (this.#state.download.total <= FETCH_AT_ONCE || this.#state.download.cached) await this.#load();
    });
  }

  async #load() {
    if (!['offered', 'failed'].includes(this.#state.phase)) return;
    if (!this.#state.manifest) {
      this.#set({ phase: 'opening', notice: null });
      await this.#open(this.#linked.here);
      return;
    }
    const said = this.#state.notice;
    const answered = ['download', 'bad-file', 'cancelled'].includes(said?.trouble);
    const download = { ...this.#state.download, loaded: 0 };
    this.#set({ phase: 'loading', notice: answered ? null : said, download });
    try {
      const { more } = await this.#worker.call('download', {});
      this.#set(await this.#worker.call('engine', { engine: this.#state.engineAsked }));
      this.#set({ phase: 'ready', ...(this.#state.notice?.trouble === 'recorded' ? { notice: null } : {}) });
      if (more) this.#full.bring();
    } catch (error) {
      this.#set({ phase: 'offered', notice: troubled(error) });
      return;
    }
    // A recording at its end stays in view: the network walks when the visitor asks for it.
    if (this.#recorded.rests) {
      await this.#looking.closer({});
      await this.#measures.open();
      return;
    }
    const reached = this.#recorded.leave();
    // Playing the recording ends here; the network walks to where that was.
    this.#walker.pause();
    this.#walkTo(reached || this.#state.at);
  }

  async #useEngine(engine) {
    await this.#attempt(async () => {
      const before = this.#state.phase;
      this.#set({ engineAsked: engine, playing: false, notice: null });
      const doing = phrase('shared.starting_network');
      if (before === 'ready') this.#set({ phase: 'starting', download: { doing } });
      if (before === 'offered') {
        await this.#load();
        return;
      }
      try {
        this.#set(await this.#worker.call('engine', { engine }));
      } finally {
        this.#set({ phase: before });
      }
    });
  }

  /** After the worker itself has died: a new one, at the same place. */
  async #restart() {
    this.#set({ phase: 'opening', notice: null, playing: false, changes: 0, stepping: false });
    this.#worker.start();
    await this.#open(this.#linked.here);
  }

  /** @param {Heard} heard */
  #hear(heard) {
    if (heard.event === 'side') {
      this.#measures.hear(heard);
      this.#beside.hear(heard);
      this.#looking.maps.hear(heard);
      if ('failed' in heard) this.#tellOfEngine(heard.failed);
    } else if (heard.event === 'effect') {
      this.#looking.maps.hear(heard);
    } else if (heard.event !== 'starting' || !this.#full.changing) {
      const told = toldBy(heard, this.#state);
      if (told) this.#set(told);
    }
  }

  /** A walk aside that ended because the engine is lost: what is done stays, and there is a way on. */
  #tellOfEngine(failed) {
    const notice = troubled(failed);
    const leadsOn = notice.actions.some(({ intent }) => intent === 'engine' || intent === 'restart');
    if (leadsOn && this.#state.notice?.sentence !== notice.sentence) this.#set({ notice });
  }

  // The exploration

  /**
   * Takes over what the worker answered.
   * @param {Exploration} answer
   */
  #follow(answer) {
    const stays = speaksOf(this.#state.walk, answer.link);
    this.#set(followed(this.#state, answer));
    if (answer.walk && !stays) this.#recorded.show(answer.link);
  }

  /** Plays; the network walks what was recorded anew, from the start. */
  #play() {
    if (this.#state.playing) {
      this.#walker.pause();
      return;
    }
    if (this.#state.phase === 'ready' && this.#recorded.rests) this.#recorded.leave();
    this.#walker.play();
  }

  /** Back to the start, from which the network walks on where there is one. */
  #first() {
    this.#walker.pause();
    if (this.#state.phase === 'ready') this.#recorded.leave();
    this.#walker.goto(0);
  }

  /** Has the network walk what is in view, if that was recorded: what follows is made of its own frames. */
  async #walkedHere() {
    if (this.#state.phase !== 'ready' || !this.#state.walk?.recorded) return;
    this.#walker.pause();
    this.#set({ stepping: true });
    try {
      await this.#recorded.catchUp(async () => {
        await this.#settled;
        return this.#worker.call('step', { playing: true });
      });
    } finally {
      this.#set({ stepping: false });
    }
  }

  /** Walks anew what ran under the quick weights, to the step in view. */
  async #walkAgain() {
    const { cursor } = this.#state;
    this.#walker.pause();
    await this.#waitFor(() => this.#attempt(async () => this.#follow(await this.#worker.call('again', {}))));
    this.#walkTo(cursor);
  }

  /** Goes to the step that a link showed, and walks there if it has not been reached. */
  async #walkTo(step) {
    const { phase, walk } = this.#state;
    if (phase !== 'ready' || !walk) return;
    if (Number.isInteger(step) && step < walk.steps.length) this.#walker.goto(step);
    else if (step) await this.#walker.play(step);
  }

  /**
   * Goes on to a moment that was in view, if no other change waits to be answered.
   * @param {Moment | null} moment
   */
  #goOnTo(moment) {
    if (moment && this.#state.changes < 2 && this.#state.phase === 'ready') this.#walker.goOnTo(moment);
  }

  /**
   * @param {Change} change
   * @param {Moment | null} [moment] to go on to; where another start is chosen, nothing
   */
  #change(change, moment = change.control || change.direction ? null : this.#walker.midWalk) {
    const before = this.#state.recipe;
    if (before && Object.entries(change).every(([name, value]) => before[name] === value)) return;
    this.#walker.pause();
    const recipe = { ...before, ...change };
    // A compound of the list takes the place of one that was typed.
    if (change.compound) delete recipe.smiles;
    this.#set({ recipe });
    this.#waitFor(async () => {
      try {
        this.#follow(await this.#worker.call('change', { change }));
        if (this.#state.notice?.trouble === 'bad-recipe') this.#set({ notice: null });
        this.#goOnTo(moment);
      } catch (error) {
        this.#set({ recipe: { ...before }, notice: troubled(error) });
      }
    });
  }

  /** Another compound of the bundle's. */
  #chooseCompound(change) {
    const leaving = leavingCell(this.#state, change.compound);
    this.#change({ ...change, ...leaving.change });
    if (leaving.notice) this.#set({ notice: leaving.notice });
  }

  /** A compound that the visitor has typed, or that the file of this name holds. */
  #typeCompound(text, file = null) {
    if (!this.#state.recipe) {
      this.#set({ notice: informed(phrase('explorer.choose_image_first_walk')) });
      return undefined;
    }
    const leaving = leavingCell(this.#state, null);
    const moment = leaving.notice ? null : this.#walker.midWalk;
    this.#walker.pause();
    return this.#waitFor(() => this.#attempt(async () => {
      const change = { ...leaving.change, ...doseUnder(this.#state, null) };
      const { same, ...answer } = await this.#worker.call('type', { text, file, change });
      this.#follow(answer);
      this.#goOnTo(moment);
      const known = same && this.#state.compounds.find(({ id }) => id === same);
      const sentence = phrase('explorer.network_both_same_morgan', { name: known?.name });
      this.#set({ notice: known ? informed(sentence) : leaving.notice });
    }));
  }

  /** Work that decides which trajectory is walked: steps wait for it. */
  async #waitFor(work) {
    this.#set({ changes: this.#state.changes + 1 });
    const done = work();
    this.#settled = Promise.all([this.#settled, done]);
    await done;
    this.#set({ changes: Math.max(0, this.#state.changes - 1) });
  }

  /** Computes one more step; true when it gave way to a change and is to be tried again. */
  async #computeStep() {
    this.#set({ stepping: true });
    try {
      const { playing } = this.#state;
      const { walk, gaveWay = false, ...rest } = await this.#worker.call('step', { playing });
      this.#set({ walk: continued(this.#state.walk, walk), ...rest });
      return gaveWay;
    } catch (error) {
      this.#set({ playing: false, notice: troubled(error) });
      return false;
    } finally {
      this.#set({ stepping: false });
    }
  }

  // The visitor's own image

  #takeFiles(files) {
    this.#linked.touch();
    return this.#attempt(async () => {
      const kept = this.#state.manifest && (await walkIn(files));
      if (kept) {
        await this.#followKept(kept);
        return;
      }
      const structure = await structureIn(files);
      if (!structure) await this.#upload.take(files);
      else if (this.#state.takesStructures) await this.#typeCompound(structure.text, structure.name);
      else if (this.#state.manifest) {
        const sentence = phrase('shared.model_vectors_not_made');
        this.#set({ notice: informed(sentence) });
      }
    });
  }

  /**
   * Walks what a saved picture, figure or recipe was made of.
   * @param {KeptWalk} kept
   */
  async #followKept({ name, link, recipe }) {
    const own = this.#state.manifest.id;
    const model = link === null ? null : modelOf(link);
    if (model && model !== own) {
      this.#set({ notice: informed(otherModel(name, model, own)) });
      return;
    }
    this.#walker.pause();
    const { link: walked, beside } = parted(link ?? '');
    await this.#waitFor(() => this.#attempt(async () => {
      this.#follow(link === null
        ? await this.#worker.call('recipe', { text: recipe })
        : await this.#worker.call('link', { link: walked }));
      this.#linked.compare(beside);
      this.#set({ notice: informed(phrase('explorer.saved_from_walk_set', { name })) });
    }));
    this.#walkTo(this.#state.at);
  }

  #useUpload() {
    this.#walker.pause();
    return this.#waitFor(() => this.#attempt(async () => this.#follow(await this.#upload.use())));
  }

  // What the visitor takes away

  /**
   * @param {FileKind | 'webm'} kind
   * @param {FigureOptions} figure
   */
  async #keep(kind, figure) {
    await this.#attempt(async () => {
      await this.#walkedHere();
      const step = this.#state.cursor;
      const { name, type, bytes } =
        kind === 'webm' ? await this.#film() : await this.#worker.call('keep', { kind, step, figure });
      saveFile(name, type, bytes);
    });
  }

  /** The walk as a video, which the browser records while it is drawn. */
  async #film() {
    const { walk, start, recipe } = this.#state;
    const notice = informed(phrase('explorer.video_being_recorded_takes'));
    this.#set({ notice });
    const made = await film(walk.steps.map((step, index) => (
      { picture: step.now, label: `t = ${time(step.time)}`, caption: stamp(walk, index, start).words })));
    if (this.#state.notice === notice) this.#set({ notice: null });
    return { name: `cellflux-${recipe.compound ?? 'typed-compound'}-walk.webm`, ...made };
  }

  #intend({ intent, ...detail }) {
    const { smooth } = this.#state;
    this.#linked.touch();
    // The next action takes the last news away, unless that offers a way on.
    const said = this.#state.notice;
    if (said && said.kind !== 'warning' && !said.actions?.length) this.#set({ notice: null });
    const does = {
      ...this.#beside.intents(detail),
      ...this.#looking.intents(detail),
      load: () => this.#load(),
      'cancel-load': () => this.#worker.call('cancel', {}),
      engine: () => this.#useEngine(detail.engine),
      full: () => this.#full.bring(),
      again: () => this.#walkAgain(),
      restart: () => this.#restart(),
      reload: () => location.reload(),
      pictures: () => {
        this.#set({ notice: null });
        this.#attempt(() => this.#worker.call('pictures', {}));
      },
      recorded: () => {
        this.#set({ notice: null });
        this.#recorded.show(this.#linked.here);
      },
      dismiss: () => this.#set({ notice: null }),
      control: () => this.#change({ control: detail.control, direction: 'forward' }),
      compound: () => this.#chooseCompound(detail),
      type: () => this.#typeCompound(detail.text),
      change: () => this.#change(withStart(this.#state, detail.change)),
      'reverse-from': () => this.#change({ control: detail.control, direction: 'reverse' }),
      measure: () => this.#measures.open(detail.open),
      'more-seeds': () => this.#measures.repeat(),
      compare: () => this.#measures.compare(),
      'aside-on': () => this.#measures.goOn(),
      'aside-off': () => this.#measures.cancel(),
      'keep-measures': () => this.#measures.save(),
      smooth: () => this.#set({ smooth: !smooth }),
      play: () => this.#play(),
      pause: () => this.#walker.pause(),
      forward: () => this.#walker.forward(),
      back: () => this.#walker.back(),
      first: () => this.#first(),
      goto: () => { this.#walker.pause(); this.#walker.goto(detail.step); },
      files: () => this.#takeFiles(detail.files),
      'upload-change': () => this.#upload.arrange(detail.change),
      'upload-cancel': () => this.#upload.cancel(),
      'upload-done': () => this.#useUpload(),
      keep: () => this.#keep(detail.kind, detail.figure),
      'copy-link': () => this.#linked.copy(),
    }[intent];
    does?.();
  }
}

customElements.define('cellflux-explorer', Explorer);
