// The microscope's view: where the walk started, where it is now, and what changed, side by side.

import { el, Part } from '../html.js';
import { ChangeScale } from '../change_scale.js';
import * as figures from '../figures.js';
import { isolated } from '../isolated.js';
import { Lens, wholeMultiple } from '../lens.js';
import { paint } from '../pixels.js';
import { UNSEEN } from '../state.js';

/** @import { State } from '../state.js' */

const GENERATED = 'Generated, not measured';

/** A compound that was typed, as far as batches are concerned. */
const TYPED = { id: null, batches: [], control: false };

/** What the picture of a step is. */
export function stampOf(cursor, walk, start) {
  if (cursor > 0) return GENERATED;
  if (start?.kind === 'noise') return 'Noise: no cell is in it';
  return walk.noised ? 'The start with source noise' : 'The start, unchanged';
}

/** Shows `state.walk` at `state.cursor`: three pictures, and the channels that can be switched off. */
export class Stage extends Part {
  connectedCallback() {
    if (this.firstChild) return;
    this.start = view('start', 'Start');
    this.now = view('now', 'Now');
    this.difference = view('difference', 'Difference');
    this.changeScale = new ChangeScale();
    this.difference.caption.append(this.changeScale.element);
    this.noise = el('p', { class: 'explained', hidden: true });
    this.channels = el('div', { class: 'channels', role: 'group', 'aria-label': 'Channels shown' });
    this.smooth = el(
      'button',
      {
        type: 'button',
        class: 'chip',
        'aria-pressed': 'false',
        title: 'Smooth the enlargement; off shows the pixels as they are',
        on: { click: () => this.intend('smooth') },
      },
      'Smooth',
    );
    this.#buildLens();
    this.batch = el('p', { class: 'batch-note', hidden: true });
    this.dark = el(
      'p',
      { class: 'hint dark', role: 'status', hidden: true },
      'Every channel is switched off, so the pictures are black.',
    );
    this.append(
      el('div', { class: 'views' }, this.start.figure, this.now.figure, this.difference.figure),
      this.batch, this.noise, this.dark,
      el('div', { class: 'shown' }, this.channels, this.closer, this.smooth, this.large),
    );
  }

  /** All three pictures show the same part of the cell, as large as there is room. */
  #buildLens() {
    const frames = [this.start, this.now, this.difference].map((view) => view.frame);
    const resized = new ResizeObserver(() => this.#fit());
    for (const frame of frames) resized.observe(frame.parentElement);
    const button = (label, name, does) => {
      const about = { type: 'button', class: 'chip', 'aria-label': name, title: name };
      return el('button', { ...about, on: { click: does } }, label);
    };
    const out = button('−', 'See more of the cell', () => this.lens.farther());
    const near = button('+', 'Look closer; then drag to move', () => this.lens.nearer());
    const all = button('1 : 1', 'The whole cell', () => this.lens.whole());
    this.closer = el('div', { class: 'closer', role: 'group', 'aria-label': 'Closer look' }, out, near, all);
    const enlarged = 'Pictures as large as the window; Escape goes back';
    this.large = button('Enlarge', enlarged, () => this.#enlarge());
    this.large.setAttribute('aria-pressed', 'false');
    this.lens = new Lens(
      frames,
      (zoom) => {
        out.disabled = zoom === 1;
        all.disabled = zoom === 1;
        this.classList.toggle('close', zoom > 1);
      },
      () => this.#enlarge(),
    );
    this.lens.whole();
  }

  /** Every pixel of a crop as a whole number of the screen's. */
  #fit() {
    for (const { room, frame, canvas } of [this.start, this.now, this.difference]) {
      if (canvas.width <= 1) continue;
      // The room keeps the pictures' shape, so that nothing below moves when they come.
      room.style.aspectRatio = String(canvas.width / canvas.height);
      frame.style.width = `${wholeMultiple(canvas.width, room.clientWidth)}px`;
    }
  }

  /** The walk fills the window, or goes back to its place. */
  #enlarge() {
    const card = /** @type {HTMLElement} */ (this.closest('.card'));
    const large = card.classList.toggle('large');
    this.large.setAttribute('aria-pressed', String(large));
    // A container of sizes would keep what is fixed inside itself.
    /** @type {ShadowRoot} */ (this.getRootNode()).host.toggleAttribute('large', large);
    const back = (event) => {
      if (event.key !== 'Escape' || !card.classList.contains('large')) return;
      this.#enlarge();
      this.large.focus();
    };
    if (large) {
      this.back = back;
      this.scrolled = scrollY;
      addEventListener('keydown', back);
    } else {
      removeEventListener('keydown', this.back);
      this.lens.whole();
      // The page was shorter meanwhile.
      scrollTo(scrollX, this.scrolled);
    }
  }

  disconnectedCallback() {
    removeEventListener('keydown', this.back);
  }

  /** @param {State} state */
  update(state) {
    const { walk, cursor, channels, visible, smooth, legend } = state;
    if (channels && this.changed('channels', channels)) this.#buildChannels(channels);
    if (channels && this.changed('legend', legend)) this.changeScale.show(legend);
    if (channels && this.changed('visible', visible)) this.#press(visible);
    this.#compareBatches(state);
    if (this.changed('smooth', smooth)) {
      this.classList.toggle('smooth', smooth);
      this.smooth.setAttribute('aria-pressed', String(smooth));
    }
    const step = walk?.steps[cursor];
    const [moved, other] = [this.changed('step', step), this.changed('walk', walk)];
    if (!moved && !other) return;
    this.#show(state, step);
  }

  /**
   * Whether a difference from real treated cells could be the batch's, or whether there is no cell at all
   * behind the picture.
   * @param {State} state
   */
  #compareBatches({ start, compounds, recipe, compoundName }) {
    const typed = Boolean(recipe?.smiles);
    const compound = typed ? TYPED : compounds?.find(({ id }) => id === recipe?.compound);
    const slice = [start?.kind, start?.batch, start?.synthetic, compound?.id, compoundName].join();
    if (!this.changed('batches', slice)) return;
    const [kind, sentence] = start && compound ? batchNote(start, compound, compoundName) : ['', ''];
    this.batch.textContent = sentence;
    this.batch.hidden = !sentence;
    this.batch.dataset.batch = kind;
  }

  /** @param {State} state */
  #show({ walk, cursor, visible, start, recipe, compoundName }, step) {
    paint(this.start.canvas, walk?.start);
    paint(this.now.canvas, step?.now);
    paint(this.difference.canvas, step?.difference);
    if (this.changed('size', this.now.canvas.width)) this.#fit();
    const reverse = recipe?.direction === 'reverse';
    const taken =
      start?.kind === 'control' ? 'taken as t = 1, though no treatment was given to it' : 'taken as t = 1';
    const note = [start?.note, reverse && taken].filter(Boolean).join(', ');
    const typed = Boolean(recipe?.smiles);
    for (const { unseen } of [this.now, this.difference]) unseen.hidden = !typed;
    const never = typed ? ` The compound was ${UNSEEN}.` : '';
    this.start.title.textContent = start?.title ?? 'Start';
    this.start.note.textContent = note;
    const explained = walk?.noised ? noiseSentence(start, recipe) : '';
    if (this.changed('noise', explained)) this.noise.textContent = explained;
    this.noise.hidden = !explained;
    if (!step) return;
    const generated = cursor > 0 || walk.noised || start?.kind === 'noise';
    const where = `t = ${figures.time(step.time)}`;
    this.now.title.textContent = 'Now';
    const under = recipe?.alpha === 0 ? 'no compound (α = 0)' : compoundName;
    this.now.note.textContent = `${where}${under ? `, ${under}` : ''}`;
    this.now.stamp.textContent = stampOf(cursor, walk, start);
    this.now.stamp.classList.toggle('generated', generated);
    const alone = visible?.filter(Boolean).length === 1;
    const size = step.change === undefined ? '' : `; ${step.change.toFixed(3)} on average`;
    this.difference.note.textContent = alone
      ? `red is more, blue less${size}`
      : `grey is no change${size}`;
    this.difference.note.title =
      'Now − start. On average: root mean square over all pixels and channels; the model’s range is −1 to 1';
    const moved = cursor > 0 ? GENERATED : 'No change yet';
    this.difference.stamp.textContent = moved;
    this.difference.stamp.classList.toggle('generated', cursor > 0);
    this.start.canvas.setAttribute(
      'aria-label',
      note ? `${this.start.title.textContent}: ${note}` : this.start.title.textContent,
    );
    this.now.canvas.setAttribute('aria-label', `Now, ${where}. ${this.now.stamp.textContent}.${never}`);
    this.difference.canvas.setAttribute(
      'aria-label',
      `Difference between now and the start, ${where}. ${moved}.${never}`,
    );
  }

  #buildChannels(channels) {
    this.channels.replaceChildren(...channels.map((channel, index) => {
      const dot = el('span', { class: 'dot', 'aria-hidden': 'true' });
      dot.style.setProperty('--dot', channel.colour);
      return el(
        'button',
        {
          type: 'button',
          class: 'chip',
          'aria-pressed': 'true',
          'data-channel': channel.name,
          title: channel.stain || channel.name,
          on: { click: () => this.intend('channel', { index }) },
        },
        dot,
        channel.name,
      );
    }));
  }

  #press(visible) {
    this.dark.hidden = visible.some(Boolean);
    for (const [index, chip] of [...this.channels.children].entries()) {
      chip.setAttribute('aria-pressed', String(visible[index]));
    }
  }
}

/**
 * What the noise of the first picture is, and that the difference leaves it out: it is taken from the start
 * with the share of the noise that the straight path still holds (`PreparedWalk::reference_at`).
 */
function noiseSentence(start, recipe) {
  const from = start?.kind === 'upload' ? 'your image' : 'the control';
  const level = recipe?.noise === undefined ? '' : ` of level ${recipe.noise}`;
  return `The walk starts from ${from} with noise${level} added, which the network takes away on the way: `
    + 'one control can become many cells. “Difference” leaves that noise out.';
}

/**
 * What is known of the start's batch and the compound's, as a kind and a sentence. Cells of two batches
 * differ without any treatment (docs/bundle-format.md, `batches`).
 */
function batchNote({ kind, synthetic, batch }, compound, name = 'this compound') {
  const { batches, control } = compound;
  if (kind === 'noise') {
    return ['noise', 'This flow starts from noise: there is no control that the end could be compared with.'];
  }
  if (synthetic) {
    const real = control ? 'untreated cells become' : `${name} does to cells`;
    return [
      'drawn',
      `The start is drawn by a program: the walk shows what the network does to a drawing, not what ${real}.`,
    ];
  }
  if (compound === TYPED) {
    return [
      'unseen',
      `No real cells measured: ${name} was typed. The network has never seen it, so there is nothing `
        + 'that this walk could be compared with.',
    ];
  }
  if (kind === 'upload') {
    return [
      'unknown',
      'Batch unknown: nothing says of which batch your image is, so part of any difference from measured '
        + 'cells may be the batch’s.',
    ];
  }
  const whose = control ? 'the untreated cells' : `the cells treated with ${name}`;
  if (!batch || !batches.length) {
    const missing = batch
      ? `of ${whose}`
      : batches.length
        ? 'of the start'
        : `of the start, nor that of ${whose}`;
    return [
      'unknown',
      `Batch unknown: the bundle does not say the batch ${missing}, so part of any difference from measured `
        + 'cells may be the batch’s.',
    ];
  }
  if (batches.includes(batch)) {
    if (batches.length === 1) {
      return ['same', `Same batch: the start and ${whose} are of ${isolated(batch)}.`];
    }
    const others = batches.length === 2 ? 'one other batch' : `${batches.length - 1} other batches`;
    return [
      'same',
      `Same batch: the start is of ${isolated(batch)}, as are some of ${whose}; the others are of ${others}.`,
    ];
  }
  return [
    'other',
    `Another batch: the start is of ${isolated(batch)}, ${whose} are of ${listed(batches.map(isolated))}. `
      + 'Part of any difference from measured cells is the batch’s.',
  ];
}

function listed(names) {
  return names.length <= 4
    ? names.join(', ')
    : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;
}

function view(name, heading) {
  const title = el('span', { class: 'title' }, heading);
  const note = el('span', { class: 'note' });
  const stamp = el('span', { class: 'stamp' });
  const unseen = el('span', { class: 'never', 'data-unseen': name, hidden: true }, UNSEEN);
  const canvas = el('canvas', { width: 1, height: 1, role: 'img', 'data-view': name, 'aria-label': heading });
  const caption = el('figcaption', {}, title, note, stamp, unseen);
  const frame = el(
    'div',
    {
      class: 'frame',
      tabindex: '0',
      role: 'group',
      'aria-label': `${heading}: Enter enlarges, plus and minus zoom, arrows move`,
    },
    canvas,
  );
  const room = el('div', { class: 'room' }, frame);
  return {
    title,
    note,
    stamp,
    unseen,
    canvas,
    frame,
    room,
    caption,
    figure: el('figure', { class: `view ${name}` }, room, caption),
  };
}
