// How the flow is integrated: solver, time grid, steps, guidance, source noise, seed and direction.

import { el, Part } from '../html.js';
import { offered, ofLevel } from '../trained_noise.js';
import { inFigures, lowered, phrase } from '../words.js';

/** @import { State } from '../state.js' */

/** By what the flow starts from. */
const directions = (source) => [
  ['forward', phrase('flow_settings.treated', { source })],
  ['reverse', phrase('flow_settings.treated_2', { source: lowered(source) })],
  ['return', phrase('shared.there_back')],
];
const SOLVERS = [
  ['euler', phrase('flow_settings.euler_order_1')],
  ['midpoint', phrase('flow_settings.midpoint_order_2')],
  ['heun2', phrase('flow_settings.heun_order_2')],
  ['rk4', phrase('flow_settings.runge_kutta_3_8')],
  ['dopri5', phrase('flow_settings.dormand_prince_5_4')],
];
const GRIDS = [
  ['uniform', phrase('flow_settings.uniform')],
  ['edm', phrase('flow_settings.edm_cellflux_samples')],
  ['cosine', phrase('flow_settings.cosine')],
];

/** Shows the flow's part of `state.recipe` within `state.limits`. */
export class FlowSettings extends Part {
  connectedCallback() {
    if (this.firstChild) return;
    const choose = (name, label, options, help) => {
      const input = el(
        'select',
        { id: `set-${name}`, name, on: { change: () => this.#send(name, input.value) } },
        ...options.map(([value, words]) => el('option', { value }, words)),
      );
      return this.#row(name, label, input, null, help);
    };
    const slide = (name, label, step, help) => {
      const shown = el('output', { for: `set-${name}` });
      const input = el('input', { type: 'range', id: `set-${name}`, name, step, on: {
        input: () => { shown.textContent = inFigures(input.value); },
        change: () => this.#send(name, Number(input.value)),
      } });
      return this.#row(name, label, input, shown, help);
    };
    const number = (name, label, help, ...more) => {
      const input = el('input', {
        type: 'number',
        id: `set-${name}`,
        name,
        inputmode: 'numeric',
        step: '1',
        on: {
          change: () =>
            input.value === '' ? this.#show() : this.#send(name, Math.round(Number(input.value))),
        },
      });
      return this.#row(name, label, el('span', { class: 'with-button' }, input, ...more), null, help, input);
    };
    // Tolerances run over nine powers of ten, which a slider cannot show.
    const tolerance = (name, label, help) => {
      const input = el('input', {
        type: 'text',
        id: `set-${name}`,
        name,
        inputmode: 'decimal',
        on: {
          change: () =>
            input.value.trim() === '' ? this.#show() : this.#send(name, numberOr(input.value.trim())),
        },
      });
      return this.#row(name, label, input, null, help);
    };
    this.fields = {};
    this.append(
      choose(
        'direction',
        phrase('flow_settings.direction'),
        directions(phrase('shared.control_2')),
        phrase('flow_settings.reverse_follows_same_velocity'),
      ),
      choose(
        'solver',
        phrase('shared.solver'),
        SOLVERS,
        phrase('flow_settings.how_each_step_taken'),
      ),
      choose('grid', phrase('flow_settings.time_grid'), GRIDS, phrase('flow_settings.where_on_path_steps')),
      number('steps', phrase('shared.steps'), phrase('flow_settings.solver_steps_from_one')),
      tolerance(
        'rtol',
        phrase('flow_settings.relative_tolerance'),
        phrase('flow_settings.error_adaptive_step_may'),
      ),
      tolerance(
        'atol',
        phrase('flow_settings.absolute_tolerance'),
        phrase('flow_settings.error_may_make_besides'),
      ),
      slide(
        'alpha',
        phrase('shared.guidance'),
        '0.05',
        phrase('flow_settings.1_follows_condition_own'),
      ),
      slide('noise', phrase('shared.source_noise'), '0.05',
        phrase('flow_settings.gaussian_noise_added_start')),
      number(
        'seed',
        phrase('shared.seed'),
        phrase('flow_settings.same_seed_makes_same'),
        el(
          'button',
          {
            type: 'button',
            class: 'secondary',
            'aria-label': phrase('flow_settings.draw_new_seed'),
            on: { click: () => this.#send('seed', crypto.getRandomValues(new Uint32Array(1))[0]) },
          },
          phrase('flow_settings.new'),
        ),
      ),
    );
  }

  /** @param {State} state */
  update({ recipe, limits, flowSource, trainedNoise, start }) {
    this.recipe = recipe;
    this.start = start;
    this.flowSource = flowSource;
    if (this.changed('trained', trainedNoise)) this.#offerNoise(trainedNoise);
    if (limits && this.changed('limits', limits)) this.#bound(limits);
    if (flowSource === 'noise' && this.changed('source', flowSource)) this.#nameNoise();
    const started = this.changed('start', start?.kind);
    if (recipe && (this.changed('recipe', recipe) || started)) this.#show();
  }

  /** Marks the levels that were trained, and says what they are. */
  #offerNoise(trained) {
    this.trained = trained;
    const { input, row } = this.fields.noise;
    const marks = el('datalist', { id: 'trained-noise' });
    marks.append(...offered(trained).map((level) => el('option', { value: String(level) })));
    input.setAttribute('list', 'trained-noise');
    this.noiseLevel = el('p', { class: 'hint', 'data-noise': '', role: 'status' });
    for (const old of row.querySelectorAll('datalist, [data-noise]')) old.remove();
    row.append(marks, this.noiseLevel);
  }

  /** Whether the network was trained with this level. */
  #judgeNoise() {
    const said = ofLevel(this.trained, this.recipe.noise);
    this.noiseLevel.textContent = said?.words ?? '';
    this.noiseLevel.classList.toggle('warns', Boolean(said?.warns));
  }

  #nameNoise() {
    const { options } = this.fields.direction.input;
    const all = directions(phrase('shared.noise_2'));
    for (const [index, [, words]] of all.entries()) options[index].textContent = words;
  }

  #row(name, label, control, output, help, input = control) {
    input.setAttribute('aria-describedby', `help-${name}`);
    const row = el(
      'div',
      { class: 'setting', 'data-setting': name },
      el('label', { for: `set-${name}` }, label),
      output,
      control,
      el('p', { class: 'hint', id: `help-${name}` }, help),
    );
    this.fields[name] = { input, output, row };
    return row;
  }

  #bound(limits) {
    for (const [name, [low, high]] of Object.entries(limits)) {
      const field = this.fields[name];
      if (!field) continue;
      if (field.input.type === 'text') continue;
      field.input.min = String(low);
      field.input.max = String(high);
    }
  }

  #show() {
    for (const [name, { input, output }] of Object.entries(this.fields)) {
      const value = this.recipe[name];
      if (value === undefined) continue;
      input.value = String(value);
      if (output) output.textContent = inFigures(value);
    }
    this.#judgeNoise();
    const adaptive = this.recipe.solver === 'dopri5';
    for (const name of ['grid', 'steps']) this.fields[name].row.hidden = adaptive;
    for (const name of ['rtol', 'atol']) this.fields[name].row.hidden = !adaptive;
    const fromNoise = this.recipe.control === 'noise';
    // What was not treated is not called so.
    const untreated = this.recipe.direction === 'reverse' && this.start?.kind !== 'treated';
    const source = this.flowSource === 'noise' ? phrase('shared.noise_2') : phrase('shared.control_2');
    const [, [, back]] = directions(source);
    this.fields.direction.input.querySelector('[value="reverse"]').textContent =
      untreated ? phrase('flow_settings.back_t_1_t') : back;
    // A flow that starts from noise is walked back from an image only, and there is none to choose here.
    this.fields.direction.input.querySelector('[value="reverse"]').disabled = fromNoise;
    this.fields.noise.row.hidden = this.flowSource === 'noise';
    this.fields.seed.input.disabled = this.recipe.noise === 0 && !fromNoise;
  }

  #send(name, value) {
    this.intend('change', { change: { [name]: value } });
  }
}

/** A number, or the text that is none, which the session refuses by the field's name. */
function numberOr(text) {
  const number = Number(text.replace(',', '.'));
  return Number.isFinite(number) ? number : text;
}
