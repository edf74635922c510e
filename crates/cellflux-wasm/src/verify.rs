//! Comparing a network with a golden file inside the browser.

use cellflux_bundle::StateDict;
use cellflux_candle::CandleEngine;
use cellflux_session::verify::{Bounds, Golden, Row};
use cellflux_wgpu::Precision;
use serde::Serialize;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::engine::wgpu_engine;
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

/// Compares the network `model` (safetensors) with the golden file `io` on `engine`, `candle` or `wgpu` in f32:
/// `[{ output, relative_error, bound, ok }]`.
#[wasm_bindgen]
pub async fn verify(model: Vec<u8>, io: Vec<u8>, engine: String) -> Result<JsValue, JsValue> {
    let golden = Golden::parse(&io).map_err(|error| Trouble::new("bad-bundle", error.to_string()))?;
    let weights = StateDict::from_safetensors(&model, golden.config()).map_err(Trouble::from)?;
    let (height, width) = golden.size();
    let rows = match engine.as_str() {
        "candle" => {
            let mut engine =
                CandleEngine::new(golden.config(), &weights, height, width).map_err(Trouble::from)?;
            golden
                .verify(&mut engine, Bounds::CANDLE_F32, |_| ())
                .await
                .map_err(|error| Trouble::new("cpu", error.to_string()))?
        }
        "wgpu" => {
            let size = [height, width];
            let mut engine =
                wgpu_engine(golden.config(), &weights, size, golden.images(), Precision::F32).await?;
            golden
                .verify(&mut engine, Bounds::WGPU_F32, |_| ())
                .await
                .map_err(|error| Trouble::new("gpu", error.to_string()))?
        }
        other => {
            let sentence = format!("{other:?} is not an engine, expected candle or wgpu");
            return Err(Trouble::new("bad-recipe", sentence).into());
        }
    };
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
