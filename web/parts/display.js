// How each channel is shown: window, gamma and colours, with a histogram of what is in view and outlines of
// the bundle's cells beside it; and what the windows cut off of them.

import { legendLines, outsideSentence } from '../histogram_words.js';
import { el, Part, unseen } from '../html.js';
import { cellsBeside } from '../real_beside.js';
import { clippedSentences, inSafeColours, percent, shownIn } from '../view.js';
import { withChannel, withEnd, withoutChannels } from '../view.js';
import { stamp } from './stage.js';
import { inFigures, phrase } from '../words.js';

/** @import { LegendLine } from '../histogram_words.js' */
/** @import { Histogram, Window } from '../protocol.js' */
/** @import { State } from '../state.js' */

/** The look-up tables of the session (`Lut` in crates/cellflux-image), by name, in words. */
const LUTS = [
  ['own', phrase('display.own')],
  ['grey', phrase('display.grey')],
  ['magenta', phrase('display.magenta')],
  ['yellow', phrase('display.yellow')],
  ['cyan', phrase('display.cyan')],
  ['viridis', phrase('display.viridis')],
  ['magma', phrase('display.magma')],
];

/** Histograms are drawn one column for each coded byte. */
const [WIDE, HIGH] = [256, 64];
const INK = { start: '#c7ced7', now: '#3f8f9b', cells: '#f2a9cd', beyond: '#262d36', edge: '#e8b26b' };
/** The line of the bundle's cells: drawn and left out, in columns. */
const DASHES = [7, 4];

/** A window's share of the coded range to a place on the canvas. */
const across = (value) => Math.round(value * (WIDE - 1));

/**
 * Shows `state.view`, with `state.look` and `state.counted` while it is open, and says what `state.walk` and
 * the bundle's cells lose.
 */
export class ChannelDisplay extends Part {
  connectedCallback() {
    if (this.firstChild) return;
    this.hidden = true;
    this.rows = [];
    this.list = el('div', { class: 'tune-rows' });
    this.legend = el('ul', { class: 'legend lines', 'aria-label': phrase('display.histograms_outlines') });
    const button = (words, title, does) =>
      el('button', { type: 'button', class: 'secondary', title, on: { click: does } }, words);
    this.autoAll = button(phrase('display.auto_all'), phrase('display.windows_from_1st_99'), () =>
      this.intend('auto-window', { channels: this.#all() }));
    const resetAll = button(phrase('display.reset_all'), phrase('display.every_channel_model_author'), () =>
      this.#show(withoutChannels(this.view, this.#all())));
    const safe = button(
      phrase('display.colour_blind_safe'),
      phrase('display.magenta_yellow_cyan_first'),
      () => this.#show(inSafeColours(this.view, this.channels)),
    );
    this.hint = el('p', { class: 'hint warns', role: 'status', hidden: true });
    this.details = el(
      'details',
      { class: 'tune', on: { toggle: () => this.intend('look', { open: this.details.open }) } },
      el('summary', { class: 'chip' }, phrase('display.colours_windows')),
      this.hint,
      this.legend,
      this.list,
      el('div', { class: 'tune-all' }, this.autoAll, resetAll, safe),
      el(
        'p',
        { class: 'hint' },
        phrase('display.heights_histograms_square_roots'),
      ),
    );
    this.clipped = el('div', { class: 'clipped', hidden: true });
    this.append(this.clipped, this.details);
  }

  #all() {
    return [...this.rows.keys()];
  }

  /** @param {State} state */
  update(state) {
    const { channels, view, shown, walk, cursor, look, phase, visible, recipe } = state;
    // An explorer without a walk has no pictures to be shown otherwise.
    this.hidden = !channels || !recipe;
    if (!channels || !view) return;
    this.channels = channels;
    this.view = view;
    if (this.changed('channels', channels)) this.#build();
    const other = this.changed('view', view);
    if (other) this.#setFields();
    if (this.changed('shown', shown)) this.#colour(shown);
    const waits = Boolean(walk?.recorded) && phase !== 'ready';
    if (this.changed('waits', waits)) this.#wait(waits);
    const step = walk?.recorded ? null : walk?.steps[cursor];
    if (this.changed('step', step) || this.changed('visible', visible)) this.#judge(state, step);
    const histograms = walk?.recorded ? null : look?.histograms;
    const cells = this.#cells(state, other);
    if (this.changed('histograms', histograms) || cells || other) this.#draw(histograms);
  }

  /**
   * The bundle's cells beside the walk: what their outlines are and what the windows cut off of them. True
   * where they are others than before.
   * @param {State} state
   * @param {boolean} other whether the windows are
   */
  #cells(state, other) {
    const { looking, recipe, walk, cursor, start, compounds, compoundName, examples, counted } = state;
    if (!looking || !examples || !walk?.steps[cursor]) return false;
    const beside = cellsBeside(recipe, state);
    const own = beside && counted?.key === beside.key ? counted : null;
    const control = Boolean(compounds?.find(({ id }) => id === recipe.compound)?.control);
    const compound = { name: compoundName ?? phrase('shared.compound_2'), control };
    const lines = legendLines(stamp(walk, cursor, start).words, start, compound, beside, own);
    if (this.changed('legend', JSON.stringify(lines))) this.#tell(lines);
    const found = own && 'counts' in own && own.cells ? own : null;
    const another = this.changed('cells', found);
    this.counts = found?.counts ?? null;
    if (!another && !other) return false;
    for (const [index, { besideLost }] of this.rows.entries()) {
      const { window = { low: 0, high: 1 } } = shownIn(this.view, this.channels, index);
      const told = found ? outsideSentence(beside, found.cells, found.counts[index], window) : null;
      besideLost.textContent = told?.sentence ?? '';
      besideLost.classList.toggle('warns', Boolean(told?.warns));
    }
    return another;
  }

  /** @param {LegendLine[]} lines */
  #tell(lines) {
    this.legend.replaceChildren(...lines.map(({ line, words }) => {
      const key = line && el('span', { class: `key ${line}`, 'aria-hidden': 'true' });
      return el('li', { 'data-line': line ?? 'none' }, key, words);
    }));
    const outlines = lines.map(({ words }) => words.replace(/\.?$/, '.')).join(' ');
    for (const { canvas, about } of this.rows) canvas.setAttribute('aria-label', `${about}. ${outlines}`);
  }

  #show(view) {
    this.intend('view', { view });
  }

  /** @param {number} channel */
  #change(channel, change) {
    this.#show(withChannel(this.view, this.channels, channel, change));
  }

  /** @param {number} channel */
  #moveEnd(channel, end, value) {
    const { window } = shownIn(this.view, this.channels, channel);
    this.#change(channel, { window: withEnd(window, end, value) });
  }

  #build() {
    this.rows = this.channels.map((channel, index) => this.#row(channel, index));
    this.list.replaceChildren(...this.rows.map(({ row }) => row));
  }

  #row({ name, colour }, index) {
    const dot = el('span', { class: 'dot', 'aria-hidden': 'true' });
    dot.style.setProperty('--dot', colour);
    const lut = el(
      'select',
      { 'aria-label': phrase('display.colours', {
        name,
      }), on: { change: () => this.#change(index, { lut: lut.value }) } },
      ...LUTS.map(([value, words]) => el('option', { value }, words)),
    );
    const button = (words, does) =>
      el('button', { type: 'button', class: 'chip', on: { click: does } }, words, unseen(` ${name}`));
    const auto = button(phrase('display.auto'), () => this.intend('auto-window', { channels: [index] }));
    const reset = button(phrase('display.reset'), () => this.#show(withoutChannels(this.view, [index])));
    const about = phrase('display.histogram_window_ends', { name });
    const canvas = el('canvas', {
      width: WIDE, height: HIGH, class: 'histogram', role: 'img', 'data-histogram': name,
      'aria-label': about,
      on: { pointerdown: (event) => this.#grab(event, index) },
    });
    const slider = (label, of, limits, moved) => {
      const id = `${label.toLowerCase()}-of-${index}`;
      const shown = el('output', { for: id });
      const input = el('input', {
        type: 'range', id, ...limits, on: { input: () => moved(Number(input.value)) },
      });
      const text = el('label', { for: id }, label, unseen(` ${of} ${name}`));
      return { input, shown, field: el('div', { class: 'tune-field' }, text, input, shown) };
    };
    const coded = { min: '0', max: '1', step: '0.001' };
    const low = slider(phrase('display.low'), phrase('display.end_window'), coded, (value) =>
      this.#moveEnd(index, 'low', value));
    const high = slider(phrase('display.high'), phrase('display.end_window'), coded, (value) =>
      this.#moveEnd(index, 'high', value));
    const powers = { min: '0.2', max: '5', step: '0.05' };
    const gamma = slider(phrase('display.gamma'), phrase('display.of'), powers, (value) =>
      this.#change(index, { gamma: value }));
    const lost = el('p', { class: 'hint', 'data-lost': name });
    const besideLost = el('p', { class: 'hint', 'data-lost-beside': name });
    const row = el(
      'div',
      { class: 'tune-row', role: 'group', 'aria-label': name },
      el('div', { class: 'tune-head' }, el('span', { class: 'tune-name' }, dot, name), lut, auto, reset),
      canvas, low.field, high.field, gamma.field, lost, besideLost,
    );
    return { row, dot, lut, auto, canvas, about, low, high, gamma, lost, besideLost };
  }

  #setFields() {
    for (const [index, { lut, low, high, gamma }] of this.rows.entries()) {
      const shown = shownIn(this.view, this.channels, index);
      lut.value = shown.lut;
      // A model may come without windows where only its pictures are shown.
      const { window = { low: 0, high: 1 } } = shown;
      for (const [{ input, shown: output }, value] of /** @type {[typeof low, number][]} */ (
        [[low, window.low], [high, window.high], [gamma, shown.gamma]]
      )) {
        input.value = String(value);
        output.textContent = inFigures(Math.round(1000 * value) / 1000);
      }
    }
  }

  #colour(shown) {
    for (const [index, { dot }] of this.rows.entries()) {
      if (shown?.[index]) dot.style.setProperty('--dot', shown[index].colour);
    }
  }

  #wait(waits) {
    this.hint.hidden = !waits;
    this.hint.textContent =
      phrase('display.recorded_walk_view_model');
    this.autoAll.disabled = waits;
    for (const { auto } of this.rows) auto.disabled = waits;
  }

  /**
   * What the windows cut off of the pictures in view.
   * @param {State} state
   */
  #judge({ walk, channels, visible }, step) {
    const sentences = clippedSentences(channels, visible ?? [], step?.clipped, step && walk.clipped);
    // Once something was said of a walk its place is kept, so that nothing moves while the walk plays.
    if (this.changed('walk', walk?.key)) this.said = false;
    this.said ||= sentences.length > 0;
    this.clipped.hidden = !this.said;
    if (this.changed('sentences', sentences.map(({ sentence }) => sentence).join(' '))) {
      this.clipped.replaceChildren(...sentences.map(({ index, sentence }) =>
        el(
          'p',
          { 'data-clipped': channels[index].name },
          sentence,
          ' ',
          el(
            'button',
            {
              type: 'button',
              class: 'chip',
              on: { click: () => this.intend('auto-window', { channels: [index] }) },
            },
            phrase('display.auto'),
            unseen(phrase('display.window', { name: channels[index].name })),
          ),
        )));
    }
    for (const [index, { lost }] of this.rows.entries()) {
      const of = step?.clipped?.[index];
      lost.textContent = of
        ? phrase('display.now_pixels_brighter_than', { bright: percent(of.bright), dark: percent(of.dark) })
        : '';
    }
  }

  /** @param {State['look']['histograms']} histograms */
  #draw(histograms) {
    for (const [index, { canvas }] of this.rows.entries()) {
      const { window = { low: 0, high: 1 } } = shownIn(this.view, this.channels, index);
      drawHistogram(canvas, window, {
        now: sharesOf(histograms?.now[index]),
        start: sharesOf(histograms?.start[index]),
        cells: sharesOf(this.counts && { counts: this.counts[index], below: 0, above: 0 }),
      });
    }
  }

  /** Drags the nearer end of the window. */
  #grab(event, index) {
    if (event.button > 0) return;
    event.preventDefault();
    const { canvas, low, high } = this.rows[index];
    const place = ({ clientX }) => {
      const { left, width } = canvas.getBoundingClientRect();
      return Math.min(1, Math.max(0, (clientX - left) / (width || 1)));
    };
    const { window } = shownIn(this.view, this.channels, index);
    const at = place(event);
    const end = Math.abs(at - window.low) < Math.abs(at - window.high) ? 'low' : 'high';
    (end === 'low' ? low : high).input.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    const move = (moved) => this.#moveEnd(index, end, place(moved));
    const leave = () => {
      canvas.removeEventListener('pointermove', move);
      for (const over of ['pointerup', 'pointercancel']) canvas.removeEventListener(over, leave);
    };
    canvas.addEventListener('pointermove', move);
    for (const over of ['pointerup', 'pointercancel']) canvas.addEventListener(over, leave);
    move(event);
  }
}

/**
 * Counts as shares of all pixels, so that several pictures together are as high as one.
 * @param {Histogram | null} [histogram]
 */
function sharesOf(histogram) {
  if (!histogram) return [];
  const { counts, below, above } = histogram;
  const all = counts.reduce((sum, count) => sum + count, below + above);
  return counts.map((count) => (all ? count / all : 0));
}

/**
 * Shares as columns (now), as a line (the start) and as a dashed line (the bundle's cells), and the window's
 * ends; what lies outside of the window has a darker ground.
 * @param {HTMLCanvasElement} canvas
 * @param {Window} window
 * @param {{ now: number[], start: number[], cells: number[] }} shares
 */
function drawHistogram(canvas, window, { now, start, cells }) {
  const drawing = canvas.getContext('2d');
  drawing.clearRect(0, 0, WIDE, HIGH);
  drawing.fillStyle = INK.beyond;
  drawing.fillRect(0, 0, across(window.low), HIGH);
  drawing.fillRect(across(window.high) + 1, 0, WIDE, HIGH);
  const most = Math.max(...now, ...start, ...cells, Number.MIN_VALUE);
  const height = (share) => Math.sqrt(share / most) * (HIGH - 4);
  drawing.fillStyle = INK.now;
  for (const [bin, share] of now.entries()) drawing.fillRect(bin, HIGH - height(share), 1, height(share));
  const outline = (shares, ink, dashes) => {
    drawing.strokeStyle = ink;
    drawing.setLineDash(dashes);
    drawing.beginPath();
    for (const [bin, share] of shares.entries()) drawing.lineTo(bin + 0.5, HIGH - height(share));
    drawing.stroke();
  };
  outline(start, INK.start, []);
  drawing.lineWidth = 2;
  outline(cells, INK.cells, DASHES);
  drawing.lineWidth = 1;
  drawing.fillStyle = INK.edge;
  for (const end of [window.low, window.high]) drawing.fillRect(Math.min(across(end), WIDE - 2), 0, 2, HIGH);
}
