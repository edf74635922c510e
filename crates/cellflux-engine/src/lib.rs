#![doc = include_str!("../README.md")]
//!
//! A [`Network`] is opened on the CPU or on a GPU and becomes an [`AnyEngine`], which evaluates the velocity.
//! Failures say what a program can do about them ([`Failure`]). [`Tiles`] are the kernel variants that were
//! measured on an adapter.

mod any;
mod error;
mod network;
mod report;
mod tiles;

pub use any::{AnyEngine, AnyState};
pub use error::{EngineError, Failure};
pub use network::Network;
pub use report::EngineReport;
pub use tiles::Tiles;

use cellflux_bundle::Bundle;

/// Makes the engine that computes a bundle's pictures; what goes wrong is a sentence.
pub type EngineMaker<'a> = &'a mut dyn FnMut(&Bundle) -> Result<AnyEngine, String>;
