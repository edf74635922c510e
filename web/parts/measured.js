// The bundle's cells treated with the chosen compound, where it has some: real ones, for the eye to compare,
// and to walk back from. Of drawn cells the true answer is known: the chosen control itself, drawn under the
// compound.

import { typedUnmeasured } from '../finding.js';
import { el, Part } from '../html.js';
import { isolated } from '../isolated.js';
import { done } from '../perturbations.js';
import { paint } from '../pixels.js';
import { answerOf } from '../state.js';
import { phrase } from '../words.js';

/** @import { State } from '../state.js' */

/**
 * Shows those of `state.examples` whose condition is the recipe's compound; of drawn ones the chosen
 * control's, where it is among them.
 */
export class Measured extends Part {
  /** @param {State} state */
  update({ examples, thumbnails, recipe, compounds, compoundName, start, measuring }) {
    const ofCompound = (examples ?? []).filter((example) => example.condition === recipe?.compound);
    const answer = ofCompound.find((example) => example.synthetic && example.id === answerOf(recipe));
    // Those of the start's batch come first: only they are compared without a difference between batches.
    const near = ({ batch }) => Boolean(batch) && batch === start?.batch;
    // Real and drawn cells are never taken together.
    const real = ofCompound.filter(({ synthetic }) => !synthetic);
    const cells = real.length ? real : ofCompound;
    const own = answer
      ? [answer]
      : [...cells.filter(near), ...cells.filter((example) => !near(example))];
    const drawn = own.filter((example) => thumbnails.has(example.id)).length;
    if (
      !this.changed(
        'slice',
        [recipe?.compound, answer?.id, compoundName, start?.batch, own.length, drawn].join(),
      )
    ) {
      return;
    }
    const compound = compoundName ?? phrase('shared.compound_2');
    const kind = compounds?.find(({ id }) => id === recipe?.compound)?.kind;
    this.toggleAttribute('hidden', !examples?.length);
    if (!own.length) {
      const none = recipe?.smiles
        ? typedUnmeasured(measuring, compound)
        : phrase('measured.no_measured_cells_on', { compound });
      this.replaceChildren(el('p', { class: 'hint' }, none));
      return;
    }
    const untreated = own.every((example) => example.untreated);
    const shown = untreated ? phrase('measured.control_cells', {
      compound,
    }) : phrase('measured.cells', { done: done(kind, compound) });
    const title = own.every((example) => example.synthetic)
      ? phrase('measured.drawn_not_generated_true', {
        answer: answer ? phrase('measured.cell') : phrase('measured.drawn_controls'),
        compound,
        dose: answer?.dose ?? '',
      })
      : phrase('measured.measured_not_generated_real', { shown });
    this.replaceChildren(
      el('p', { class: 'measured-title' }, title),
      el(
        'div',
        { class: 'measured-row' },
        ...own.map((example, index) =>
          this.#tile(
            example,
            thumbnails.get(example.id),
            own.length > 1 ? phrase('measured.of', { index: index + 1, length: own.length }) : '',
          ),
        ),
      ),
    );
  }

  #tile(example, picture, which) {
    const canvas = el('canvas', {
      width: 1,
      height: 1,
      role: 'img',
      'aria-label': `${example.note}${which}`,
    });
    if (picture) paint(canvas, picture);
    return el(
      'button',
      {
        type: 'button',
        class: 'tile',
        'data-example': example.id,
        title: phrase('measured.walk_back_from_cell', { note: example.note }),
        on: { click: () => this.intend('reverse-from', { control: example.id }) },
      },
      canvas,
      el(
        'span',
        { class: 'caption' },
        example.batch
          ? `${isolated(example.batch)}${example.dose.replace(/^ \S+ /, ', ')}`
          : phrase('measured.walk_back'),
      ),
    );
  }
}
