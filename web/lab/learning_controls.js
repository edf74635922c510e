// What a visitor chooses of a lab's source, path, network and learning; each choice begins another lab.

import { el } from '../html.js';
import {
  DROPS, LAYERS, NOISES, NOISE_SHARES, PAIRS, sourceOf, SOURCES, TIMES, WIDTHS,
} from './choices.js';
import { among, offer, option, select, setting } from './fields.js';
import { phrase } from '../words.js';

/** @import { Settings } from './protocol.js' */

export class LearningControls {
  /** @param {(change: (settings: Settings) => Settings) => void} wish */
  constructor(wish) {
    /** A part of the settings with one number changed. */
    const number = (part, name) => select((value) =>
      wish((settings) => ({ ...settings, [part]: { ...settings[part], [name]: Number(value) } })));
    const network = (widths) => wish((settings) => ({
      ...settings, network: { ...settings.network, widths: widths(settings.network.widths) },
    }));
    this.source = select((value) => {
      const chosen = SOURCES[Number(value)];
      if (chosen) wish((settings) => ({ ...settings, source: chosen.source }));
    });
    this.noise = number('path', 'noise');
    this.share = number('path', 'noise_probability');
    this.times = select((times) =>
      wish((settings) => ({ ...settings, path: { ...settings.path, times } })));
    this.width = select((value) => {
      if (value) network((widths) => widths.map(() => Number(value)));
    });
    this.layers = select((value) => network(([first]) => Array(Number(value)).fill(first)));
    this.batch = number('learning', 'batch');
    this.drop = number('learning', 'drop_condition');
    this.seed = el('input', {
      type: 'number', min: '0', max: String(2 ** 32 - 1), step: '1', required: true,
      on: {
        change: () => {
          if (!this.seed.reportValidity()) return;
          const seed = this.seed.valueAsNumber;
          wish((settings) => ({ ...settings, seed }));
        },
      },
    });
    this.element = el(
      'details',
      {},
      el('summary', {}, phrase('learning_controls.source_path_network')),
      el('p', {}, phrase('learning_controls.begins_again')),
      setting(phrase('learning_controls.source'), this.source),
      setting(phrase('learning_controls.noise'), this.noise),
      setting(phrase('learning_controls.noise_share'), this.share),
      setting(phrase('learning_controls.times'), this.times),
      setting(phrase('learning_controls.neurons'), this.width),
      setting(phrase('learning_controls.layers'), this.layers),
      setting(phrase('learning_controls.pairs_in_step'), this.batch),
      setting(phrase('learning_controls.condition_left_out'), this.drop),
      setting(phrase('shared.seed'), this.seed),
    );
  }

  /** @param {Settings} settings */
  update(settings) {
    const { path, network: { widths }, learning } = settings;
    const own = sourceOf(settings);
    const sources = SOURCES.map(({ name }, index) => option(index, name));
    offer(this.source, own < 0 ? [option(-1, phrase('controls.page')), ...sources] : sources, own);
    const chosen = (field, list, value) => offer(field, among(list, value), value);
    chosen(this.noise, NOISES, path.noise);
    chosen(this.share, NOISE_SHARES, path.noise_probability);
    this.share.disabled = path.noise === 0;
    offer(this.times, TIMES, path.times);
    if (widths.every((width) => width === widths[0])) chosen(this.width, WIDTHS, widths[0]);
    else offer(this.width, [['', phrase('controls.page_them')], ...among(WIDTHS, WIDTHS[0])], '');
    chosen(this.layers, LAYERS, widths.length);
    chosen(this.batch, PAIRS, learning.batch);
    chosen(this.drop, DROPS, learning.drop_condition);
    this.seed.value = String(settings.seed);
  }
}
