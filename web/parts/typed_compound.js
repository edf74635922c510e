// Step 2, for a model whose vectors are made from structures: any compound, typed as SMILES. What is known of
// it: its drawing, the training compounds that it is like, and that the network has never seen it.

import { fixed } from '../figures.js';
import { besideCells, natureOf } from '../finding.js';
import { el, Part } from '../html.js';
import { UNSEEN } from '../state.js';
import { phrase } from '../words.js';

/** @import { State } from '../state.js' */
/** @import { Compound, Measuring, Typed } from '../protocol.js' */

/**
 * Shows `state.typed`, where `state.takesStructures`, the names of `state.compounds` beside it, and of which
 * cells `state.measuring` is.
 */
export class TypedCompound extends Part {
  connectedCallback() {
    if (this.firstChild) return;
    this.field = el('input', {
      type: 'text',
      id: 'typed-smiles',
      autocomplete: 'off',
      autocapitalize: 'off',
      spellcheck: 'false',
      placeholder: 'CC(=O)Oc1ccccc1C(=O)O',
      'aria-describedby': 'typed-hint',
    });
    const form = el(
      'form',
      { class: 'typed', on: { submit: (event) => this.#submit(event) } },
      el('label', { for: this.field.id }, phrase('typed_compound.any_compound_smiles')),
      el('div', { class: 'typed-row' }, this.field,
        el('button', { class: 'secondary' }, phrase('typed_compound.walk_under'))),
      el(
        'p',
        { class: 'hint', id: 'typed-hint' },
        phrase('typed_compound.typed_pasted_or_dropped'),
      ),
    );
    this.card = el('div', { class: 'typed-card', hidden: true });
    this.offer = el('details', {},
      el('summary', {}, phrase('typed_compound.any_other_compound')), form, this.card);
    this.hidden = true;
    this.append(this.offer);
  }

  disconnectedCallback() {
    this.#forgetPicture();
  }

  /** @param {State} state */
  update({ takesStructures, typed, compounds, measuring }) {
    this.hidden = !takesStructures;
    if (!this.changed('typed', typed)) return;
    this.#forgetPicture();
    this.card.hidden = !typed;
    this.card.replaceChildren();
    if (!typed) return;
    this.field.value = typed.smiles;
    this.offer.open = true;
    this.#describe(typed, compounds ?? [], measuring);
  }

  /** @param {SubmitEvent} event */
  #submit(event) {
    event.preventDefault();
    this.intend('type', { text: this.field.value });
  }

  #forgetPicture() {
    if (this.picture) URL.revokeObjectURL(this.picture);
    this.picture = null;
  }

  /**
   * @param {Typed} typed
   * @param {Compound[]} compounds
   * @param {Measuring | null | undefined} measuring
   */
  #describe({ smiles, drawing, nearest }, compounds, measuring) {
    this.picture = drawing && URL.createObjectURL(new Blob([drawing], { type: 'image/svg+xml' }));
    const name = (id) => compounds.find((compound) => compound.id === id)?.name ?? id;
    const near = nearest.map(({ id, similarity }) =>
      el('li', { 'data-near': id }, el('bdi', {}, name(id)), ` ${fixed(similarity, 2)}`));
    const facts = [
      [phrase('shared.training'), UNSEEN],
      [besideCells(measuring), phrase('typed_compound.no_cells_measured', { nature: natureOf(measuring) })],
      near.length > 0 && [
        phrase('typed_compound.nearest_training_compounds'),
        el('ol', { class: 'near', title: phrase('typed_compound.tanimoto_similarity_morgan_counts') },
          ...near),
      ],
    ].filter(Boolean);
    this.card.append(
      ...(this.picture
        ? [
            el('img', {
              class: 'structure',
              src: this.picture,
              alt: phrase('typed_compound.structure_typed_compound'),
              width: '132',
              height: '132',
            }),
          ]
        : []),
      el(
        'div',
        {},
        el('h3', {}, phrase('typed_compound.typed_compound'),
          el('span', { class: 'badge held-out' }, UNSEEN)),
        el('dl', {}, ...facts.flatMap(([term, value]) => [el('dt', {}, term), el('dd', {}, value)])),
        el('p', { class: 'smiles', title: 'SMILES' }, smiles),
      ),
    );
  }
}
