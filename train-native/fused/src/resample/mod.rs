//! 2x2 average pooling and nearest up-sampling by two, of `[N, H, W, C]`.
//!
//! With a factor `f`: `y[i, j] = f (x[2i, 2j] + x[2i, 2j + 1] + x[2i + 1, 2j] + x[2i + 1, 2j + 1])` and
//! `y[i, j] = f x[i / 2, j / 2]`, for every image and channel. Each is the other's gradient, with the same
//! factor: 1/4 pools, 1 repeats the nearest pixel.

#[cfg(feature = "cudnn")]
mod cuda;
mod plain;

#[cfg(feature = "cudnn")]
use candle_core::{CudaStorage, Shape};
use candle_core::{Result, Tensor};
use cellflux_bundle::topology::Resample;

#[cfg(feature = "cudnn")]
use crate::adapter::Input;
use crate::adapter::{Apply as _, Operation};

pub use plain::twin;

/// Fused 2x2 average pooling, or nearest up-sampling by two. On a GPU, C is a multiple of
/// [`CHANNEL_UNIT`](crate::CHANNEL_UNIT).
///
/// # Errors
/// When shapes do not fit, or the device fails.
pub fn fused(x: &Tensor, to: Resample) -> Result<Tensor> {
    let factor = match to {
        Resample::Down => 0.25,
        Resample::Up => 1.0,
    };
    Resampled { to, factor }.apply([&x.contiguous()?])
}

/// `factor` times the sum of every 2x2 pixels, or `factor` times every pixel, to 2x2.
struct Resampled {
    to: Resample,
    factor: f32,
}

impl Operation<1> for Resampled {
    const NAME: &'static str = "resample";

    fn on_cpu(&self, [x]: [Tensor; 1]) -> Result<Tensor> {
        let resampled = match self.to {
            Resample::Down => plain::sum_of_squares(&x)?,
            Resample::Up => plain::squares(&x)?,
        };
        resampled * f64::from(self.factor)
    }

    #[cfg(feature = "cudnn")]
    fn on_cuda(&self, [x]: [Input; 1]) -> Result<(CudaStorage, Shape)> {
        let (images, height, width, channels) = x.shape.dims4()?;
        Ok(match self.to {
            Resample::Down => (
                cuda::gather(x.values, width / 2, channels, self.factor)?,
                Shape::from((images, height / 2, width / 2, channels)),
            ),
            Resample::Up => (
                cuda::spread(x.values, width, channels, self.factor)?,
                Shape::from((images, 2 * height, 2 * width, channels)),
            ),
        })
    }

    fn gradients(&self, _x: [&Tensor; 1], gradient: &Tensor) -> Result<[Option<Tensor>; 1]> {
        let to = match self.to {
            Resample::Down => Resample::Up,
            Resample::Up => Resample::Down,
        };
        let factor = self.factor;
        let back = Self { to, factor };
        Ok([Some(back.evaluate([&gradient.contiguous()?])?)])
    }
}
