//! Training on a CPU: normalisation in one pass, and convolutions whose forward pass and both gradients are
//! fast.
//!
//! candle computes a kernel's gradient as a convolution with the image as its kernel, and the input's as a
//! transposed convolution, neither of which is a matrix product of a useful shape on a CPU. Here all three
//! are products of the widest vectors that the processor has: 3x3 convolutions by Winograd, others directly.
//!
//! A gradient's sums are in a fixed order, so that a run gives the same bits every time, however many threads
//! there are.

mod attention;
mod concatenation;
mod convolution;
mod dropping;
mod packed;
mod resample;
mod sums;
mod winograd;

use candle_core::{DType, Result, Tensor};
use cellflux_bundle::topology::Resample;

use crate::convolution::Convolution;
use crate::group_norm::{self, GroupNorm};
use crate::operations::{Heads, Operations, Then};
use crate::packed_convolution::Reach;
use crate::plain::Plain;

/// Operations for training in f32 on a CPU: what feature maps go through has gradients of its own here; other
/// number formats are left to [`Plain`].
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
        if !fits(qkv) {
            return Plain.attention(qkv, heads);
        }
        attention::attend(qkv, heads)
    }

    fn resample(&self, x: &Tensor, to: Resample) -> Result<Tensor> {
        let (_, _, height, width) = x.dims4()?;
        let even = height.is_multiple_of(2) && width.is_multiple_of(2);
        // Of an odd side candle's pooling leaves the last line out.
        if !fits(x) || (to == Resample::Down && !even) {
            return Plain.resample(x, to);
        }
        resample::resample(x, to)
    }

    fn concatenate(&self, x: &Tensor, skip: &Tensor) -> Result<Tensor> {
        if !fits(x) {
            return Plain.concatenate(x, skip);
        }
        concatenation::concatenate(x, skip)
    }

    fn convolution(&self, x: &Tensor, layer: &Convolution, residual: Option<&Tensor>) -> Result<Tensor> {
        if !fits(x) {
            return layer.forward(x, residual);
        }
        let bias = layer.bias();
        let convolved = match layer.kernel()? {
            (weight, _) if weight.rank() == 2 => packed::convolve(x, weight, bias, Reach::Pixel)?,
            (weight, 1) => convolution::convolve(x, weight, bias)?,
            (weight, _) => packed::convolve(x, weight, bias, Reach::EverySecond)?,
        };
        match residual {
            None => Ok(convolved),
            Some(residual) => residual + convolved,
        }
    }

    fn normalise(&self, x: &Tensor, norm: &GroupNorm, then: &Then) -> Result<Tensor> {
        if !fits(x) {
            return Plain.normalise(x, norm, then);
        }
        let activated = group_norm::one_pass(x, norm, then.film, then.activation)?;
        match then.dropout {
            None => Ok(activated),
            Some(dropout) => dropping::drop_features(&activated, dropout),
        }
    }
}

/// Whether the operations here are for this feature map.
fn fits(x: &Tensor) -> bool {
    x.device().is_cpu() && x.dtype() == DType::F32
}
