// One sentence at a time about what happened, with a way on where there is one. Read out politely by
// assistive technology.

import { el, Part } from '../html.js';
import { phrase } from '../words.js';

/** @import { State } from '../state.js' */

/**
 * Shows `state.notice`: `{ kind: 'info'|'warning'|'trouble', sentence, actions: [{ label, intent, ... }] }`
 * or null.
 */
export class Notice extends Part {
  connectedCallback() {
    this.setAttribute('role', 'status');
    this.setAttribute('aria-live', 'polite');
  }

  /** @param {State} state */
  update({ notice }) {
    if (!this.changed('notice', notice)) return;
    this.className = notice ? notice.kind : '';
    if (!notice) {
      this.replaceChildren();
      return;
    }
    const actions = (notice.actions ?? []).map(({ label, intent, ...detail }) =>
      el('button', { type: 'button', on: { click: () => this.intend(intent, detail) } }, label),
    );
    this.replaceChildren(
      el('p', { class: 'sentence' }, notice.sentence),
      ...actions,
      el(
        'button',
        {
          type: 'button',
          class: 'quiet',
          'aria-label': phrase('notice.dismiss_message'),
          on: { click: () => this.intend('dismiss') },
        },
        '×',
      ),
    );
  }
}
