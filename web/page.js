// What the page's own components do beside the explorer: a before/after slider, a button that copies, and
// links into what is folded.

import { el } from './html.js';

/**
 * Two pictures of one size: the second is seen right of a line that the visitor moves. Without a script, side
 * by side.
 */
class Compare extends HTMLElement {
  connectedCallback() {
    if (this.line) return;
    this.line = el('input', {
      type: 'range',
      min: '0',
      max: '100',
      value: '50',
      'aria-label': this.dataset.line ?? 'How much of the treated cell is shown',
      on: { input: () => this.#move() },
    });
    this.append(
      el('span', { class: 'label before', 'aria-hidden': 'true' }, this.dataset.before ?? 'Control'),
      el('span', { class: 'label after', 'aria-hidden': 'true' }, this.dataset.after ?? 'Generated'),
      this.line,
    );
    this.classList.add('live');
    this.#move();
  }

  #move() {
    this.style.setProperty('--at', `${this.line.value}%`);
  }
}

/** A text with a button that copies it. */
class Copy extends HTMLElement {
  connectedCallback() {
    if (this.button) return;
    this.button = el(
      'button',
      { type: 'button', class: 'copy', on: { click: () => this.#copy() } },
      this.dataset.copy ?? 'Copy',
    );
    this.said = el('span', { class: 'said', role: 'status' });
    this.append(this.button, this.said);
  }

  /** Says on the button what happened, and after a while what it does again. */
  #say(words) {
    this.button.textContent = words;
    this.said.textContent = words;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.button.textContent = this.dataset.copy ?? 'Copy';
      this.said.textContent = '';
    }, 4000);
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(this.querySelector('code').textContent);
      this.#say(this.dataset.copied ?? 'Copied');
    } catch {
      getSelection().selectAllChildren(this.querySelector('code'));
      this.#say(this.dataset.selected ?? 'Selected: copy it with the keyboard');
    }
  }
}

/**
 * Opens what is folded around the place that a hash names. Not every browser does so before it goes there.
 * @param {string} hash with its `#`, as an address has it
 */
function unfold(hash) {
  const place = document.getElementById(hash.slice(1));
  for (let fold = place?.closest('details'); fold; fold = fold.parentElement?.closest('details')) {
    fold.open = true;
  }
}

addEventListener('click', ({ target }) => {
  const link = target instanceof Element ? target.closest('a[href^="#"]') : null;
  if (link) unfold(link.getAttribute('href') ?? '');
});
unfold(location.hash);

customElements.define('cellflux-compare', Compare);
customElements.define('cellflux-copy', Copy);
