//! The wasm-bindgen interface to a visitor's own image, until a crop of it can be the start of a walk: what
//! `web/worker/uploading.js` calls. It is a module of its own because it reads every format of files, and
//! most visitors bring none.
//!
//! Nothing panics across the border. What is refused arrives as a JS object `{ kind, sentence }`, as failures
//! of the explorer's module do.

#![allow(
    clippy::missing_errors_doc,
    reason = "every error is one of the lower crates', whose own documentation says when it comes"
)]

pub mod upload;

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
    let object = Object::new();
    set(&object, "kind", &JsValue::from_str(kind));
    set(&object, "sentence", &JsValue::from_str(&error.to_string()));
    object.into()
}

/// Sets a property of a plain object, which cannot fail.
pub(crate) fn set(object: &Object, name: &str, value: &JsValue) {
    // `Reflect::set` fails on proxies and frozen objects only; these are our own.
    let _ = Reflect::set(object, &JsValue::from_str(name), value);
}
