// How far the model's download is, and, for those who ask, what it runs on.

import { el, Part } from '../html.js';
import { stepsInWords } from '../engine_words.js';
import * as figures from '../figures.js';
import { phrase, plural } from '../words.js';

/** @import { State } from '../state.js' */

const ENGINES = [
  ['auto', phrase('model_card.fastest_here')],
  ['wgpu', phrase('model_card.webgpu_wgpu')],
  ['candle', phrase('model_card.cpu_candle_webassembly')],
];

/** Shows `state.phase`, `state.download`, `state.engine` and who computed `state.walk`. */
export class ModelCard extends Part {
  connectedCallback() {
    if (this.firstChild) return;
    this.bar = el('progress', { max: '1', 'aria-label': phrase('model_card.model_download') });
    this.words = el('p', { class: 'words' });
    this.cancel = el('button', { type: 'button', on: { click: () => this.intend('cancel-load') } },
      phrase('shared.cancel'));
    this.download = el('div', { class: 'download', hidden: true }, this.words, this.bar, this.cancel);
    this.facts = el('dl', { class: 'facts' });
    this.choice = el(
      'select',
      { id: 'engine', on: { change: () => this.intend('engine', { engine: this.choice.value }) } },
      ...ENGINES.map(([value, label]) => el('option', { value }, label)),
    );
    this.summary = el('summary', {}, phrase('model_card.what_runs_on'));
    this.ground = el('details', { class: 'ground', hidden: true }, this.summary, this.facts);
    this.append(this.download, this.ground);
  }

  /** @param {State} state */
  update(state) {
    const { phase, manifest } = state;
    if (!manifest) return;
    this.download.hidden = !(phase === 'loading' || phase === 'starting');
    if (!this.download.hidden) this.#showDownload(state);
    this.ground.hidden = phase !== 'ready';
    if (!this.ground.hidden) this.#showFacts(state);
  }

  /** @param {State} state */
  #showDownload({ phase, download }) {
    const { loaded, total, secondsLeft, doing } = download;
    if (phase === 'starting') {
      this.bar.removeAttribute('value');
      this.words.textContent = doing ?? phrase('shared.starting_network');
      return;
    }
    this.bar.max = total;
    this.bar.value = loaded;
    const left = secondsLeft === undefined ? '' : phrase('model_card.left', {
      secondsLeft: figures.duration(secondsLeft),
    });
    this.words.textContent = phrase('model_card.loading_model_bytes', {
      loaded: figures.count(loaded), total: figures.count(total), left,
    });
  }

  /** @param {State} state */
  #showFacts(state) {
    const { manifest, engine, evaluations, rejected, pace, engineAsked, tuned, walk, workers = [] } = state;
    const steps = stepsInWords(walk?.steps ?? []);
    const facts = [engine, evaluations, rejected, pace, engineAsked, tuned, steps, workers];
    if (!this.changed('facts', facts.map((x) => JSON.stringify(x)).join())) return;
    const unnamed = engine.software && !engine.adapter.includes('software');
    const gpu = `${engine.adapter}${unnamed ? phrase('model_card.software_adapter') : ''}`;
    const adapter = engine.engine === 'candle' ? phrase('model_card.computer_cpu') : gpu;
    const row = (term, ...values) => el('div', {}, el('dt', {}, term), el('dd', {}, ...values));
    this.choice.value = engineAsked;
    this.summary.textContent = phrase('model_card.runs_on', { adapter });
    this.facts.replaceChildren(
      row(phrase('model_card.runs_on_2'), el('span', { 'data-fact': 'adapter' }, adapter)),
      row(
        phrase('model_card.engine'),
        el('span', { 'data-fact': 'engine' }, engine.engine),
        ', ',
        el('span', { 'data-fact': 'dtype' }, engine.dtype),
      ),
      row(phrase('model_card.weights'), el('span', { 'data-fact': 'weights' }, weights(engine, manifest))),
      ...(engine.tiles
        ? [row(phrase('model_card.tiles'), el('span', { 'data-fact': 'tiles' }, tiles(engine, tuned)))]
        : []),
      ...(workers.length
        ? [row(phrase('model_card.workers'), el('span', { 'data-fact': 'workers' }, workersIn(workers)))]
        : []),
      row(
        phrase('model_card.pace'),
        el(
          'span',
          { 'data-fact': 'pace' },
          pace
            ? phrase('model_card.per_evaluation', {
              pace: figures.milliseconds(pace), unit: pace < 1e4 ? phrase('model_card.ms') : '',
            })
            : phrase('model_card.not_yet_measured'),
        ),
      ),
      row(
        phrase('model_card.done'),
        el('span', { 'data-fact': 'evaluations' }, figures.count(evaluations)),
        plural('model_card.evaluations', evaluations),
        ...(rejected
          ? [
              ', ',
              el('span', { 'data-fact': 'rejected' }, figures.count(rejected)),
              plural('model_card.rejected', rejected),
            ]
          : []),
      ),
      ...(steps ? [row(phrase('model_card.walk'), el('span', { 'data-fact': 'steps' }, steps))] : []),
      row(el('label', { for: 'engine' }, phrase('model_card.use')), this.choice),
      ...(engine.why ? [row(phrase('model_card.why'), el('span', { 'data-fact': 'why' }, engine.why))] : []),
    );
  }
}

/** Which weights it has, as they are stored. */
const weights = ({ weights: stored, quick }, { dtype }) =>
  (quick ? phrase('model_card.bundle_quick_ones_full', { stored, dtype }) : stored);

/**
 * How many workers compute, and what each takes at most.
 * @param {number[]} each bytes
 */
function workersIn(each) {
  const megabytes = each.map((bytes) => Math.ceil(bytes / 1e6));
  const memory = phrase('model_card.mb_memory_set_aside', { megabytes: megabytes.join(' + ') });
  return each.length === 1 ? `1, ${memory}` : phrase('model_card.one_each', { length: each.length, memory });
}

/** Which kernel variants run, and what has been measured for the next engine. */
function tiles({ tiles: which, tilesRefused }, tuned) {
  const running =
    which === 'tuned'
      ? phrase('model_card.tuned_on_adapter')
      : tilesRefused
        ? phrase('model_card.default_those_kept_were', { tilesRefused })
        : phrase('model_card.default');
  if (!tuned?.measured) return running;
  if (tuned.remaining) {
    return phrase('model_card.measured_while_idle_convolutions', {
      running, measured: tuned.measured, all: tuned.measured + tuned.remaining,
    });
  }
  return phrase('model_card.convolutions_measured_next_start', { running, measured: tuned.measured });
}
