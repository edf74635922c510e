//! Fused operations: the network's operations in training on a GPU, with gradients of their own.
//!
//! candle's own convolution gradients are fifty times slower on a GPU than cuDNN's. The fused operations keep
//! feature maps as `[N, H, W, C]` in the compute type and call cuDNN, cuBLAS, and an own kernel where no
//! library has one.
//!
//! ```text
//! Fused (operations.rs) ─▶ an operation's folder ─▶ candle, through one adapter (adapter.rs)
//!                            mod.rs    what it computes: shapes, formulas, gradients
//!                            plain.rs  the same in candle's operations: the twin, and the formulas on a CPU
//!                            cuda.rs   its calls on a GPU ─▶ cuda/: memory, launches, cuDNN, cuBLAS, clocks
//!                            kernels.cu
//! ```
//!
//! Each operation has a *twin* in plain candle operations, which differentiate by themselves. [`check`]
//! compares the two, forward and backward, on the present device before a run, and an operation that differs
//! is replaced by its twin. On a CPU the fused operations compute the kernels' formulas with tensors, so that
//! their gradients are tested anywhere.

pub mod adamw;
mod adapter;
pub mod attention;
mod bias;
pub mod check;
pub mod concatenation;
pub mod convolution;
#[cfg(feature = "cudnn")]
pub mod cuda;
pub mod group_norm;
mod kind;
mod on_cpu;
mod operations;
pub mod packing;
pub mod resample;
mod softmax;

pub use kind::Kind;
pub use operations::Fused;

/// Channels are padded to a multiple of this: tensor cores and 16-byte reads need it.
pub const CHANNEL_UNIT: usize = 8;
