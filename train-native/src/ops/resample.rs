//! Pooling, nearest up-sampling and concatenation of `[N, H, W, C]`.

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor};
#[cfg(feature = "cudnn")]
use candle_core::{CudaStorage, backend::BackendStorage};
use cellflux_bundle::topology::Resample;

#[cfg(feature = "cudnn")]
use super::cuda::{
    memory::{Reading, Writing, allocate},
    resample::{self, Section},
};
use super::on_cpu;

/// Fused 2x2 average pooling, or nearest up-sampling by two.
///
/// # Errors
/// When shapes do not fit, or the device fails.
pub fn fused(x: &Tensor, to: Resample) -> Result<Tensor> {
    let factor = match to {
        Resample::Down => 0.25,
        Resample::Up => 1.0,
    };
    x.contiguous()?.apply_op1(Resampled { to, factor })
}

/// The twin of [`fused`] in plain candle operations.
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
fn sum_of_squares(x: &Tensor) -> Result<Tensor> {
    let (images, height, width, channels) = x.dims4()?;
    x.reshape((images, height / 2, 2, width / 2, 2, channels))?
        .sum((2, 4))
}

/// Every pixel repeated to 2x2.
fn squares(x: &Tensor) -> Result<Tensor> {
    let (images, height, width, channels) = x.dims4()?;
    x.reshape((images, height, 1, width, 1, channels))?
        .broadcast_as((images, height, 2, width, 2, channels))?
        .reshape((images, 2 * height, 2 * width, channels))
}

/// `factor` times the sum of every 2x2 pixels, or `factor` times every pixel, to 2x2. Each is the other's
/// gradient.
struct Resampled {
    to: Resample,
    factor: f32,
}

impl CustomOp1 for Resampled {
    fn name(&self) -> &'static str {
        "resample"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = &on_cpu::tensors(&[(x, layout)])?[0];
        let resampled = match self.to {
            Resample::Down => sum_of_squares(x)?,
            Resample::Up => squares(x)?,
        };
        on_cpu::storage(&(resampled * f64::from(self.factor))?)
    }

    #[cfg(feature = "cudnn")]
    fn cuda_fwd(&self, x: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        let (images, height, width, channels) = layout.shape().dims4()?;
        let x = Reading::of(x, layout)?;
        Ok(match self.to {
            Resample::Down => (
                resample::gather(x, width / 2, channels, self.factor)?,
                Shape::from((images, height / 2, width / 2, channels)),
            ),
            Resample::Up => (
                resample::spread(x, width, channels, self.factor)?,
                Shape::from((images, 2 * height, 2 * width, channels)),
            ),
        })
    }

    fn bwd(&self, _x: &Tensor, _y: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let to = match self.to {
            Resample::Down => Resample::Up,
            Resample::Up => Resample::Down,
        };
        let factor = self.factor;
        let gradient = gradient.contiguous()?;
        Ok(Some(gradient.apply_op1_no_bwd(&Self { to, factor })?))
    }
}

/// Fused concatenation of channels.
///
/// # Errors
/// When shapes do not fit, or the device fails.
pub fn concatenate(x: &Tensor, skip: &Tensor) -> Result<Tensor> {
    x.contiguous()?.apply_op2(&skip.contiguous()?, Concatenated)
}

struct Concatenated;

impl CustomOp2 for Concatenated {
    fn name(&self) -> &'static str {
        "concatenate"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        skip: &CpuStorage,
        skip_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let parts = on_cpu::tensors(&[(x, x_layout), (skip, skip_layout)])?;
        on_cpu::storage(&Tensor::cat(&parts, 3)?)
    }

    #[cfg(feature = "cudnn")]
    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        x_layout: &Layout,
        skip: &CudaStorage,
        skip_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        let (images, height, width, first) = x_layout.shape().dims4()?;
        let second = skip_layout.shape().dims4()?.3;
        let shape = Shape::from((images, height, width, first + second));
        let mut out = allocate(x.device(), &shape, x.dtype())?;
        let section = |start, part| Section {
            pixels: images * height * width,
            all: first + second,
            start,
            part,
        };
        let (x, skip) = (Reading::of(x, x_layout)?, Reading::of(skip, skip_layout)?);
        resample::put(Writing::whole(&mut out)?, x, section(0, first))?;
        resample::put(Writing::whole(&mut out)?, skip, section(first, second))?;
        Ok((out, shape))
    }

    fn bwd(
        &self,
        x: &Tensor,
        skip: &Tensor,
        _y: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let gradient = gradient.contiguous()?;
        let (first, second) = (x.dims4()?.3, skip.dims4()?.3);
        let part = |start, count| gradient.apply_op1_no_bwd(&Channels { start, count });
        Ok((Some(part(0, first)?), Some(part(first, second)?)))
    }
}

/// Some of the channels.
struct Channels {
    start: usize,
    count: usize,
}

impl CustomOp1 for Channels {
    fn name(&self) -> &'static str {
        "channels"
    }

    fn cpu_fwd(&self, whole: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let whole = &on_cpu::tensors(&[(whole, layout)])?[0];
        on_cpu::storage(&whole.narrow(3, self.start, self.count)?)
    }

    #[cfg(feature = "cudnn")]
    fn cuda_fwd(&self, whole: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        let (images, height, width, all) = layout.shape().dims4()?;
        let shape = Shape::from((images, height, width, self.count));
        let section = Section {
            pixels: images * height * width,
            all,
            start: self.start,
            part: self.count,
        };
        Ok((resample::take(Reading::of(whole, layout)?, section)?, shape))
    }
}
