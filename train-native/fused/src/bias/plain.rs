//! A bias, a residual and the bias's gradient in candle's operations.

use candle_core::{Result, Tensor};

/// `y` `[N, H, W, C]` plus `bias` `[C]`, and plus `residual` `[N, H, W, C]` where there is one.
pub fn add(y: &Tensor, bias: &Tensor, residual: Option<&Tensor>) -> Result<Tensor> {
    let biased = y.broadcast_add(bias)?;
    match residual {
        None => Ok(biased),
        Some(residual) => biased + residual,
    }
}

/// The gradient of a bias, `[C]`, of that of the result, `[N, H, W, C]`.
pub fn gradient(gradient: &Tensor) -> Result<Tensor> {
    gradient.permute((3, 0, 1, 2))?.contiguous()?.sum((1, 2, 3))
}
