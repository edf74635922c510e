// The colour in which an uploaded file says that a plane is shown. The page says it and draws nothing in it:
// pictures are in grey or in the model's colours.

import { el } from './html.js';
import { phrase } from './words.js';

/** @import { Upload } from './protocol.js' */

/**
 * A swatch with its name, such as “blue in the file”; nothing where the file states no colour.
 * @param {Upload['planes'][number] | undefined} plane
 * @returns {HTMLElement[]}
 */
export function colourInFile(plane) {
  if (!plane?.colour) return [];
  const swatch = el('span', { class: 'dot', 'aria-hidden': 'true' });
  swatch.style.setProperty('--dot', plane.colour);
  return [el('span', { class: 'file-colour' }, swatch, phrase('plane_colour.file', {
    colourName: plane.colourName,
  }))];
}
