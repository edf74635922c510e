// Real cells treated with the chosen compound, where the bundle has some: measured, for the eye to compare, and to walk back from.

import { el, Part } from '../html.js';
import { paint } from '../pixels.js';

/** Shows those of `state.examples` whose condition is the recipe's compound. */
export class Measured extends Part {
  update({ examples, thumbnails, recipe, compoundName }) {
    const own = (examples ?? []).filter((example) => example.condition === recipe?.compound);
    const drawn = own.filter((example) => thumbnails.has(example.id)).length;
    if (!this.changed('slice', [recipe?.compound, compoundName, own.length, drawn].join())) return;
    this.toggleAttribute('hidden', own.length === 0);
    const compound = compoundName ?? 'this compound';
    const title = own.every((example) => example.synthetic)
      ? `Drawn, not generated: what ${compound} truly does to the synthetic controls`
      : `Measured, not generated: real cells treated with ${compound}`;
    this.replaceChildren(
      el('p', { class: 'measured-title' }, title),
      el('div', { class: 'measured-row' }, ...own.map((example) => this.#tile(example, thumbnails.get(example.id)))),
    );
  }

  #tile(example, picture) {
    const canvas = el('canvas', { width: 1, height: 1, role: 'img', 'aria-label': example.note });
    if (picture) paint(canvas, picture);
    return el('button', {
      type: 'button', class: 'tile', 'data-example': example.id, title: `${example.note}. Walk back from this cell.`,
      on: { click: () => this.intend('reverse-from', { control: example.id }) },
    }, canvas, el('span', { class: 'caption' }, 'walk back'));
  }
}
