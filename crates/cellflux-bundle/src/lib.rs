#![doc = include_str!("../README.md")]
//!
//! Errors are [`BundleError`]. The format is described in `docs/bundle-format.md` of the repository; apart
//! from `folder` and `pth` nothing touches a file system, so that the same reader runs in a page.

pub mod bundle;
mod check;
pub mod clipping;
pub mod conditions;
pub mod config;
pub mod cost;
pub mod date;
mod dose_range;
pub mod error;
pub mod evaluation;
pub mod files;
#[cfg(not(target_family = "wasm"))]
pub mod folder;
pub mod gallery;
pub mod layer_names;
pub mod limits;
pub mod manifest;
pub mod markdown;
pub mod perturbation;
#[cfg(not(target_family = "wasm"))]
mod pickle;
pub mod provenance;
#[cfg(not(target_family = "wasm"))]
pub mod pth;
pub mod quantise;
pub mod quick;
mod quick_weights;
pub mod sampling;
pub mod shard;
pub mod state_dict;
pub mod tensor;
pub mod tensor_file;
pub mod topology;
#[cfg(not(target_family = "wasm"))]
pub mod torch_file;
#[cfg(not(target_family = "wasm"))]
mod torch_legacy;
#[cfg(not(target_family = "wasm"))]
pub mod torch_save;
#[cfg(not(target_family = "wasm"))]
mod torch_storage;
#[cfg(not(target_family = "wasm"))]
mod torch_zip;

pub use bundle::{Bundle, BundleReader, Draft, Packed};
pub use check::{excerpt, parser_words};
pub use config::UNetConfig;
pub use error::BundleError;
pub use evaluation::{Estimate, Evaluation};
pub use manifest::Manifest;
pub use state_dict::StateDict;
