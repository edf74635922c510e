// Where the data and the network come from, and under which licence, as the manifest states it; and whether
// the page's words are a translation that no native speaker has read.

import { el, Part } from '../html.js';
import * as figures from '../figures.js';
import { inWords } from '../scale.js';
import { isUnread, phrase } from '../words.js';

/** @import { State } from '../state.js' */

/** Shows `state.manifest.provenance`. */
export class Provenance extends Part {
  /** @param {State} state */
  update({ manifest, samples, examples }) {
    if (!manifest || !this.changed('manifest', manifest)) return;
    const named = manifest.channels.map(({ name, stain }) => (stain ? `${name} (${stain})` : name));
    const channels = named.join(', ');
    const [width, height] = manifest.size;
    const rows = [
      [
        phrase('provenance.model'),
        phrase('provenance.network', {
          name: manifest.name ?? 'CellFlux',
          count: figures.count(manifest.parameters),
          dtype: manifest.dtype,
        }),
      ],
      [phrase('provenance.images'), phrase('provenance.size', { width, height, channels })],
      [phrase('provenance.scale'), scale(manifest)],
      ...manifest.provenance,
      ...sources([...(samples ?? []), ...(examples ?? [])]),
      ...(isUnread ? [[phrase('provenance.words'), phrase('provenance.words_unread')]] : []),
    ];
    this.replaceChildren(
      el(
        'dl',
        { class: 'facts' },
        ...rows.flatMap(([term, value]) => [el('dt', {}, term), el('dd', {}, linked(value))]),
      ),
    );
  }
}

/** How large a pixel is, or why no picture has a scale bar. */
const scale = ({ pixelUm, size }) =>
  pixelUm
    ? phrase('provenance.m_per_pixel_across', {
      pixelUm: figures.digits(pixelUm, 4), inWords: inWords(pixelUm * size[0]),
    })
    : phrase('provenance.data_state_no_pixel');

/**
 * A value as the page shows it: a line for each where there are several. The manifest's reader lets only http
 * addresses pass as addresses; nothing is fetched from them.
 */
function linked(value) {
  if (Array.isArray(value)) return el('ul', { class: 'lines' }, ...value.map((line) => el('li', {}, line)));
  return /^https?:\/\/\S+$/.test(value) ? el('a', { href: value, rel: 'noreferrer' }, value) : value;
}

/**
 * One row, with a line for each kind of source. Sources that differ in numbers alone, such as the seeds of
 * synthetic cells, are of one kind.
 */
function sources(samples) {
  const kinds = new Map();
  for (const { source, licence, synthetic } of samples) {
    // Of drawn ones it is the same procedure whatever was drawn.
    const kind = synthetic ? `drawn; ${licence}` : `${source}; ${licence}`.replaceAll(/\d+/g, '#');
    kinds.set(kind, [...(kinds.get(kind) ?? []), `${source}; ${licence}`]);
  }
  const lines = [...kinds.values()].map(([first, ...more]) =>
    more.length ? phrase('provenance.more_kind', { first, length: more.length }) : first,
  );
  return lines.length ? [[phrase('provenance.images_shown'), lines.length > 1 ? lines : lines[0]]] : [];
}
