// The results' module, which is fetched when a visitor first measures a walk, keeps a figure of it
// (figures.js) or uploads an image, and what it measures: a walk's own steps, the bundle's cells beside them,
// the table of all; and the nuclei of an uploaded image (field_nuclei.js).

import init, * as results from '../../pkg/cellflux_results_wasm.js';
import { Failure } from '../failures.js';
import { RESULTS_INTEGRITY } from './module_integrity.js';
import { startModule } from './start_module.js';
import { phrase } from '../words.js';

/** @import { Answer, Args, CellGroup, KeptFile } from '../protocol.js' */
/** @import { Measure, MeasuredStep, WalkRows } from '../protocol.js' */
/** @import { Nucleus } from '../protocol.js' */
/** @import { Opening } from './opening.js' */
/** @import { ReducedPlane } from './uploading.js' */

/** Failures to bring the module: everything else works without it. */
const NOT_BROUGHT = ['download', 'bad-file'];

/**
 * What is measured of one model's images.
 * @typedef {object} OfModel
 * @property {results.Measures} measures
 * @property {Measure[]} list
 * @property {Map<string, number[]>} cells values by the id of a gallery's cell; NaN where there is none
 */

export class Results {
  #opening;
  #started = null;
  /** The model that `#known` is of. */
  #model = null;
  /** @type {OfModel | null} */
  #known = null;

  /** @param {Opening} opening */
  constructor(opening) {
    this.#opening = opening;
  }

  /** Starts the module once; after a failure the next call tries again. */
  start() {
    const address = new URL('../../pkg/cellflux_results_wasm_bg.wasm', import.meta.url);
    const name = 'cellflux_results_wasm_bg.wasm';
    this.#started ??= startModule(init, address, name, RESULTS_INTEGRITY).catch((error) => {
      this.#started = null;
      if (!NOT_BROUGHT.includes(error.kind)) throw error;
      throw new Failure('results', phrase('results.measures_walks_finds_nuclei', { message: error.message }));
    });
    return this.#started;
  }

  /**
   * The values of an image in model range, in the order of the list. The module must have started.
   * @param {Float32Array} image
   * @returns {MeasuredStep['values']}
   */
  of(image) {
    return written(this.#ofModel().measures.of(image));
  }

  /**
   * What is measured, and the bundle's own cells: of the control conditions and of a compound.
   * @param {Args<'cells'>} args
   * @returns {Promise<Answer<'cells'>>}
   */
  async cells({ compound, start, dose }) {
    await this.start();
    const { model } = this.#opening;
    const { list, cells } = this.#ofModel();
    const { conditions, gallery } = model.manifest();
    const own = conditions.list.find(({ id }) => id === compound);
    const all = [...(gallery?.controls ?? []), ...(gallery?.treated ?? [])];
    const isControl = ({ condition }) => conditions.list.find(({ id }) => id === condition)?.control;
    const wanted = all.filter((cell) => isControl(cell) || (own && cell.condition === compound));
    const batch = all.find(({ id }) => id === start)?.batch ?? null;
    let missing = 0;
    /** @type {Map<string, { about: Omit<CellGroup, 'means' | 'hasStart' | 'cells'>, ids: string[] }>} */
    const groups = new Map();
    for (const cell of wanted) {
      if (!(await this.#bring(cell.id))) {
        missing += 1;
        continue;
      }
      const treated = !isControl(cell);
      const about = {
        treated,
        synthetic: Boolean(cell.synthetic),
        batch: ofBatch(cell, batch),
        // Of a model without doses all of a compound's are one condition.
        otherDose: treated && dose !== null && cell.dose_um !== undefined && cell.dose_um !== dose,
      };
      const key = JSON.stringify(about);
      groups.set(key, { about, ids: [...(groups.get(key)?.ids ?? []), cell.id] });
    }
    const means = (ids) => list.map((_, place) => meanOf(ids.map((id) => cells.get(id)[place])));
    return {
      list,
      missing,
      groups: [...groups.values()].map(({ about, ids }) => (
        { ...about, hasStart: ids.includes(start), cells: ids.length, means: means(ids) })),
    };
  }

  /**
   * The table of some walks, the same bytes as the `cellflux` command writes of the same images.
   * @param {string} name
   * @param {WalkRows[]} walks
   * @returns {KeptFile}
   */
  table(name, walks) {
    const lines = walks.flatMap(({ compound, seed, steps }) => steps.map(({ time, values }, step) =>
      results.table_line(compound, seed, step, time, Float64Array.from(values, (value) => value ?? NaN))));
    const bytes = new TextEncoder().encode([this.#ofModel().measures.titles(), ...lines].join(''));
    return { name, type: 'text/csv', bytes };
  }

  /** The position of the channel that shows nuclei; null where no name says which. The module must run. */
  get nuclear() {
    return this.#ofModel().measures.nuclear() ?? null;
  }

  /** The most pixels of a plane in which nuclei are looked for. */
  get mostPixels() {
    return results.most_pixels();
  }

  /**
   * The nuclei in a plane, in its own pixels.
   * @param {ReducedPlane} plane
   * @returns {{ count: number, listed: Nucleus[] }}
   */
  nucleiIn({ width, height, values }) {
    const [count, ...numbers] = results.nuclei_in(values, height, width);
    const listed = Array.from({ length: numbers.length / 3 }, (_, index) => {
      const [x, y, area] = numbers.slice(3 * index, 3 * index + 3);
      return { x, y, area };
    });
    return { count, listed };
  }

  /** Measures a cell of the gallery once; false where its picture does not come. */
  async #bring(id) {
    const { model } = this.#opening;
    const { measures, cells } = this.#ofModel();
    if (cells.has(id)) return true;
    try {
      const path = model.example_file(id);
      cells.set(id, [...measures.of(model.example_values(path, await this.#opening.content(path)))]);
      return true;
    } catch (error) {
      if (!['download', 'bad-file', 'bad-image'].includes(error?.kind)) throw error;
      return false;
    }
  }

  /** @returns {OfModel} */
  #ofModel() {
    const { model } = this.#opening;
    if (this.#model === model && this.#known) return this.#known;
    this.#known?.measures.free();
    const measures = new results.Measures(JSON.stringify(model.manifest().image));
    this.#known = { measures, list: measures.list(), cells: new Map() };
    this.#model = model;
    return this.#known;
  }
}

/** NaN is no value. */
const written = (values) => [...values].map((value) => (Number.isNaN(value) ? null : value));

/**
 * Which batch a cell is of, beside the start's. A drawing is of no batch.
 * @returns {CellGroup['batch']}
 */
function ofBatch({ synthetic, batch }, start) {
  if (synthetic) return 'none';
  if (!batch || !start) return 'unknown';
  return batch === start ? 'same' : 'other';
}

/**
 * @param {number[]} values
 * @returns {CellGroup['means'][number]}
 */
function meanOf(values) {
  const [n, mean, low, high] = results.mean(Float64Array.from(values));
  if (n === undefined) return null;
  return { n, mean, interval: low === undefined ? null : [low, high] };
}
