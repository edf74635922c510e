// Thumbnails and drawings, one after the other, behind everything else. Everything works without them.

import { phrase } from '../words.js';

/** @import { Compound, ManifestView, Say, Tile } from '../protocol.js' */
/** @import { Opening } from './opening.js' */

/** @typedef {Pick<ManifestView, 'samples' | 'examples' | 'compounds'>} Pictured */

export class SmallPictures {
  #opening;
  #say;
  #chosen;
  /**
   * What has not come.
   * @type {Pictured}
   */
  #lacking = { samples: [], examples: [], compounds: [] };

  /**
   * @param {Opening} opening
   * @param {Say} say
   */
  constructor(opening, say) {
    this.#opening = opening;
    this.#say = say;
  }

  /** Once more what has not come. */
  bringLacking() {
    return this.bring(this.#lacking, this.#chosen);
  }

  /**
   * Brings them, first what the first screen shows.
   * @param {Pictured} pictured
   * @param {string | null} chosen the compound in view
   */
  async bring({ samples, examples, compounds }, chosen) {
    this.#chosen = chosen;
    const drawn = chosenFirst(compounds.filter((compound) => compound.structure), ({ id }) => id === chosen);
    const treated = chosenFirst(examples, ({ condition }) => condition === chosen);
    this.#lacking = {
      samples: await lacking(samples, (tile) => this.#thumbnail(tile)),
      compounds: await lacking(drawn, (compound) => this.#structure(compound)),
      examples: await lacking(treated, (tile) => this.#thumbnail(tile)),
    };
    const missing = Object.values(this.#lacking).flat().length;
    const all = samples.length + drawn.length + examples.length;
    if (missing) {
      this.#say('note', {
        trouble: 'pictures',
        sentence: phrase('small_pictures.small_pictures_drawings_could', { missing, all }),
      });
    }
  }

  /** @param {Tile} tile */
  async #thumbnail({ id }) {
    const { model } = this.#opening;
    const path = model.example_file(id);
    this.#say('thumbnail', { id, picture: model.thumbnail(path, await this.#opening.content(path)) });
  }

  /** @param {Compound} compound */
  async #structure({ id, structure }) {
    this.#say('structure', { id, svg: new TextDecoder().decode(await this.#opening.content(structure)) });
  }
}

const chosenFirst = (list, isChosen) => [...list].sort((a, b) => Number(isChosen(b)) - Number(isChosen(a)));

/**
 * Brings pictures one by one; which ones did not come. After one that stood still no other is waited for.
 */
async function lacking(pictures, bring) {
  const missing = [];
  for (const [index, picture] of pictures.entries()) {
    try {
      await bring(picture);
    } catch (error) {
      if (error?.stalled) return [...missing, ...pictures.slice(index)];
      missing.push(picture);
    }
  }
  return missing;
}
