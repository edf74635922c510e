//! What the fused operations share on a CUDA device: its memory, launches of kernels, cuBLAS, cuDNN, and
//! clocks.
//!
//! Everything runs on the stream that candle's device owns, so that kernels follow each other in program
//! order.
//!
//! CUDA takes addresses and sizes without checking them. So the functions of this module, and those in the
//! operations' `cuda.rs`, take views of memory, and before a call they compare number types and lengths with
//! what it will touch: they refuse what does not fit, and stay inside what they are given.

#![allow(
    unsafe_code,
    reason = "calls into CUDA, which Rust cannot check; each says what was checked instead"
)]

pub(crate) mod blas;
pub(crate) mod cudnn;
pub mod device;
pub(crate) mod kernels;
pub(crate) mod launch;
pub(crate) mod memory;
pub mod profile;
