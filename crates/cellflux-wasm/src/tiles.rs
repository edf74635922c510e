//! The tiles of a GPU engine: what was measured on this adapter in an earlier visit, and measuring more while
//! nobody waits.

use cellflux_wgpu::{Effort, Plan};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::clock::seconds;
use crate::trouble::Trouble;

/// The tiles of one engine, on its device. Measuring does not touch the engine: what it finds is for the next
/// engine.
#[wasm_bindgen]
pub struct Tiles {
    tiles: cellflux_engine::Tiles,
    plan: Plan,
}

#[wasm_bindgen]
impl Tiles {
    /// Why what was kept is not used.
    pub fn refused(&self) -> Option<String> {
        self.tiles.refused().map(str::to_owned)
    }

    /// Compiles, checks and times one tile at one of the network's convolutions; false when there is nothing
    /// left to measure, or the time for it is spent. `evaluation` is how many milliseconds an evaluation
    /// takes.
    pub async fn tune(&mut self, evaluation: f64) -> Result<bool, JsValue> {
        let effort = Effort::of(self.tiles.gpu().report());
        let tried = self
            .tiles
            .step(&self.plan, effort, evaluation / 1e3, seconds)
            .await
            .map_err(Trouble::from)?;
        Ok(tried.is_some())
    }

    /// Convolutions that have been measured on this adapter, and those that are still to be: `[measured,
    /// remaining]`.
    pub fn counts(&self) -> Vec<usize> {
        vec![self.tiles.measured(), self.tiles.remaining()]
    }

    /// What is known of this adapter so far, for the browser to keep.
    pub fn text(&self) -> String {
        self.tiles.to_string()
    }
}

impl Tiles {
    /// Those of an engine with this plan.
    pub(crate) fn new(tiles: cellflux_engine::Tiles, plan: &Plan) -> Self {
        Self {
            tiles,
            plan: plan.clone(),
        }
    }
}
