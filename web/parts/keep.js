// What the visitor takes away: pictures, numbers, and a link that makes them again.

import { el, Part } from '../html.js';

/** @import { State } from '../state.js' */

const KINDS = [
  ['frame', 'Frame, PNG', 'The picture in the middle, pixel for pixel'],
  ['strip', 'Strip, PNG', 'Every step reached, side by side'],
  [
    'trajectory',
    'Trajectory, .npy',
    'All steps as numbers: [steps + 1, C, H, W], 32-bit floats in the model’s range',
  ],
  ['times', 'Times, .npy', 'The times of the trajectory’s steps'],
];

/** Enabled once `state.walk` has pictures that can be made into files. */
export class Keep extends Part {
  connectedCallback() {
    if (this.firstChild) return;
    this.buttons = KINDS.map(([kind, label, title]) =>
      el(
        'button',
        {
          type: 'button',
          class: 'secondary',
          disabled: true,
          title,
          'data-keep': kind,
          on: { click: () => this.intend('keep', { kind }) },
        },
        label,
      ),
    );
    this.link = el(
      'button',
      {
        type: 'button',
        class: 'secondary',
        'data-keep': 'link',
        title: 'The link holds everything, your own crop included; anyone with the link has the crop',
        on: { click: () => this.intend('copy-link') },
      },
      'Copy link',
    );
    this.append(...this.buttons, this.link);
  }

  /** @param {State} state */
  update({ walk, link, recipe, phase }) {
    // Of a recording only the network can make files, so it walks it first.
    const ready = walk && (!walk.recorded || phase === 'ready');
    for (const button of this.buttons) button.disabled = !ready;
    this.link.disabled = !link;
    this.link.title =
      recipe?.control === 'upload'
        ? 'A link that makes this picture again, your own crop included'
        : 'A link that makes this picture again';
  }
}
