//! The wasm-bindgen interface to the session and the engines, and nothing else: what the modules of
//! `web/worker/` call.
//!
//! Nothing panics across the border. Every failure arrives as a JS object `{ kind, sentence }` ([`trouble`]):
//! the kind tells the page what it can offer next, the sentence is for the visitor.
//!
//! ```text
//! Model ◀─ Download ◀─ bytes                Engine ─▶ Walk::attach
//!   ├─▶ Engine::candle, Engine::wgpu ──────────┘            │
//!   └─▶ recipe ─▶ Walk::apply ────────────────────────▶ Walk::step ─▶ Walk::picture
//! ```
//!
//! Chemistry is not in this module: `cellflux-compound-wasm` makes the vector of a compound that a visitor
//! has typed, and a walk is given it beside the recipe. Nor is what is made of a walk afterwards:
//! `cellflux-results-wasm` measures the images of [`walk::Walk::values`]. `cellflux-upload-wasm` reads a
//! visitor's image, whose crop [`walk::Walk::use_crop`] takes.

#![allow(
    clippy::missing_errors_doc,
    reason = "every error is a `Trouble` made of a lower crate's error, whose own documentation says when \
        it comes"
)]

mod clock;
pub mod engine;
mod half;
mod handed;
pub mod look;
pub mod maps;
pub mod measured;
pub mod model;
pub mod picture;
pub mod tiles;
pub mod trouble;
pub mod verify;
pub mod walk;

use wasm_bindgen::prelude::wasm_bindgen;

/// Makes a panic readable in the console; none should happen.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
}
