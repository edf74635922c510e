// How the flow is integrated: solver, time grid, steps, guidance, source noise, seed and direction.

import { el, Part } from '../html.js';
import { offered, ofLevel } from '../trained_noise.js';

/** @import { State } from '../state.js' */

/** By what the flow starts from. */
const directions = (source) => [
  ['forward', `${source} → treated`],
  ['reverse', `Treated → ${source.toLowerCase()}`],
  ['return', 'There and back'],
];
const SOLVERS = [
  ['euler', 'Euler (order 1)'],
  ['midpoint', 'Midpoint (order 2)'],
  ['heun2', 'Heun (order 2)'],
  ['rk4', 'Runge–Kutta 3/8 (order 4)'],
  ['dopri5', 'Dormand–Prince 5(4), adaptive'],
];
const GRIDS = [
  ['uniform', 'Uniform'],
  ['edm', 'EDM (as CellFlux samples)'],
  ['cosine', 'Cosine'],
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
        input: () => { shown.textContent = input.value; },
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
        'Direction',
        directions('Control'),
        'Reverse follows the same velocity from t = 1 to t = 0. There and back ends where it started but for '
          + 'the solver’s error, which the difference then shows.',
      ),
      choose(
        'solver',
        'Solver',
        SOLVERS,
        'How each step is taken. Higher orders cost more evaluations per step.',
      ),
      choose('grid', 'Time grid', GRIDS, 'Where on the path the steps end.'),
      number('steps', 'Steps', 'Solver steps from one end of the path to the other.'),
      tolerance(
        'rtol',
        'Relative tolerance',
        'The error that an adaptive step may make, as a part of the pixel’s value: 1e-9 to 1.',
      ),
      tolerance(
        'atol',
        'Absolute tolerance',
        'The error that it may make besides, in model range (−1 to 1): 1e-9 to 1.',
      ),
      slide(
        'alpha',
        'Guidance α',
        '0.05',
        '1 follows the condition’s own velocity; more exaggerates it, 0 ignores the condition.',
      ),
      slide('noise', 'Source noise', '0.05', 'Gaussian noise added to the start image before walking.'),
      number(
        'seed',
        'Seed',
        'The same seed makes the same noise on every machine.',
        el(
          'button',
          {
            type: 'button',
            class: 'secondary',
            'aria-label': 'Draw a new seed',
            on: { click: () => this.#send('seed', crypto.getRandomValues(new Uint32Array(1))[0]) },
          },
          'New',
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
    for (const [index, [, words]] of directions('Noise').entries()) options[index].textContent = words;
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
      if (output) output.textContent = String(value);
    }
    this.#judgeNoise();
    const adaptive = this.recipe.solver === 'dopri5';
    for (const name of ['grid', 'steps']) this.fields[name].row.hidden = adaptive;
    for (const name of ['rtol', 'atol']) this.fields[name].row.hidden = !adaptive;
    const fromNoise = this.recipe.control === 'noise';
    // What was not treated is not called so.
    const untreated = this.recipe.direction === 'reverse' && this.start?.kind !== 'treated';
    const source = this.flowSource === 'noise' ? 'Noise' : 'Control';
    const [, [, back]] = directions(source);
    this.fields.direction.input.querySelector('[value="reverse"]').textContent =
      untreated ? 'Back: t = 1 → t = 0' : back;
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
  const number = Number(text);
  return Number.isFinite(number) ? number : text;
}
