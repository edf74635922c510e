//! The wasm-bindgen interface to what is made of a walk once it has been walked, and of a visitor's image
//! before: what `web/worker/results.js` and `web/worker/figures.js` call. It is a module of its own because
//! many visitors only look.
//!
//! - [`measures`]: what the images of a walk, and the bundle's cells, measure.
//! - [`figure`]: figures and films of a walk, tables of walks, charts.
//! - [`field`]: where the nuclei of an uploaded image lie.
//!
//! Nothing panics across the border. What is refused arrives as a JS object `{ kind, sentence }`, as failures
//! of the explorer's module do.

#![allow(
    clippy::missing_errors_doc,
    reason = "every error is one of the lower crates', whose own documentation says when it comes"
)]

pub mod field;
pub mod figure;
pub mod measures;

use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// Makes a panic readable in the console; none should happen.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
}

/// An error for the page.
pub(crate) fn trouble(kind: &str, error: &impl ToString) -> JsValue {
    object(&[("kind", kind), ("sentence", &error.to_string())])
}

/// A plain object of texts.
pub(crate) fn object(texts: &[(&str, &str)]) -> JsValue {
    let object = Object::new();
    for (name, text) in texts {
        // `Reflect::set` fails on proxies and frozen objects only; this is our own.
        let _ = Reflect::set(&object, &JsValue::from_str(name), &JsValue::from_str(text));
    }
    object.into()
}
