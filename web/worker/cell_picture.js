// The picture of a cell of the gallery, shown as the walk in view is: it stands beside the prediction.

/** @import { Answer, Args } from '../protocol.js' */
/** @import { Opening } from './opening.js' */
/** @import { Walking } from './walking.js' */

export class CellPictures {
  #opening;
  #walking;

  /**
   * @param {Pick<Opening, 'model' | 'content'>} opening
   * @param {Pick<Walking, 'inView'>} walking
   */
  constructor(opening, walking) {
    this.#opening = opening;
    this.#walking = walking;
  }

  /**
   * @param {Args<'cell_picture'>} cell
   * @returns {Promise<Answer<'cell_picture'>>}
   */
  async draw({ id }) {
    const { model } = this.#opening;
    const path = model.example_file(id);
    const image = model.example_values(path, await this.#opening.content(path));
    return { picture: this.#walking.inView.shown(image) };
  }
}
