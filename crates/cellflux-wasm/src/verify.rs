//! Comparing a network with a golden file inside the browser.

use cellflux_bundle::StateDict;
use cellflux_engine::Network;
use cellflux_session::comparison::golden::{Bounds, Golden, Row};
use cellflux_wgpu::Precision;
use serde::Serialize;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::engine::on_gpu;
use crate::model::plain;
use crate::trouble::Trouble;

/// A row for a table.
#[derive(Serialize)]
struct Measured {
    output: String,
    relative_error: f64,
    bound: f64,
    ok: bool,
}

/// Compares the network `model` (safetensors) with the golden file `io` on `engine`, `candle` or `wgpu` in
/// f32: `[{ output, relative_error, bound, ok }]`.
#[wasm_bindgen]
pub async fn verify(model: Vec<u8>, io: Vec<u8>, engine: String) -> Result<JsValue, JsValue> {
    let golden = Golden::parse(&io).map_err(|error| Trouble::new("bad-bundle", error.to_string()))?;
    let weights = StateDict::from_safetensors(&model, golden.config()).map_err(Trouble::from)?;
    let (height, width) = golden.size();
    let network = Network {
        config: golden.config(),
        weights: &weights,
        size: [height, width],
        images: golden.images(),
    };
    let (mut engine, bounds, kind) = match engine.as_str() {
        "candle" => (
            network.on_cpu().map_err(Trouble::from)?,
            Bounds::CANDLE_F32,
            "cpu",
        ),
        "wgpu" => (on_gpu(&network, Precision::F32).await?, Bounds::WGPU_F32, "gpu"),
        other => {
            let sentence = format!("{other:?} is not an engine, expected candle or wgpu");
            return Err(Trouble::new("bad-recipe", sentence).into());
        }
    };
    let rows = golden.verify(&mut engine, bounds, |_| ()).await;
    let rows = rows.map_err(|error| Trouble::new(kind, error.to_string()))?;
    plain(&rows.into_iter().map(measured).collect::<Vec<_>>())
}

fn measured(row: Row) -> Measured {
    Measured {
        ok: row.ok(),
        output: row.output,
        relative_error: row.relative_error,
        bound: row.bound,
    }
}
