// The explorer for the pages of others: the element with its recipe, frames and progress as events.

import '../explorer.js';
import { MANIFEST, Progress, WEIGHTS } from './progress.js';
import { frameOf } from './walk.js';

/** @import { ExplorerOptions, Frame, Recipe, RecipeChange } from './cellflux.js' */

/** Options that are attributes of the element, in its words. */
const ATTRIBUTES = { link: 'preset', recorded: 'recorded', address: 'address' };

/** @param {Element | string} host */
function found(host) {
  const element = typeof host === 'string' ? document.querySelector(host) : host;
  if (!element) throw new Error(`${host}: no element of the page, expected one to put the explorer into`);
  return element;
}

export class Explorer extends EventTarget {
  /** @type {any} */
  #element;
  #progress;
  #told = { link: null, walk: null, count: 0 };

  /**
   * @param {Element | string} host an element, or its selector
   * @param {ExplorerOptions} options
   */
  constructor(host, options) {
    super();
    const place = found(host);
    const { src, hide = [], progress_callback = () => {} } = options;
    this.#progress = new Progress(String(src), (detail) => {
      progress_callback(detail);
      this.dispatchEvent(new CustomEvent('progress', { detail }));
    });
    this.#element = document.createElement('cellflux-explorer');
    this.#element.setAttribute('src', new URL(src, document.baseURI).href);
    for (const [option, attribute] of Object.entries(ATTRIBUTES)) {
      if (options[option]) this.#element.setAttribute(attribute, options[option].replace(/^#/, ''));
    }
    if (hide.length) this.#element.setAttribute('hide', hide.join(' '));
    this.#element.addEventListener('state', () => this.#follow());
    this.#progress.begin(MANIFEST);
    place.append(this.#element);
  }

  /** Tells what has changed. */
  #follow() {
    const { phase, download, link, walk } = this.#state;
    if (phase === 'opening') this.#progress.begin(MANIFEST);
    if (phase !== 'opening' && phase !== 'failed') this.#progress.end(MANIFEST);
    if (phase === 'loading') {
      this.#progress.begin(WEIGHTS);
      this.#progress.weights(download?.loaded ?? 0, download?.total ?? 0);
    }
    if (phase === 'starting' || phase === 'ready') {
      // Weights of an earlier visit may be there before anything is told of them.
      this.#progress.begin(WEIGHTS);
      this.#progress.end(WEIGHTS);
    }
    if (phase === 'ready') this.#progress.ready();
    if (phase === 'failed' || phase === 'offered') this.#progress.again();
    if (link && link !== this.#told.link) {
      this.#told.link = link;
      this.dispatchEvent(new CustomEvent('recipe', { detail: { recipe: this.recipe, link } }));
    }
    if (walk?.key !== this.#told.walk) Object.assign(this.#told, { walk: walk?.key, count: 0 });
    for (; this.#told.count < (walk?.steps.length ?? 0); this.#told.count += 1) {
      const detail = frameOf(walk.steps[this.#told.count], this.#told.count);
      this.dispatchEvent(new CustomEvent('frame', { detail }));
    }
  }

  get #state() {
    return this.#element.lesson.state();
  }

  /** @returns {HTMLElement} */
  get element() {
    return this.#element;
  }

  get phase() {
    return this.#state.phase;
  }

  /** @returns {Recipe | null} */
  get recipe() {
    const { recipe } = this.#state;
    return recipe ? { ...recipe } : null;
  }

  /** The recipe as a link's hash, without `#`. */
  get link() {
    return this.#state.link ?? '';
  }

  /** @returns {Frame[]} */
  get frames() {
    return (this.#state.walk?.steps ?? []).map(frameOf);
  }

  /**
   * Waits for a state.
   * @param {(phase: string) => boolean} isIt whether a phase is the one
   * @returns {Promise<void>} fails with the sentence that the page shows, when the bundle cannot be opened
   */
  #until(isIt) {
    return new Promise((resolve, reject) => {
      const look = () => {
        const { phase, notice } = this.#state;
        if (!isIt(phase) && phase !== 'failed') return;
        this.#element.removeEventListener('state', look);
        if (isIt(phase)) resolve();
        else reject(new Error(notice?.sentence ?? 'The model could not be opened.'));
      };
      this.#element.addEventListener('state', look);
      look();
    });
  }

  /** Waits until the network can be walked. */
  ready() {
    return this.#until((phase) => phase === 'ready');
  }

  /** Waits until there is a recipe. */
  opened() {
    return this.#until((phase) => phase !== 'opening' && phase !== 'failed');
  }

  /** @param {RecipeChange} change */
  async change(change) {
    await this.opened();
    await this.#element.lesson.change(change);
    return this.recipe;
  }

  /** @param {string} link */
  async follow(link) {
    await this.opened();
    await this.#element.lesson.show(link.replace(/^.*#/, ''));
    return this.recipe;
  }

  /** Walks to a step, or to the end. @param {number} [step] */
  async walk(step) {
    await this.ready();
    await this.#element.lesson.walked();
    const { walk } = this.#state;
    const last = walk?.finished ? walk.steps.length - 1 : Number.MAX_SAFE_INTEGER;
    await this.#element.lesson.walkTo(step ?? last);
    return this.frames;
  }

  /** Takes the explorer off the page and ends its worker. */
  remove() {
    this.#element.remove();
  }
}
