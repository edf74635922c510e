//! What the fused operations need of a CUDA device: its memory, kernels, cuBLAS, cuDNN, and clocks.
//!
//! Everything runs on the stream that candle's device owns, so that kernels follow each other in program
//! order.
//!
//! CUDA takes addresses and sizes and believes them. So the functions of this module take views of memory,
//! and compare their number types and lengths with what a call is going to touch before they make it:
//! whatever they are given, they refuse or stay inside it.

#![allow(
    unsafe_code,
    reason = "calls into CUDA, which Rust cannot check; each says what was checked in its stead"
)]

pub mod adamw;
pub mod bias;
pub mod blas;
pub mod cudnn;
pub mod device;
pub mod group_norm;
mod launch;
pub mod memory;
pub mod packing;
pub mod profile;
pub mod resample;
pub mod softmax;
