// What a visitor chooses in a lab: a form whose every field says what it wants changed.

import { fixed } from '../figures.js';
import { el } from '../html.js';
import {
  BATCHES, batchesOf, COUPLINGS, FIELDS, leadingTo, RATES, secondOf, SOLVERS, STEPS, TARGETS, targetOf,
  withSecond,
} from './choices.js';
import { among, offer, option, select, setting } from './fields.js';
import { LearningControls } from './learning_controls.js';
import { HALF } from './protocol.js';
import { phrase } from '../words.js';

/** @import { Display, Settings, View } from './protocol.js' */

/**
 * What is wished for is a change of the lab as it is once earlier wishes have been met.
 * @typedef {object} Wishes
 * @property {(change: (settings: Settings) => Settings) => void} settings another lab, which learns from the
 *   beginning
 * @property {(change: (view: View) => View) => void} view
 * @property {(rate: number) => void} rate
 * @property {(text: string) => void} pasted
 * @property {(change: (display: Display) => Display) => void} display
 */

export class Controls {
  #wishes;

  /** @param {Wishes} wishes */
  constructor(wishes) {
    this.#wishes = wishes;
    this.target = select((value) => {
      const chosen = TARGETS[Number(value)];
      if (chosen) wishes.settings((settings) => leadingTo(settings, chosen.target, chosen.name));
    });
    this.second = select((value) => {
      wishes.settings((settings) => withSecond(settings, value === '' ? null : Number(value)));
    });
    this.coupling = select((coupling) =>
      wishes.settings((settings) => ({ ...settings, path: { ...settings.path, coupling } })));
    this.batches = select((value) => {
      const chosen = BATCHES[Number(value)];
      if (chosen) wishes.settings((settings) => ({ ...settings, batches: chosen.batches }));
    });
    this.batch = select((value) => this.#look({ batch: value === '' ? null : Number(value) }));
    const shown = (name) => {
      const box = el('input', {
        type: 'checkbox',
        on: { change: () => wishes.display((display) => ({ ...display, [name]: box.checked })) },
      });
      return box;
    };
    this.densities = shown('densities');
    this.pairs = shown('pairs');
    this.learning = new LearningControls(wishes.settings);
    const coordinate = () => el('input', {
      type: 'number', min: String(-HALF), max: String(HALF), step: '0.01', value: '0', required: true,
    });
    this.x = coordinate();
    this.y = coordinate();
    this.rate = select((value) => wishes.rate(Number(value)));
    this.condition = select((value) => this.#look({ condition: value === '' ? null : Number(value) }));
    this.guidance = el('input', {
      type: 'range', min: '0', max: '4', step: '0.1',
      on: { change: () => this.#look({ guidance: Number(this.guidance.value) }) },
    });
    this.guidanceValue = el('output', {});
    this.field = select((field) => this.#look({ field: /** @type {View['field']} */ (field) }));
    this.solver = select((solver) => this.#look({ solver }));
    this.steps = select((value) => this.#look({ steps: Number(value) }));
    this.reverse = el('input', {
      type: 'checkbox', on: { change: () => this.#look({ reverse: this.reverse.checked }) },
    });
    this.text = el('textarea', { rows: '4', placeholder: 'x,y' });
    this.element = el(
      'form',
      { class: 'lab-controls', on: { submit: (event) => event.preventDefault() } },
      setting(phrase('controls.target'), this.target),
      setting(phrase('controls.second_condition'), this.second),
      setting(phrase('controls.batches'), this.batches),
      setting(phrase('controls.pairs'), this.coupling),
      setting(phrase('controls.learning_rate'), this.rate),
      setting(phrase('controls.field'), this.field),
      setting(phrase('controls.condition'), this.condition),
      setting(phrase('controls.batch_looked'), this.batch),
      setting(phrase('controls.guidance'), this.guidance, this.guidanceValue),
      setting(phrase('shared.solver'), this.solver),
      setting(phrase('controls.steps_walk'), this.steps),
      setting(phrase('controls.walk_from_target_back'), this.reverse),
      setting(phrase('controls.density_place_particles'), this.densities),
      setting(phrase('controls.lines_pairs'), this.pairs),
      this.learning.element,
      el(
        'details',
        {},
        el('summary', {}, phrase('controls.how_likely_point')),
        el('p', {}, phrase('controls.choose_point_here_or')),
        setting('x', this.x),
        setting('y', this.y),
        el('button', { type: 'button', on: { click: () => this.#askOfPoint() } },
          phrase('controls.density_point')),
      ),
      el(
        'details',
        {},
        el('summary', {}, phrase('controls.points_your_own')),
        setting(phrase('controls.two_numbers_each_line'), this.text),
        el('button', { type: 'button', on: { click: () => wishes.pasted(this.text.value) } },
          phrase('controls.learn_these_points')),
      ),
    );
  }

  /**
   * Shows the lab as it is.
   * @param {Settings} settings
   * @param {View} view
   * @param {Display} display
   */
  update(settings, view, display) {
    const own = targetOf(settings);
    const targets = TARGETS.map(({ name }, index) => option(index, name));
    offer(this.target, own < 0 ? [option(-1, phrase('controls.page')), ...targets] : targets, own);
    const second = secondOf(settings);
    const seconds = [['', phrase('controls.no_second')], ...targets];
    offer(this.second, second === -1 ? [option(-1, phrase('controls.page')), ...seconds] : seconds,
      second ?? '');
    offer(this.coupling, COUPLINGS, settings.path.coupling);
    const lists = BATCHES.map(({ name }, index) => option(index, name));
    const list = batchesOf(settings);
    offer(this.batches, list < 0 ? [option(-1, phrase('controls.page_them')), ...lists] : lists, list);
    const batches = settings.batches.map((_, index) => option(index, String(index + 1)));
    offer(this.batch, [['', phrase('controls.all_them')], ...batches], view.batch ?? '');
    this.batch.disabled = settings.batches.length === 1;
    offer(this.rate, among(RATES, settings.learning.rate), settings.learning.rate);
    const conditions = settings.conditions.map(({ label }, index) => option(index, label));
    offer(this.condition, [...conditions, ['', phrase('controls.none_null_velocity')]], view.condition ?? '');
    offer(this.field, FIELDS, view.field);
    offer(this.solver, SOLVERS, view.solver);
    offer(this.steps, among(STEPS, view.steps), view.steps);
    this.guidance.value = String(view.guidance);
    this.guidance.disabled = view.condition === null;
    this.guidanceValue.textContent = fixed(view.guidance, 1);
    this.reverse.checked = view.reverse;
    this.densities.checked = display.densities;
    this.pairs.checked = display.pairs;
    this.learning.update(settings);
    if (display.point) [this.x.value, this.y.value] = display.point.map(String);
  }

  #askOfPoint() {
    if (!this.x.reportValidity() || !this.y.reportValidity()) return;
    /** @type {[number, number]} */
    const point = [this.x.valueAsNumber, this.y.valueAsNumber];
    this.#wishes.display((display) => ({ ...display, point }));
  }

  /** @param {Partial<View>} change */
  #look(change) {
    this.#wishes.view((view) => ({ ...view, ...change }));
  }
}
