// Walks compared as a table: what rows and columns vary is chosen, the ends of the walks come one after the
// other while nobody waits for them, and each cell opens its walk in the main view. Real cells stand beside
// them and are said to be so.

import * as figures from '../figures.js';
import { dimensionName, NOT_BEGUN, viewOf } from '../grid.js';
import { canBePrinted } from '../grid_figure.js';
import {
  captionOf, chosenOf, costOf, isGenerated, offered, planOf, sharedWords, shownStep, valueWords,
} from '../grid_plan.js';
import { presetsOf } from '../grid_presets.js';
import { el, inside, Part, unseen } from '../html.js';
import { wholeMultiple } from '../lens.js';
import { momentAlong } from '../linked_time.js';
import { wordsFor } from '../perturbations.js';
import { paint } from '../pixels.js';
import { KINDS } from '../printed.js';
import { hasReal, realBeside } from '../real_beside.js';
import { phrase, plural } from '../words.js';

/** @import { Dimension, Plan, Planned } from '../grid.js' */
/** @import { State } from '../state.js' */

/** @typedef {'rows' | 'columns'} Side */

/** A picture is at most this many CSS pixels across. */
const ACROSS = 128;

/** Shows `state.grid`. */
export class ComparedWalks extends Part {
  connectedCallback() {
    if (this.firstChild) return;
    const button = (words, intent, kind = 'secondary') =>
      el('button', { type: 'button', class: kind, 'data-do': intent, on: {
        click: () => this.intend(intent),
      } }, words);
    this.presets = el('ul', { class: 'presets lines' });
    this.sides = {
      rows: this.#side('rows', phrase('grid.rows')),
      columns: this.#side('columns', phrase('grid.columns')),
    };
    this.real = el('input', { type: 'checkbox', id: 'grid-real', on: {
      change: () => this.#choose({ real: this.real.checked }),
    } });
    this.realLabel = el('label', { for: 'grid-real' });
    this.realRow = el('p', { class: 'grid-check' }, this.real, this.realLabel);
    this.cost = el('p', { class: 'hint', 'data-grid': 'cost' });
    this.start = button(phrase('grid.walk_grid'), 'grid-walk', 'primary');
    this.stop = button(phrase('shared.cancel'), 'grid-off');
    this.again = button(phrase('shared.go_on'), 'grid-on');
    this.refused = el('p', { class: 'warns', role: 'status', 'data-grid': 'refused' });
    this.progress = el('p', { class: 'hint', role: 'status', 'data-grid': 'progress' });
    this.shared = el('p', { class: 'hint' });
    this.where = el('output', { for: 'grid-part' });
    this.along = el('input', { type: 'range', id: 'grid-part', min: '0', max: '1', step: '0.05', on: {
      input: () => this.#choose({ part: Number(this.along.value) }),
    } });
    this.way = el('p', { class: 'grid-way' },
      el('label', { for: 'grid-part' }, phrase('grid.time_shown')), this.along,
      this.where);
    this.table = el('div', { class: 'grid-scroll' });
    this.kept = el('div', { class: 'aside-row', role: 'group', 'aria-label': phrase('grid.save_table') },
      ...KINDS.map((kind) => el('button', {
        type: 'button', class: 'secondary', 'data-keep': `grid-${kind}`,
        title: phrase('grid.table_stands_180_mm'),
        on: { click: () => this.intend('keep-table', { kind }) },
      }, phrase('grid.table', { kind: kind.toUpperCase() }))));
    this.body = el('div', { class: 'grid-body' },
      this.presets,
      el('div', { class: 'grid-sides' }, this.sides.rows.box, this.sides.columns.box),
      this.realRow, this.cost,
      el('div', { class: 'aside-row' }, this.start, this.stop, this.again),
      this.refused, this.progress, this.way, this.table, this.kept, this.shared);
    this.details = el('details',
      { on: { toggle: () => this.#toggled() } },
      el('summary', {}, phrase('grid.compare_walks')), this.body);
    this.classList.add('card');
    // There before the state is heard, which follows the click that opens the section.
    for (const later of [this.realRow, this.stop, this.again, this.way, this.kept]) later.hidden = true;
    this.append(this.details);
    this.observer = new IntersectionObserver((entries) => this.#see(entries));
    this.onScreen = new Set();
  }

  disconnectedCallback() {
    this.observer?.disconnect();
  }

  /** @param {Side} side */
  #side(side, title) {
    const select = el('select', { id: `grid-${side}`, on: {
      change: () => this.#choose({ [side]: select.value }),
    } });
    const values = el('div', { class: 'grid-values' });
    const named = el('legend', {}, title);
    const box = el('fieldset', { class: 'grid-side' }, named,
      el('label', { for: `grid-${side}`, class: 'unseen' }, phrase('grid.vary', { title })), select, values);
    return { select, values, box };
  }

  #choose(patch) {
    this.intend('grid', { patch });
  }

  /** A link may have opened the details, which is nobody's click. */
  #toggled() {
    if (this.details.open !== this.open) this.#choose({ open: this.details.open });
  }

  /** @param {State} state */
  update(state) {
    const { grid, recipe } = state;
    this.hidden = !recipe && state.phase !== 'opening';
    // Told once: a click opens the details before the state hears of it.
    if (this.changed('open', grid.open)) {
      this.open = grid.open;
      this.details.open = grid.open;
    }
    if (!recipe || !grid.open) return;
    this.state = state;
    this.#offer(state);
    if (this.changed('plan', grid.plan)) this.#build(state);
    this.#tell(state);
    const cells = this.changed('cells', grid.cells);
    if ([cells, this.changed('part', grid.part), this.changed('planned', grid.plan)].includes(true)) {
      this.#show(state);
    }
    if (this.changed('thumbnails', state.thumbnails) || this.changed('table', this.table.firstChild)) {
      this.#showReal(state);
    }
  }

  // What is chosen

  /** @param {State} state */
  #offer(state) {
    const all = offered(state);
    const { grid, compounds, samples, recipe, uploaded, phase, changes, pace } = state;
    const presets = presetsOf(state);
    if (this.changed('presets', presets.map(({ id, look }) => id + look).join())) {
      this.presets.replaceChildren(...presets.map(({ id, title, look, change }) => el('li', {},
        el('button', {
          type: 'button', class: 'secondary', 'data-preset': id, 'aria-describedby': `preset-${id}`,
          on: { click: () => (change
            ? this.intend('change', { change }) : this.intend('grid-preset', { id })) },
        }, title),
        el('span', { class: 'hint', id: `preset-${id}` }, ` ${look}`))));
    }
    const slice = JSON.stringify([all, grid.rows, grid.columns]);
    const names = [compounds, samples, uploaded].map((value, index) => this.changed(`names ${index}`, value));
    const others = this.changed('offered', slice) || names.includes(true);
    for (const side of /** @type {Side[]} */ (['rows', 'columns'])) {
      if (others) this.#offerSide(state, side, all);
      const chosen = new Set(chosenOf(state, grid[side]));
      for (const label of inside(this.sides[side].values)) {
        const box = /** @type {HTMLInputElement} */ (label.querySelector('input'));
        box.checked = chosen.has(this.#valueOf(all, grid[side], box));
      }
    }
    this.realRow.hidden = !hasReal(state);
    const drawn = state.examples?.every(({ synthetic }) => synthetic);
    const kind = phrase('grid.cells_beside_them', {
      drawn: drawn ? phrase('shared.drawn') : phrase('shared.real'),
      one: wordsFor(state.compounds).one,
    });
    if (this.changed('kind', kind)) this.realLabel.textContent = kind;
    this.real.checked = grid.real;
    for (const preset of inside(this.presets)) {
      /** @type {HTMLButtonElement} */ (preset.firstElementChild).disabled = phase !== 'ready' || changes > 0;
    }
    if (this.changed('cost', JSON.stringify([slice, grid.chosen, recipe, pace]))) this.#price(state);
  }

  /** @param {State} state */
  #offerSide(state, side, all) {
    const { select, values } = this.sides[side];
    const of = state.grid[side];
    const names = /** @type {Dimension[]} */ (Object.keys(all));
    select.replaceChildren(...names.map((name) =>
      el('option', { value: name }, dimensionName(name, state.compounds))));
    select.value = of;
    values.replaceChildren(...(all[of] ?? []).map((value, place) => el('label', {},
      el('input', { type: 'checkbox', 'data-place': place, 'data-value': String(value), on: {
        change: () => this.#check(side),
      } }),
      el('bdi', {}, valueWords(of, value, state)))));
  }

  #valueOf(all, of, box) {
    return (all[of] ?? [])[Number(box.dataset.place)];
  }

  /** Takes over which values of a side are checked. */
  #check(side) {
    const { grid } = this.state;
    const of = grid[side];
    const all = offered(this.state);
    const boxes = [...this.sides[side].values.querySelectorAll('input')];
    const values = boxes.filter(({ checked }) => checked).map((box) => this.#valueOf(all, of, box));
    this.#choose({ chosen: { ...grid.chosen, [of]: values } });
  }

  /**
   * What the chosen grid takes.
   * @param {State} state
   */
  #price(state) {
    const { plan } = planOf(state, 0);
    if (!plan) {
      this.cost.textContent = '';
      return;
    }
    const { bytes, evaluations } = costOf(plan.cells, state);
    const count = plan.cells.length;
    const adaptive = plan.cells.some(({ recipe }) => recipe.solver === 'dopri5');
    const time = state.pace && !adaptive
      ? phrase('grid.about_while_nothing_else', {
        pace: figures.duration((state.pace * evaluations) / 1000),
      }) : '';
    this.cost.textContent = plural('grid.cost', count, { count, bytes: figures.bytes(bytes), time });
  }

  // What comes

  /** @param {State} state */
  #tell({ grid, phase, changes, recipe, takesDose, compounds, samples, examples }) {
    const { plan, running, stopped, refused, cells } = grid;
    const busy = phase !== 'ready' || changes > 0;
    this.start.disabled = busy;
    this.stop.hidden = !running;
    const done = plan?.cells.filter(({ key }) => cells[key]?.finished).length ?? 0;
    const old = plan?.cells.some(({ key }) => cells[key] && cells[key].view !== viewOf(recipe));
    const left = Boolean(plan) && (done < plan.cells.length || old);
    this.again.hidden = running || !left || !stopped;
    this.again.disabled = busy;
    this.refused.textContent = refused ?? '';
    this.refused.hidden = !refused;
    const kept = plan ? phrase('grid.walks_done', { done, length: plan.cells.length }) : '';
    const why = stopped ? `${/[.!?…。！？]$/.test(stopped) ? stopped : `${stopped}.`} ` : '';
    const earlier = old && !running ? phrase('grid.some_shown_earlier_colours') : '';
    const words = plan ? `${why}${kept}${stopped && done ? phrase('grid.those_kept') : ''}${earlier}` : '';
    if (this.progress.textContent !== words) this.progress.textContent = words;
    this.progress.dataset.done = String(done);
    this.progress.dataset.running = String(running);
    this.progress.classList.toggle('warns', Boolean(stopped));
    this.way.hidden = !plan;
    this.kept.hidden = !plan;
    const printable = canBePrinted({ grid, recipe });
    for (const button of inside(this.kept)) {
      /** @type {HTMLButtonElement} */ (button).disabled = changes > 0 || !printable;
    }
    const shared = plan ? sharedWords(plan, { takesDose, compounds, samples, examples }) : '';
    const own = plan?.real && viewOf(recipe) !== viewOf({ hidden: [], channels: [] })
      ? phrase('grid.cells_not_generated_shown') : '';
    this.shared.textContent = plan ? phrase('grid.all_them_cell_opens', { shared, own }) : '';
  }

  /** The table of a plan, without its pictures. */
  #build(state) {
    const { plan } = state.grid;
    this.observer.disconnect();
    this.onScreen.clear();
    this.places = new Map();
    this.reals = [];
    if (!plan) {
      this.table.replaceChildren();
      return;
    }
    const { rows, columns } = plan;
    const words = (side, value) => valueWords(side.of, value, state);
    const named = (side) => dimensionName(side.of, state.compounds);
    const head = (scope, value) => el('th', { scope }, el('bdi', {}, value));
    const real = (cell) => this.#real(state, cell);
    const cellOf = (row, column) => plan.cells.find((cell) => cell.row === row && cell.column === column);
    const firstIn = (name, value) => plan.cells.find((cell) => cell[name] === value);
    const table = el('table', { class: 'grid-table' },
      el('caption', { class: 'unseen' }, phrase('grid.walks', {
        named: named(rows), columns: named(columns),
      })),
      el('thead', {}, el('tr', {}, el('td', {}),
        ...columns.values.map((value) => head('col', words(columns, value))),
        plan.real === 'column' ? head('col', phrase('shared.not_generated')) : null)),
      el('tbody', {},
        ...rows.values.map((row) => el('tr', {}, head('row', words(rows, row)),
          ...columns.values.map((column) => this.#cell(plan, cellOf(row, column))),
          plan.real === 'column' ? real(firstIn('row', row)) : null)),
        plan.real === 'row'
          ? el('tr', {}, head('row', phrase('shared.not_generated')),
              ...columns.values.map((column) => real(firstIn('column', column))))
          : null));
    this.table.replaceChildren(table);
    for (const { box } of this.places.values()) this.observer.observe(box);
  }

  /**
   * @param {Plan} plan
   * @param {Planned} [cell]
   */
  #cell({ rows, columns }, cell) {
    if (!cell) return el('td', {}, el('p', { class: 'hint' }, phrase('grid.beyond_compound_doses_data')));
    const canvas = el('canvas', { width: 1, height: 1, 'aria-hidden': 'true' });
    const note = el('span', { class: 'caption' });
    const what = `${valueWords(rows.of, cell.row, this.state)}, `
      + valueWords(columns.of, cell.column, this.state);
    const button = el('button', { type: 'button', class: 'tile', 'data-cell': cell.key, on: {
      click: () => this.#open(cell),
    } }, canvas, unseen(`${what}, `), note, unseen(phrase('shared.opens_walk')));
    const box = el('td', { 'data-key': cell.key }, button);
    this.places.set(cell.key, { cell, box, button, canvas, note });
    return box;
  }

  /**
   * The real cell beside a row or a column.
   * @param {State} state
   * @param {Planned} [cell]
   */
  #real(state, cell) {
    const found = cell && realBeside(cell.recipe, state);
    if (!found) return el('td', {}, el('p', { class: 'hint' }, phrase('grid.none_bundle')));
    const canvas = el('canvas', { width: 1, height: 1, role: 'img', 'aria-label': found.tile.note });
    this.reals.push({ canvas, id: found.tile.id });
    return el('td', { 'data-real': found.tile.id }, el('div', { class: 'tile real' }, canvas,
      el('span', { class: 'caption' }, found.words)));
  }

  /** @param {Planned} cell */
  #open(cell) {
    const moment = this.#moment(this.state);
    this.intend('grid-open', { key: cell.key, moment });
    /** @type {ShadowRoot} */ (this.getRootNode()).querySelector('cellflux-stage')
      ?.scrollIntoView({ block: 'nearest' });
  }

  /** @param {State} state */
  #moment({ grid }) {
    return momentAlong(grid.plan.base.direction, grid.part);
  }

  /**
   * Each cell's picture at the time that is shown.
   * @param {State} state
   */
  #show(state) {
    const { grid } = state;
    if (!grid.plan) return;
    const moment = this.#moment(state);
    this.along.value = String(grid.part);
    const words = phrase('shared.t', {
      time: figures.time(moment.time), back: moment.back ? phrase('grid.on_way_back') : '',
    });
    this.where.textContent = words;
    this.along.setAttribute('aria-valuetext', words);
    for (const { cell, button, canvas, note } of this.places.values()) {
      const reached = grid.cells[cell.key] ?? NOT_BEGUN;
      const step = shownStep(reached, moment);
      if (step !== null) enlarge(canvas, reached.pictures[step]);
      note.textContent = captionOf(cell, reached, step);
      note.classList.toggle('generated', isGenerated(cell.recipe, step));
      button.dataset.state = reached.failed ? 'failed' : reached.finished ? 'done' : 'waits';
      button.dataset.step = String(step ?? '');
    }
  }

  /** @param {State} state */
  #showReal({ thumbnails }) {
    for (const { canvas, id } of this.reals ?? []) {
      const picture = thumbnails.get(id);
      if (picture) enlarge(canvas, picture);
    }
  }

  /** Tells which cells are on the screen. */
  #see(entries) {
    for (const { target, isIntersecting } of entries) {
      const { key } = /** @type {HTMLElement} */ (target).dataset;
      if (isIntersecting) this.onScreen.add(key);
      else this.onScreen.delete(key);
    }
    this.intend('grid-seen', { keys: [...this.onScreen] });
  }
}

/** Paints a picture with each of its pixels as a whole number of the screen's. */
function enlarge(canvas, picture) {
  paint(canvas, picture);
  canvas.style.width = `${wholeMultiple(canvas.width, ACROSS)}px`;
}
