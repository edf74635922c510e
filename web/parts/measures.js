// What the walk in view measures, while the visitor looks at it: a chart for each measure, with the bundle's
// cells beside the curve; walks from other seeds around it; and what the compound changes beside the same
// walk without it. What is generated, drawn or imaged is called so.

import { FEW, LETTERS, markOf, wordsOf } from '../cell_marks.js';
import { bandOf, curveOf, drawn, moveCursor, nearestStep, placed, WIDE } from '../chart.js';
import { printed } from '../chart_figure.js';
import { compared, MEAN } from '../comparison.js';
import * as figures from '../figures.js';
import { findingLines, natureOf, typedUnmeasured } from '../finding.js';
import { el, Part, unseen } from '../html.js';
import { keyLine } from '../key_line.js';
import { CUT_OFF, nameInWords } from '../measure_names.js';
import { asked, controlOf, pairsOf } from '../measures.js';
import { wordsFor } from '../perturbations.js';
import { KINDS } from '../printed.js';
import { stepOfKey } from '../step_keys.js';
import { phrase, plural } from '../words.js';

/** @import { Charted, Mark, Point } from '../chart.js' */
/** @import { Key } from '../printed.js' */
/** @import { Difference } from '../comparison.js' */
/** @import { Measure } from '../protocol.js' */
/** @import { State } from '../state.js' */

const AREA = 'nucleus.area';

/** Shows `state.measures` of `state.walk`. */
export class WalkCharts extends Part {
  connectedCallback() {
    if (this.firstChild) return;
    const button = (words, intent, more = {}) =>
      el('button', { type: 'button', class: 'secondary', ...more, on: { click: () => this.intend(intent) } },
        words);
    this.hint = el('p', { class: 'hint', role: 'status', hidden: true });
    this.legend = el('ul', { class: 'legend lines' });
    this.charts = el('div', { class: 'charts' });
    this.few = el('p', { class: 'hint', hidden: true },
      phrase('measures.intervals_mean_95_bootstrap', { few: FEW }));
    this.seeds = button(phrase('measures.repeat_4_other_seeds'), 'more-seeds', { 'data-do': 'more-seeds' });
    this.compare = button(phrase('measures.compare_untreated_walk'), 'compare', { 'data-do': 'compare' });
    this.stop = button(phrase('shared.cancel'), 'aside-off', { 'data-do': 'aside-off' });
    this.again = button(phrase('shared.go_on'), 'aside-on', { 'data-do': 'aside-on' });
    this.noSeeds = el('p', { class: 'hint' });
    this.noCompare = el('p', { class: 'hint' });
    this.progress = el('span', { role: 'status' });
    this.under = el('span', {});
    this.comparison = el('div', { class: 'comparison', hidden: true });
    const save = button(phrase('measures.measures_csv'), 'keep-measures', { 'data-keep': 'measures' });
    const draw = KINDS.map((kind) => el('button', {
      type: 'button', class: 'secondary', 'data-keep': `charts-${kind}`,
      title: phrase('shared.all_charts_figure_180'),
      on: { click: () => this.#keep(kind) },
    }, phrase('shared.charts', { kind: kind.toUpperCase() })));
    this.body = el('div', { class: 'measures-body' },
      this.legend, this.charts, this.few,
      el('div', { class: 'aside-row' }, this.seeds, this.compare, this.stop, this.again),
      this.noSeeds, this.noCompare, el('p', { class: 'hint' }, this.progress, this.under), this.comparison,
      el('div', { class: 'aside-row' }, save, ...draw),
      el('p', { class: 'hint' },
        phrase('measures.one_row_each_step')));
    this.details = el('details',
      { class: 'walk-measures', on: { toggle: () => this.intend('measure', { open: this.details.open }) } },
      el('summary', {}, phrase('measures.measure_walk')), this.hint, this.body);
    this.append(this.details);
  }

  /** @param {State} state */
  update(state) {
    const { measures, walk, cursor, recipe, phase, changes } = state;
    const some = Boolean(recipe && walk);
    // Without a walk there is nothing to measure; while the page opens the room is kept.
    this.hidden = !some && phase !== 'opening';
    if (!some || !measures.open) return;
    this.#say(state);
    const ready = measures.list !== null && measures.key === walk.key && measures.steps.length > 0;
    this.body.hidden = !ready;
    if (!ready) return;
    this.times = measures.steps.map(({ time }) => time);
    this.cursor = cursor;
    const { steps, groups, others, list } = measures;
    const other = [steps, groups, others, list, state.start, state.compoundName]
      .map((value, index) => this.changed(`charted ${index}`, value))
      .includes(true);
    if (other) this.#chart(state);
    if (this.changed('cursor', cursor) || other) this.#point();
    const aside = [measures, recipe, walk.finished, phase, changes]
      .map((value, index) => this.changed(`aside ${index}`, value))
      .includes(true);
    if (aside) this.#aside(state);
  }

  /**
   * Why there is nothing to see yet.
   * @param {State} state
   */
  #say({ measures, walk, phase }) {
    const waits = walk.recorded
      ? phase === 'ready'
        ? phrase('measures.network_walks_what_recorded')
        : phrase('measures.recorded_walk_view_measuring')
      : phrase('measures.measuring');
    const words = measures.failed
      ? phrase('measures.closing_opening_tries_again', { failed: measures.failed })
      : measures.list && measures.key === walk.key && measures.steps.length
        ? ''
        : waits;
    this.hint.hidden = !words;
    if (this.hint.textContent !== words) this.hint.textContent = words;
  }

  /**
   * All charts, with their tables.
   * @param {State} state
   */
  #chart(state) {
    const { measures, walk } = state;
    const { list, steps, groups } = measures;
    const ended = measures.others.filter(({ finished, untreated }) => finished && !untreated);
    const times = walk.times ?? [...this.times, 0, 1];
    /** @type {[number, number]} */
    const span = [Math.min(...times), Math.max(...times)];
    this.#tell(state, ended.length);
    const open = new Set([...this.charts.querySelectorAll('[data-measure]:has(details[open])')]
      .map((figure) => /** @type {HTMLElement} */ (figure).dataset.measure));
    const { activeElement } = /** @type {ShadowRoot} */ (this.getRootNode());
    const focused = /** @type {HTMLElement} */ (activeElement)?.dataset?.chart;
    this.drawings = list.flatMap((measure, place) => {
      if (measure.name === CUT_OFF) return [];
      const curve = curveOf(steps, place);
      const others = ended.map((walk) => curveOf(walk.steps, place));
      const marks = groups.flatMap((group, index) => markOf(group, index, place));
      const band = bandOf([curve, ...others]);
      const charted = { times: span, unit: measure.unit, curve, others, band, marks };
      return [this.#figure(measure, charted, state, open.has(measure.name))];
    });
    this.charts.replaceChildren(...this.drawings.map(({ figure }) => figure));
    if (focused) this.drawings.find(({ name }) => name === focused)?.slider.focus({ preventScroll: true });
  }

  /** @param {string} kind of file */
  #keep(kind) {
    /** @type {Key[]} */
    const few = this.few.hidden ? [] : [{ sign: 'remark', words: this.few.textContent }];
    this.intend('keep-charts', {
      kind,
      name: 'measures',
      base: null,
      charts: {
        keys: [...this.keys, ...few],
        charts: this.drawings.map(({ title, note, unit, places }) => printed({ title, note, unit }, places)),
      },
      title: phrase('measures.what_images_walk_measure'),
      lines: [phrase('measures.measured_generated_images_step')],
      isOfWalk: true,
    });
  }

  /**
   * What the lines, the band and the letters are.
   * @param {State} state
   * @param {number} ended walks from other seeds
   */
  #tell({ measures, compoundName, typed, compounds, recipe, measuring }, ended) {
    const { groups, missing } = measures;
    const name = compoundName ?? phrase('shared.compound_2');
    const own = compounds?.find(({ id }) => id === recipe.compound);
    const untreated = own?.control;
    const none = [
      groups.some(({ treated }) => !treated) ? null : phrase('measures.no_control_cells_bundle'),
      groups.some(({ treated }) => treated) || untreated
        ? null
        : typed
          ? typedUnmeasured(measuring, name)
          : phrase('measures.no_treated_cells_bundle', { name }),
      missing ? plural('measures.missing', missing, { missing }) : null,
    ];
    /** @type {Key[]} */
    this.keys = [
      { sign: 'curve', words: phrase('measures.generated_walk_view') },
      ...(ended
        ? [{
            sign: /** @type {'band'} */ ('band'),
            words: phrase('measures.generated_smallest_largest_seeds', { ended: ended + 1 }),
          }]
        : []),
      ...groups.map((group, index) => ({
        sign: { letter: LETTERS[index] },
        words: wordsOf(group, name, own?.kind),
      })),
      ...none.filter(Boolean).map((words) => ({ sign: /** @type {'remark'} */ ('remark'), words })),
    ];
    this.legend.replaceChildren(...this.keys.map(keyLine));
    this.few.hidden = !groups.some(({ cells }) => cells >= 2);
  }

  /**
   * @param {Measure} measure
   * @param {Charted} charted
   * @param {State} state
   * @param {boolean} open whether its table was open
   */
  #figure(measure, charted, state, open) {
    const { name, unit, about, source } = measure;
    const words = nameInWords(name, state.channels);
    const places = placed(charted);
    const svg = drawn(charted, places, figures.tick);
    const slider = el('div', {
      class: 'chart-slider', role: 'slider', tabindex: '0', 'data-chart': name, 'aria-valuemin': '0',
      'aria-label': phrase('measures.step_walk', { words }),
      on: { pointerdown: (event) => this.#grab(event, slider, places), keydown: (event) => this.#key(event) },
    }, svg);
    const cut = name === AREA ? this.#cutOff(state) : null;
    const figure = el('figure', { class: 'chart-figure', 'data-measure': name },
      el('figcaption', {}, el('b', { title: name }, words), el('span', { title: source }, sentence(about))),
      slider,
      cut ? el('p', { class: 'hint' }, cut) : null,
      el('details', { open }, el('summary', {}, phrase('shared.table'), unseen(`: ${words}`)),
        table(words, unit, charted), cellList(charted.marks, state.measures, name, unit)));
    const note = [sentence(about), cut].filter(Boolean).join(' ');
    return { name, unit, figure, slider, svg, places, charted, title: words, note };
  }

  /**
   * At which steps the area is a lower bound.
   * @param {State} state
   */
  #cutOff({ measures }) {
    const place = measures.list.findIndex(({ name }) => name === CUT_OFF);
    const cut = measures.steps.flatMap(({ values }, step) => (values[place] === 1 ? [step] : []));
    if (!cut.length) return null;
    const which = cut.length === measures.steps.length
      ? phrase('measures.every_step')
      : phrase('measures.step', { cut: cut.join(', ') });
    return phrase('measures.nucleus_reaches_crop_border', { which });
  }

  /** Puts the cursor at the step in view. */
  #point() {
    const step = Math.min(this.cursor, this.times.length - 1);
    for (const { slider, svg, places, charted, unit } of this.drawings) {
      moveCursor(svg, places.x(this.times[step]));
      const value = charted.curve[step]?.value ?? null;
      slider.setAttribute('aria-valuemax', String(this.times.length - 1));
      slider.setAttribute('aria-valuenow', String(step));
      const words = value === null
        ? phrase('measures.no_value')
        : `${figures.measured(value)} ${unit}`.trim();
      slider.setAttribute('aria-valuetext', phrase('measures.step_t', {
        step, times: figures.time(this.times[step]), words,
      }));
      slider.dataset.step = String(step);
    }
  }

  /** Goes to the step nearest to the pointer. */
  #grab(event, slider, places) {
    if (event.button > 0) return;
    event.preventDefault();
    slider.focus({ preventScroll: true });
    slider.setPointerCapture(event.pointerId);
    const seek = ({ clientX }) => {
      const { left, width } = slider.getBoundingClientRect();
      const time = places.timeAt(((clientX - left) / (width || 1)) * WIDE);
      const step = nearestStep(this.times, time, this.cursor);
      if (step !== this.cursor) this.intend('goto', { step });
    };
    const leave = () => {
      slider.removeEventListener('pointermove', seek);
      for (const over of ['pointerup', 'pointercancel']) slider.removeEventListener(over, leave);
    };
    slider.addEventListener('pointermove', seek);
    for (const over of ['pointerup', 'pointercancel']) slider.addEventListener(over, leave);
    seek(event);
  }

  #key(event) {
    const step = stepOfKey(event.key, this.cursor, this.times.length - 1);
    if (step === undefined) return;
    event.preventDefault();
    this.intend('goto', { step });
  }

  /**
   * Other seeds and the untreated walk: what can be asked for, how far it is, what came of it.
   * @param {State} state
   */
  #aside(state) {
    const { measures, recipe, phase, changes, walk } = state;
    const { running, stopped, others, seeds } = measures;
    const random = walk.noised || recipe.control === 'noise';
    const why = whyNotCompared(state);
    const busy = running || Boolean(stopped) || changes > 0 || phase !== 'ready';
    this.seeds.hidden = !random;
    this.seeds.disabled = busy;
    this.seeds.textContent = seeds.length
      ? phrase('measures.repeat_4_more_seeds')
      : phrase('measures.repeat_4_other_seeds');
    this.noSeeds.hidden = random;
    this.noSeeds.textContent =
      phrase('measures.other_seeds_would_give');
    this.compare.hidden = Boolean(why) || measures.compared;
    this.compare.disabled = busy;
    this.noCompare.hidden = !why;
    this.noCompare.textContent = why ?? '';
    this.stop.hidden = !running && !stopped;
    this.again.hidden = running || !stopped;
    this.again.disabled = changes > 0 || phase !== 'ready';
    const all = asked(measures);
    const done = all.filter(({ finished }) => finished).length;
    const under = all.find(({ finished, failed, steps }) => !finished && !failed && steps.length > 0);
    const kept = phrase('measures.other_walks_done', { done, length: all.length });
    const words = stopped ? phrase('measures.those_kept', {
      stopped: full(stopped), kept,
    }) : all.length ? kept : '';
    if (this.progress.textContent !== words) this.progress.textContent = words;
    const step = running && under ? under.steps.length - 1 : null;
    this.under.textContent = step === null ? '' : phrase('measures.next_step', { step, of: of(under) });
    this.progress.dataset.done = String(done);
    this.progress.classList.toggle('warns', Boolean(stopped));
    if (this.changed('pairs', others) || this.changed('ended', walk.finished && measures.steps)) {
      this.#compare(state);
    }
  }

  /** @param {State} state */
  #compare(state) {
    const { measures, recipe, walk, channels, compounds, compoundName, measuring } = state;
    const ended = walk.finished && measures.steps.length === walk.steps.length;
    const pairs = pairsOf(measures, ended);
    this.comparison.hidden = !measures.compared;
    if (!measures.compared) return;
    const control = controlOf(compounds);
    const title = el('p', { class: 'aside-title' },
      phrase('measures.generated_what'), el('bdi', {}, compoundName ?? ''),
      phrase('measures.changes_walk_end_minus'), el('bdi', {}, control?.name ?? ''));
    if (!pairs.length) {
      const wait = ended ? phrase('measures.untreated_walk_not_reached')
        : phrase('measures.walk_view_not_reached');
      this.comparison.replaceChildren(title, el('p', { class: 'hint' }, wait));
      return;
    }
    const { differences, cutOff } = compared(measures.list, pairs);
    const compound = compounds.find(({ id }) => id === recipe.compound);
    const found = findingLines(compound, recipe, measuring);
    const nature = natureOf(measuring);
    const none = [{ words: phrase('measures.no_cells_were_measured', { nature }), warns: false }];
    this.comparison.replaceChildren(
      title,
      el('dl', { class: 'facts' }, ...differences.flatMap((difference) => [
        el('dt', {}, nameInWords(difference.measure.name, channels)),
        el('dd', { 'data-difference': difference.measure.name }, wordsOfDifference(difference),
          difference.measure.name.endsWith(MEAN) ? phrase('measures.all_channels_means_one') : ''),
      ])),
      el('p', { class: 'hint' }, pairs.length > 1
        ? phrase('measures.seeds_mean_smallest_largest', { length: pairs.length })
        : phrase('measures.1_seed_nothing_known')),
      ...(cutOff
        ? [el('p', { class: 'hint' }, phrase('measures.seeds_nucleus_reaches_crop', {
          cutOff, length: pairs.length,
        }))]
        : []),
      el('p', { class: 'aside-title' }, phrase('measures.measured_beside_cells', { nature })),
      ...(found ?? none).map(({ words, warns }) => el('p', { class: warns ? 'warns' : null }, words)),
    );
  }
}

/**
 * Why the walk in view cannot be compared with an untreated one; null where it can.
 * @param {State} state
 */
function whyNotCompared({ recipe, compounds }) {
  const control = controlOf(compounds);
  if (!control) return phrase('measures.bundle_no_control_condition');
  if (recipe.compound === control.id) return phrase('measures.untreated_walk_itself');
  if (recipe.direction !== 'forward') {
    return phrase('measures.only_forward', { one: wordsFor(compounds).one });
  }
  return null;
}

/** @param {Difference} difference */
function wordsOfDifference({ measure, mean, low, high, percent, seeds }) {
  const spread = seeds > 1 ? phrase('measures.to', {
    low: figures.signed(low), high: figures.signed(high),
  }) : '';
  const share = percent === null ? '' : ` (${figures.signed(Number(percent.toPrecision(3)))} %)`;
  const value = `${figures.signed(mean)}${measure.unit ? ` ${measure.unit}` : ''}${share}${spread}`;
  return plural('measures.difference', seeds, { value, seeds });
}

/**
 * The chart as a table.
 * @param {string} name in words
 * @param {string} unit
 * @param {Charted} charted
 */
function table(name, unit, { curve, band }) {
  const titles = [
    phrase('measures.step_2'), phrase('measures.time'), unit || phrase('shared.value'),
    ...(band.length ? [phrase('measures.smallest'), phrase('measures.largest')] : []),
  ];
  const cell = (value) => el('td', {}, figures.measured(value));
  return el('table', {},
    el('caption', { class: 'unseen' }, name),
    el('thead', {}, el('tr', {}, ...titles.map((title) => el('th', { scope: 'col' }, title)))),
    el('tbody', {}, ...curve.map((/** @type {Point} */ { time, value }, step) => {
      const around = band.find((each) => each.time === time);
      return el('tr', {},
        el('th', { scope: 'row' }, String(step)), el('td', {}, figures.time(time)), cell(value),
        ...(band.length ? [cell(around?.low), cell(around?.high)] : []));
    })));
}

/**
 * The cells beside the curve, in words.
 * @param {Mark[]} marks
 * @param {State['measures']} measures
 * @param {string} name of the measure
 * @param {string} unit
 */
function cellList(marks, { groups, list }, name, unit) {
  const place = list.findIndex((measure) => measure.name === name);
  if (!marks.length) return null;
  return el('ul', { class: 'lines hint' }, ...marks.map(({ letter, mean, interval }) => {
    const { n } = groups[LETTERS.indexOf(letter)].means[place];
    const around = interval ? phrase('measures.95_interval', {
      map: interval.map(figures.measured).join(phrase('measures.to_2')),
    }) : '';
    return el('li', {}, phrase('measures.n', {
      mean: phrase('measures.mean', { letter, mean: figures.measured(mean), unit }).trim(),
      around,
      n,
    }));
  }));
}

const of = (walk) => (walk.of ? phrase('shared.of', { of: walk.of }) : '');
const sentence = (about) => `${about.charAt(0).toUpperCase()}${about.slice(1)}.`;
const full = (words) => (/[.!?…。！？]$/.test(words) ? words : `${words}.`);
