//! Pooling, nearest up-sampling and concatenation of `[N, H, W, C]`.

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor};
#[cfg(feature = "cudnn")]
use candle_core::{CudaStorage, backend::BackendStorage};
use cellflux_bundle::topology::Resample;

#[cfg(feature = "cudnn")]
use super::cuda::{Argument, Grid, address, allocate, launch, profile::Class, start, type_name};
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

/// `factor` times the sum of every 2x2 pixels, or `factor` times every pixel, to 2x2. Each is the other's gradient.
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
        let small = match self.to {
            Resample::Down => (images, height / 2, width / 2, channels),
            Resample::Up => (images, height, width, channels),
        };
        let (kernel, shape) = match self.to {
            Resample::Down => ("gather_pixels", Shape::from(small)),
            Resample::Up => (
                "spread_pixels",
                Shape::from((images, 2 * height, 2 * width, channels)),
            ),
        };
        let out = allocate(x.device(), &shape, x.dtype())?;
        let vectors = Shape::from(small).elem_count() / 8;
        launch(
            x.device(),
            Class::Resample,
            &format!("{kernel}_{}", type_name(x.dtype())?),
            Grid::over(vectors),
            &[
                Argument::Pointer(address(x, layout)?),
                Argument::Pointer(start(&out, &shape)?),
                Argument::Long(vectors as u64),
                Argument::count(small.2),
                Argument::count(channels / 8),
                Argument::Float(self.factor),
            ],
        )?;
        Ok((out, shape))
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
        let out = allocate(x.device(), &shape, x.dtype())?;
        let whole = start(&out, &shape)?;
        let pixels = images * height * width;
        let pieces = [
            (address(x, x_layout)?, 0, first),
            (address(skip, skip_layout)?, first, second),
        ];
        for (piece, begin, count) in pieces {
            let vectors = pixels * count / 8;
            launch(
                x.device(),
                Class::Resample,
                &format!("put_channels_{}", type_name(x.dtype())?),
                Grid::over(vectors),
                &[
                    Argument::Pointer(whole),
                    Argument::Pointer(piece),
                    Argument::Long(vectors as u64),
                    Argument::count((first + second) / 8),
                    Argument::count(begin / 8),
                    Argument::count(count / 8),
                ],
            )?;
        }
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
        let out = allocate(whole.device(), &shape, whole.dtype())?;
        let vectors = shape.elem_count() / 8;
        launch(
            whole.device(),
            Class::Resample,
            &format!("take_channels_{}", type_name(whole.dtype())?),
            Grid::over(vectors),
            &[
                Argument::Pointer(address(whole, layout)?),
                Argument::Pointer(start(&out, &shape)?),
                Argument::Long(vectors as u64),
                Argument::count(all / 8),
                Argument::count(self.start / 8),
                Argument::count(self.count / 8),
            ],
        )?;
        Ok((out, shape))
    }
}
