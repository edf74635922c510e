//! Engines made from plain files, without a bundle: the benches measure weights that no page ships.

use cellflux_bundle::cost::Cost;
use cellflux_bundle::{StateDict, UNetConfig};
use cellflux_engine::Network;
use cellflux_wgpu::Precision;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::engine::{Engine, on_gpu};
use crate::trouble::Trouble;

#[wasm_bindgen]
impl Engine {
    /// The network of `config` (JSON, the public fields) with the weights of a safetensors file, for images
    /// of `height` x `width`, on `engine`: `candle`, `wgpu-f32` or `wgpu-f16`.
    pub async fn of_files(
        weights: Vec<u8>,
        config: String,
        height: usize,
        width: usize,
        engine: String,
    ) -> Result<Engine, JsValue> {
        let config = UNetConfig::from_json(&config).map_err(Trouble::from)?;
        let weights = StateDict::from_safetensors(&weights, &config).map_err(Trouble::from)?;
        let network = Network {
            config: &config,
            weights: &weights,
            size: [height, width],
            images: 1,
        };
        let inner = match engine.as_str() {
            "candle" => network.on_cpu().map_err(Trouble::from)?,
            "wgpu-f32" => on_gpu(&network, Precision::F32).await?,
            "wgpu-f16" => on_gpu(&network, Precision::F16).await?,
            other => {
                let sentence = format!("{other:?} is not an engine, expected candle, wgpu-f32 or wgpu-f16");
                return Err(Trouble::new("bad-recipe", sentence).into());
            }
        };
        Ok(Self::of(inner, &network))
    }

    /// Floating-point operations, in billions, of one guided evaluation of one image (a batch of two) by the
    /// plain algorithm, whatever an engine does to save some.
    pub fn gflop(config: &str, height: usize, width: usize) -> Result<f64, JsValue> {
        let config = UNetConfig::from_json(config).map_err(Trouble::from)?;
        Ok(2.0 * Cost::of(&config, height, width).total() / 1e9)
    }
}
