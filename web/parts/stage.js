// The microscope's view: where the walk started, where it is now, and what changed, side by side.

import { el, Part } from '../html.js';
import * as figures from '../figures.js';
import { paint } from '../pixels.js';

const GENERATED = 'Generated, not measured';

/** Shows `state.walk` at `state.cursor`: three pictures, and the channels that can be switched off. */
export class Stage extends Part {
  connectedCallback() {
    if (this.firstChild) return;
    this.start = view('start', 'Start');
    this.now = view('now', 'Now');
    this.difference = view('difference', 'Difference');
    this.channels = el('div', { class: 'channels', role: 'group', 'aria-label': 'Channels shown' });
    this.smooth = el('button', {
      type: 'button', class: 'chip', 'aria-pressed': 'false', title: 'Smooth the enlargement; off shows the pixels as they are',
      on: { click: () => this.intend('smooth') },
    }, 'Smooth');
    this.append(
      el('div', { class: 'views' }, this.start.figure, this.now.figure, this.difference.figure),
      el('div', { class: 'shown' }, this.channels, this.smooth),
    );
  }

  update(state) {
    const { walk, cursor, channels, visible, smooth } = state;
    if (channels && this.changed('channels', channels)) this.#buildChannels(channels);
    if (channels && this.changed('visible', visible)) this.#press(visible);
    if (this.changed('smooth', smooth)) {
      this.classList.toggle('smooth', smooth);
      this.smooth.setAttribute('aria-pressed', String(smooth));
    }
    const step = walk?.steps[cursor];
    const [moved, other] = [this.changed('step', step), this.changed('walk', walk)];
    if (!moved && !other) return;
    this.#show(state, step);
  }

  #show({ walk, cursor, visible, startLabel, reverse, compoundName }, step) {
    paint(this.start.canvas, walk?.start);
    paint(this.now.canvas, step?.now);
    paint(this.difference.canvas, step?.difference);
    this.start.title.textContent = reverse ? 'Treated' : 'Control';
    this.start.note.textContent = startLabel ?? '';
    if (!step) return;
    const generated = cursor > 0 || walk.noised;
    const where = `t = ${figures.time(step.time)}`;
    this.now.title.textContent = 'Now';
    this.now.note.textContent = `${where}${compoundName ? `, ${compoundName}` : ''}`;
    this.now.stamp.textContent = cursor > 0 ? GENERATED : walk.noised ? 'Control with source noise' : 'The start, unchanged';
    this.now.stamp.classList.toggle('generated', generated);
    const alone = visible?.filter(Boolean).length === 1;
    this.difference.note.textContent = alone ? 'now − start: red is more, blue less, white no change' : 'now − start: grey is no change';
    this.difference.stamp.textContent = GENERATED;
    this.difference.stamp.classList.toggle('generated', true);
    this.start.canvas.setAttribute('aria-label', `${this.start.title.textContent}: ${startLabel ?? ''}`);
    this.now.canvas.setAttribute('aria-label', `Now, ${where}. ${this.now.stamp.textContent}.`);
    this.difference.canvas.setAttribute('aria-label', `Difference between now and the start, ${where}. ${GENERATED}.`);
  }

  #buildChannels(channels) {
    this.channels.replaceChildren(...channels.map((channel, index) => {
      const dot = el('span', { class: 'dot', 'aria-hidden': 'true' });
      dot.style.setProperty('--dot', channel.colour);
      return el('button', {
        type: 'button', class: 'chip', 'aria-pressed': 'true', 'data-channel': channel.name, title: channel.stain || channel.name,
        on: { click: () => this.intend('channel', { index }) },
      }, dot, channel.name);
    }));
  }

  #press(visible) {
    for (const [index, chip] of [...this.channels.children].entries()) chip.setAttribute('aria-pressed', String(visible[index]));
  }
}

function view(name, heading) {
  const title = el('span', { class: 'title' }, heading);
  const note = el('span', { class: 'note' });
  const stamp = el('span', { class: 'stamp' });
  const canvas = el('canvas', { width: 1, height: 1, role: 'img', 'data-view': name, 'aria-label': heading });
  return {
    title, note, stamp, canvas,
    figure: el('figure', { class: `view ${name}` }, canvas, el('figcaption', {}, title, note, stamp)),
  };
}
