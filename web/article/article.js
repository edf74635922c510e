// What makes tabs, rows of pictures and pictures to enlarge handier than they are without a script; and the
// search of the site's pages, which there is none without.

import { el } from '../html.js';
import { excerpt, matching, placesOf } from './search.js';

/** The most places that a search lists. */
const MOST = 30;

/** The words of a place in a row, “{} of {}” in the page's language. */
export const placed = (words, number, count) => words.replace('{}', `${number}`).replace('{}', `${count}`);

/** Which of a row's elements a key leads to, or null; the arrow keys go round, Home and End to the ends. */
export function led(key, at, count) {
  if (key === 'ArrowRight' || key === 'ArrowDown') return (at + 1) % count;
  if (key === 'ArrowLeft' || key === 'ArrowUp') return (at - 1 + count) % count;
  if (key === 'Home') return 0;
  return key === 'End' ? count - 1 : null;
}

/** Texts of which one is in view. */
class Tabs extends HTMLElement {
  connectedCallback() {
    if (this.list) return;
    this.panels = /** @type {HTMLElement[]} */ ([...this.children].filter((each) => each.matches('.tab')));
    this.tabs = this.panels.map((panel, at) => {
      const title = panel.querySelector(':scope > .tab-title');
      if (title instanceof HTMLElement) title.hidden = true;
      const tab = el('button', {
        type: 'button',
        role: 'tab',
        id: `${panel.id}-tab`,
        'aria-controls': panel.id,
        on: { click: () => this.choose(at), keydown: (event) => this.#key(event, at) },
      }, title?.textContent ?? '');
      panel.setAttribute('role', 'tabpanel');
      panel.setAttribute('aria-labelledby', tab.id);
      panel.tabIndex = 0;
      return tab;
    });
    this.list = el('div', { role: 'tablist', 'aria-label': this.dataset.label ?? null }, ...this.tabs);
    this.prepend(this.list);
    this.classList.add('live');
    this.choose(0);
  }

  choose(chosen) {
    for (const [at, tab] of this.tabs.entries()) {
      const here = at === chosen;
      tab.setAttribute('aria-selected', `${here}`);
      tab.tabIndex = here ? 0 : -1;
      this.panels[at].hidden = !here;
    }
  }

  #key(event, at) {
    const to = led(event.key, at, this.tabs.length);
    if (to === null) return;
    event.preventDefault();
    this.choose(to);
    this.tabs[to].focus();
  }
}

/** Pictures in a row, with buttons beside what scrolling and the keyboard do anyway. */
class Carousel extends HTMLElement {
  connectedCallback() {
    if (this.said) return;
    const row = this.querySelector('.row');
    if (!row) return;
    this.row = row;
    this.count = row.querySelectorAll('li').length;
    const { previous = 'Previous', next = 'Next' } = this.dataset;
    this.said = el('span', { class: 'place', role: 'status' });
    this.back = el('button', { type: 'button', on: { click: () => this.#go(-1) } }, previous);
    this.on = el('button', { type: 'button', on: { click: () => this.#go(1) } }, next);
    this.append(el('div', { class: 'steps' }, this.back, this.said, this.on));
    row.addEventListener('scroll', () => this.#tell(), { passive: true });
    this.#tell();
  }

  get #at() {
    return Math.round(this.row.scrollLeft / Math.max(1, this.row.clientWidth));
  }

  #go(step) {
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    this.row.scrollTo({
      left: (this.#at + step) * this.row.clientWidth,
      behavior: still ? 'auto' : 'smooth',
    });
  }

  #tell() {
    const [at, count] = [this.#at, this.count];
    const words = placed(this.dataset.of ?? '{} of {}', at + 1, count);
    if (this.said.textContent !== words) this.said.textContent = words;
    // The button that has the focus keeps it.
    this.back.setAttribute('aria-disabled', `${at <= 0}`);
    this.on.setAttribute('aria-disabled', `${at >= count - 1}`);
  }
}

/** A field that looks through the site's pages; the others are fetched when somebody first writes into it. */
class Search extends HTMLElement {
  connectedCallback() {
    if (this.field) return;
    const { here = '', label = 'Search' } = this.dataset;
    this.field = el('input', { type: 'search', autocomplete: 'off', on: { input: () => this.#look() } });
    this.said = el('p', { class: 'said', role: 'status' });
    this.list = el('ol', { class: 'found' });
    this.append(
      el('div', { role: 'search', 'aria-label': label }, el('label', {}, label, ' ', this.field)),
      this.said,
      this.list,
    );
    this.places = new Map([[here, placesOf(document, here)]]);
  }

  /** The places of all pages in their order, and the pages that cannot be read. */
  async #read() {
    const pages = (this.dataset.pages ?? '').split(' ').filter(Boolean);
    const lost = [];
    await Promise.all(pages.filter((page) => !this.places.has(page)).map(async (page) => {
      try {
        const answer = await fetch(page);
        if (!answer.ok) throw new Error(`${answer.status}`);
        const read = new DOMParser().parseFromString(await answer.text(), 'text/html');
        this.places.set(page, placesOf(read, page));
      } catch {
        lost.push(page);
      }
    }));
    return { places: pages.flatMap((page) => this.places.get(page) ?? []), lost };
  }

  async #look() {
    const asked = this.field.value.trim();
    const { places, lost } = asked ? await this.#read() : { places: [], lost: [] };
    // What was written meanwhile is looked for by itself.
    if (this.field.value.trim() !== asked) return;
    const found = matching(places, asked);
    const { here, number = '{}', none = '', unread = '{}' } = this.dataset;
    const told = found.length > 0 ? number.replace('{}', `${found.length}`) : none;
    const failed = lost.map((page) => unread.replace('{}', page));
    this.said.textContent = asked ? [told, ...failed].join('. ') : '';
    this.list.replaceChildren(...found.slice(0, MOST).map(({ page, id, title, text }) => {
      const place = id ? `#${encodeURIComponent(id)}` : '';
      const href = page === here ? place || '#top' : `${page}${place}`;
      return el('li', {}, el('a', { href }, title), el('p', {}, excerpt(text, asked)));
    }));
  }
}

/** Opens every tab around the place that a hash names. */
function open(hash) {
  const place = document.getElementById(decodeURIComponent(hash.slice(1)));
  for (let tab = place?.closest('.tab'); tab; tab = tab.parentElement?.closest('.tab')) {
    const tabs = tab.parentElement;
    if (tabs instanceof Tabs && tabs.panels) tabs.choose(tabs.panels.indexOf(/** @type {any} */ (tab)));
  }
  return place;
}

/** Shows a linked picture as large as the window; a second click or + shows its own size. */
function enlarge(link) {
  const picture = link.querySelector('img');
  const large = el('img', { src: link.href, alt: picture?.alt ?? '' });
  const close = el('button', { type: 'button', class: 'close', on: { click: () => shown.close() } },
    link.dataset.close ?? 'Close');
  const frame = el('div', { class: 'whole', tabindex: '0', role: 'region', 'aria-label': large.alt }, large);
  const shown = el('dialog', {
    class: 'enlarged',
    'aria-label': large.alt,
    on: {
      close: () => {
        shown.remove();
        link.focus();
      },
      keydown: ({ key }) => key === '+' && shown.classList.toggle('own-size'),
    },
  }, close, frame);
  large.addEventListener('click', () => shown.classList.toggle('own-size'));
  document.body.append(shown);
  shown.showModal();
  close.focus();
}

addEventListener('click', (event) => {
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  if (link.matches('a.enlarge')) {
    event.preventDefault();
    enlarge(link);
  } else if (link.getAttribute('href')?.startsWith('#')) {
    open(link.hash);
  }
});

customElements.define('cellflux-tabs', Tabs);
customElements.define('cellflux-carousel', Carousel);
customElements.define('cellflux-search', Search);
// A place in a tab that was closed had no place to scroll to.
if (location.hash.length > 1 && !location.hash.includes('=')) open(location.hash)?.scrollIntoView();
addEventListener('hashchange', () => !location.hash.includes('=') && open(location.hash)?.scrollIntoView());
