//! The wasm-bindgen surface over the session and the engines.
