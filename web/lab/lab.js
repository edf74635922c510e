// <cellflux-lab settings="…" view="…">: flow matching in the plane. Attributes hold JSON, of which fields
// may be left out. A page's only lab writes its state into the address, unless an explorer is on the page,
// whose address it is.

import { joined, ofLessons } from '../course_link.js';
import { time } from '../figures.js';
import { el, seen } from '../html.js';
import { LAB_WORKER_MODULES } from '../integrity.js';
import { styleSheets } from '../style_sheets.js';
import { WorkerClient } from '../worker_client.js';
import { startWorker } from '../worker_start.js';
import { leadingTo } from './choices.js';
import { Controls } from './controls.js';
import { Drawing, pointAt } from './drawing.js';
import { errorTable } from './error_table.js';
import { FieldsBeside } from './fields_beside.js';
import { applied, read, written } from './lab_link.js';
import * as chart from './loss_chart.js';
import { draw, drawCross, drawStrokes, drawTime } from './plane.js';
import { inFigures, isUnread, language, phrase } from '../words.js';

/** @import { Display, Learnt, Opened, Seen, Settings, View } from './protocol.js' */

const WORKER = new URL('./lab_worker.js', import.meta.url).href;

/** How long the worker learns before it answers, so that it hears of a pause soon. */
const LEARN_MS = 120;
/** How often the plane is drawn while the network learns; less often for visitors who prefer less motion. */
const LOOK_MS = 400;
const CALM_LOOK_MS = 2000;
/** How long particles take for their walk while the network learns. */
const WALK_MS = 2500;
/** Where learning pauses by itself. */
const MOST_STEPS = 20_000;
/** @type {Display} */
const PLAIN = { densities: false, pairs: false, point: null };
/** Labs of one page, for the address. */
let labs = 0;

/** @returns {any} */
const newWorker = () => new WorkerClient(() => {}, () => startWorker(LAB_WORKER_MODULES, WORKER,
  () => new Worker(new URL('./lab_worker.js', import.meta.url), { type: 'module' })));

class Lab extends HTMLElement {
  /** @type {any} */
  #worker;
  /** @type {{ settings: Settings, view: View, display: Display }} what the page itself shows */
  #own = null;
  /** @type {Opened} */
  #opened = null;
  /** @type {Display} */
  #display = PLAIN;
  /** What is said of the point whose likelihood was asked for. */
  #ofPoint = '';
  /** @type {Learnt} */
  #learnt = null;
  /** @type {Seen} */
  #seen = null;
  /** Settles once the lab was opened, or could not be. */
  #opening;
  /** Opens the lab although it is out of view. */
  #ask = () => {};
  #asked = new Promise((asked) => { this.#ask = () => asked(undefined); });
  #step = 0;
  #playing = false;
  /** Where in the walk particles are drawn while the network learns; null while they stand at a step. */
  #moment = null;
  /** Whether learning goes on once the tab is seen again. */
  #waits = false;
  /** Numbers the times that learning was started, so that only the last goes on. */
  #run = 0;
  #looked = 0;
  /** Numbers what was opened last, so that an answer for a lab before it is dropped. */
  #current = 0;
  #chosen = Promise.resolve();
  #writesAddress = false;

  connectedCallback() {
    if (this.shadowRoot) return;
    // At once, so that a lesson that the address names can wait for it.
    this.#opening = this.#begin();
    document.addEventListener('visibilitychange', this.#followTab);
  }

  async #begin() {
    labs += 1;
    this.#writesAddress = labs === 1 && !document.querySelector('cellflux-explorer');
    const root = this.attachShadow({ mode: 'open' });
    const { sheets } = await styleSheets(['tokens', 'controls', 'lab']);
    root.adoptedStyleSheets = sheets;
    this.#build(root);
    // A lab further down costs nothing before it comes into view, or a lesson wants it.
    await Promise.race([seen(this), this.#asked]);
    if (!this.isConnected) return;
    this.#worker = newWorker();
    await this.#attempt(async () => {
      const own = { settings: parsed(this, 'settings'), view: parsed(this, 'view'), display: PLAIN };
      this.#own = await this.#open(own);
      const change = this.#writesAddress ? read(location.hash) : null;
      if (change) await this.#open(/** @type {any} */ (applied(this.#own, change)));
    });
  }

  disconnectedCallback() {
    this.#playing = false;
    document.removeEventListener('visibilitychange', this.#followTab);
    this.#worker?.end();
  }

  /** What lessons of the page do with this lab (`web/lesson/targets.js`). */
  get lesson() {
    return {
      /** @param {{ settings: object, view: object, learn: number }} state */
      show: async ({ settings, view, learn }) => {
        this.#ask();
        await this.#opening;
        this.#pause();
        await this.#attempt(async () => {
          await this.#open({ settings, view, display: PLAIN });
          if (learn > 0) await this.#learn(learn);
        });
      },
      /**
       * A quantity of what is in view.
       * @param {string} name
       * @returns {Promise<number | null>}
       */
      quantity: async (name) => {
        this.#ask();
        await this.#opening;
        this.#pause();
        return this.#worker.call('quantity', { view: this.#opened.view, name });
      },
      /**
       * A quantity of another state, which is opened in a worker of its own.
       * @param {{ settings: object, view: object, learn: number }} state
       * @param {string} name
       * @returns {Promise<number | null>}
       */
      quantityOf: async ({ settings, view, learn }, name) => {
        const aside = newWorker();
        try {
          const opened = await aside.call('open', { settings, view });
          if (learn > 0) await aside.call('learn', { steps: learn, milliseconds: Infinity });
          return await aside.call('quantity', { view: opened.view, name });
        } finally {
          aside.end();
        }
      },
    };
  }

  #build(root) {
    this.canvas = el('canvas', { role: 'img', 'aria-label': phrase('lab.plane_once_lab_opened') });
    this.moment = el('input', {
      type: 'range', min: '0', max: '0', value: '0', 'aria-label': phrase('shared.step_walk'),
      on: { input: () => this.#show(Number(this.moment.value)) },
    });
    this.time = el('output', {});
    const button = (words, does) =>
      el('button', { type: 'button', on: { click: () => this.#choose(does) } }, words);
    this.play = el('button', {
      type: 'button', class: 'primary', on: {
        click: async () => {
          await this.#opening;
          await this.#attempt(() => this.#toggle());
        },
      },
    }, phrase('lab.learn'));
    this.drawing = new Drawing(this.canvas, () => this.#draw());
    this.pen = button(phrase('lab.draw_target'), () => this.#useThePen());
    this.buttons = [
      this.play,
      button(phrase('lab.one_step'), () => this.#learn(1)),
      button(phrase('shared.start_again'), () => this.#again()),
      button(phrase('lab.another_seed'), () => this.#reopen({
        ...this.#opened.settings,
        seed: (this.#opened.settings.seed + 1) % 2 ** 32,
      })),
      button(phrase('lab.reflow'), () => this.#follow('reflow')),
      this.pen,
      button(phrase('lab.measure_walk_error'), () => this.#measureError()),
      button(phrase('error_table.errors'), () => this.#compareSolvers()),
    ];
    const key = (name, words) => el('li', {}, el('span', { class: name, 'aria-hidden': 'true' }), words);
    this.pairKey = key('pair', phrase('controls.lines_pairs'));
    this.legend = el('ul', { class: 'lab-legend' },
      key('particle', phrase('lab.particles')), key('path', phrase('lab.their_paths')),
      key('arrow', phrase('lab.velocities')), key('goal', phrase('lab.points_they_walk')), this.pairKey);
    this.errors = el('div', {});
    this.fields = new FieldsBeside(
      ({ view, t }) => this.#worker.call('fields', { view, t }), () => this.#colour('arrow'));
    this.said = el('p', { class: 'lab-said', 'aria-live': 'polite' });
    this.trouble = el('p', { class: 'lab-trouble', role: 'alert', hidden: true });
    this.chart = el('div', {});
    this.facts = el('dl', { class: 'lab-facts' });
    this.controls = new Controls({
      settings: (change) => this.#choose(() => this.#reopen(change(this.#opened.settings))),
      view: (change) => this.#choose(() => this.#view(change(this.#opened.view))),
      rate: (rate) => this.#choose(() => this.#rate(rate)),
      pasted: (text) => this.#choose(() => this.#paste(text)),
      display: (change) => this.#choose(() => this.#showAs(change(this.#display))),
    });
    this.canvas.addEventListener('click', ({ offsetX, offsetY }) => {
      if (this.drawing.isUnderWay || !this.#opened) return;
      const point = pointAt(offsetX, offsetY, this.canvas.clientWidth);
      this.#choose(() => this.#showAs({ ...this.#display, point }));
    });
    root.append(el(
      'section',
      { class: 'lab', lang: language, 'aria-label': phrase('lab.flow_matching_plane') },
      el('div', { class: 'lab-plane' }, this.canvas,
        el('div', { class: 'lab-time' }, this.moment, this.time), this.legend, this.fields.element),
      el('div', { class: 'lab-side' }, el('div', { class: 'lab-buttons' }, ...this.buttons), this.trouble,
        this.said, this.chart, this.facts, this.errors, this.controls.element,
        isUnread ? el('p', { class: 'hint' }, phrase('lab.words_unread')) : null),
    ));
    new ResizeObserver(() => this.#draw()).observe(this.canvas);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      this.#draw();
      this.fields.drawAgain();
    });
  }

  /** Choices are met in their order, each from the state that the one before it has led to. */
  #choose(does) {
    this.#chosen = this.#chosen.then(() => this.#opening).then(() => this.#attempt(does));
    return this.#chosen;
  }

  /** Does something and says what went wrong. */
  async #attempt(does) {
    this.trouble.hidden = true;
    try {
      await does();
    } catch (failure) {
      this.#pause();
      this.#complain(failure.sentence ?? failure.message);
      if (failure.kind === 'stopped') await this.#startAgain();
      else if (this.#opened) this.#updateControls();
    }
  }

  #complain(sentence) {
    this.trouble.textContent = sentence;
    this.trouble.hidden = false;
  }

  /** Opens what was chosen in another worker; what was learnt is lost. */
  async #startAgain() {
    if (!this.isConnected || !this.#opened) return;
    this.#worker.start();
    const { settings, view } = this.#opened;
    await this.#open({ settings, view }).catch((failure) => this.#complain(failure.sentence));
  }

  /**
   * Opens a lab in the worker and shows it.
   * @param {{ settings: object, view: object, display?: Display }} lab
   */
  async #open({ settings, view, display = this.#display }) {
    this.#current += 1;
    const opened = await this.#worker.call('open', { settings, view });
    this.#opened = opened;
    this.#learnt = null;
    this.#display = { ...PLAIN, ...display };
    await this.#view(opened.view);
    if (this.#display.point) await this.#askOfPoint();
    return { settings: opened.settings, view: opened.view, display: this.#display };
  }

  /** @param {Display} display */
  async #showAs(display) {
    const before = this.#display;
    this.#display = display;
    const others = display.densities !== before.densities || display.pairs !== before.pairs;
    if (others) await this.#look();
    if (display.point) await this.#askOfPoint();
    this.#writeAddress();
  }

  /** Says how likely the field holds the chosen point to be. */
  async #askOfPoint() {
    this.#pause();
    const { point } = this.#display;
    const logarithm = await this.#worker.call('likelihood', { view: this.#opened.view, point });
    this.#ofPoint = phrase('lab.field_gives_point_density', {
      point: point.join(', '), exp: figure(Math.exp(logarithm)), logarithm: figure(logarithm),
    });
    this.#tell();
    this.#draw();
  }

  #updateControls() {
    this.controls.update(this.#opened.settings, this.#opened.view, this.#display);
  }

  /** @param {Settings} settings */
  async #reopen(settings) {
    this.#pause();
    const view = { ...this.#opened.view };
    if (view.condition !== null && view.condition >= settings.conditions.length) view.condition = 0;
    if (view.batch !== null && view.batch >= settings.batches.length) view.batch = null;
    await this.#open({ settings, view });
  }

  /** @param {View} view */
  async #view(view) {
    const before = this.#opened.view;
    this.#opened.view = view;
    this.#forgetMeasured();
    try {
      await this.#look();
    } catch (failure) {
      this.#opened.view = before;
      this.#updateControls();
      throw failure;
    }
  }

  /** What was said of a point, and errors, were of another field. */
  #forgetMeasured() {
    this.#ofPoint = '';
    this.errors.replaceChildren();
  }

  async #look() {
    const current = this.#current;
    /** @type {Seen} */
    const seen = await this.#worker.call('look', {
      view: this.#opened.view,
      densities: this.#display.densities,
      pairs: this.#display.pairs,
    });
    if (current !== this.#current) return;
    const atEnd = !this.#seen || this.#step >= this.#seen.times.length - 1;
    this.#seen = seen;
    this.#looked = performance.now();
    const last = seen.times.length - 1;
    this.moment.max = String(last);
    this.#writeAddress();
    this.#tell();
    this.#show(atEnd ? last : Math.min(this.#step, last));
  }

  async #toggle() {
    if (this.#playing) {
      this.#pause();
      await this.#look();
      return;
    }
    this.#playing = true;
    this.#run += 1;
    const run = this.#run;
    this.play.textContent = phrase('shared.pause');
    const calm = matchMedia('(prefers-reduced-motion: reduce)');
    if (!calm.matches) this.#animate(run);
    while (this.#playing && run === this.#run) {
      await this.#learn(MOST_STEPS - (this.#learnt?.steps ?? 0), LEARN_MS);
      const every = calm.matches ? CALM_LOOK_MS : LOOK_MS;
      if (this.#playing && performance.now() - this.#looked > every) await this.#look();
      if (this.#learnt?.steps >= MOST_STEPS) this.#pause();
    }
  }

  #pause() {
    this.#playing = false;
    this.#waits = false;
    this.play.textContent = phrase('lab.learn');
    if (this.#moment === null) return;
    this.#moment = null;
    this.#draw();
  }

  /** In a background tab nothing is learnt; it goes on when the tab is seen again. */
  #followTab = () => {
    if (document.hidden) {
      const waits = this.#playing;
      this.#pause();
      this.#waits = waits;
    } else if (this.#waits) {
      this.#attempt(() => this.#toggle());
    }
  };

  /** While the network learns, particles walk again and again through what it has learnt. */
  #animate(run) {
    this.said.textContent = phrase('lab.while_it_learns');
    const began = performance.now();
    const frame = (now) => {
      if (!this.#playing || run !== this.#run || !this.isConnected) return;
      const part = (Math.max(0, now - began) % WALK_MS) / WALK_MS;
      this.#moment = part * (this.#seen.times.length - 1);
      this.#draw();
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  /** Learns so many steps, or for so long; by itself it looks at the plane after a single step only. */
  async #learn(steps, milliseconds = Infinity) {
    const current = this.#current;
    /** @type {Learnt} */
    const learnt = await this.#worker.call('learn', { steps, milliseconds });
    if (current !== this.#current) return;
    this.#learnt = learnt;
    this.#forgetMeasured();
    if (learnt.diverged) {
      this.#pause();
      this.#complain(phrase('lab.learning_broke_down_loss'));
    }
    if (!this.#playing && !learnt.diverged) await this.#look();
    this.#tell();
  }

  async #follow(call, args = {}) {
    const playing = this.#playing;
    this.#pause();
    this.#learnt = await this.#worker.call(call, args);
    this.#forgetMeasured();
    await this.#look();
    if (playing) this.#attempt(() => this.#toggle());
  }

  #again() {
    this.#pause();
    return this.#follow('reset');
  }

  async #rate(rate) {
    await this.#follow('rate', { rate });
    this.#opened.settings = {
      ...this.#opened.settings,
      learning: { ...this.#opened.settings.learning, rate },
    };
    this.#tell();
    this.#writeAddress();
  }

  async #paste(text) {
    const flat = await this.#worker.call('pasted', { text });
    const points = Array.from({ length: flat.length / 2 }, (_, index) =>
      [flat[2 * index], flat[2 * index + 1]].map((value) => Math.round(1e3 * value) / 1e3));
    const target = { kind: 'points', points, spread: 0.05 };
    await this.#reopen(leadingTo(this.#opened.settings, target, phrase('lab.yours')));
  }

  /** Begins a drawing, or learns the one that is there; without a line everything stays as it is. */
  async #useThePen() {
    this.#pause();
    if (!this.drawing.isUnderWay) {
      this.pen.textContent = phrase('lab.learn_drawing');
      this.said.textContent = phrase('lab.draw_lines_on_plane');
      this.drawing.start();
      return;
    }
    this.pen.textContent = phrase('lab.draw_target');
    const strokes = this.drawing.end();
    if (strokes.length) {
      const target = { kind: 'strokes', strokes, spread: 0.05 };
      await this.#reopen(leadingTo(this.#opened.settings, target, phrase('finding.drawn')));
    } else {
      this.#draw();
      this.#tell();
    }
  }

  async #measureError() {
    this.#pause();
    const error = await this.#worker.call('error', { view: this.#opened.view });
    this.said.textContent = phrase('lab.particles_end_from_where', { error: figure(error) });
  }

  /** Errors of all solvers, as a table. */
  async #compareSolvers() {
    this.#pause();
    this.said.textContent = phrase('lesson.computing');
    const { view } = this.#opened;
    try {
      const errors = await this.#worker.call('errors', { view });
      if (view === this.#opened.view) {
        this.errors.replaceChildren(errorTable(errors, view.particles, figure));
      }
    } finally {
      this.#tell();
    }
  }

  #show(step) {
    this.#step = step;
    this.moment.value = String(step);
    const t = time(this.#seen.times[step]);
    this.time.textContent = `t = ${t}`;
    this.moment.setAttribute('aria-valuetext', phrase('lab.t_step', {
      t, step, length: this.#seen.times.length - 1,
    }));
    const shown = this.#seen.densities ? phrase('lab.particles_their_density') : phrase('lab.particles');
    this.canvas.setAttribute('aria-label', phrase('lab.t_arrows_points_distribution', {
      length: this.#seen.at[0].length / 2,
      shown,
      t,
      field: this.#opened.view.field === 'exact' ? phrase('shared.exact_field') : phrase('lab.field_learnt'),
    }));
    const { settings, view } = this.#opened;
    const { label } = settings.conditions[view.condition ?? 0];
    this.fields.show({ view, t: this.#seen.times[step], label });
    this.pairKey.hidden = !this.#seen.pairs;
    this.#draw();
  }

  /** A colour of the legend, where the browser has chosen between light and dark. */
  #colour(name) {
    return getComputedStyle(this.legend.querySelector(`.${name}`)).color;
  }

  #draw() {
    if (!this.#seen) return;
    const size = Math.round(this.canvas.clientWidth * devicePixelRatio);
    if (!size) return;
    if (this.canvas.width !== size) Object.assign(this.canvas, { width: size, height: size });
    const context = this.canvas.getContext('2d');
    const colour = (name) => this.#colour(name);
    if (this.drawing.isUnderWay) {
      drawStrokes(context, this.drawing.strokes, colour('particle'));
      return;
    }
    const { times } = this.#seen;
    const moment = this.#moment ?? this.#step;
    draw(context, this.#seen, moment, {
      goal: colour('goal'), arrow: colour('arrow'), path: colour('path'), particle: colour('particle'),
      pair: colour('pair'),
    });
    const { point } = this.#display;
    if (point) drawCross(context, point, colour('arrow'));
    if (this.#moment === null) return;
    const [step, part] = [Math.floor(moment), moment % 1];
    const t = times[step] + part * ((times[step + 1] ?? times[step]) - times[step]);
    drawTime(context, `t = ${time(t)}`, colour('particle'));
  }

  /** Says in words and numbers what the lab is and how far it has come. */
  #tell() {
    const { parameters, leastLoss } = this.#opened;
    this.#updateControls();
    const { steps = 0, loss = null, curve = new Float64Array(), reflowed = false } = this.#learnt ?? {};
    // A reflow's pairs have another least loss, which is not known.
    const least = reflowed ? null : leastLoss;
    this.chart.replaceChildren(...(steps ? [chart.drawn(chart.placed(curve, least))] : []));
    if (!this.#playing) {
      this.said.textContent = steps
        ? phrase('lab.steps_learnt', { steps, reflowed: reflowed ? phrase('lab.last_after_reflow') : '' })
        : phrase('lab.network_numbers_learnt_nothing', { parameters });
      if (this.#ofPoint) this.said.textContent += ` ${this.#ofPoint}`;
    }
    const facts = [
      [phrase('shared.steps'), String(steps)],
      [phrase('lab.loss_mean_last_100'), loss === null ? phrase('lab.none_yet') : figure(loss)],
      [phrase('lab.least_loss_possible'), least === null ? phrase('lab.not_known_here') : figure(least)],
      [phrase('lab.bend_paths_0_straight'), this.#seen && figure(this.#seen.straightness)],
      [phrase('lab.mean_squared_way'), this.#seen && figure(this.#seen.cost)],
      [phrase('lab.squared_energy_distance_from'), this.#seen && figure(this.#seen.distance)],
    ];
    this.facts.replaceChildren(...facts.flatMap(([name, value]) =>
      [el('dt', {}, name), el('dd', {}, value ?? '')]));
  }

  #writeAddress() {
    if (!this.#writesAddress || !this.#own) return;
    const { settings, view } = this.#opened;
    const own = written({ settings, view, display: this.#display }, this.#own);
    const hash = joined(own, ofLessons(location.hash));
    history.replaceState(history.state, '', hash ? `#${hash}` : location.pathname + location.search);
  }
}

/** What an attribute holds as JSON; an empty object where it is missing. */
function parsed(element, name) {
  const text = element.getAttribute(name);
  if (!text) return {};
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(phrase('lab.lab_attribute_not_json', { name, message: error.message }));
  }
}

const figure = (value) => (
  Math.abs(value) < 1e-3 && value !== 0 ? inFigures(value.toExponential(1)) : time(value));

customElements.define('cellflux-lab', Lab);
