//! The worker's clock.

use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn milliseconds() -> f64;
}

/// Seconds since the worker started.
pub(crate) fn seconds() -> f64 {
    milliseconds() / 1e3
}
