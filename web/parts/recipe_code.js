// The walk in view as code, to be copied.

import { el, Part } from '../html.js';
import { codesOf } from '../recipe_code.js';
import { phrase } from '../words.js';

/** @import { State } from '../state.js' */

/** Nothing is written before it is opened. */
export class RecipeCode extends Part {
  connectedCallback() {
    if (this.firstChild) return;
    /** @type {State | null} */
    this.state = null;
    this.inside = el('div', { class: 'codes' });
    this.fold = el('details', { on: { toggle: () => this.#write() } },
      el('summary', {}, phrase('recipe_code.walk_code')), this.inside);
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
          said.textContent = phrase('recipe_code.copied');
        } catch {
          said.textContent = phrase('recipe_code.browser_did_not_allow');
        }
      };
      const shown = text === null ? [el('p', { class: 'hint' }, why)] : [
        el('p', { class: 'hint' }, about),
        el('pre', { tabindex: '0', role: 'region', 'aria-label': phrase('recipe_code.walk_code_2', {
          name,
        }) },
          el('code', {}, text)),
        el('p', {}, el('button', { type: 'button', class: 'secondary', on: { click: copy } },
          phrase('recipe_code.copy', { name })), said),
      ];
      return el('section', { 'data-code': name }, el('h3', {}, name), ...shown);
    }));
  }
}
