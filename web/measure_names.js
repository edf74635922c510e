// The measures' names in words; files keep the names themselves.

import { phrase } from './words.js';

/** Not charted: a yes or no. */
export const CUT_OFF = 'nucleus.cut-off';

/** @type {Record<string, string>} */
const WHOLE = {
  'nucleus.area': phrase('measure_names.area_nucleus'),
  'nuclei.count': phrase('measure_names.nuclei_view'),
  'nucleus.cut-off': phrase('measure_names.nucleus_cut_off'),
};
/** @type {Record<string, (channels: string) => string>} */
const OF_CHANNELS = {
  mean: (channel) => phrase('measure_names.mean', { channel }),
  'laplacian-energy': (channel) => phrase('measure_names.fine_detail', { channel }),
  correlation: (pair) => phrase('measure_names.correlation', { pair }),
};

/**
 * What a measure is called on the page; its own name where nobody has found words for it.
 * @param {string} name for example `actin-dna.correlation`, whose first part is of the channels' names
 * @param {{ name: string }[] | undefined} channels
 */
export function nameInWords(name, channels = []) {
  if (WHOLE[name]) return WHOLE[name];
  const at = name.lastIndexOf('.');
  const words = OF_CHANNELS[name.slice(at + 1)];
  if (!words || at < 0) return name;
  const plain = (text) => text.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  const own = name.slice(0, at);
  const one = channels.find((channel) => plain(channel.name) === own);
  const pair = channels.flatMap((first) => channels.map((second) => [first.name, second.name]))
    .find(([first, second]) => `${plain(first)}-${plain(second)}` === own);
  return words(one?.name ?? pair?.join(phrase('shared.and')) ?? own);
}
