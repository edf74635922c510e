//! The wasm-bindgen interface to the chemistry, and nothing else: what `web/worker/compounds.js` calls when a
//! visitor types a compound. It is a module of its own because few visitors do.
//!
//! Nothing panics across the border. A compound that is refused arrives as a JS object `{ kind, sentence }`,
//! as failures of the explorer's module do, of the kind `bad-compound`.

#![allow(
    clippy::missing_errors_doc,
    reason = "every error is a `ChemError`, whose own documentation says when it comes"
)]

use cellflux_chem::{ChemError, MorganCounts, MorganSettings, TypedCompound, nearest};
use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// Makes a panic readable in the console; none should happen.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
}

/// What a model's vectors count, and the compounds that it was trained on.
#[wasm_bindgen]
pub struct Compounds {
    settings: MorganSettings,
    trained: Vec<MorganCounts>,
}

/// A compound that was typed.
#[wasm_bindgen(getter_with_clone)]
pub struct Described {
    /// The text, without white space around it.
    #[wasm_bindgen(readonly)]
    pub smiles: String,
    /// Its Morgan counts, `[bits]`.
    #[wasm_bindgen(readonly)]
    pub counts: Vec<f32>,
    /// Its structure as SVG; nothing where it cannot be laid out in the plane.
    #[wasm_bindgen(readonly)]
    pub drawing: Option<String>,
    /// Places of the training compounds that are most like it, the most similar first.
    #[wasm_bindgen(readonly)]
    pub nearest: Vec<u32>,
    /// Their Tanimoto similarities, 0 to 1.
    #[wasm_bindgen(readonly)]
    pub similarities: Vec<f64>,
}

#[wasm_bindgen]
impl Compounds {
    /// Compounds as a model's encoder counts them; `trained` are the vectors of its training compounds, one
    /// after the other, `[n * bits]`.
    #[wasm_bindgen(constructor)]
    pub fn new(radius: u32, bits: u32, trained: &[f32]) -> Result<Compounds, JsValue> {
        let vectors = trained.chunks(bits.max(1) as usize);
        let trained = vectors.map(MorganCounts::from_dense).collect::<Result<_, _>>();
        Ok(Self {
            settings: MorganSettings { radius, bits },
            trained: trained.map_err(|error| trouble("bad-bundle", &error))?,
        })
    }

    /// Reads a SMILES text and names at most `limit` training compounds that are most like it.
    pub fn read(&self, smiles: &str, limit: usize) -> Result<Described, JsValue> {
        let refused = |error: ChemError| trouble("bad-compound", &error);
        let compound = TypedCompound::read(smiles, self.settings).map_err(refused)?;
        let neighbours = nearest(compound.counts(), &self.trained, limit).map_err(refused)?;
        Ok(Described {
            smiles: compound.smiles().to_owned(),
            counts: compound.counts().to_dense(),
            drawing: compound.molecule().to_svg(compound.smiles()).ok(),
            nearest: neighbours.iter().map(|near| near.index as u32).collect(),
            similarities: neighbours.iter().map(|near| near.similarity).collect(),
        })
    }
}

/// The SMILES text of the first structure in a file that was dropped; `name` says by its end what it is.
#[wasm_bindgen]
pub fn smiles_of_file(name: &str, text: &str) -> Result<String, JsValue> {
    cellflux_chem::smiles_of_file(name, text).map_err(|error| trouble("bad-compound", &error))
}

/// An error for the page.
fn trouble(kind: &str, error: &ChemError) -> JsValue {
    let object = Object::new();
    for (name, value) in [("kind", kind), ("sentence", &error.to_string())] {
        // `Reflect::set` fails on proxies and frozen objects only; this is our own.
        let _ = Reflect::set(&object, &JsValue::from_str(name), &JsValue::from_str(value));
    }
    object.into()
}
