//! Group normalisation over 32 groups, with what always follows it here: scale and shift, and SiLU.

use candle_core::{CpuStorage, CustomOp3, D, DType, Device, Layout, Result, Shape, Tensor};
use candle_nn::VarBuilder;
use cellflux_bundle::config::{NORM_EPSILON, NORM_GROUPS};
use rayon::prelude::*;
use wide::f32x4;

use crate::exponential::silu;
use crate::group_norm_gradient;
use crate::lanes::{self, load};
use crate::memory::{contiguous, values, with_values};

/// Blocks of eight numbers whose sums are kept in f32 before they go into an f64 one.
pub(crate) const RUN: usize = 128;

/// `GroupNorm` of `C` channels: 32 groups, epsilon 1e-5, in f32; tensors `weight`, `bias`.
#[derive(Clone, Debug)]
pub struct GroupNorm {
    channels: usize,
    weight: Tensor,
    bias: Tensor,
}

/// What is applied to the normalised values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Nothing.
    None,
    /// `x / (1 + exp(-x))`.
    Silu,
}

impl GroupNorm {
    /// Takes the layer at `vars`; `channels` is a multiple of 32.
    ///
    /// # Errors
    /// When `vars` lacks a tensor or holds one of another shape.
    pub fn new(channels: usize, vars: &VarBuilder) -> Result<Self> {
        Ok(Self {
            channels,
            weight: vars.get_with_hints(channels, "weight", candle_nn::init::ONE)?,
            bias: vars.get_with_hints(channels, "bias", candle_nn::init::ZERO)?,
        })
    }

    /// Channels.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// The gain of the normalised values, `[C]`.
    pub fn weight(&self) -> &Tensor {
        &self.weight
    }

    /// The offset of the normalised values, `[C]`.
    pub fn bias(&self) -> &Tensor {
        &self.bias
    }

    /// The norm's own gain and offset and the modulation's `[N, 2 C]` are one affine map per sample and
    /// channel: its gain and offset, `[N or 1, C]`.
    fn affine(&self, x: &Tensor, film: Option<&Tensor>) -> Result<(Tensor, Tensor)> {
        self.check(x)?;
        let Some(film) = film else {
            return Ok((self.weight.unsqueeze(0)?, self.bias.unsqueeze(0)?));
        };
        let more = (film.narrow(1, 0, self.channels)? + 1.0)?;
        let shift = film.narrow(1, self.channels, self.channels)?;
        let offset = (more.broadcast_mul(&self.bias)? + shift)?;
        Ok((more.broadcast_mul(&self.weight)?, offset))
    }

    fn check(&self, x: &Tensor) -> Result<()> {
        if x.dim(1)? != self.channels {
            candle_core::bail!("GroupNorm of {} channels on {:?}", self.channels, x.shape());
        }
        Ok(())
    }
}

/// Normalises `[N, C, H, W]`, modulates it by `film` (`[scale | shift]`, `[N, 2 C]`) and applies the
/// activation, in operations that candle can differentiate and run on any device. It computes in f32,
/// whatever the number type of `x`.
///
/// # Errors
/// When candle fails.
pub fn plain(x: &Tensor, norm: &GroupNorm, film: Option<&Tensor>, activation: Activation) -> Result<Tensor> {
    let (gain, offset) = norm.affine(x, film)?;
    differentiable(x, &gain, &offset, activation)
}

/// The same as [`plain`] for f32 on the CPU, in one pass over memory; its gradient takes two.
///
/// # Errors
/// When candle fails.
pub fn one_pass(
    x: &Tensor,
    norm: &GroupNorm,
    film: Option<&Tensor>,
    activation: Activation,
) -> Result<Tensor> {
    let (gain, offset) = norm.affine(x, film)?;
    let (batch, channels, _, _) = x.dims4()?;
    let gain = gain.broadcast_as((batch, channels))?.contiguous()?;
    let offset = offset.broadcast_as((batch, channels))?.contiguous()?;
    x.contiguous()?.apply_op3(&gain, &offset, Fused { activation })
}

/// The same as [`one_pass`], without a gradient.
pub(crate) fn evaluate(
    x: &Tensor,
    norm: &GroupNorm,
    film: Option<&Tensor>,
    activation: Activation,
) -> Result<Tensor> {
    norm.check(x)?;
    let (batch, channels, height, width) = x.dims4()?;
    let (weight, bias) = (values(&norm.weight)?, values(&norm.bias)?);
    let (mut gain, mut offset) = (weight.repeat(batch), bias.repeat(batch));
    if let Some(film) = film {
        if film.dims() != [batch, 2 * channels] {
            candle_core::bail!("a modulation {:?} of {:?}", film.shape(), x.shape());
        }
        let rows = gain.chunks_mut(channels).zip(offset.chunks_mut(channels));
        with_values(film, |film| {
            for ((gain, offset), film) in rows.zip(film.chunks(2 * channels)) {
                let (scale, shift) = film.split_at(channels);
                for ((gain, offset), (scale, shift)) in
                    gain.iter_mut().zip(offset).zip(scale.iter().zip(shift))
                {
                    *gain *= scale + 1.0;
                    *offset = *offset * (scale + 1.0) + shift;
                }
            }
        })?;
    }
    let out = with_values(x, |x| {
        normalise(x, &gain, &offset, [channels, height * width], activation)
    })?;
    Tensor::from_vec(out, x.shape(), &Device::Cpu)
}

fn differentiable(x: &Tensor, gain: &Tensor, offset: &Tensor, activation: Activation) -> Result<Tensor> {
    let (batch, channels, height, width) = x.dims4()?;
    let grouped =
        x.to_dtype(DType::F32)?
            .reshape((batch, NORM_GROUPS, channels / NORM_GROUPS * height * width))?;
    let centred = grouped.broadcast_sub(&grouped.mean_keepdim(D::Minus1)?)?;
    let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
    let normed = centred.broadcast_div(&(variance + NORM_EPSILON)?.sqrt()?)?;
    let spread = |per_channel: &Tensor| {
        let per_channel = per_channel.to_dtype(DType::F32)?;
        per_channel.unsqueeze(D::Minus1)?.unsqueeze(D::Minus1)
    };
    let modulated = normed
        .reshape(x.shape())?
        .broadcast_mul(&spread(gain)?)?
        .broadcast_add(&spread(offset)?)?;
    let activated = match activation {
        Activation::None => modulated,
        Activation::Silu => modulated.silu()?,
    };
    activated.to_dtype(x.dtype())
}

/// Normalisation, affine map and activation in one pass over the CPU's memory.
struct Fused {
    activation: Activation,
}

impl CustomOp3 for Fused {
    fn name(&self) -> &'static str {
        "group-norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        gain: &CpuStorage,
        gain_layout: &Layout,
        offset: &CpuStorage,
        offset_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (_, channels, height, width) = x_layout.shape().dims4()?;
        let x = contiguous(x, x_layout)?;
        let gain = contiguous(gain, gain_layout)?;
        let offset = contiguous(offset, offset_layout)?;
        let out = normalise(x, gain, offset, [channels, height * width], self.activation);
        Ok((CpuStorage::F32(out), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        gain: &Tensor,
        offset: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let [x, gain, offset] = group_norm_gradient::of(x, gain, offset, self.activation, gradient)?;
        Ok((Some(x), Some(gain), Some(offset)))
    }
}

/// The activated `gain (x - mean) / deviation + offset` of images `x` `[N, C, pixels]`; gain and offset are
/// `[N, C]`.
fn normalise(
    x: &[f32],
    gain: &[f32],
    offset: &[f32],
    [channels, pixels]: [usize; 2],
    activation: Activation,
) -> Vec<f32> {
    let depth = channels / NORM_GROUPS;
    let mut out = vec![0.0; x.len()];
    out.par_chunks_mut(depth * pixels)
        .zip(x.par_chunks(depth * pixels))
        .zip(gain.par_chunks(depth).zip(offset.par_chunks(depth)))
        .for_each(|((out, x), (gain, offset))| {
            let (mean, deviation) = mean_and_deviation(x);
            let planes = out.chunks_mut(pixels).zip(x.chunks(pixels));
            for ((out, x), (gain, offset)) in planes.zip(gain.iter().zip(offset)) {
                let factor = gain / deviation;
                let affine = |x: f32x4| (x - mean) * factor + f32x4::splat(*offset);
                match activation {
                    Activation::None => lanes::map(x, out, affine),
                    Activation::Silu => lanes::map(x, out, |x| silu(affine(x))),
                }
            }
        });
    out
}

/// Mean and standard deviation (epsilon included) of a group, in two passes so that a large mean costs no
/// accuracy.
pub(crate) fn mean_and_deviation(x: &[f32]) -> (f32, f32) {
    let mean = (sum(x, |x| x) / x.len() as f64) as f32;
    let variance = sum(x, |x| (x - mean) * (x - mean)) / x.len() as f64;
    (mean, (variance + NORM_EPSILON).sqrt() as f32)
}

/// The sum of `term(x)`: running f32 sums in lanes, gathered in f64 before they grow long.
pub(crate) fn sum(x: &[f32], term: impl Fn(f32x4) -> f32x4) -> f64 {
    let gather = |lanes: f32x4| lanes.to_array().into_iter().map(f64::from).sum::<f64>();
    let (blocks, rest) = x.as_chunks::<{ lanes::COUNT }>();
    let mut total = 0.0;
    for run in blocks.chunks(RUN) {
        let mut sums = [f32x4::ZERO; 2];
        for block in run {
            let [low, high] = load(block);
            sums[0] += term(low);
            sums[1] += term(high);
        }
        total += gather(sums[0] + sums[1]);
    }
    for &x in rest {
        total += f64::from(term(f32x4::splat(x)).to_array()[0]);
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[test]
    fn the_fused_pass_equals_the_differentiable_operations() {
        // Odd sizes, several channels per group, and a mean far from zero.
        for (channels, height, width) in [(32, 1, 1), (64, 5, 7), (96, 33, 9)] {
            let x = Tensor::randn(3.0f32, 2.0, (2, channels, height, width), &Device::Cpu).unwrap();
            let gain = Tensor::randn(1.0f32, 0.5, (2, channels), &Device::Cpu).unwrap();
            let offset = Tensor::randn(0.0f32, 0.5, (2, channels), &Device::Cpu).unwrap();
            for activation in [Activation::None, Activation::Silu] {
                let fused = x.apply_op3(&gain, &offset, Fused { activation }).unwrap();
                let plain = differentiable(&x, &gain, &offset, activation).unwrap();
                let worst: f32 = (fused - plain)
                    .unwrap()
                    .abs()
                    .unwrap()
                    .max_all()
                    .unwrap()
                    .to_scalar()
                    .unwrap();
                // Values up to about 10 in f32, summed in another order.
                assert!(worst < 2e-5, "{channels} x {height} x {width}: {worst}");
            }
        }
    }
}
