//! The wasm-bindgen interface to the lab of flow matching in the plane. It is a module of its own because
//! most pages have no lab.
//!
//! - [`lab`]: a lab that learns, and what is seen of it.
//! - [`walk`]: a walk of particles.
//!
//! Settings and views cross the border as plain objects, points as flat arrays `x, y, x, y, …`. Nothing
//! panics across it. What is refused arrives as a JS object `{ kind, sentence }`, as failures of the
//! explorer's module do.

#![allow(
    clippy::missing_errors_doc,
    reason = "every error is one of the lab's, whose own documentation says when it comes"
)]

pub mod lab;
pub mod walk;

use cellflux_lab::{LabError, Point};
use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// Makes a panic readable in the console; none should happen.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
}

/// What a failure is for the page: what it can offer next.
fn kind(error: &LabError) -> &'static str {
    match error {
        LabError::Diverged { .. } => "diverged",
        LabError::Escaped { .. } => "escaped",
        LabError::NoClosedForm { .. } => "no-exact-field",
        LabError::Candle(_) => "internal",
        _ => "setting",
    }
}

/// An error of the lab for the page.
pub(crate) fn trouble(error: &LabError) -> JsValue {
    failure(kind(error), &error.to_string())
}

/// A failure for the page.
pub(crate) fn failure(kind: &str, sentence: &str) -> JsValue {
    let object = Object::new();
    for (name, text) in [("kind", kind), ("sentence", sentence)] {
        // `Reflect::set` fails on proxies and frozen objects only; this is our own.
        let _ = Reflect::set(&object, &JsValue::from_str(name), &JsValue::from_str(text));
    }
    object.into()
}

/// Points as a flat array.
pub(crate) fn flat(points: &[Point]) -> Vec<f64> {
    points.iter().flatten().copied().collect()
}

/// The points of a flat array; a number that is left over is none.
pub(crate) fn points(flat: &[f64]) -> &[Point] {
    flat.as_chunks::<2>().0
}
