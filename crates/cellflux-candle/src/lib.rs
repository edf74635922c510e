#![doc = include_str!("../README.md")]
//!
//! The network is built layer by layer from [`cellflux_bundle::topology::Topology`]. Its parameters come from
//! a candle `VarBuilder`, so that the same network holds a state dict's tensors or a `VarMap`'s trainable
//! variables; what it computes with is [`operations::Operations`].

pub mod attention;
mod attention_blocks;
pub mod convolution;
pub mod cpu_training;
pub mod dropout;
pub mod engine;
mod error;
mod exponential;
mod factors;
pub mod group_norm;
mod group_norm_gradient;
pub mod inference;
mod lanes;
mod matrix_product;
mod memory;
pub mod operations;
mod packed_convolution;
pub mod plain;
mod prepared_kernel;
pub mod reproducible;
pub mod resample;
pub mod residual_block;
mod softmax;
mod split;
#[cfg(test)]
mod test_numbers;
pub mod time_embedding;
pub mod unet;
pub mod weights;
mod winograd;

pub use engine::CandleEngine;
pub use error::CandleError;
pub use operations::Operations;
pub use plain::Plain;
pub use unet::UNet;
