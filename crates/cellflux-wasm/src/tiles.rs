//! The tiles of a GPU engine: what was measured on this adapter in an earlier visit, and measuring more while nobody waits.

use cellflux_wgpu::{DeviceTrials, Effort, Gpu, Plan, StoredTiles, Tuner, Tuning};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::engine::seconds;
use crate::trouble::Trouble;

/// The tiles of one engine, on its device. Measuring does not touch the engine: what it finds is for the next one.
#[wasm_bindgen]
pub struct Tiles {
    gpu: Gpu,
    plan: Plan,
    stored: StoredTiles,
    refused: Option<String>,
    tuner: Option<Tuner>,
}

#[wasm_bindgen]
impl Tiles {
    /// Why what was kept is not used.
    pub fn refused(&self) -> Option<String> {
        self.refused.clone()
    }

    /// Compiles, checks and times one tile at one of the network's convolutions; false when there is nothing left to measure, or the
    /// time for it is spent. `evaluation` is the milliseconds that an evaluation takes.
    pub async fn tune(&mut self, evaluation: f64) -> Result<bool, JsValue> {
        let mut trials = DeviceTrials::new(&self.gpu, self.plan.images(), seconds);
        let tuner = self.tuner.get_or_insert_with(|| {
            let report = self.gpu.report();
            Tuner::new(
                &self.plan,
                Tuning::of(report),
                self.stored.clone(),
                Effort::of(report),
                evaluation / 1e3,
            )
        });
        let tried = tuner.step(&mut trials).await.map_err(Trouble::from)?;
        Ok(tried.is_some())
    }

    /// Convolutions that have been measured on this adapter, and those that are still to be: `[measured, remaining]`.
    pub fn counts(&self) -> Vec<usize> {
        match &self.tuner {
            Some(tuner) => vec![tuner.stored().len(), tuner.remaining()],
            None => vec![self.stored.len(), 0],
        }
    }

    /// What is known of this adapter by now, for the browser to keep.
    pub fn text(&self) -> String {
        self.tuner
            .as_ref()
            .map_or(&self.stored, Tuner::stored)
            .to_string()
    }
}

impl Tiles {
    /// Those of an engine with this plan.
    pub(crate) fn new(gpu: &Gpu, plan: &Plan, stored: StoredTiles, refused: Option<String>) -> Self {
        Self {
            gpu: gpu.clone(),
            plan: plan.clone(),
            stored,
            refused,
            tuner: None,
        }
    }
}

/// What was kept for the adapter that the browser calls `adapter`; nothing, with the reason, where it cannot be used.
pub(crate) fn read_kept(gpu: &Gpu, adapter: &str, kept: Option<&str>) -> (StoredTiles, Option<String>) {
    match kept.map(|text| StoredTiles::read(text, adapter, &Tuning::of(gpu.report()))) {
        Some(Ok(stored)) => (stored, None),
        Some(Err(error)) => (StoredTiles::new(adapter), Some(error.to_string())),
        None => (StoredTiles::new(adapter), None),
    }
}
