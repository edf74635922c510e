//! Which engine computes, for records and for the page.

use serde::Serialize;

use crate::AnyEngine;

/// Which engine computes, and on which device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EngineReport {
    /// `candle` or `wgpu`.
    pub engine: &'static str,
    /// The adapter in one line; `CPU` for candle.
    pub adapter: String,
    /// Whether a GPU engine in fact computes on the CPU; false for candle, which always does and says so.
    pub software: bool,
    /// Storage of weights and activations, `f32` or `f16`.
    pub dtype: String,
    /// Whether a GPU engine's kernel variants are the adapter's `default` or `tuned` on it; nothing for
    /// candle.
    pub tiles: Option<&'static str>,
}

impl AnyEngine {
    /// Which engine this is.
    pub fn report(&self) -> EngineReport {
        match self {
            Self::Candle(_) => EngineReport {
                engine: "candle",
                adapter: "CPU".into(),
                software: false,
                dtype: "f32".into(),
                tiles: None,
            },
            Self::Wgpu(engine) => {
                let adapter = engine.gpu().report();
                let measured = engine.tuning().measured();
                let tuned = engine
                    .plan()
                    .sites()
                    .keys()
                    .any(|site| measured.contains_key(site));
                EngineReport {
                    engine: "wgpu",
                    adapter: adapter.to_string(),
                    software: adapter.software,
                    dtype: engine.precision().to_string(),
                    tiles: Some(if tuned { "tuned" } else { "default" }),
                }
            }
        }
    }
}
