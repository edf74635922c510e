//! The wasm-bindgen interface to what is made of a walk, and nothing else: what `web/worker/` calls when a
//! visitor keeps a figure. It is a module of its own because few visitors do.
//!
//! Nothing panics across the border. What is refused arrives as a JS object `{ kind, sentence }`, as failures
//! of the explorer's module do.

#![allow(
    clippy::missing_errors_doc,
    reason = "every error is of a lower crate, whose own documentation says when it comes"
)]

pub mod figure;

use js_sys::{Object, Reflect};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

/// Makes a panic readable in the console; none should happen.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
}

/// An error for the page.
fn trouble(kind: &str, sentence: &str) -> JsValue {
    let object = Object::new();
    for (name, value) in [("kind", kind), ("sentence", sentence)] {
        // `Reflect::set` fails on proxies and frozen objects only; this is our own.
        let _ = Reflect::set(&object, &JsValue::from_str(name), &JsValue::from_str(value));
    }
    object.into()
}
