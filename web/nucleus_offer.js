// The nuclei found in an uploaded image, as rings on the picture and as two buttons that go from one to the
// next.

import { shape } from './chart.js';
import { about } from './crop_place.js';
import { el } from './html.js';
import { beside, chosenSentence, foundSentence, howSentence, nucleusAt, ringPath } from './nuclei.js';
import { phrase } from './words.js';

/** @import { Channel, Crop, Nucleus, Upload } from './protocol.js' */
/** @import { Offered } from './nuclei.js' */
/** @import { Point } from './lens.js' */

export class NucleusOffer {
  #chosen;
  /** @type {Upload} */
  #upload;
  /** @type {Nucleus[]} */
  #nuclei = [];
  /**
   * The place of the nucleus that was chosen last.
   * @type {number | null}
   */
  #index = null;
  /** @type {Offered | null} */
  #offered = null;

  /** @param {(crop: Crop) => void} chosen called with the crop about a nucleus */
  constructor(chosen) {
    this.#chosen = chosen;
    const button = (words, name, by) => el('button', {
      type: 'button', class: 'chip', 'data-do': name,
      on: { click: () => this.choose(beside(this.#nuclei.length, this.#index, by)) },
    }, words);
    this.previous = button(phrase('nucleus_offer.previous_nucleus'), 'previous-nucleus', -1);
    this.next = button(phrase('nucleus_offer.next_nucleus'), 'next-nucleus', 1);
    this.status = el('p', { role: 'status', class: 'nucleus' });
    this.how = el('p', { class: 'hint' });
    this.element = el(
      'div',
      {
        class: 'nuclei', role: 'group', hidden: true,
        'aria-label': phrase('nucleus_offer.nuclei_found_image'),
      },
      el('div', { class: 'closer' }, this.previous, this.next),
      this.status,
      this.how,
    );
    const rings = ['halo', 'ring', 'halo current', 'ring current'].map((kind) => shape('path', {
      class: kind, 'vector-effect': 'non-scaling-stroke',
    }));
    this.rings = shape('svg', { class: 'rings', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
    this.rings.append(...rings);
    this.paths = { all: rings.slice(0, 2), current: rings.slice(2) };
  }

  /**
   * What is known of the nuclei of an upload, and which one its crop is on.
   * @param {Upload} upload
   * @param {Offered | null} offered
   * @param {Channel[]} channels
   */
  show(upload, offered, channels) {
    this.#upload = upload;
    if (offered !== this.#offered) this.#take(upload, offered);
    // A bundle that names no channel of nuclei has no offer.
    const names = offered && !('channel' in offered && offered.channel === null);
    this.element.hidden = !names;
    if (!names) return;
    const current = this.#index !== null && this.#isOn(this.#index) ? this.#index : null;
    const ring = current === null ? '' : ringPath([this.#nuclei[current]], upload);
    for (const path of this.paths.current) path.setAttribute('d', ring);
    const words = current === null
      ? foundSentence(offered, 'channel' in offered ? channels[offered.channel].name : '')
      : chosenSentence(this.#nuclei, current);
    // The same words again would be read aloud again.
    if (this.status.textContent !== words) this.status.textContent = words;
  }

  /**
   * The nucleus that a tap is on.
   * @param {Point} point in pixels of the image
   * @param {number} scale pixels of the image per CSS pixel
   */
  at(point, scale) {
    return nucleusAt(this.#nuclei, point, scale);
  }

  /**
   * Centres the crop on a nucleus.
   * @param {number} index
   */
  choose(index) {
    this.#index = index;
    this.#chosen(this.#about(index));
  }

  /**
   * @param {Upload} upload
   * @param {Offered | null} offered
   */
  #take({ width, height, ...upload }, offered) {
    this.#offered = offered;
    this.#index = null;
    this.#nuclei = offered && 'listed' in offered && offered.key === upload.key ? offered.listed : [];
    this.rings.setAttribute('viewBox', `0 0 ${width} ${height}`);
    const rings = ringPath(this.#nuclei, { width, height });
    for (const path of this.paths.all) path.setAttribute('d', rings);
    for (const path of this.paths.current) path.setAttribute('d', '');
    for (const button of [this.previous, this.next]) button.disabled = !this.#nuclei.length;
    this.how.textContent = offered ? howSentence(offered) : '';
    this.how.hidden = !this.how.textContent;
  }

  /** The crop about a nucleus, as far as the image goes. */
  #about(index) {
    const { x, y } = this.#nuclei[index];
    return about(this.#upload, { middle: [x, y] });
  }

  #isOn(index) {
    const wanted = this.#about(index);
    const { crop } = this.#upload;
    return crop.x === wanted.x && crop.y === wanted.y;
  }
}
