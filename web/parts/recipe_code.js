// The walk in view as code, to be copied.

import { el, Part } from '../html.js';
import { codesOf } from '../recipe_code.js';

/** @import { State } from '../state.js' */

/** Nothing is written before it is opened. */
export class RecipeCode extends Part {
  connectedCallback() {
    if (this.firstChild) return;
    /** @type {State | null} */
    this.state = null;
    this.inside = el('div', { class: 'codes' });
    this.fold = el('details', { on: { toggle: () => this.#write() } },
      el('summary', {}, 'This walk as code'), this.inside);
    this.append(this.fold);
  }

  /** @param {State} state */
  update(state) {
    this.state = state;
    this.hidden = !state.link || !state.recipe || state.recipe.control === 'upload';
    if (this.changed('link', state.link)) this.#write();
  }

  #write() {
    if (!this.fold.open || !this.state?.recipe || !this.state.link) return;
    const { recipe, link } = this.state;
    this.inside.replaceChildren(...codesOf(recipe, link).map(({ name, about, text, why }) => {
      const said = el('span', { role: 'status', class: 'hint' });
      const copy = async () => {
        try {
          await navigator.clipboard.writeText(text);
          said.textContent = 'Copied';
        } catch {
          said.textContent = 'The browser did not allow copying: select the lines.';
        }
      };
      const shown = text === null ? [el('p', { class: 'hint' }, why)] : [
        el('p', { class: 'hint' }, about),
        el('pre', { tabindex: '0', role: 'region', 'aria-label': `${name}: the walk as code` },
          el('code', {}, text)),
        el('p', {}, el('button', { type: 'button', class: 'secondary', on: { click: copy } },
          `Copy ${name}`), said),
      ];
      return el('section', { 'data-code': name }, el('h3', {}, name), ...shown);
    }));
  }
}
