//! Pooling and up-sampling in candle's operations.

use candle_core::{Result, Tensor};
use cellflux_bundle::topology::Resample;

/// The twin of [`fused`](super::fused) in plain candle operations.
///
/// # Errors
/// When shapes do not fit, or candle fails.
pub fn twin(x: &Tensor, to: Resample) -> Result<Tensor> {
    match to {
        Resample::Down => sum_of_squares(x)? * 0.25,
        Resample::Up => squares(x),
    }
}

/// Every 2x2 pixels added up.
pub fn sum_of_squares(x: &Tensor) -> Result<Tensor> {
    let (images, height, width, channels) = x.dims4()?;
    x.reshape((images, height / 2, 2, width / 2, 2, channels))?
        .sum((2, 4))
}

/// Every pixel repeated to 2x2.
pub fn squares(x: &Tensor) -> Result<Tensor> {
    let (images, height, width, channels) = x.dims4()?;
    x.reshape((images, height, 1, width, 1, channels))?
        .broadcast_as((images, height, 2, width, 2, channels))?
        .reshape((images, 2 * height, 2 * width, channels))
}
