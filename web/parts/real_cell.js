// A cell of the bundle next to the prediction, in the same colours and windows and as large: one of the
// compound's, rather of the walk's dose and of the start's plate or batch. What it is stands below it.

import { el, Part } from '../html.js';
import { wholeMultiple } from '../lens.js';
import { paint } from '../pixels.js';
import { cellsShown } from '../showing_real.js';
import { phrase } from '../words.js';

/** @import { State } from '../state.js' */

/** Shows the cell of `state.real` while that is open and the bundle has one of the compound. */
export class RealCellBeside extends Part {
  connectedCallback() {
    if (this.firstChild) return;
    this.canvas = el('canvas', { width: 1, height: 1, role: 'img', 'data-view': 'real' });
    this.frame = el('div', { class: 'real-frame' }, this.canvas);
    this.room = el('div', { class: 'room' }, this.frame);
    this.named = el('span', { class: 'title' });
    this.note = el('span', { class: 'note' });
    this.stamp = el('span', { class: 'stamp' });
    this.failed = el('span', { class: 'note warns', role: 'status' });
    this.next = el('button', {
      type: 'button', class: 'chip', 'data-do': 'real-next', on: { click: () => this.intend('real-next') },
    }, phrase('real_cell.another_cell'));
    this.append(el('figure', { class: 'view real' }, this.room,
      el('figcaption', {}, this.named, this.note, this.stamp, this.failed, this.next)));
    this.hidden = true;
    new ResizeObserver(() => this.#fit()).observe(this.room);
  }

  /** Every pixel as a whole number of the screen's, as in the pictures beside it. */
  #fit() {
    const { width, height } = this.canvas;
    if (width <= 1) return;
    this.room.style.aspectRatio = String(width / height);
    this.frame.style.width = `${wholeMultiple(width, this.room.clientWidth)}px`;
  }

  /** @param {State} state */
  update(state) {
    const { real } = state;
    const { cells, at } = cellsShown(state);
    this.hidden = !real.open || !cells.length;
    if (this.hidden) return;
    if (this.changed('picture', real.picture)) {
      paint(this.canvas, real.picture ?? undefined);
      this.#fit();
    }
    const { tile, words } = cells[at];
    const of = cells.length > 1 ? phrase('real_cell.of', { at: at + 1, length: cells.length }) : '';
    const failed = real.failed ?? '';
    if (!this.changed('words', [tile.id, words, of, failed].join('\n'))) return;
    this.named.textContent = tile.synthetic ? phrase('shared.drawn') : phrase('shared.real');
    this.note.textContent = [tile.note, of].filter(Boolean).join(', ');
    this.stamp.textContent = phrase('real_cell.not_generated', { words });
    this.failed.textContent = failed;
    this.next.hidden = cells.length < 2;
    this.canvas.dataset.cell = tile.id;
    this.canvas.setAttribute('aria-label', phrase('real_cell.not_generated_2', { note: tile.note, words }));
  }
}
