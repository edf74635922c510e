// Each visible channel alone, side by side: the start in grey, the step in view below it, and below that the
// map of the change that is chosen, in colours from less to more.

import { el, Part } from '../html.js';
import * as figures from '../figures.js';
import { captionOf, drawnIn } from '../map_words.js';
import { paint } from '../pixels.js';
import { stamp } from './stage.js';
import { phrase } from '../words.js';

/** @import { DrawnMap } from '../protocol.js' */
/** @import { State } from '../state.js' */

/** Shows the panels of `state.look` while `state.panels` is on. */
export class GreyPanels extends Part {
  connectedCallback() {
    if (this.firstChild) return;
    this.hidden = true;
    this.hint = el('p', { class: 'hint', role: 'status', hidden: true });
    this.rows = el('div', { class: 'panel-rows' });
    this.map = el('div', { class: 'panel-rows', hidden: true });
    this.append(this.hint, this.rows, this.map);
  }

  /** @param {State} state */
  update(state) {
    const { panels, walk, phase, look } = state;
    this.hidden = !panels;
    if (!panels) return;
    const waits = Boolean(walk?.recorded) && phase !== 'ready';
    const none = look?.panels?.length === 0;
    this.hint.hidden = !waits && !none;
    this.hint.textContent = waits
      ? phrase('grey_panels.recorded_walk_view_no')
      : phrase('grey_panels.every_channel_switched_off');
    this.rows.hidden = waits;
    this.#drawMap(state, waits ? null : drawnIn(state));
    // A picture is told by its step, and another look is another object.
    if (!walk?.steps[look?.at] || walk.recorded || !look.panels || !this.changed('look', look)) return;
    this.#draw(state);
  }

  /** @param {State} state */
  #draw({ look, channels, walk, start }) {
    const { panels, at } = look;
    const names = panels.map(({ channel }) => channels[channel].name);
    if (this.changed('names', names.join('\n'))) {
      this.pictures = { start: this.#row('start', names), now: this.#row('now', names) };
      this.rows.replaceChildren(this.pictures.start.row, this.pictures.now.row);
    }
    const { words, generated } = stamp(walk, at, start);
    const now = phrase('grey_panels.now_t', { time: figures.time(walk.steps[at].time) });
    const titles = { start: start?.title ?? phrase('shared.start_2'), now };
    for (const which of /** @type {const} */ (['start', 'now'])) {
      const { title, canvases } = this.pictures[which];
      title.textContent = titles[which];
      for (const [index, canvas] of canvases.entries()) {
        paint(canvas, panels[index][which]);
        canvas.setAttribute('aria-label', phrase('grey_panels.alone_grey', {
          titles: titles[which], names: names[index],
        }));
      }
    }
    this.pictures.now.stamp.textContent = words;
    this.pictures.now.stamp.classList.toggle('generated', generated);
  }

  /**
   * @param {State} state
   * @param {DrawnMap | null} drawn
   */
  #drawMap(state, drawn) {
    this.map.hidden = !drawn?.panels.length;
    if (this.map.hidden || !this.changed('drawn', drawn)) return;
    const names = drawn.panels.map(({ channel }) => state.channels[channel].name);
    if (this.changed('mapped', names.join('\n'))) {
      this.mapped = this.#row('map', names);
      this.map.replaceChildren(this.mapped.row);
    }
    const { title, note, stamp: said, generated } = captionOf(state, drawn);
    const { canvases } = this.mapped;
    this.mapped.title.textContent = `${title}, ${note.split(';')[0]}`;
    for (const [index, canvas] of canvases.entries()) {
      paint(canvas, drawn.panels[index].picture);
      canvas.setAttribute('aria-label', phrase('grey_panels.alone', {
        what: this.mapped.title.textContent, names: names[index],
      }));
    }
    this.mapped.stamp.textContent = said;
    this.mapped.stamp.classList.toggle('generated', generated);
  }

  #row(which, names) {
    const [title, note] = [el('span', { class: 'title' }), el('span', { class: 'stamp' })];
    const canvases = names.map((name) =>
      el('canvas', { width: 1, height: 1, role: 'img', 'data-panel': `${which} ${name}` }));
    const figure = (canvas, index) => {
      const pane = el('div', { class: 'pane' }, canvas);
      return el('figure', { class: 'panel' }, pane, el('figcaption', {}, names[index]));
    };
    const row = el(
      'div',
      { class: 'panel-row' },
      el('p', { class: 'panel-title' }, title, ' ', note),
      el('div', { class: 'panes' }, ...canvases.map(figure)),
    );
    return { row, title, stamp: note, canvases };
  }
}
