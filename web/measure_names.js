// The measures' names in words; files keep the names themselves.

/** Not charted: a yes or no. */
export const CUT_OFF = 'nucleus.cut-off';

/** @type {Record<string, string>} */
const WHOLE = {
  'nucleus.area': 'Area of the nucleus',
  'nuclei.count': 'Nuclei in view',
  'nucleus.cut-off': 'Nucleus cut off',
};
/** @type {Record<string, (channels: string) => string>} */
const OF_CHANNELS = {
  mean: (channel) => `Mean of ${channel}`,
  'laplacian-energy': (channel) => `Fine detail of ${channel}`,
  correlation: (pair) => `Correlation of ${pair}`,
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
  return words(one?.name ?? pair?.join(' and ') ?? own);
}
