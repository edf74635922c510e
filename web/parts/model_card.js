// How far the model's download is, and, for those who ask, what it runs on.

import { el, Part } from '../html.js';
import { stepsInWords } from '../engine_words.js';
import * as figures from '../figures.js';

/** @import { State } from '../state.js' */

const ENGINES = [
  ['auto', 'Fastest here'],
  ['wgpu', 'WebGPU (wgpu)'],
  ['candle', 'CPU (candle, WebAssembly)'],
];

/** Shows `state.phase`, `state.download`, `state.engine` and who computed `state.walk`. */
export class ModelCard extends Part {
  connectedCallback() {
    if (this.firstChild) return;
    this.bar = el('progress', { max: '1', 'aria-label': 'Model download' });
    this.words = el('p', { class: 'words' });
    this.cancel = el('button', { type: 'button', on: { click: () => this.intend('cancel-load') } }, 'Cancel');
    this.download = el('div', { class: 'download', hidden: true }, this.words, this.bar, this.cancel);
    this.facts = el('dl', { class: 'facts' });
    this.choice = el(
      'select',
      { id: 'engine', on: { change: () => this.intend('engine', { engine: this.choice.value }) } },
      ...ENGINES.map(([value, label]) => el('option', { value }, label)),
    );
    this.summary = el('summary', {}, 'What it runs on');
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
      this.words.textContent = doing ?? 'Starting the network…';
      return;
    }
    this.bar.max = total;
    this.bar.value = loaded;
    const left = secondsLeft === undefined ? '' : `, ${figures.duration(secondsLeft)} left`;
    this.words.textContent = `Loading the model: ${figures.count(loaded)} of ${figures.count(total)} `
      + `bytes${left}`;
  }

  /** @param {State} state */
  #showFacts(state) {
    const { manifest, engine, evaluations, rejected, pace, engineAsked, tuned, walk, workers = [] } = state;
    const steps = stepsInWords(walk?.steps ?? []);
    const facts = [engine, evaluations, rejected, pace, engineAsked, tuned, steps, workers];
    if (!this.changed('facts', facts.map((x) => JSON.stringify(x)).join())) return;
    const unnamed = engine.software && !engine.adapter.includes('software');
    const gpu = `${engine.adapter}${unnamed ? ', a software adapter' : ''}`;
    const adapter = engine.engine === 'candle' ? 'this computer’s CPU' : gpu;
    const row = (term, ...values) => el('div', {}, el('dt', {}, term), el('dd', {}, ...values));
    this.choice.value = engineAsked;
    this.summary.textContent = `Runs on ${adapter}`;
    this.facts.replaceChildren(
      row('Runs on', el('span', { 'data-fact': 'adapter' }, adapter)),
      row(
        'Engine',
        el('span', { 'data-fact': 'engine' }, engine.engine),
        ', ',
        el('span', { 'data-fact': 'dtype' }, engine.dtype),
      ),
      row('Weights', el('span', { 'data-fact': 'weights' }, weights(engine, manifest))),
      ...(engine.tiles ? [row('Tiles', el('span', { 'data-fact': 'tiles' }, tiles(engine, tuned)))] : []),
      ...(workers.length ? [row('Workers', el('span', { 'data-fact': 'workers' }, workersIn(workers)))] : []),
      row(
        'Pace',
        el(
          'span',
          { 'data-fact': 'pace' },
          pace
            ? `${figures.milliseconds(pace)}${pace < 1e4 ? ' ms' : ''} per evaluation`
            : 'not yet measured',
        ),
      ),
      row(
        'Done',
        el('span', { 'data-fact': 'evaluations' }, figures.count(evaluations)),
        ` evaluation${evaluations === 1 ? '' : 's'} of the velocity`,
        ...(rejected
          ? [
              ', ',
              el('span', { 'data-fact': 'rejected' }, figures.count(rejected)),
              ` trial${rejected === 1 ? '' : 's'} rejected in this walk for too large an error`,
            ]
          : []),
      ),
      ...(steps ? [row('This walk', el('span', { 'data-fact': 'steps' }, steps))] : []),
      row(el('label', { for: 'engine' }, 'Use'), this.choice),
      ...(engine.why ? [row('Why', el('span', { 'data-fact': 'why' }, engine.why))] : []),
    );
  }
}

/** Which weights it has, as they are stored. */
const weights = ({ weights: stored, quick }, { dtype }) =>
  (quick ? `${stored}, the bundle’s quick ones; its full ${dtype} ones have not come yet` : stored);

/**
 * How many workers compute, and what each takes at most.
 * @param {number[]} each bytes
 */
function workersIn(each) {
  const megabytes = each.map((bytes) => Math.ceil(bytes / 1e6));
  const memory = `${megabytes.join(' + ')} MB of memory set aside`;
  return each.length === 1 ? `1, ${memory}` : `${each.length}, ${memory}, one each`;
}

/** Which kernel variants run, and what has been measured for the next engine. */
function tiles({ tiles: which, tilesRefused }, tuned) {
  const running =
    which === 'tuned'
      ? 'tuned on this adapter'
      : tilesRefused
        ? `default; those kept were refused: ${tilesRefused}`
        : 'default';
  if (!tuned?.measured) return running;
  if (tuned.remaining) {
    return `${running}; measured while idle: ${tuned.measured} of ${tuned.measured + tuned.remaining} `
      + 'convolutions';
  }
  return `${running}; ${tuned.measured} convolutions measured, for the next start`;
}
