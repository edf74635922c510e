#![doc = include_str!("../README.md")]
//!
//! The steps of an evaluation of the velocity:
//!
//! 1. [`Gpu::request`] finds an adapter and a device, and says what they are ([`AdapterReport`]).
//! 2. [`Plan::new`] goes through the network's topology and lists the kernel calls, the buffers they share
//!    and the peak memory, before anything is allocated.
//! 3. [`WgpuEngine::new`] compiles the plan's shaders, repacks the weights and allocates the buffers.
//! 4. The engine is a [`cellflux_flow::field::Engine`]: solvers enqueue velocities and linear combinations,
//!    and only reading a state back waits for the device.
//!
//! A GPU engine needs an adapter, which not every machine has; so the tests compile this and do not run it:
//!
//! ```no_run
//! use cellflux_wgpu::{Gpu, Precision, Wanted, WgpuEngine};
//!
//! # async fn open() -> Result<(), Box<dyn std::error::Error>> {
//! let bundle = cellflux_bundle::folder::read("my-model".as_ref())?;
//! let (config, image) = (&bundle.manifest.model.config, &bundle.manifest.image);
//! let gpu = Gpu::request(Wanted::default()).await?;
//! let size = [image.height, image.width];
//! let engine = WgpuEngine::new(&gpu, config, &bundle.weights, size, 1, Precision::F32, |_| {}).await?;
//! # let _ = engine;
//! # Ok(())
//! # }
//! ```
//!
//! A [`Tuning`] says which kernel variant each convolution takes: defaults by adapter, and what a [`Tuner`]
//! measured on this one, kept as text by [`StoredTiles`].
//!
//! Activations are NHWC with the channels in quads (`vec4`); image channels are padded to whole quads.
//! Storage is f32 or f16 ([`Precision`]); sums, statistics and the state of the ODE are always f32. Where an
//! adapter has no f16, f16 weights stay so in memory and are widened as they are read
//! ([`Tuning::packing_weights`]).
//!
//! Nothing here needs more than WebGPU's default limits, and no optional feature is required.

mod adapter;
mod arena;
mod compile;
mod dispatch;
mod engine;
mod error;
mod film_table;
mod fit;
mod half_precision;
mod health;
mod kernel;
mod layout;
mod limits;
mod linear_weights;
mod loading;
mod network;
mod plan;
mod plan_builder;
mod planning;
mod precision;
mod probe;
mod profile;
mod readback;
mod stored_tiles;
mod submission;
mod trusted;
mod tuner;
mod tuning;
mod weight_storage;
mod weights;
mod wgsl;

#[cfg(test)]
mod twin;

pub use adapter::{AdapterReport, Gpu, Wanted};
pub use engine::{WgpuEngine, WgpuState};
pub use error::GpuError;
pub use half_precision::{Choice, choose_dtype, self_check};
pub use kernel::attention::AttentionTile;
pub use kernel::convolution::Tile;
pub use limits::Limits;
pub use loading::{Progress, Stage};
pub use plan::{Memory, Plan};
pub use precision::Precision;
pub use probe::Probe;
pub use profile::{CallTime, KernelTime};
pub use stored_tiles::StoredTiles;
pub use tuner::{DeviceTrials, Effort, Trial, Trials, Tried, Tuner};
pub use tuning::{Site, Tuning};
