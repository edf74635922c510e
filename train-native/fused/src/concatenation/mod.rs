//! Concatenation of channels: `x` `[N, H, W, A]` and `skip` `[N, H, W, B]` to `[N, H, W, A + B]`.
//!
//! The gradients are the result's gradient's first A channels and its last B.

#[cfg(feature = "cudnn")]
mod cuda;
mod plain;

#[cfg(feature = "cudnn")]
use candle_core::{CudaStorage, Shape};
use candle_core::{Result, Tensor};

#[cfg(feature = "cudnn")]
use crate::adapter::Input;
use crate::adapter::{Apply as _, Operation};

pub use plain::twin;

/// Fused concatenation. On a GPU, A and B are multiples of [`CHANNEL_UNIT`](crate::CHANNEL_UNIT).
///
/// # Errors
/// When shapes do not fit, or the device fails.
pub fn fused(x: &Tensor, skip: &Tensor) -> Result<Tensor> {
    Concatenated.apply([&x.contiguous()?, &skip.contiguous()?])
}

/// The channels of one tensor, then those of the other.
struct Concatenated;

impl Operation<2> for Concatenated {
    const NAME: &'static str = "concatenate";

    fn on_cpu(&self, [x, skip]: [Tensor; 2]) -> Result<Tensor> {
        twin(&x, &skip)
    }

    #[cfg(feature = "cudnn")]
    fn on_cuda(&self, [x, skip]: [Input; 2]) -> Result<(CudaStorage, Shape)> {
        let (images, height, width, first) = x.shape.dims4()?;
        let second = skip.shape.dims4()?.3;
        let pixels = images * height * width;
        let whole = cuda::concatenate((x.values, first), (skip.values, second), pixels)?;
        Ok((whole, Shape::from((images, height, width, first + second))))
    }

    fn gradients(&self, [x, skip]: [&Tensor; 2], gradient: &Tensor) -> Result<[Option<Tensor>; 2]> {
        let gradient = gradient.contiguous()?;
        let (first, second) = (x.dims4()?.3, skip.dims4()?.3);
        let part = |start, count| Channels { start, count }.evaluate([&gradient]);
        Ok([Some(part(0, first)?), Some(part(first, second)?)])
    }
}

/// Some of the channels.
struct Channels {
    start: usize,
    count: usize,
}

impl Operation<1> for Channels {
    const NAME: &'static str = "channels";

    fn on_cpu(&self, [whole]: [Tensor; 1]) -> Result<Tensor> {
        plain::channels(&whole, self.start, self.count)
    }

    #[cfg(feature = "cudnn")]
    fn on_cuda(&self, [whole]: [Input; 1]) -> Result<(CudaStorage, Shape)> {
        let (images, height, width, all) = whole.shape.dims4()?;
        let section = cuda::Section {
            pixels: images * height * width,
            all,
            start: self.start,
            part: self.count,
        };
        let shape = Shape::from((images, height, width, self.count));
        Ok((cuda::take(whole.values, section)?, shape))
    }
}
