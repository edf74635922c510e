//! Helpers for the tests and benches that cross crates.

pub mod goldens;
pub mod naive_unet;
pub mod random_network;
