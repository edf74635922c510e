// <cellflux-explorer src="…/manifest.json" preset="…" hide="…" recorded="…" address="…">: one state, shown
// by parts; parts say what the visitor intends, the worker computes.
//
//   worker ──events, answers──▶ state ──update──▶ parts ──intents──▶ explorer ──calls──▶ worker

import { takeDrops } from './drops.js';
import { startExplorerWorker } from './explorer_worker.js';
import { time } from './figures.js';
import { film } from './film.js';
import { seen } from './html.js';
import { structureIn } from './intake.js';
import { modelOf, walkIn } from './kept_walk.js';
import { ANY_PART, layout, nameNoise } from './layout.js';
import { linkAt, linkHere, showLink, takesCropAlong } from './link_at.js';
import { Looking } from './looking.js';
import { informed, silent, troubled, warned } from './notices.js';
import { stamp } from './parts/stage.js';
import { pinNow } from './pin.js';
import { otherModel } from './protocol.js';
import { saveFile } from './save_file.js';
import { SideBySide } from './side_by_side.js';
import { StandIn } from './stand_in.js';
import { continued, EMPTY, followed, speaksOf } from './state.js';
import { styleSheets } from './style_sheets.js';
import { engineAsked, firstNotice } from './surroundings.js';
import { Uploading } from './upload.js';
import { toggled } from './view.js';
import { WalkMeasures } from './walk_measures.js';
import { Walker } from './walker.js';
import { leavingCell, withStart } from './where_walks_start.js';
import { WorkerClient } from './worker_client.js';

/** @import { Change, Exploration, FigureOptions, FileKind } from './protocol.js' */
/** @import { KeptWalk } from './kept_walk.js' */
/** @import { Moment } from './linked_time.js' */
/** @import { Part } from './html.js' */
/** @import { State } from './state.js' */
/** @import { Heard } from './worker_client.js' */

/** Models up to this size are fetched at once; larger ones when the visitor says so. */
const FETCH_AT_ONCE = 48e6;

/** How long the address may lag behind the view. */
const ADDRESS_MS = 250;

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
  #addressTimer;
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
  /** Whether the visitor has done anything here since the address named a place in the document. */
  #touched = false;

  async connectedCallback() {
    if (this.shadowRoot) return;
    const root = this.attachShadow({ mode: 'open' });
    const { sheets, missing } = await styleSheets();
    root.adoptedStyleSheets = sheets;
    root.append(...layout(this));
    if (!this.#ownsAddress) await seen(this);
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
    const onHash = () => this.#followLink();
    if (this.#ownsAddress) addEventListener('hashchange', onHash);
    this.#stopListening = [
      takeDrops(this, (files) => this.#takeFiles(files)),
      () => removeEventListener('hashchange', onHash),
    ];
    const asked = engineAsked(location.search);
    this.#set({ engineAsked: asked.engine, notice: firstNotice(missing, asked.sentence) });
    await this.#open((this.#ownsAddress && linkHere()) || this.getAttribute('preset'));
  }

  /** The page's address belongs to one explorer; another says where links to its pictures lead. */
  get #ownsAddress() {
    return !this.hasAttribute('address');
  }

  disconnectedCallback() {
    for (const stop of this.#stopListening) stop();
    this.#worker?.end();
  }

  /** @param {Partial<State>} patch */
  #set(patch) {
    const before = this.#state;
    this.#state = { ...before, ...patch };
    this.#state.pin = pinNow(this.#state);
    if (this.#state.notice !== before.notice) this.#letNoticeLeave(this.#state.notice);
    if (this.#state.link !== before.link || this.#state.cursor !== before.cursor) this.#writeAddress();
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      const parts = /** @type {NodeListOf<Part>} */ (this.shadowRoot.querySelectorAll(ANY_PART));
      for (const part of parts) part.update(this.#state);
      this.dataset.phase = this.#state.phase;
      this.#looking?.follow();
      this.#measures?.follow();
      this.#beside?.grid.follow();
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
        this.#follow({ ...opened, walk });
      } catch (error) {
        this.#set({ phase: 'failed' });
        throw error;
      }
      if (this.#state.download.total <= FETCH_AT_ONCE || this.#state.download.cached) await this.#load();
    });
  }

  async #load() {
    if (!['offered', 'failed'].includes(this.#state.phase)) return;
    if (!this.#state.manifest) {
      this.#set({ phase: 'opening', notice: null });
      await this.#open(this.#here());
      return;
    }
    const said = this.#state.notice;
    const answered = ['download', 'bad-file', 'cancelled'].includes(said?.trouble);
    const download = { ...this.#state.download, loaded: 0 };
    this.#set({ phase: 'loading', notice: answered ? null : said, download });
    try {
      await this.#worker.call('download', {});
      this.#set(await this.#worker.call('engine', { engine: this.#state.engineAsked }));
      this.#set({ phase: 'ready', ...(this.#state.notice?.trouble === 'recorded' ? { notice: null } : {}) });
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
      if (before === 'ready') this.#set({ phase: 'starting', download: { doing: 'Starting the network…' } });
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
    await this.#open(this.#here());
  }

  /** The link of what is in view. */
  #here() {
    const { link, cursor } = this.#state;
    return link ? linkAt(link, cursor) : (this.#ownsAddress && linkHere()) || this.getAttribute('preset');
  }

  /** @param {Heard} heard */
  #hear(heard) {
    const { notice, download } = this.#state;
    if (heard.event === 'thumbnail') {
      this.#set({ thumbnails: new Map(this.#state.thumbnails).set(heard.id, heard.picture) });
    } else if (heard.event === 'structure') {
      this.#set({ structures: new Map(this.#state.structures).set(heard.id, heard.svg) });
    } else if (heard.event === 'download') {
      const { loaded, total, secondsLeft } = heard;
      this.#set({ download: { ...download, loaded, total, secondsLeft } });
    } else if (heard.event === 'starting') {
      this.#set({ phase: 'starting', download: { ...download, doing: heard.doing } });
    } else if (heard.event === 'tuned') {
      this.#set({ tuned: { measured: heard.measured, remaining: heard.remaining } });
    } else if (heard.event === 'side') {
      this.#measures.hear(heard);
      this.#beside.grid.hear(heard);
    } else if (heard.event === 'note') {
      // A note is no reason to take away what the visitor has to deal with.
      if (notice?.kind !== 'trouble') this.#set({ notice: warned(heard.sentence, heard.trouble) });
    } else if (heard.event === 'silent') {
      this.#set({ notice: silent() });
    } else if (heard.event === 'heard' && notice?.trouble === 'silent') {
      this.#set({ notice: null });
    }
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

  /** Keeps the address at what is in view. Browsers limit how often it changes, so it waits for a pause. */
  #writeAddress() {
    clearTimeout(this.#addressTimer);
    if (!this.#ownsAddress || (location.hash && !linkHere() && !this.#touched)) return;
    this.#addressTimer = setTimeout(() => {
      const { link, cursor } = this.#state;
      if (link) showLink(linkAt(link, cursor));
    }, ADDRESS_MS);
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

  /** Walks to the step that a link showed. */
  async #walkTo(step) {
    if (step && this.#state.phase === 'ready') await this.#walker.play(step);
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
      this.#set({ notice: informed('Choose an image first: a walk under a compound starts from one.') });
      return undefined;
    }
    const leaving = leavingCell(this.#state, null);
    const moment = leaving.notice ? null : this.#walker.midWalk;
    this.#walker.pause();
    return this.#waitFor(() => this.#attempt(async () => {
      const { same, ...answer } = await this.#worker.call('type', { text, file, change: leaving.change });
      this.#follow(answer);
      this.#goOnTo(moment);
      const known = same && this.#state.compounds.find(({ id }) => id === same);
      const sentence = `For the network this is ${known?.name}: both have the same Morgan counts, which `
        + 'is all that it is told of a compound.';
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

  async #followLink() {
    const link = linkHere();
    // A place in the document is left in the address until the visitor does something here.
    if (!link) this.#touched = false;
    const { link: current, cursor, phase } = this.#state;
    if (!link || phase === 'opening' || link === linkAt(current ?? '', cursor)) return;
    this.#walker.pause();
    try {
      this.#follow(await this.#worker.call('link', { link }));
      this.#set({ notice: null });
    } catch (error) {
      this.#set({ notice: troubled(error) });
      this.#writeAddress();
      return;
    }
    this.#walkTo(this.#state.at);
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
        const sentence = 'This model’s vectors are not made from structures, so it takes only the compounds '
          + 'of its list.';
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
    await this.#waitFor(() => this.#attempt(async () => {
      this.#follow(link === null
        ? await this.#worker.call('recipe', { text: recipe })
        : await this.#worker.call('link', { link }));
      this.#set({ notice: informed(`${name} was saved from a walk, which is set up again here.`) });
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
    const notice = informed('The video is being recorded, which takes as long as it will play');
    this.#set({ notice });
    const made = await film(walk.steps.map((step, index) => (
      { picture: step.now, label: `t = ${time(step.time)}`, caption: stamp(walk, index, start).words })));
    if (this.#state.notice === notice) this.#set({ notice: null });
    return { name: `cellflux-${recipe.compound ?? 'typed-compound'}-walk.webm`, ...made };
  }

  async #copyLink() {
    const address = new URL(this.getAttribute('address') ?? location.href, location.href);
    address.hash = linkAt(this.#state.link, this.#state.cursor);
    try {
      await navigator.clipboard.writeText(address.href);
      const included = ', your crop included: anyone with the link has the crop';
      const crop = takesCropAlong(address.hash) ? included : '';
      this.#set({ notice: informed(`The link is copied; it makes this picture again${crop}.`) });
    } catch {
      if (this.#ownsAddress) history.replaceState(history.state, '', address.hash);
      this.#set({ notice: warned(this.#ownsAddress
        ? 'The browser did not allow copying; the address bar now holds the link.'
        : `The browser did not allow copying. The link is ${address.href}`) });
    }
  }

  #intend({ intent, ...detail }) {
    const { smooth, view, panels } = this.#state;
    this.#touched = true;
    // The next action takes the last news away, unless that offers a way on.
    const said = this.#state.notice;
    if (said && said.kind !== 'warning' && !said.actions?.length) this.#set({ notice: null });
    const does = {
      ...this.#beside.intents(detail),
      load: () => this.#load(),
      'cancel-load': () => this.#worker.call('cancel', {}),
      engine: () => this.#useEngine(detail.engine),
      restart: () => this.#restart(),
      reload: () => location.reload(),
      pictures: () => {
        this.#set({ notice: null });
        this.#attempt(() => this.#worker.call('pictures', {}));
      },
      recorded: () => {
        this.#set({ notice: null });
        this.#recorded.show(this.#here());
      },
      dismiss: () => this.#set({ notice: null }),
      control: () => this.#change({ control: detail.control, direction: 'forward' }),
      compound: () => this.#chooseCompound(detail),
      type: () => this.#typeCompound(detail.text),
      change: () => this.#change(withStart(this.#state, detail.change)),
      'reverse-from': () => this.#change({ control: detail.control, direction: 'reverse' }),
      channel: () => this.#looking.show(toggled(view, detail.index)),
      view: () => this.#looking.show(detail.view),
      'auto-window': () => this.#looking.suitWindows(detail.channels),
      look: () => this.#looking.closer({ looking: detail.open }),
      panels: () => this.#looking.closer({ panels: !panels }),
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
      'copy-link': () => this.#copyLink(),
    }[intent];
    does?.();
  }
}

customElements.define('cellflux-explorer', Explorer);
