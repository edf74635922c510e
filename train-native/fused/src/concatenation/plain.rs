//! Concatenation and its gradients in candle's operations.

use candle_core::{Result, Tensor};

/// The twin of [`fused`](super::fused) in plain candle operations.
///
/// # Errors
/// When shapes do not fit, or candle fails.
pub fn twin(x: &Tensor, skip: &Tensor) -> Result<Tensor> {
    Tensor::cat(&[x, skip], 3)
}

/// Channels `start..start + count`.
pub fn channels(whole: &Tensor, start: usize, count: usize) -> Result<Tensor> {
    whole.narrow(3, start, count)
}
