// Tuning: the GPU engine's tiles are measured while nobody waits, for the engine that is made next.

/** @import { Tiles } from '../../pkg/cellflux_wasm.js' */
/** @import { Say } from '../protocol.js' */
/** @import { KeptTiles } from './kept_tiles.js' */

export class Tuning {
  #say;
  /**
   * What is measured; null when there is nothing to measure.
   * @type {Tiles | null}
   */
  #tiles = null;
  /**
   * Where it is kept.
   * @type {KeptTiles | null}
   */
  #kept = null;

  /** @param {Say} say */
  constructor(say) {
    this.#say = say;
  }

  /**
   * Another engine's from now on.
   * @param {Tiles | null} tiles
   * @param {KeptTiles | null} kept
   */
  of(tiles, kept) {
    this.#tiles?.free();
    this.#tiles = tiles;
    this.#kept = kept;
  }

  /**
   * Measures one tile.
   * @param {number | null} pace milliseconds of an evaluation, which must be known by then
   * @returns {Promise<boolean>} false when there is nothing to measure for now
   */
  async tune(pace) {
    if (!this.#tiles || pace === null) return false;
    try {
      const [before] = this.#tiles.counts();
      const more = await this.#tiles.tune(pace);
      const [measured, remaining] = this.#tiles.counts();
      if (measured > before) await this.#kept.keep(this.#tiles.text());
      if (measured > before || !more) this.#say('tuned', { measured, remaining: more ? remaining : 0 });
      if (more) return true;
    } catch {
      // A lost device: the next step says so, where it matters.
    }
    this.of(null, null);
    return false;
  }
}
