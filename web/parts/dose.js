// Step 2, for a network that takes the dose as a number: any dose from the lowest to the highest of the data,
// by a slider on a logarithmic scale, a typed number, or one of the doses of the data. What training had of
// the dose is said.

import { doseAt, doseRange, inWords, placeOf, standingOf, STEP } from '../dose.js';
import { el, inside, Part, unseen } from '../html.js';
import { phrase } from '../words.js';

/** @import { State } from '../state.js' */

/** Shows the dose of `state.recipe` among those of its compound, where `state.takesDose`. */
export class DoseSlider extends Part {
  connectedCallback() {
    if (this.firstChild) return;
    this.marks = el('datalist', { id: 'dose-marks' });
    this.slider = el('input', {
      type: 'range', id: 'dose-place', min: '0', max: '1', step: String(STEP), list: 'dose-marks',
      'aria-describedby': 'dose-standing',
      on: {
        input: () => this.#say(this.#pointed()),
        change: () => this.#send(this.#pointed()),
      },
    });
    this.typed = el('input', {
      type: 'text', id: 'compound-dose', inputmode: 'decimal', autocomplete: 'off', size: '7',
      'aria-describedby': 'dose-standing',
      on: { change: () => this.#type() },
    });
    this.lowest = el('span', {});
    this.highest = el('span', {});
    this.listed = el('div', {
      class: 'dose-listed', role: 'group', 'aria-label': phrase('shared.doses_data'),
    });
    this.standing = el('p', { class: 'hint', id: 'dose-standing', role: 'status' });
    this.hidden = true;
    this.append(
      el('div', { class: 'dose-row' },
        el('label', { for: 'dose-place' }, phrase('shared.dose'), unseen(phrase('dose.logarithmic'))),
        el('span', { class: 'dose-typed' },
          el('label', { for: 'compound-dose', class: 'unseen' }, phrase('dose.dose_micromolar')),
          this.typed, ' µM')),
      this.slider, this.marks,
      el('div', { class: 'dose-ends', 'aria-hidden': 'true' }, this.lowest, this.highest),
      this.listed, this.standing,
    );
  }

  /** @param {State} state */
  update({ recipe, compounds, takesDose }) {
    const compound = compounds?.find(({ id }) => id === recipe?.compound) ?? null;
    const range = takesDose && recipe ? doseRange(compound, compounds) : null;
    this.hidden = !range || range[0] === range[1] || recipe.dose === undefined;
    if (this.hidden) return;
    this.range = range;
    this.compound = compound;
    const doses = compound?.doses ?? [];
    if (this.changed('range', JSON.stringify([range, doses]))) this.#offer(doses);
    if (this.changed('recipe', recipe)) this.#show(recipe.dose);
  }

  /**
   * The scale and the doses of the data on it.
   * @param {number[]} doses
   */
  #offer(doses) {
    const [lowest, highest] = this.range;
    this.lowest.textContent = inWords(lowest);
    this.highest.textContent = inWords(highest);
    this.marks.replaceChildren(...doses.map((dose) =>
      el('option', { value: String(placeOf(dose, this.range)), label: inWords(dose) })));
    this.listed.hidden = !doses.length;
    this.listed.replaceChildren(...[...doses].sort((a, b) => a - b).map((dose) => el('button', {
      type: 'button', class: 'secondary', 'data-dose': String(dose), on: { click: () => this.#send(dose) },
    }, inWords(dose))));
  }

  /** @param {number} dose */
  #show(dose) {
    this.slider.value = String(placeOf(dose, this.range));
    this.#say(dose);
  }

  /** @param {number} dose */
  #say(dose) {
    const { kind, words } = standingOf(dose, this.compound);
    this.typed.value = String(dose);
    this.slider.setAttribute('aria-valuetext', inWords(dose));
    this.standing.dataset.standing = kind;
    const said = `${inWords(dose)}: ${words}.`;
    if (this.standing.textContent !== said) this.standing.textContent = said;
    for (const button of inside(this.listed)) {
      button.setAttribute('aria-pressed', String(Number(button.dataset.dose) === dose));
    }
  }

  #pointed() {
    return doseAt(Number(this.slider.value), this.range, this.compound?.doses);
  }

  /** A number beyond the range is sent as it is: the session refuses it, and names the range. */
  #type() {
    const dose = Number(this.typed.value.trim().replace(',', '.'));
    if (this.typed.value.trim() && Number.isFinite(dose)) this.#send(dose);
    else this.#show(doseAt(Number(this.slider.value), this.range, this.compound?.doses));
  }

  /** @param {number} dose */
  #send(dose) {
    this.intend('change', { change: { dose } });
  }
}
