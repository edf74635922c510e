// The microscope's view: where the walk started, where it is now, and what changed, side by side.

import { natureOf } from '../finding.js';
import { el, Part } from '../html.js';
import { ChangeScale } from '../change_scale.js';
import * as figures from '../figures.js';
import { Lens, wholeMultiple } from '../lens.js';
import { wordsFor } from '../perturbations.js';
import { averageWords, captionOf, drawnIn } from '../map_words.js';
import { paint } from '../pixels.js';
import { inWords, roundLength } from '../scale.js';
import { cellsShown } from '../showing_real.js';
import { answerOf, UNSEEN } from '../state.js';
import { batchNote, effectSentence, noiseSentence, TYPED } from './walk_sentences.js';
import { phrase } from '../words.js';

/** @import { DrawnMap } from '../protocol.js' */
/** @import { State } from '../state.js' */

const GENERATED = phrase('shared.generated_not_measured');

/** Shows `state.walk` at `state.cursor`: three pictures, and the channels that can be switched off. */
export class Stage extends Part {
  connectedCallback() {
    if (this.firstChild) return;
    this.start = view('start', phrase('shared.start_2'));
    this.now = view('now', phrase('stage.now'));
    this.difference = view('difference', phrase('stage.change'));
    this.changeScale = new ChangeScale();
    this.difference.title.replaceWith(document.createElement('cellflux-map'));
    this.difference.caption.append(this.changeScale.element);
    this.noise = el('p', { class: 'explained', hidden: true });
    this.channels = el('div', {
      class: 'channels', role: 'group', 'aria-label': phrase('stage.channels_shown'),
    });
    this.smooth = el(
      'button',
      {
        type: 'button',
        class: 'chip',
        'aria-pressed': 'false',
        title: phrase('stage.smooth_enlargement_off_shows'),
        on: { click: () => this.intend('smooth') },
      },
      phrase('stage.smooth'),
    );
    this.#buildLens();
    const alone = phrase('stage.each_visible_channel_alone');
    this.alone = el(
      'button',
      {
        type: 'button',
        class: 'chip',
        'aria-pressed': 'false',
        title: alone,
        on: { click: () => this.intend('panels') },
      },
      phrase('stage.grey_panels'),
    );
    this.pin = el(
      'button',
      {
        type: 'button',
        class: 'chip',
        'data-do': 'pin',
        title: phrase('stage.keeps_walk_beside_one'),
        on: { click: () => this.intend('pin') },
      },
      phrase('stage.pin_walk'),
    );
    this.beside = el(
      'button',
      {
        type: 'button',
        class: 'chip',
        'aria-pressed': 'false',
        'data-do': 'real-cell',
        title: phrase('stage.cell_compound_next_prediction'),
        hidden: true,
        on: { click: () => this.intend('real-cell') },
      },
    );
    this.batch = el('p', { class: 'batch-note', hidden: true });
    this.dark = el(
      'p',
      { class: 'hint dark', role: 'status', hidden: true },
      phrase('stage.every_channel_switched_off'),
    );
    this.append(
      el('div', { class: 'beside-pinned' },
        el('div', { class: 'views' },
          this.start.figure, this.now.figure, this.real, this.difference.figure),
        this.pinned),
      document.createElement('cellflux-map-said'),
      this.panels,
      this.batch, this.noise, this.dark,
      el(
        'div',
        { class: 'shown' },
        this.channels, this.closer, this.smooth, this.alone, this.beside, this.large, this.pin,
        // In the row of the channels that it is about.
        document.createElement('cellflux-display'),
      ),
    );
  }

  /** All three pictures show the same part of the cell, as large as there is room. */
  #buildLens() {
    const frames = [this.start, this.now, this.difference].map((view) => view.frame);
    const resized = new ResizeObserver(() => this.#fit());
    for (const frame of frames) resized.observe(frame.parentElement);
    const button = (label, name, does) => {
      // What is read aloud holds what is written: a visitor may speak either.
      const spoken = /\w/.test(label) ? `${label}: ${name}` : name;
      const about = { type: 'button', class: 'chip', 'aria-label': spoken, title: name };
      return el('button', { ...about, on: { click: does } }, label);
    };
    const out = button('−', phrase('stage.see_more_cell'), () => this.lens.farther());
    const near = button('+', phrase('stage.look_closer_then_drag'), () => this.lens.nearer());
    const all = button('1 : 1', phrase('stage.whole_cell'), () => this.lens.whole());
    this.closer = el('div', { class: 'closer', role: 'group', 'aria-label': phrase('stage.closer_look') },
      out, near, all);
    const enlarged = phrase('stage.pictures_large_window_escape');
    this.large = button(phrase('stage.enlarge'), enlarged, () => this.#enlarge());
    this.large.setAttribute('aria-pressed', 'false');
    this.panels = document.createElement('cellflux-panels');
    this.pinned = document.createElement('cellflux-pinned');
    this.real = document.createElement('cellflux-real');
    this.lens = new Lens(
      frames,
      ({ zoom, x, y }) => {
        out.disabled = zoom === 1;
        all.disabled = zoom === 1;
        this.classList.toggle('close', zoom > 1);
        this.#measure();
        // The panels, the pinned walk and the real cell show the same part of the picture.
        for (const [name, value] of Object.entries({ zoom, x, y })) {
          for (const part of [this.panels, this.pinned, this.real]) {
            part.style.setProperty(`--${name}`, String(value));
          }
        }
      },
      () => this.#enlarge(),
    );
    this.lens.whole();
  }

  /** The scale bars: a round length of what is in view, where the data state the size of a pixel. */
  #measure() {
    const { width } = this.now.canvas;
    const across = (this.pixelUm * width) / (this.lens?.zoom ?? 1);
    const length = this.pixelUm && width > 1 ? roundLength(across) : 0;
    for (const { bar } of [this.start, this.now]) {
      bar.hidden = !length;
      bar.textContent = length ? inWords(length) : '';
      bar.setAttribute('aria-label', phrase('stage.scale_bar', { what: bar.textContent }));
      bar.style.setProperty('--length', String(length ? length / across : 0));
    }
  }

  /** Every pixel of a crop as a whole number of the screen's. */
  #fit() {
    const { canvas } = this.now;
    if (canvas.width <= 1) return;
    for (const { room, frame } of [this.start, this.now, this.difference]) {
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
    const { walk, cursor, channels, visible, smooth, legend, manifest } = state;
    this.pixelUm = manifest?.pixelUm ?? null;
    if (channels && this.changed('channels', channels)) this.#buildChannels(channels);
    const drawn = drawnIn(state);
    const [relit, remapped] = [this.changed('legend', legend), this.changed('drawn', drawn)];
    const chosen = this.changed('map', state.view.map);
    if (channels && (relit || remapped || chosen)) {
      this.changeScale.show(legend, state.view.map, drawn?.strip);
    }
    if (channels && this.changed('visible', visible)) this.#press(visible);
    if (channels && this.changed('shown', state.shown)) this.#colour(state.shown);
    if (this.changed('panels', state.panels)) {
      this.alone.setAttribute('aria-pressed', String(Boolean(state.panels)));
    }
    this.#offerReal(state);
    this.#explain(state);
    if (this.changed('smooth', smooth)) {
      this.classList.toggle('smooth', smooth);
      this.smooth.setAttribute('aria-pressed', String(smooth));
    }
    const step = walk?.steps[cursor];
    const [moved, other] = [this.changed('step', step), this.changed('walk', walk)];
    if (moved || other) this.#show(state, step);
    if (!step || !(moved || other || remapped || chosen)) return;
    if (state.view.map === 'difference') this.#showDifference(state, step);
    else this.#showMap(state, drawn);
  }

  /**
   * A cell of the bundle beside the prediction, where there is one of the compound.
   * @param {State} state
   */
  #offerReal(state) {
    const [first] = cellsShown(state).cells;
    this.beside.hidden = !first;
    if (!first || !this.changed('beside', `${first.tile.synthetic} ${state.real.open}`)) return;
    this.beside.textContent = first.tile.synthetic
      ? phrase('stage.drawn_cell_beside')
      : phrase('stage.real_cell_beside');
    this.beside.setAttribute('aria-pressed', String(state.real.open));
  }

  /**
   * What the compound is known to do, and whether a difference from treated cells could be the batch's, or
   * whether there is no cell at all behind the picture.
   * @param {State} state
   */
  #explain({ start, compounds, examples, recipe, compoundName, measuring }) {
    const compound = recipe?.smiles ? TYPED : compounds?.find(({ id }) => id === recipe?.compound);
    const answered = examples?.some(({ id, synthetic }) => synthetic && id === answerOf(recipe));
    const slice = [start?.kind, start?.batch, start?.synthetic, compound?.id, compoundName, answered].join();
    if (!this.changed('explained', slice)) return;
    const known = Boolean(start && compound);
    const [kind, sentence] = known
      ? batchNote({ ...start, answered }, compound, compoundName, natureOf(measuring))
      : ['', ''];
    const effect = known ? effectSentence(compound, compoundName) : '';
    this.batch.textContent = [effect, sentence].filter(Boolean).join(' ');
    this.batch.hidden = !known;
    this.batch.dataset.batch = kind;
  }

  /** @param {State} state */
  #show({ walk, cursor, start, recipe, compounds, compoundName }, step) {
    paint(this.start.canvas, walk?.start);
    paint(this.now.canvas, step?.now);
    if (!step) paint(this.difference.canvas, undefined);
    if (this.changed('size', this.now.canvas.width)) this.#fit();
    if (this.changed('scale', `${this.now.canvas.width} ${this.pixelUm}`)) this.#measure();
    const reverse = recipe?.direction === 'reverse';
    const taken =
      start?.kind === 'control' ? phrase('stage.taken_t_1_though') : phrase('stage.taken_t_1');
    const note = [start?.note, reverse && taken].filter(Boolean).join(', ');
    const typed = Boolean(recipe?.smiles);
    for (const { unseen } of [this.now, this.difference]) unseen.hidden = !typed;
    const never = neverSeen(recipe);
    this.start.title.textContent = start?.title ?? phrase('shared.start_2');
    this.start.note.textContent = note;
    const explained = walk?.noised ? noiseSentence(start, recipe) : '';
    if (this.changed('noise', explained)) this.noise.textContent = explained;
    this.noise.hidden = !explained;
    if (!step) return;
    const { generated, words } = stamp(walk, cursor, start);
    const where = `t = ${figures.time(step.time)}`;
    this.now.title.textContent = phrase('stage.now');
    const under = recipe?.alpha === 0 ? phrase('stage.no_0', { one: wordsFor(compounds).one }) : compoundName;
    this.now.note.textContent = `${where}${under ? `, ${under}` : ''}`;
    this.now.stamp.textContent = words;
    this.now.stamp.classList.toggle('generated', generated);
    this.start.canvas.setAttribute(
      'aria-label',
      note ? `${this.start.title.textContent}: ${note}` : this.start.title.textContent,
    );
    this.now.canvas.setAttribute('aria-label', phrase('stage.now_2', {
      where, what: this.now.stamp.textContent, never,
    }));
  }

  /** @param {State} state */
  #showDifference({ cursor, visible, recipe }, step) {
    paint(this.difference.canvas, step.difference);
    const alone = visible?.filter(Boolean).length === 1;
    const size = step.change === undefined ? '' : phrase('stage.on_average', {
      change: figures.fixed(step.change, 3),
    });
    this.difference.note.textContent = alone
      ? phrase('stage.red_more_blue_less', { size })
      : phrase('stage.grey_no_change', { size });
    this.difference.note.title =
      phrase('stage.now_start_on_average');
    const moved = cursor > 0 ? GENERATED : phrase('shared.no_change_yet');
    this.difference.stamp.textContent = moved;
    this.difference.stamp.classList.toggle('generated', cursor > 0);
    this.difference.canvas.setAttribute(
      'aria-label',
      phrase('stage.difference_between_now_start', {
        time: figures.time(step.time), moved, neverSeen: neverSeen(recipe),
      }),
    );
  }

  /**
   * Another map; until it has come for the step in view, the one before stays with its own time.
   * @param {State} state
   * @param {DrawnMap | null} drawn
   */
  #showMap(state, drawn) {
    const { note, stamp: said, generated, label } = captionOf(state, drawn);
    const { canvas } = this.difference;
    // Where nothing has been painted, the place is as large as the pictures are.
    if (canvas.width <= 1) [canvas.width, canvas.height] = [this.now.canvas.width, this.now.canvas.height];
    paint(canvas, drawn?.picture ?? undefined);
    this.difference.note.textContent = note;
    this.difference.note.title = note ? averageWords(state.view.map) : '';
    this.difference.stamp.textContent = said;
    this.difference.stamp.classList.toggle('generated', generated);
    this.difference.canvas.setAttribute('aria-label', `${label}${said ? neverSeen(state.recipe) : ''}`);
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

  /** The dots have the colours of the pictures. */
  #colour(shown) {
    for (const [index, chip] of [...this.channels.children].entries()) {
      const colour = shown?.[index]?.colour;
      if (colour) /** @type {HTMLElement} */ (chip.firstElementChild).style.setProperty('--dot', colour);
    }
  }

  #press(visible) {
    this.dark.hidden = visible.some(Boolean);
    for (const [index, chip] of [...this.channels.children].entries()) {
      chip.setAttribute('aria-pressed', String(visible[index]));
    }
  }
}

/**
 * What the picture of a step is: generated, or what the walk starts from.
 * @param {import('../state.js').Walk} walk
 * @param {number} cursor
 * @param {State['start']} start
 */
export function stamp(walk, cursor, start) {
  const noise = start?.kind === 'noise';
  const unchanged = walk.noised ? phrase('stage.start_source_noise') : phrase('stage.start_unchanged');
  return {
    generated: cursor > 0 || walk.noised || noise,
    words: cursor > 0 ? `${GENERATED}${ranIn(walk)}` : noise ? phrase('stage.noise_no_cell') : unchanged,
  };
}

/**
 * Steps that ran under quick weights are close to what the network gives, and not exact.
 * @param {{ quick?: { dtype: string } | null }} walk
 */
const ranIn = ({ quick }) => (quick ? phrase('stage.quick_weights', { dtype: quick.dtype }) : '');

const neverSeen = (recipe) => (recipe?.smiles ? phrase('stage.compound', { unseen: UNSEEN }) : '');

function view(name, heading) {
  const title = el('span', { class: 'title' }, heading);
  const note = el('span', { class: 'note' });
  const stamp = el('span', { class: 'stamp' });
  const unseen = el('span', { class: 'never', 'data-unseen': name, hidden: true }, UNSEEN);
  const canvas = el('canvas', { width: 1, height: 1, role: 'img', 'data-view': name, 'aria-label': heading });
  const caption = el('figcaption', {}, title, note, stamp, unseen);
  const bar = el('span', { class: 'scale-bar', role: 'img', hidden: true });
  const frame = el(
    'div',
    {
      class: 'frame',
      tabindex: '0',
      role: 'group',
      'aria-label': phrase('stage.enter_enlarges_plus_minus', { heading }),
    },
    canvas,
    bar,
  );
  const room = el('div', { class: 'room' }, frame);
  return {
    title,
    note,
    stamp,
    unseen,
    canvas,
    bar,
    frame,
    room,
    caption,
    figure: el('figure', { class: `view ${name}` }, room, caption),
  };
}
