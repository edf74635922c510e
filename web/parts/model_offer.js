// The offer to load a model that is too large to be fetched unasked.

import { el, Part } from '../html.js';
import * as figures from '../figures.js';
import { phrase } from '../words.js';

/** @import { State } from '../state.js' */

/** Shows `state.download` where it waits for the visitor. */
export class ModelOffer extends Part {
  connectedCallback() {
    if (this.firstChild) return;
    this.offer = el('div', { class: 'offer', hidden: true });
    this.append(this.offer);
  }

  /** @param {State} state */
  update(state) {
    this.offer.hidden = !(state.manifest && state.phase === 'offered');
    if (!this.offer.hidden) this.#showOffer(state);
  }

  /** @param {State} state */
  #showOffer({ download, manifest }) {
    if (!this.changed('offer', download?.total ?? 0)) return;
    const size = figures.bytes(download.total);
    const estimate = download.estimate ? phrase('model_offer.about', {
      estimate: figures.duration(download.estimate),
    }) : '';
    this.offer.replaceChildren(
      el(
        'p',
        {},
        phrase('model_offer.network_parameters_download', {
          parameters: figures.count(manifest.parameters), size, estimate,
        }),
      ),
      el(
        'button',
        { type: 'button', class: 'primary', on: { click: () => this.intend('load') } },
        phrase('model_offer.load_model', { size }),
      ),
    );
  }
}
