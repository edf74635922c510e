// A walk that was pinned, beside the one in view: it shows its own picture at the time that is in view, and
// what the walk in view has changed since, in words.

import * as figures from '../figures.js';
import { el, inside, Part } from '../html.js';
import { wholeMultiple } from '../lens.js';
import { linkAt, takesCropAlong } from '../link_at.js';
import { momentOf, stepAt } from '../linked_time.js';
import { paint } from '../pixels.js';
import { differences } from '../recipe_words.js';
import { stamp } from './stage.js';
import { phrase } from '../words.js';

/** @import { Pinned, State } from '../state.js' */

const timesOf = ({ steps }) => steps.map(({ time }) => time);

/** Shows `state.pin` beside `state.walk` at `state.cursor`. */
export class PinnedWalk extends Part {
  connectedCallback() {
    if (this.firstChild) return;
    const button = (words, intent, about) =>
      el('button', { type: 'button', class: 'chip', 'data-do': intent, title: about,
        on: { click: () => this.intend(intent) } }, words);
    this.canvas = el('canvas', { width: 1, height: 1, role: 'img', 'data-view': 'pinned' });
    this.frame = el('div', { class: 'pinned-frame' }, this.canvas);
    this.room = el('div', {}, this.frame);
    this.named = el('span', { class: 'title' });
    this.note = el('span', { class: 'note' });
    this.stamp = el('span', { class: 'stamp' });
    this.film = el('div', { class: 'film', role: 'group', 'aria-label': phrase('pinned.steps_pinned_walk') });
    this.list = el('ul', { class: 'lines differences', 'data-pinned': 'differences' });
    this.link = el('a', {}, phrase('pinned.link_walk'));
    this.append(
      el('figure', { class: 'view pinned' },
        this.room,
        el('figcaption', {}, this.named, this.note, this.stamp)),
      this.film,
      el('p', { class: 'hint' }, phrase('pinned.now_beside')), this.list,
      el('p', { class: 'hint' },
        phrase('pinned.shows_last_step_not'), this.link),
      el('div', { class: 'closer' },
        button(phrase('pinned.swap'), 'swap', phrase('pinned.pinned_walk_comes_into')),
        button(phrase('pinned.unpin'), 'unpin', phrase('pinned.takes_pinned_walk_away'))));
    this.hidden = true;
    new ResizeObserver(() => this.#fit()).observe(this.room);
  }

  /** Every pixel of the picture as a whole number of the screen's. */
  #fit() {
    if (this.canvas.width > 1) {
      this.frame.style.width = `${wholeMultiple(this.canvas.width, this.room.clientWidth)}px`;
    }
  }

  /** @param {State} state */
  update(state) {
    const { pin, walk, cursor, recipe } = state;
    this.hidden = !pin;
    if (!pin || !walk || !recipe) return;
    const other = this.changed('pin', pin);
    if (other) this.#build(pin);
    if (this.changed('recipe', recipe) || other) this.#differ(state);
    const at = stepAt(timesOf(pin.walk), momentOf(walk.times ?? timesOf(walk), cursor));
    if (this.changed('at', at) || other) this.#show(pin, at);
  }

  /** @param {Pinned} pin */
  #build({ walk, name }) {
    this.named.replaceChildren(phrase('pinned.pinned'), el('bdi', {}, name));
    const times = timesOf(walk);
    this.film.replaceChildren(...walk.steps.map(({ time, now }, step) => {
      const canvas = el('canvas', { width: 1, height: 1, 'aria-hidden': 'true' });
      paint(canvas, now);
      return el('button', {
        type: 'button', class: 'still', tabindex: '-1',
        'aria-label': phrase('pinned.pinned_step_t', { step, time: figures.time(time) }),
        on: { click: () => this.intend('goto-moment', { moment: momentOf(times, step) }) },
      }, canvas);
    }));
  }

  /** @param {State} state */
  #differ({ pin, recipe, compounds, samples, examples }) {
    const words = differences(pin.recipe, recipe, { compounds, samples, examples });
    const all = words.length ? words : [phrase('pinned.nothing_differs')];
    this.list.replaceChildren(...all.map((each) => el('li', {}, el('bdi', {}, each))));
  }

  /**
   * @param {Pinned} pin
   * @param {number} at
   */
  #show({ walk, start, link, name }, at) {
    const step = walk.steps[at];
    paint(this.canvas, step.now);
    if (this.changed('size', this.canvas.width)) this.#fit();
    const { generated, words } = stamp(walk, at, start);
    const where = `t = ${figures.time(step.time)}`;
    this.note.textContent = [where, start.note].filter(Boolean).join(', ');
    this.stamp.textContent = words;
    this.stamp.classList.toggle('generated', generated);
    this.canvas.dataset.step = String(at);
    this.canvas.setAttribute('aria-label', phrase('pinned.pinned_2', { name, where, words }));
    this.film.querySelector('[aria-current]')?.removeAttribute('aria-current');
    inside(this.film)[at]?.setAttribute('aria-current', 'step');
    this.#lead(linkAt(link, at));
  }

  /** A link that holds the visitor's crop is made only by “Copy link”. */
  #lead(link) {
    this.link.hidden = takesCropAlong(link);
    const host = /** @type {ShadowRoot} */ (this.getRootNode()).host;
    const address = new URL(host.getAttribute('address') ?? location.href, location.href);
    address.hash = this.link.hidden ? '' : link;
    this.link.href = address.href;
  }
}
