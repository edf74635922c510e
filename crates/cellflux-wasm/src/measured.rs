//! Engines of bare files, without a bundle: what the benches measure on weights that no page ships.

use cellflux_bundle::cost::Cost;
use cellflux_bundle::{StateDict, UNetConfig};
use cellflux_candle::CandleEngine;
use cellflux_wgpu::Precision;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::engine::{Engine, wgpu_engine};
use crate::trouble::Trouble;

#[wasm_bindgen]
impl Engine {
    /// The network of `config` (JSON, the public fields) with the weights of a safetensors file, for images of
    /// `height` x `width`, on `engine`: `candle`, `wgpu-f32` or `wgpu-f16`.
    pub async fn of_files(
        weights: Vec<u8>,
        config: String,
        height: usize,
        width: usize,
        engine: String,
    ) -> Result<Engine, JsValue> {
        let config = UNetConfig::from_json(&config).map_err(Trouble::from)?;
        let weights = StateDict::from_safetensors(&weights, &config).map_err(Trouble::from)?;
        let inner = match engine.as_str() {
            "candle" => CandleEngine::new(&config, &weights, height, width)
                .map_err(Trouble::from)?
                .into(),
            "wgpu-f32" | "wgpu-f16" => {
                let precision = if engine == "wgpu-f16" {
                    Precision::F16
                } else {
                    Precision::F32
                };
                wgpu_engine(&config, &weights, [height, width], 1, precision)
                    .await?
                    .into()
            }
            other => {
                let sentence = format!("{other:?} is not an engine, expected candle, wgpu-f32 or wgpu-f16");
                return Err(Trouble::new("bad-recipe", sentence).into());
            }
        };
        Ok(Self::of(inner, &config, [height, width]))
    }

    /// Floating-point operations, in billions, of one guided evaluation of one image (a batch of two) by the plain algorithm,
    /// whatever an engine does to save some.
    pub fn gflop(config: &str, height: usize, width: usize) -> Result<f64, JsValue> {
        let config = UNetConfig::from_json(config).map_err(Trouble::from)?;
        Ok(2.0 * Cost::of(&config, height, width).total() / 1e9)
    }
}
