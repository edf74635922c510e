// Step 2: the compound. A searchable list by name and mode of action, and what is known of the one chosen.

import { doseUnder } from '../dose.js';
import { besideCells, findingLines } from '../finding.js';
import { el, inside, Part, reveal } from '../html.js';
import { capital, kindOf, wordsFor } from '../perturbations.js';
import { inFigures, phrase } from '../words.js';

/** @import { State } from '../state.js' */

const matches = (words, compound) => words.every((word) => compound.haystack.includes(word));

/**
 * Shows `state.compounds`, `state.structures`, `state.takesDose`, `state.measuring`, and of `state.recipe`
 * the compound and whether its settings are those that were measured.
 */
export class CompoundPicker extends Part {
  connectedCallback() {
    if (this.firstChild) return;
    this.search = el('input', {
      type: 'search',
      id: 'compound-search',
      placeholder: phrase('compound_picker.name_or_mode_action'),
      autocomplete: 'off',
      spellcheck: 'false',
      role: 'combobox',
      'aria-expanded': 'true',
      'aria-controls': 'compound-list',
      'aria-autocomplete': 'list',
      on: { input: () => this.#filter(), keydown: (event) => this.#key(event) },
    });
    this.list = el('ul', {
      id: 'compound-list',
      role: 'listbox',
      class: 'compounds',
      'aria-label': phrase('compound_picker.compounds'),
      tabindex: '0',
      // A bundle that does not come leaves nothing to choose from.
      hidden: true,
      on: { keydown: (event) => this.#key(event) },
    });
    this.label = el('label', { class: 'unseen', for: 'compound-search' },
      phrase('compound_picker.search_compounds'));
    this.none = el('p', { class: 'hint', hidden: true });
    this.card = el('div', { class: 'compound-card' });
    this.finding = el('div', { class: 'finding' });
    this.append(
      this.label,
      this.search,
      this.list,
      this.none,
      this.card,
    );
  }

  /** @param {State} state */
  update(state) {
    const { compounds, recipe, structures, takesDose, measuring } = state;
    if (!compounds) return;
    this.state = state;
    this.takesDose = takesDose;
    if (this.changed(phrase('shared.compounds'), compounds)) this.#build(compounds);
    if (this.changed('chosen', recipe?.compound)) this.#choose(recipe?.compound);
    const compound = this.compounds.find((each) => each.id === recipe?.compound);
    // A compound that was typed has a card of its own.
    this.card.hidden = Boolean(recipe?.smiles);
    const drawing = structures.get(compound?.id);
    const found = findingLines(compound, recipe, measuring) ?? [];
    if (this.changed('finding', found.map(({ words }) => words).join())) {
      const lines = found.map(({ words, warns }) => el('p', { class: warns ? 'warns' : null }, words));
      this.finding.replaceChildren(...lines);
    }
    if (compound && this.changed('described', `${compound.id} ${Boolean(drawing)}`)) {
      this.#describe(compound, drawing, measuring);
    }
  }

  #build(compounds) {
    this.words = wordsFor(compounds);
    this.label.textContent = phrase('compound_picker.search', { many: this.words.many });
    this.list.setAttribute('aria-label', capital(this.words.many));
    this.compounds = compounds.map((compound) => ({
      ...compound,
      haystack: [compound.name, compound.id, compound.action, kindOf(compound)].join(' ').toLowerCase(),
    }));
    this.list.hidden = !compounds.length;
    this.list.replaceChildren(
      ...this.compounds.map((compound) =>
        el(
          'li',
          {
            role: 'option',
            id: `compound-${compound.id}`,
            'aria-selected': 'false',
            'data-compound': compound.id,
            on: { click: () => this.#pick(compound) },
          },
          el('span', { class: 'name' }, el('bdi', {}, compound.name)),
          compound.action ? el('span', { class: 'action' }, el('bdi', {}, compound.action)) : null,
          badge(compound),
        ),
      ),
    );
  }

  #pick({ id }) {
    this.intend('compound', { compound: id, ...doseUnder(this.state, id) });
  }

  #choose(id) {
    for (const box of [this.list, this.search]) box.removeAttribute('aria-activedescendant');
    for (const option of inside(this.list)) {
      const here = option.dataset.compound === id;
      option.setAttribute('aria-selected', String(here));
      if (here) {
        for (const box of [this.list, this.search]) box.setAttribute('aria-activedescendant', option.id);
        reveal(this.list, option);
      }
    }
  }

  #describe(compound, drawing, measuring) {
    if (this.picture) URL.revokeObjectURL(this.picture);
    this.picture = drawing ? URL.createObjectURL(new Blob([drawing], { type: 'image/svg+xml' })) : null;
    const facts = [
      kindOf(compound) && [phrase('compound_picker.done_cells'), kindOf(compound)],
      compound.action && [phrase('compound_picker.mode_action'), compound.action],
      compound.doses?.length && [phrase('shared.doses_data'), dosesIn(compound.doses, this.takesDose)],
      [phrase('shared.training'), compound.training.sentence],
      compound.findings.length > 0 && [besideCells(measuring), this.finding],
    ].filter(Boolean);
    this.card.replaceChildren(
      // An image cannot run scripts, so an SVG from a bundle is safe in one.
      ...(this.picture
        ? [
            el('img', {
              class: 'structure',
              src: this.picture,
              alt: phrase('compound_picker.structure', { name: compound.name }),
              width: '132',
              height: '132',
            }),
          ]
        : []),
      el(
        'div',
        {},
        el('h3', {}, el('bdi', {}, compound.name)),
        el('dl', {}, ...facts.flatMap(([term, value]) => [el('dt', {}, term), el('dd', {}, value)])),
        compound.smiles ? el('p', { class: 'smiles', title: 'SMILES' }, compound.smiles) : null,
      ),
    );
  }

  #filter() {
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const [index, option] of inside(this.list).entries()) {
      option.hidden = !matches(words, this.compounds[index]);
      shown += option.hidden ? 0 : 1;
    }
    this.none.hidden = shown > 0;
    this.none.textContent = phrase('compound_picker.no_here_matches', {
      one: this.words?.one ?? phrase('shared.compound'), value: this.search.value,
    });
  }

  #key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const shown = inside(this.list).filter((option) => !option.hidden);
    if (event.key === 'Enter' && shown.length && event.target === this.search) {
      event.preventDefault();
      shown[0].click();
    } else if (step && shown.length) {
      event.preventDefault();
      const at = shown.findIndex((option) => option.getAttribute('aria-selected') === 'true');
      shown[Math.min(Math.max(at + step, 0), shown.length - 1)].click();
    }
  }
}

const dosesIn = (doses, takesDose) =>
  `${doses.map(inFigures).join(', ')} µM`
  + (takesDose ? '' : phrase('compound_picker.all_one_condition_network'));

function badge({ training: { badge: words, kind } }) {
  return el('span', { class: `badge ${kind}` }, words);
}
