//! Both engines as one, for programs that let their user choose: `cellflux` and the page.
//!
//! A [`Network`] is opened on the CPU or on a GPU and becomes an [`AnyEngine`], which evaluates the velocity.
//! Failures say what they mean for the way on ([`Failure`]). [`Tiles`] are the kernel variants that were
//! measured on an adapter.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use cellflux_engine::Network;
//! use cellflux_flow::field::{Engine, Field};
//! use cellflux_flow::guidance::Guidance;
//!
//! let bundle = cellflux_bundle::folder::read("my-model".as_ref())?;
//! let mut engine = Network::of(&bundle).on_cpu()?;
//! let taxol = bundle.vectors.row(0).ok_or("the bundle has no condition")?.to_vec();
//! engine.condition(&[taxol], Guidance { alpha: 1.2 })?;
//! let x = engine.upload(&vec![0.0; bundle.manifest.image.len()])?;
//! let velocity = engine.velocity(0.5, &x)?;
//! # let _ = velocity;
//! # Ok(())
//! # }
//! ```

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
