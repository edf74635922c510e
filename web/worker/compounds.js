// Compounds that a visitor types: the vector, the drawing and the likeness of one, from the chemistry's
// module, which is fetched when the first is typed.

import init, * as chemistry from '../../pkg/cellflux_compound_wasm.js';
import { Failure } from '../failures.js';
import { CHEMISTRY_INTEGRITY } from './module_integrity.js';
import { startModule } from './start_module.js';
import { phrase } from '../words.js';

/** @import { Typed } from '../protocol.js' */
/** @import { Opening } from './opening.js' */

/** How many training compounds are named. */
const NEAREST = 3;

/** Failures to bring the module: everything else works without it. */
const NOT_BROUGHT = ['download', 'bad-file'];

export class Compounds {
  #opening;
  #started = null;
  /** The model that `#known` is of. */
  #model = null;
  /** @type {{ compounds: chemistry.Compounds, ids: string[] } | null} */
  #known = null;
  /** @type {{ counts: Float32Array, typed: Typed } | null} */
  #last = null;

  /** @param {Opening} opening */
  constructor(opening) {
    this.#opening = opening;
  }

  /**
   * What a structure is. A walk is asked for the same one again and again, so the last one is kept.
   * @param {string} smiles
   * @returns {Promise<{ counts: Float32Array, typed: Typed }>}
   */
  async read(smiles) {
    if (this.#last?.typed.smiles === smiles && this.#model === this.#opening.model) return this.#last;
    await this.#start();
    const { compounds, ids } = this.#ofModel();
    const described = compounds.read(smiles, NEAREST);
    try {
      const { similarities } = described;
      const nearest = [...described.nearest].map((place, rank) => (
        { id: ids[place], similarity: similarities[rank] }));
      const typed = { smiles: described.smiles, drawing: described.drawing ?? null, nearest };
      this.#last = { counts: described.counts, typed };
    } finally {
      described.free();
    }
    return this.#last;
  }

  /**
   * The structure that a dropped file holds.
   * @param {string} name
   * @param {string} text
   */
  async smilesOf(name, text) {
    await this.#start();
    return chemistry.smiles_of_file(name, text);
  }

  /** The training compounds of the model that is open. */
  #ofModel() {
    const { model } = this.#opening;
    if (this.#model === model && this.#known) return this.#known;
    const { encoder } = model.manifest().conditions;
    if (encoder.kind !== 'morgan-counts') {
      throw new Failure('bad-compound', phrase('shared.model_vectors_not_made'));
    }
    const { ids, vectors } = model.trained();
    this.#known?.compounds.free();
    this.#known = { compounds: new chemistry.Compounds(encoder.radius, encoder.bits, vectors), ids };
    this.#model = model;
    return this.#known;
  }

  /** Starts the module once; after a failure the next compound tries again. */
  #start() {
    const address = new URL('../../pkg/cellflux_compound_wasm_bg.wasm', import.meta.url);
    const name = 'cellflux_compound_wasm_bg.wasm';
    this.#started ??= startModule(init, address, name, CHEMISTRY_INTEGRITY).catch((error) => {
      this.#started = null;
      if (!NOT_BROUGHT.includes(error.kind)) throw error;
      const sentence = phrase('compounds.reads_typed_compounds_typing', { message: error.message });
      throw new Failure('chemistry', sentence);
    });
    return this.#started;
  }
}
