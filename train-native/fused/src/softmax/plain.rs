//! Softmax of rows and its gradient in candle's operations.

use candle_core::{D, Result, Tensor};

/// Softmax of every row of `scores` `[.., rows, columns]`.
pub fn softmax(scores: &Tensor) -> Result<Tensor> {
    candle_nn::ops::softmax(scores, D::Minus1)
}

/// `scale` times the gradient of the scores, of the softmax's result, `weights`, and its gradient.
pub fn gradient(weights: &Tensor, gradient: &Tensor, scale: f64) -> Result<Tensor> {
    let mean = (weights * gradient)?.sum_keepdim(D::Minus1)?;
    (weights * gradient.broadcast_sub(&mean)?)? * scale
}
