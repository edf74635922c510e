//! Who carries out the network's operations in training: plain candle, or fused operations with gradients of
//! their own.
//!
//! candle's own convolution gradients are fifty times slower on a GPU than cuDNN's. The fused operations keep
//! feature maps as `[N, H, W, C]` in the compute type and call cuDNN, cuBLAS, and a kernel of ours where no
//! library has one (`cuda/kernels.cu`). Each has a *twin* in plain candle operations; [`check`] compares the
//! two, forward and backward, on the device at hand before a run, and an operation that differs is replaced
//! by its twin.
//!
//! On a CPU the fused operations compute the same formulas with tensors, so that their gradients are tested
//! anywhere.

pub mod attention;
pub mod check;
pub mod convolution;
#[cfg(feature = "cudnn")]
pub(crate) mod cuda;
mod fused;
pub mod group_norm;
mod on_cpu;
pub mod resample;
#[cfg(test)]
mod tests;

pub use fused::{Fused, Kind};
