//! Training on a CPU: normalisation in one pass, and 3x3 convolutions whose forward pass and both gradients
//! are fast.
//!
//! candle computes a kernel's gradient as a convolution with the image as its kernel, and the input's as a
//! transposed convolution, neither of which is a matrix product of a useful shape on a CPU. Here all three are
//! Winograd convolutions, whose products the widest vectors of the processor make.
//!
//! A gradient's sums are in a fixed order, so that a run gives the same bits every time, however many threads
//! there are.

mod convolution;
mod sums;
mod winograd;

use candle_core::{DType, Result, Tensor};
use cellflux_bundle::topology::Resample;

use crate::convolution::Convolution;
use crate::group_norm::{self, GroupNorm};
use crate::operations::{Heads, Operations, Then};
use crate::plain::Plain;

/// Operations for training in f32 on a CPU; everything except normalisation and 3x3 convolutions is
/// [`Plain`], and in other number formats these are too.
#[derive(Clone, Copy, Debug)]
pub struct CpuTraining;

impl Operations for CpuTraining {
    fn enter(&self, image: &Tensor) -> Result<Tensor> {
        Plain.enter(image)
    }

    fn leave(&self, features: &Tensor, channels: usize) -> Result<Tensor> {
        Plain.leave(features, channels)
    }

    fn shift(&self, x: &Tensor, offset: &Tensor) -> Result<Tensor> {
        Plain.shift(x, offset)
    }

    fn attention(&self, qkv: &Tensor, heads: Heads) -> Result<Tensor> {
        Plain.attention(qkv, heads)
    }

    fn resample(&self, x: &Tensor, to: Resample) -> Result<Tensor> {
        Plain.resample(x, to)
    }

    fn concatenate(&self, x: &Tensor, skip: &Tensor) -> Result<Tensor> {
        Plain.concatenate(x, skip)
    }

    fn convolution(&self, x: &Tensor, layer: &Convolution, residual: Option<&Tensor>) -> Result<Tensor> {
        let (weight, stride) = layer.kernel()?;
        let fits = x.device().is_cpu() && x.dtype() == DType::F32 && weight.rank() == 4;
        if !fits {
            return layer.forward(x, residual);
        }
        let whole = convolution::convolve(x, weight, layer.bias())?;
        let convolved = if stride == 1 {
            whole
        } else {
            every(stride, &whole)?
        };
        match residual {
            None => Ok(convolved),
            Some(residual) => residual + convolved,
        }
    }

    fn normalise(&self, x: &Tensor, norm: &GroupNorm, then: &Then) -> Result<Tensor> {
        if !x.device().is_cpu() || x.dtype() != DType::F32 {
            return Plain.normalise(x, norm, then);
        }
        then.dropped(group_norm::one_pass(x, norm, then.film, then.activation)?)
    }
}

/// Every `stride`-th pixel of `[N, C, H, W]` in both directions: what a strided convolution keeps of a plain
/// one.
fn every(stride: usize, x: &Tensor) -> Result<Tensor> {
    let (batch, channels, height, width) = x.dims4()?;
    let (rows, columns) = (height / stride, width / stride);
    x.reshape(&[batch * channels, rows, stride, columns, stride][..])?
        .narrow(2, 0, 1)?
        .narrow(4, 0, 1)?
        .contiguous()?
        .reshape((batch, channels, rows, columns))
}
