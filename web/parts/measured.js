// The bundle's cells treated with the chosen compound, where it has some: real ones, for the eye to compare,
// and to walk back from. Of drawn cells the true answer is known: the chosen control itself, drawn under the
// compound.

import { typedUnmeasured } from '../finding.js';
import { el, Part } from '../html.js';
import { isolated } from '../isolated.js';
import { done } from '../perturbations.js';
import { paint } from '../pixels.js';
import { answerOf } from '../state.js';

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
    const compound = compoundName ?? 'this compound';
    const kind = compounds?.find(({ id }) => id === recipe?.compound)?.kind;
    this.toggleAttribute('hidden', !examples?.length);
    if (!own.length) {
      const none = recipe?.smiles
        ? typedUnmeasured(measuring, compound)
        : `No measured cells of ${compound} are on this page.`;
      this.replaceChildren(el('p', { class: 'hint' }, none));
      return;
    }
    const untreated = own.every((example) => example.untreated);
    const shown = untreated ? `control cells, ${compound}` : `cells ${done(kind, compound)}`;
    const title = own.every((example) => example.synthetic)
      ? `Drawn, not generated: the true answer, ${answer ? 'this cell' : 'the drawn controls'} under `
        + `${compound}${answer?.dose ?? ''}`
      : `Measured, not generated: real ${shown}, by batch; choose one to walk back from it`;
    this.replaceChildren(
      el('p', { class: 'measured-title' }, title),
      el(
        'div',
        { class: 'measured-row' },
        ...own.map((example, index) =>
          this.#tile(
            example,
            thumbnails.get(example.id),
            own.length > 1 ? `, ${index + 1} of ${own.length}` : '',
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
        title: `${example.note}. Walk back from this cell.`,
        on: { click: () => this.intend('reverse-from', { control: example.id }) },
      },
      canvas,
      el(
        'span',
        { class: 'caption' },
        example.batch ? `${isolated(example.batch)}${example.dose.replace(' at ', ', ')}` : 'walk back',
      ),
    );
  }
}
