// Walks across the doses of a compound, from one start: a film of them at one time on the path, and what
// their ends measure against the dose. Of every dose it is said whether cells of it were trained on.

import { FEW, letterOf, markOf, wordsOf } from '../cell_marks.js';
import { drawn, placed } from '../chart.js';
import { printed } from '../chart_figure.js';
import { inWords, isOfTheData } from '../dose.js';
import { axisOf, dosePlan, pointsOf, responseOf } from '../dose_plan.js';
import { COUNTS, SEED_COUNTS } from '../doses.js';
import * as figures from '../figures.js';
import { canFilm } from '../film.js';
import { NOT_BEGUN, viewOf } from '../grid.js';
import { isGenerated, shownStep } from '../grid_plan.js';
import { el, Part, unseen } from '../html.js';
import { momentAlong } from '../linked_time.js';
import { keyLine } from '../key_line.js';
import { CUT_OFF, nameInWords } from '../measure_names.js';
import { paint } from '../pixels.js';
import { KINDS } from '../printed.js';
import { isRandom } from '../recipe_words.js';
import { inFigures, phrase, plural } from '../words.js';

/** @import { Charted } from '../chart.js' */
/** @import { Key, PrintedChart } from '../printed.js' */
/** @import { DosePlan, DoseWalk, Doses } from '../doses.js' */
/** @import { Measure } from '../protocol.js' */
/** @import { State } from '../state.js' */

/** Shows `state.doses`; nothing of a compound without two doses. */
export class AcrossDoses extends Part {
  connectedCallback() {
    if (this.firstChild) return;
    const button = (words, intent, kind = 'secondary') => el('button', {
      type: 'button', class: kind, 'data-do': intent, on: { click: () => this.intend(intent) },
    }, words);
    const choice = (id, label, counts, name) => {
      const select = el('select', { id, on: {
        change: () => this.#choose({ [name]: Number(select.value) }),
      } }, ...counts.map((count) => el('option', { value: String(count) }, String(count))));
      return { select, row: el('p', { class: 'doses-choice' }, el('label', { for: id }, label), select) };
    };
    this.lead = el('p', { class: 'hint' });
    this.count = choice('doses-count', phrase('doses.doses'), COUNTS, 'count');
    this.seeds = choice('doses-seeds', phrase('doses.seeds'), SEED_COUNTS, 'seeds');
    this.cost = el('p', { class: 'hint', 'data-doses': 'cost' });
    this.start = button(phrase('doses.walk_doses'), 'doses-walk', 'primary');
    this.stop = button(phrase('shared.cancel'), 'doses-off');
    this.again = button(phrase('shared.go_on'), 'doses-on');
    this.refused = el('p', { class: 'warns', role: 'status' });
    this.progress = el('p', { class: 'hint', role: 'status', 'data-doses': 'progress' });
    this.where = el('output', { for: 'doses-part' });
    this.along = el('input', { type: 'range', id: 'doses-part', min: '0', max: '1', step: '0.05', on: {
      input: () => this.#choose({ part: Number(this.along.value) }),
    } });
    this.film = el('ol', { class: 'dose-film lines', 'aria-label': phrase('doses.walks_rising_dose') });
    this.legend = el('ul', { class: 'dose-legend lines' });
    this.charts = el('div', { class: 'charts' });
    this.table = button(phrase('doses.dose_response_csv'), 'keep-doses');
    this.video = button(phrase('doses.film_webm'), 'film-doses');
    this.draw = KINDS.map((kind) => el('button', {
      type: 'button', class: 'secondary', 'data-keep': `doses-${kind}`,
      title: phrase('shared.all_charts_figure_180'),
      on: { click: () => this.#keep(kind) },
    }, phrase('shared.charts', { kind: kind.toUpperCase() })));
    this.shared = el('p', { class: 'hint' });
    this.result = el('div', {},
      el('p', { class: 'grid-way' },
        el('label', { for: 'doses-part' }, phrase('doses.time_shown_film')), this.along, this.where),
      this.film, this.shared, this.legend, this.charts,
      el('div', { class: 'aside-row' }, this.table, ...this.draw, this.video));
    this.details = el('details',
      { on: { toggle: () => this.#choose({ open: this.details.open }) } },
      el('summary', {}, phrase('doses.across_doses')),
      el('div', { class: 'grid-body' }, this.lead,
        el('div', { class: 'doses-choices' }, this.count.row, this.seeds.row), this.cost,
        el('div', { class: 'aside-row' }, this.start, this.stop, this.again),
        this.refused, this.progress, this.result));
    this.hidden = true;
    this.classList.add('card');
    this.append(this.details);
  }

  #choose(patch) {
    this.intend('doses', { patch });
  }

  /** @param {State} state */
  update(state) {
    const { doses, recipe } = state;
    const points = pointsOf(state, doses.count);
    this.hidden = points.length < 2 && !doses.plan;
    // Told once: a click opens the details before the state hears of it.
    if (this.changed('open', doses.open)) this.details.open = doses.open;
    if (this.hidden || !recipe || !doses.open) return;
    this.#offer(state, points.length);
    if (this.changed('plan', doses.plan)) this.#build(state);
    this.#tell(state);
    this.result.hidden = !doses.plan;
    if (!doses.plan) return;
    const film = [doses.cells, doses.part, doses.plan]
      .map((value, place) => this.changed(`film ${place}`, value));
    if (film.includes(true)) this.#show(doses);
    const charted = [doses.ends, doses.list, doses.groups, doses.plan, state.channels]
      .map((value, place) => this.changed(`charted ${place}`, value));
    if (charted.includes(true)) this.#chart(state);
  }

  /**
   * What can be walked.
   * @param {State} state
   * @param {number} points
   */
  #offer(state, points) {
    const { doses, recipe, takesDose, compoundName } = state;
    const random = isRandom(recipe);
    this.lead.textContent = points < 2
      ? phrase('doses.no_two_doses_compare', { compoundName: compoundName ?? phrase('doses.compound') })
      : leadOf(state, points);
    this.count.row.hidden = !takesDose;
    this.seeds.row.hidden = !random;
    this.count.select.value = String(doses.count);
    this.seeds.select.value = String(doses.seeds);
    const { plan } = dosePlan(state, 0);
    const count = plan?.walks.length ?? 0;
    this.cost.textContent = plan
      ? plural('doses.walks_count', count, {
        count, same: random ? '' : phrase('doses.without_noise_every_seed'),
      })
      : '';
  }

  /** @param {State} state */
  #tell({ doses, phase, changes, recipe }) {
    const { plan, running, stopped, refused, cells, ends } = doses;
    const busy = phase !== 'ready' || changes > 0;
    const all = plan?.walks ?? [];
    const done = all.filter(({ key }) => ends[key] && cells[key]?.finished).length;
    const old = all.some(({ key, shown }) => shown && cells[key] && cells[key].view !== viewOf(recipe));
    this.start.disabled = busy;
    this.stop.hidden = !running;
    this.again.hidden = running || !stopped || !plan || (done === all.length && !old);
    this.again.disabled = busy;
    this.refused.textContent = refused ?? '';
    this.refused.hidden = !refused;
    const why = stopped ? `${/[.!?…。！？]$/.test(stopped) ? stopped : `${stopped}.`} ` : '';
    const words = plan ? phrase('doses.walks_done', { why, done, length: all.length }) : '';
    if (this.progress.textContent !== words) this.progress.textContent = words;
    this.progress.dataset.done = String(done);
    this.progress.classList.toggle('warns', Boolean(stopped));
    this.table.disabled = !done;
    for (const each of this.draw) each.disabled = !done || changes > 0;
    this.video.hidden = !canFilm();
    this.video.disabled = !done || running;
  }

  /**
   * The film of a plan, without its pictures.
   * @param {State} state
   */
  #build({ doses }) {
    const { plan } = doses;
    this.places = (plan?.walks ?? []).filter(({ shown }) => shown).map((walk) => this.#place(walk));
    this.film.replaceChildren(...this.places.map(({ item }) => item));
    if (!plan) return;
    const { name, seeds, base } = plan;
    const seed = isRandom(base) ? phrase('doses.seed', { seeds: seeds[0] }) : '';
    this.shared.textContent =
      phrase('doses.all_them_from_same', { name, seed });
  }

  /** @param {DoseWalk} walk */
  #place(walk) {
    const { key, point } = walk;
    const canvas = el('canvas', { width: 1, height: 1, 'aria-hidden': 'true' });
    const note = el('span', { class: 'caption' });
    const button = el('button', { type: 'button', class: 'tile', 'data-dose-walk': String(point.dose), on: {
      click: () => this.#open(key),
    } }, canvas, el('b', { class: 'caption' }, inWords(point.dose)), note,
    el('span', { class: 'caption', 'data-standing': point.standing.kind }, point.standing.words),
    unseen(phrase('shared.opens_walk')));
    return { walk, canvas, note, button, item: el('li', {}, button) };
  }

  /** @param {string} key */
  #open(key) {
    this.intend('doses-open', { key, moment: momentAlong('forward', Number(this.along.value)) });
    /** @type {ShadowRoot} */ (this.getRootNode()).querySelector('cellflux-stage')
      ?.scrollIntoView({ block: 'nearest' });
  }

  /**
   * Each picture at the time that is shown.
   * @param {Doses} doses
   */
  #show({ cells, part }) {
    const moment = momentAlong('forward', part);
    this.along.value = String(part);
    const words = `t = ${figures.time(moment.time)}`;
    this.where.textContent = words;
    this.along.setAttribute('aria-valuetext', words);
    for (const { walk, canvas, note, button } of this.places) {
      const reached = cells[walk.key] ?? NOT_BEGUN;
      const step = shownStep(reached, moment);
      if (step !== null) paint(canvas, reached.pictures[step]);
      const generated = isGenerated(walk.recipe, step);
      note.textContent = reached.failed ? phrase('shared.stopped', { failed: reached.failed })
        : step === null ? phrase('shared.waits')
          : phrase('doses.t', {
            times: figures.time(reached.times[step]),
            generated: generated ? phrase('shared.generated') : phrase('shared.start'),
          });
      button.dataset.state = reached.failed ? 'failed' : reached.finished ? 'done' : 'waits';
      button.dataset.step = String(step ?? '');
    }
  }

  // The response

  /** @param {State} state */
  #chart({ doses, channels }) {
    const { plan, ends, list, groups } = doses;
    const some = Object.keys(ends).length > 0;
    const open = new Set([...this.charts.querySelectorAll('[data-response]:has(details[open])')]
      .map((figure) => /** @type {HTMLElement} */ (figure).dataset.response));
    const { activeElement } = /** @type {ShadowRoot} */ (this.getRootNode());
    const focused = /** @type {HTMLElement} */ (activeElement?.closest('[data-response]'))?.dataset.response;
    this.#explain(doses, some);
    const axis = axisOf(plan.points);
    const doseOf = plan.points.map(({ dose }) => dose);
    /** @type {PrintedChart[]} */
    const kept = [];
    this.charts.replaceChildren(...(some ? list : []).flatMap((measure, place) => {
      if (measure.name === CUT_OFF) return [];
      const marks = groups.flatMap(({ dose, group }, index) =>
        markOf(group, index, place).map((mark) => (dose === null ? mark : { ...mark, at: dose })));
      const charted = {
        ...responseOf(plan, ends, place), times: /** @type {[number, number]} */ ([doseOf[0], doseOf.at(-1)]),
        unit: measure.unit, marks, axis,
      };
      const words = nameInWords(measure.name, channels);
      const places = placed(charted);
      kept.push(printed({ title: words, note: phrase('doses.against_dose'), unit: measure.unit }, places));
      return [figureOf(measure, charted, places, plan, words, open.has(measure.name))];
    }));
    this.kept = kept;
    // A chart that takes another's place has its keyboard focus, too.
    if (focused) {
      const again = [...this.charts.querySelectorAll('[data-response]')]
        .find((figure) => /** @type {HTMLElement} */ (figure).dataset.response === focused);
      again?.querySelector('summary')?.focus({ preventScroll: true });
    }
  }

  /** @param {string} kind of file */
  #keep(kind) {
    const { name, base } = this.plan;
    this.intend('keep-charts', {
      kind,
      name: 'dose-response',
      base,
      charts: { keys: this.keys, charts: this.kept },
      title: phrase('doses.what_ends_walks_several', { name }),
      lines: [
        phrase('doses.measured_generated_images_t'),
      ],
      isOfWalk: true,
    });
  }

  /**
   * What lines, rings, band and letters are.
   * @param {Doses} doses
   * @param {boolean} some whether there is anything to see
   */
  #explain({ plan, groups }, some) {
    const { seeds, points, name } = plan;
    this.plan = plan;
    const kinds = new Map(points.map(({ standing }) => [standing.kind, standing.words]));
    /** @type {(sign: Key['sign'], words: string, standing?: string) => Key} */
    const key = (sign, words, standing) => ({ sign, words, ...(standing ? { standing } : {}) });
    const lines = [
      key('curve', phrase('doses.generated_end_t_1', {
        length: seeds.length > 1 ? phrase('doses.from_seed', { seeds: seeds[0] }) : '',
      })),
      ...(seeds.length > 1
        ? [key('band', phrase('doses.generated_smallest_largest_seeds', { length: seeds.length }))]
        : []),
      ...[...kinds].map(([kind, words]) => key('remark',
        `${phrase(isOfTheData({ kind }) ? 'doses.full_point' : 'doses.ring')}: ${words}`, kind)),
      ...groups.map(({ dose, group }, index) => key({ letter: letterOf(index) },
        `${wordsOf(group, name)}${dose === null ? '' : phrase('doses.m', { dose })}`)),
      ...(groups.some(({ dose }) => dose !== null)
        ? []
        : [key('remark',
            phrase('doses.no_cells_treated_these', { name }))]),
      ...(groups.length
        ? [key('remark', phrase('doses.letter_stands_mean_those', { few: FEW }))]
        : []),
    ];
    this.keys = lines.map(({ sign, words }) => ({ sign, words }));
    this.legend.replaceChildren(...(some ? lines : []).map(keyLine));
  }
}

/**
 * What is walked, in a sentence.
 * @param {State} state
 * @param {number} points
 */
function leadOf({ recipe, compoundName, takesDose }, points) {
  if (!takesDose) {
    return phrase('doses.generated_walk_view_under', { points });
  }
  return phrase('doses.generated_walk_view_several', { compoundName, smiles: recipe.smiles
    ? phrase('doses.network_never_seen_compound')
    : phrase('doses.doses_data_among_them') });
}

/**
 * A measure against the dose, as a chart and as a table.
 * @param {Measure} measure
 * @param {Charted} charted
 * @param {ReturnType<typeof placed>} places
 * @param {DosePlan} plan
 * @param {string} words the measure's name
 * @param {boolean} open whether its table was open
 */
function figureOf({ name, unit, source }, charted, places, { points, seeds }, words, open) {
  const svg = drawn(charted, places, figures.tick);
  svg.querySelector('.cursor').remove();
  const curves = [charted.curve, ...charted.others];
  const heads = seeds.map((seed) => (seeds.length > 1 ? phrase('shared.seed_2', {
    seed,
  }) : unit || phrase('shared.value')));
  const titles = [phrase('doses.dose_m'), ...heads, phrase('doses.training')];
  return el('figure', { class: 'chart-figure', 'data-response': name },
    el('figcaption', {}, el('b', { title: source }, words), phrase('doses.against_dose_2')),
    svg,
    el('details', { open }, el('summary', {}, phrase('shared.table'), unseen(`: ${words}`)),
      el('table', {},
        el('caption', { class: 'unseen' }, phrase('doses.against_dose_3', {
          words, unit: unit ? `, ${unit}` : '',
        })),
        el('thead', {}, el('tr', {}, ...titles.map((title) =>
          el('th', { scope: 'col' }, title)))),
        el('tbody', {}, ...points.map(({ dose, standing }, row) => el('tr', {},
          el('th', { scope: 'row' }, inFigures(dose)),
          ...curves.map((curve) => el('td', {}, figures.measured(curve[row]?.value))),
          el('td', {}, standing.words)))))));
}
