// <cellflux-explorer src="…/manifest.json" preset="…" hide="…" recorded="…" address="…">: one state, shown by parts; parts say what the visitor intends, the worker computes.
//
//   worker ──events, answers──▶ state ──update──▶ parts ──intents──▶ explorer ──calls──▶ worker

import { el } from './html.js';
import { isolated } from './isolated.js';
import { styleSheets } from './style_sheets.js';
import { Trouble, WorkerClient } from './worker_client.js';
import { Walker } from './walker.js';
import { informed, silent, troubled, unstyled, warned } from './notices.js';
import { engineAsked, surroundings } from './surroundings.js';
import { linkAt, linkHere, showLink, takesCropAlong } from './link_at.js';
import { takeDrops } from './drops.js';
import * as intake from './intake.js';
import { Recordings } from './recorded.js';
import { saveFile } from './save_file.js';
import { Notice } from './parts/notice.js';
import { ModelCard } from './parts/model_card.js';
import { ControlPicker } from './parts/control_picker.js';
import { CompoundPicker } from './parts/compound_picker.js';
import { CropEditor } from './parts/crop_editor.js';
import { Stage } from './parts/stage.js';
import { Measured } from './parts/measured.js';
import { Transport } from './parts/transport.js';
import { FlowSettings } from './parts/flow_settings.js';
import { Keep } from './parts/keep.js';
import { Provenance } from './parts/provenance.js';

const PARTS = {
  'cellflux-notice': Notice,
  'cellflux-model': ModelCard,
  'cellflux-control': ControlPicker,
  'cellflux-compound': CompoundPicker,
  'cellflux-crop': CropEditor,
  'cellflux-stage': Stage,
  'cellflux-transport': Transport,
  'cellflux-measured': Measured,
  'cellflux-settings': FlowSettings,
  'cellflux-keep': Keep,
  'cellflux-provenance': Provenance,
};
for (const [name, part] of Object.entries(PARTS)) customElements.define(name, part);

/** Models up to this size are fetched at once; larger ones when the visitor says so. */
const FETCH_AT_ONCE = 48e6;

/** How long the address may lag behind the view. */
const ADDRESS_MS = 250;

/** What only tells: it leaves by itself, and with the next action. What offers a way on stays until that is taken. */
const isNews = (notice) => notice?.kind === 'info' && !notice.stays && !notice.actions?.length;

/** How long news such as “The link is copied” stay. */
const NEWS_MS = 10_000;

const EMPTY = {
  phase: 'opening', // opening, offered, loading, starting, ready, failed
  notice: null,
  thumbnails: new Map(),
  structures: new Map(),
  cursor: 0,
  playing: false,
  changes: 0, // recipe changes that the worker has not answered yet
  stepping: false,
  smooth: false,
  evaluations: 0,
};

class Explorer extends HTMLElement {
  #state = EMPTY;
  #scheduled = false;
  #worker;
  #walker;
  #stopListening = [];
  #settled = Promise.resolve();
  #recordings;
  /** Whether the visitor has done anything here since the address named a place in the document. */
  #touched = false;
  /** The control that was walked from last: where to go back to from a treated cell. */
  #control = null;

  async connectedCallback() {
    if (this.shadowRoot) return;
    this.#recordings = new Recordings(this.getAttribute('recorded'));
    const root = this.attachShadow({ mode: 'open' });
    const { sheets, missing } = await styleSheets();
    root.adoptedStyleSheets = sheets;
    root.append(...layout(this));
    if (!this.#ownsAddress) await seen(this);
    root.addEventListener('intent', ({ detail }) => this.#intend(detail));
    this.#worker = new WorkerClient((event) => this.#hear(event));
    this.#walker = new Walker(() => this.#state, (patch) => this.#set(patch), () => this.#settled, () => this.#computeStep());
    const onHash = () => this.#followLink();
    if (this.#ownsAddress) addEventListener('hashchange', onHash);
    this.#stopListening = [takeDrops(this, (files) => this.#takeFiles(files)), () => removeEventListener('hashchange', onHash)];
    const here = surroundings();
    const asked = engineAsked(location.search);
    this.#set({ engineAsked: asked.engine, notice: missing.length ? unstyled(missing) : asked.sentence ? warned(asked.sentence) : here.sentence ? { ...informed(here.sentence), stays: true } : null });
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

  #set(patch) {
    const before = this.#state;
    this.#state = { ...before, ...patch };
    if (this.#state.notice !== before.notice) this.#letNoticeLeave(this.#state.notice);
    if (this.#state.link !== before.link || this.#state.cursor !== before.cursor) this.#writeAddress();
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      for (const part of this.shadowRoot.querySelectorAll(Object.keys(PARTS).join())) part.update?.(this.#state);
      this.dataset.phase = this.#state.phase;
    });
  }

  /** News leave by themselves after a while; warnings and troubles stay until they are dealt with. */
  #letNoticeLeave(notice) {
    clearTimeout(this.noticeTimer);
    if (!isNews(notice)) return;
    this.noticeTimer = setTimeout(() => { if (this.#state.notice === notice) this.#set({ notice: null }); }, NEWS_MS);
  }

  /** Runs something that may fail; a failure becomes a sentence and changes nothing else. */
  async #attempt(work) {
    try {
      return await work();
    } catch (error) {
      this.#set({ playing: false, notice: troubled(error) });
      if (!(error instanceof Trouble) && !error?.message) throw error;
      return undefined;
    }
  }

  // Opening and loading

  async #open(link) {
    await this.#attempt(async () => {
      const src = new URL(this.getAttribute('src') ?? 'manifest.json', document.baseURI).href;
      this.#showRecorded(link);
      try {
        const { notice, walk, ...opened } = await this.#worker.call('open', { src, link });
        this.#set({ ...opened, ...(notice ? { notice: troubled(new Trouble(notice)) } : {}), phase: 'offered', visible: opened.channels.map(() => true) });
        if (opened.flowSource === 'noise') this.#nameNoise();
        this.#follow({ ...opened, walk });
      } catch (error) {
        this.#set({ phase: 'failed' });
        throw error;
      }
      if (this.#state.download.total <= FETCH_AT_ONCE || this.#state.download.cached) await this.#load();
    });
  }

  /** The first step of a flow that starts from noise is no choice of a control. */
  #nameNoise() {
    const [number] = this.shadowRoot.querySelector('#control-title').childNodes;
    this.shadowRoot.querySelector('#control-title').replaceChildren(number, 'Draw the noise');
    this.shadowRoot.querySelector('.control .lead').textContent = 'Standard normal noise: where the walk starts.';
  }

  async #load() {
    if (!['offered', 'failed'].includes(this.#state.phase)) return;
    if (!this.#state.manifest) {
      this.#set({ phase: 'opening', notice: null });
      await this.#open(this.#here());
      return;
    }
    const said = this.#state.notice;
    this.#set({ phase: 'loading', notice: ['download', 'bad-file', 'cancelled'].includes(said?.trouble) ? null : said, download: { ...this.#state.download, loaded: 0 } });
    try {
      await this.#worker.call('download');
      this.#follow(await this.#worker.call('load', { engine: this.#state.engineAsked }));
      this.#set({ phase: 'ready', ...(this.#state.notice?.trouble === 'recorded' ? { notice: null } : {}) });
    } catch (error) {
      this.#set({ phase: 'offered', notice: troubled(error) });
      return;
    }
    this.#walkTo(this.#leaveRecorded() || this.#state.at);
  }

  async #useEngine(engine) {
    await this.#attempt(async () => {
      const before = this.#state.phase;
      this.#set({ engineAsked: engine, playing: false, notice: null, ...(before === 'ready' ? { phase: 'starting', download: { doing: 'Starting the network…' } } : {}) });
      if (before === 'offered') {
        await this.#load();
        return;
      }
      try {
        this.#follow(await this.#worker.call('engine', { engine }));
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
    return this.#state.link ? linkAt(this.#state.link, this.#state.cursor) : (this.#ownsAddress && linkHere()) || this.getAttribute('preset');
  }

  #hear({ event, ...detail }) {
    if (event === 'thumbnail') {
      this.#set({ thumbnails: new Map(this.#state.thumbnails).set(detail.id, detail.picture) });
    } else if (event === 'structure') {
      this.#set({ structures: new Map(this.#state.structures).set(detail.id, detail.svg) });
    } else if (event === 'download') {
      this.#set({ download: { ...this.#state.download, ...detail } });
    } else if (event === 'starting') {
      this.#set({ phase: 'starting', download: { ...this.#state.download, doing: detail.doing } });
    } else if (event === 'tuned') {
      this.#set({ tuned: detail });
    } else if (event === 'note') {
      // A note is no reason to take away what the visitor has to deal with.
      const { sentence, trouble } = detail;
      if (this.#state.notice?.kind !== 'trouble') this.#set({ notice: warned(sentence, trouble) });
    } else if (event === 'silent') {
      this.#set({ notice: silent() });
    } else if (event === 'heard' && this.#state.notice?.trouble === 'silent') {
      this.#set({ notice: null });
    }
  }

  // The exploration

  /** Takes over what the worker answered: recipe, link, walk and whatever else it says. */
  #follow(answer) {
    const shown = this.#state.walk;
    // A recorded walk stays in view while the worker speaks of the same one.
    const stays = shown?.recorded && answer.walk && answer.link === shown.link;
    const live = answer.walk && continued(shown?.recorded ? shown.live : shown, answer.walk);
    const walk = stays ? { ...shown, key: live.key, live } : live;
    const restarted = walk && !stays && walk.key !== shown?.key;
    const steps = (walk ?? shown)?.steps.length ?? 1;
    const cursor = restarted ? steps - 1 : Math.min(this.#state.cursor, steps - 1);
    const recipe = answer.recipe ?? this.#state.recipe;
    const chosen = [...(this.#state.samples ?? []), ...(this.#state.examples ?? [])].find((sample) => sample.id === recipe?.control);
    if (recipe && !chosen?.treated) this.#control = recipe.control;
    this.#set({
      ...answer,
      ...(walk ? { walk } : {}),
      cursor,
      start: startOf(recipe, chosen),
      compoundName: isolated(this.#state.compounds?.find((compound) => compound.id === recipe?.compound)?.name),
    });
    if (answer.walk && !stays) this.#showRecorded(answer.link);
  }

  /** Keeps the address at what is in view. Browsers allow only so many changes a minute, so it waits for a pause. */
  #writeAddress() {
    clearTimeout(this.addressTimer);
    if (!this.#ownsAddress || (location.hash && !linkHere() && !this.#touched)) return;
    this.addressTimer = setTimeout(() => {
      const { link, cursor } = this.#state;
      if (link) showLink(linkAt(link, cursor));
    }, ADDRESS_MS);
  }

  /** Walks to the step that a link showed. */
  async #walkTo(step) {
    if (step && this.#state.phase === 'ready') await this.#walker.play(step);
  }

  /** Shows what was recorded of a walk as long as there is no network to walk with, and before the worker has said a word. */
  async #showRecorded(link) {
    const before = this.#state.walk;
    if (this.#state.phase === 'ready' || before?.recorded || before?.steps.length > 1) return;
    const recorded = await this.#recordings.find(link).catch((error) => this.#missRecorded(error));
    if (recorded && this.#state.phase !== 'ready' && this.#state.walk === before) this.#set({ walk: { key: before?.key ?? 'recorded', ...recorded, live: before } });
  }

  /** Without its film a walk waits for the network, as it does where nothing is recorded. */
  #missRecorded({ message }) {
    if (this.#state.phase === 'ready' || this.#state.notice?.kind === 'trouble') return;
    const sentence = `${message} The walk waits for the network; nothing else needs the recording.`;
    this.#set({ notice: warned(sentence, 'recorded') });
  }

  /**
   * Puts the worker's own walk back in the recorded one's place.
   * @returns {number} the step that the visitor had gone to, the end while playing, 0 where there was nothing recorded
   */
  #leaveRecorded() {
    const { walk, cursor, playing } = this.#state;
    if (!walk?.recorded) return 0;
    this.#walker.pause();
    this.#set({ walk: walk.live, cursor: 0 });
    return playing ? Infinity : cursor;
  }

  #change(change) {
    const before = this.#state.recipe;
    if (before && Object.entries(change).every(([name, value]) => before[name] === value)) return;
    this.#walker.pause();
    this.#set({ recipe: { ...before, ...change } });
    this.#waitFor(async () => {
      try {
        this.#follow(await this.#worker.call('change', { change }));
        if (this.#state.notice?.trouble === 'bad-recipe') this.#set({ notice: null });
      } catch (error) {
        this.#set({ recipe: { ...before }, notice: troubled(error) });
      }
    });
  }

  /** Another compound. A cell that was treated with the one before is no start for it: the walk goes on from the last control. */
  #chooseCompound(change) {
    const { recipe, examples } = this.#state;
    const cell = recipe?.direction === 'reverse' && examples?.find(({ id }) => id === recipe.control);
    if (!cell || cell.condition === change.compound) {
      this.#change(change);
      return;
    }
    this.#change({ ...change, direction: 'forward', control: this.#firstControl() });
    this.#set({ notice: informed(`The cell walked back from was not treated with this compound; the walk starts from ${this.#state.flowSource === 'noise' ? 'noise' : 'a control'} again.`) });
  }

  /** The control walked from last, else the first there is; noise for a flow that starts from noise. */
  #firstControl() {
    return this.#state.flowSource === 'noise' ? 'noise' : (this.#control ?? this.#state.samples?.[0]?.id);
  }

  /** Part of a recipe. Another way through a flow that starts from noise begins with noise again. */
  #changeSettings(change) {
    const fromNoise = this.#state.flowSource === 'noise' && change.direction && change.direction !== 'reverse';
    this.#change(fromNoise ? { ...change, control: 'noise' } : change);
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
      const { walk, gaveWay = false, ...rest } = await this.#worker.call('step', { playing: this.#state.playing });
      this.#set({ walk: continued(this.#state.walk, walk), ...rest });
      return gaveWay;
    } catch (error) {
      this.#set({ playing: false, notice: troubled(error) });
      return false;
    } finally {
      this.#set({ stepping: false });
    }
  }

  #showChannels(visible) {
    this.#set({ visible });
    this.#waitFor(() => this.#attempt(async () => this.#follow(await this.#worker.call('show', { visible }))));
  }

  // The visitor's own image

  async #takeFiles(files) {
    if (!files.length || !this.#state.manifest) return;
    if (this.#state.flowSource === 'noise') {
      this.#set({ notice: informed('This flow starts from noise, so no image can be its control.') });
      return;
    }
    await this.#attempt(async () => {
      const contents = await intake.read(files);
      const upload = await this.#worker.call('decode', { files: contents }, contents.map((file) => file.bytes));
      this.#set({ upload, notice: null });
    });
  }

  async #arrange(change) {
    const { upload } = this.#state;
    if (!upload) return;
    this.#set({ upload: { ...upload, ...change } });
    // Dragging makes many changes; only the newest waits while one is being drawn.
    this.wanted = { redraw: Boolean(change.assignment) || this.wanted?.redraw };
    if (this.arranging) return;
    this.arranging = true;
    try {
      while (this.wanted && this.#state.upload) {
        const next = this.wanted;
        this.wanted = null;
        const { assignment, crop, reading } = this.#state.upload;
        const drawn = await this.#worker.call('arrange', { assignment, crop, reading, ...next });
        if (this.#state.upload) this.#set({ upload: { ...this.#state.upload, ...drawn } });
      }
    } catch (error) {
      this.#set({ upload: this.#state.upload ? upload : null, notice: troubled(error) });
    } finally {
      this.arranging = false;
      this.wanted = null;
    }
  }

  async #useUpload() {
    this.#walker.pause();
    await this.#waitFor(() => this.#attempt(async () => {
      const { assignment, crop, reading } = this.#state.upload;
      const answer = await this.#worker.call('use_upload', { assignment, crop, reading });
      this.#set({ upload: null });
      this.#follow(answer);
    }));
  }

  // What the visitor takes away

  async #keep(kind) {
    await this.#attempt(async () => {
      const { name, type, bytes } = await this.#worker.call('keep', { kind, step: this.#state.cursor });
      saveFile(name, type, bytes);
    });
  }

  async #copyLink() {
    const address = new URL(this.getAttribute('address') ?? location.href, location.href);
    address.hash = linkAt(this.#state.link, this.#state.cursor);
    try {
      await navigator.clipboard.writeText(address.href);
      const crop = takesCropAlong(address.hash) ? ', your crop included: anyone with the link has the crop' : '';
      this.#set({ notice: informed(`The link is copied; it makes this picture again${crop}.`) });
    } catch {
      if (this.#ownsAddress) history.replaceState(history.state, '', address.hash);
      this.#set({ notice: warned(this.#ownsAddress ? 'The browser did not allow copying; the address bar now holds the link.' : `The browser did not allow copying. The link is ${address.href}`) });
    }
  }

  #intend({ intent, ...detail }) {
    const { visible, smooth } = this.#state;
    this.#touched = true;
    // What was said of the action before is no news after the next, unless it offers a way on.
    const said = this.#state.notice;
    if (said && said.kind !== 'warning' && !said.actions?.length) this.#set({ notice: null });
    const does = {
      load: () => this.#load(),
      'cancel-load': () => this.#worker.call('cancel'),
      engine: () => this.#useEngine(detail.engine),
      restart: () => this.#restart(),
      reload: () => location.reload(),
      pictures: () => {
        this.#set({ notice: null });
        this.#attempt(() => this.#worker.call('pictures'));
      },
      recorded: () => {
        this.#set({ notice: null });
        this.#showRecorded(this.#here());
      },
      dismiss: () => this.#set({ notice: null }),
      control: () => this.#change({ control: detail.control, direction: 'forward' }),
      compound: () => this.#chooseCompound(detail),
      change: () => this.#changeSettings(detail.change),
      'reverse-from': () => this.#change({ control: detail.control, direction: 'reverse' }),
      channel: () => this.#showChannels(visible.map((on, index) => (index === detail.index ? !on : on))),
      smooth: () => this.#set({ smooth: !smooth }),
      play: () => (this.#state.playing ? this.#walker.pause() : this.#walker.play()),
      pause: () => this.#walker.pause(),
      forward: () => this.#walker.forward(),
      back: () => this.#walker.back(),
      first: () => { this.#walker.pause(); this.#walker.goto(0); },
      goto: () => { this.#walker.pause(); this.#walker.goto(detail.step); },
      files: () => this.#takeFiles(detail.files),
      'upload-change': () => this.#arrange(detail.change),
      'upload-cancel': () => this.#set({ upload: null }),
      'upload-done': () => this.#useUpload(),
      keep: () => this.#keep(detail.kind),
      'copy-link': () => this.#copyLink(),
    }[intent];
    does?.();
  }
}

/** A walk with what the worker has told of it since: the steps from `from` on are other ones, the rest stays as it is. */
function continued(walk, { from, steps, ...more }) {
  return { ...(from ? walk : {}), ...more, steps: [...(walk?.steps.slice(0, from) ?? []), ...steps] };
}

/** What the walk starts from: its title, its note, whether it was drawn, and its batch where that is known. */
function startOf(recipe, chosen) {
  if (!recipe) return null;
  if (recipe.control === 'noise') return { title: 'Noise', note: `standard normal, seed ${recipe.seed}`, kind: 'noise' };
  if (recipe.control === 'upload') return { title: 'Your image', note: '', kind: 'upload' };
  const title = chosen?.treated && !chosen.untreated ? 'Treated cell' : 'Control';
  return { title, note: chosen?.note ?? '', kind: chosen?.treated ? 'treated' : 'control', synthetic: chosen?.synthetic, batch: chosen?.batch };
}

/** Waits until an element is about to come into view: an explorer further down costs nothing before. */
function seen(element) {
  return new Promise((done) => {
    const observer = new IntersectionObserver((entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      observer.disconnect();
      done();
    }, { rootMargin: '200px' });
    observer.observe(element);
  });
}

/** Three numbered steps and, below, what it runs on and where it comes from. */
function layout(host) {
  // What the embedding page has to say stands beside what the manifest says.
  const beside = host.querySelector(':scope > :not(noscript, [slot])');
  const step = (number, name, title, lead, ...parts) => el('section', { class: `card ${name}`, 'aria-labelledby': `${name}-title` },
    el('h2', { id: `${name}-title` }, el('span', { class: 'number', 'aria-hidden': 'true' }, number), title),
    lead ? el('p', { class: 'lead' }, lead) : null, ...parts);
  const part = (name) => document.createElement(name);
  return [
    part('cellflux-notice'),
    el('div', { class: 'bench' },
      el('div', { class: 'pick' },
        step('1', 'control', 'Pick a control', 'An untreated cell: where the walk starts.', part('cellflux-control')),
        step('2', 'compound', 'Pick a compound', null, part('cellflux-compound'))),
      el('div', { class: 'walk-column' },
        step('3', 'walk', 'Walk', null, part('cellflux-model'), part('cellflux-stage'), part('cellflux-transport'), part('cellflux-measured'), part('cellflux-keep')),
        el('details', { class: 'card how', open: true }, el('summary', {}, 'How the flow is walked'), part('cellflux-settings')))),
    el('div', { class: beside ? 'below beside' : 'below' }, el('slot'),
      el('section', { class: 'card about', 'aria-labelledby': 'about-title' }, el('h2', { id: 'about-title' }, 'Data and model'), part('cellflux-provenance'))),
    part('cellflux-crop'),
    el('div', { class: 'drop-hint', 'aria-hidden': 'true' }, 'Drop the image to use it as the control'),
  ];
}

customElements.define('cellflux-explorer', Explorer);
