//! Group normalisation over 32 groups, with what always follows it here: scale and shift, and SiLU.

use candle_core::{CpuStorage, CustomOp3, D, Layout, Result, Shape, Tensor};
use candle_nn::VarBuilder;
use cellflux_bundle::config::NORM_GROUPS;
use rayon::prelude::*;

use crate::exponential::silu;
use crate::memory::contiguous;

/// Added to every variance.
const EPSILON: f64 = 1e-5;

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

/// Feature-wise modulation of the normalised values: `h (1 + scale) + shift`.
#[derive(Clone, Debug)]
pub struct Film {
    /// `[N, C]`.
    pub scale: Tensor,
    /// `[N, C]`.
    pub shift: Tensor,
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

    /// Normalises `[N, C, H, W]`, modulates it and applies the activation.
    ///
    /// # Errors
    /// When candle fails.
    pub fn forward(&self, x: &Tensor, film: Option<&Film>, activation: Activation) -> Result<Tensor> {
        let (batch, channels, _, _) = x.dims4()?;
        if channels != self.channels {
            candle_core::bail!("GroupNorm of {} channels on {:?}", self.channels, x.shape());
        }
        // The norm's own gain and offset and the modulation's are one affine map a sample and channel.
        let (gain, offset) = match film {
            None => (self.weight.unsqueeze(0)?, self.bias.unsqueeze(0)?),
            Some(film) => {
                let more = (&film.scale + 1.0)?;
                let offset = (more.broadcast_mul(&self.bias)? + &film.shift)?;
                (more.broadcast_mul(&self.weight)?, offset)
            }
        };
        if x.device().is_cpu() && !x.track_op() && !gain.track_op() && !offset.track_op() {
            let gain = gain.broadcast_as((batch, channels))?.contiguous()?;
            let offset = offset.broadcast_as((batch, channels))?.contiguous()?;
            return x
                .contiguous()?
                .apply_op3_no_bwd(&gain, &offset, &Fused { activation });
        }
        differentiable(x, &gain, &offset, activation)
    }
}

/// The same function as [`Fused`] in operations that candle can differentiate and run on any device.
fn differentiable(x: &Tensor, gain: &Tensor, offset: &Tensor, activation: Activation) -> Result<Tensor> {
    let (batch, channels, height, width) = x.dims4()?;
    let grouped = x.reshape((batch, NORM_GROUPS, channels / NORM_GROUPS * height * width))?;
    let centred = grouped.broadcast_sub(&grouped.mean_keepdim(D::Minus1)?)?;
    let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
    let normed = centred.broadcast_div(&(variance + EPSILON)?.sqrt()?)?;
    let spread = |per_channel: &Tensor| per_channel.unsqueeze(D::Minus1)?.unsqueeze(D::Minus1);
    let modulated = normed
        .reshape(x.shape())?
        .broadcast_mul(&spread(gain)?)?
        .broadcast_add(&spread(offset)?)?;
    match activation {
        Activation::None => Ok(modulated),
        Activation::Silu => modulated.silu(),
    }
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
        let (pixels, depth) = (height * width, channels / NORM_GROUPS);
        let mut out = vec![0.0; x.len()];
        out.par_chunks_mut(depth * pixels)
            .zip(x.par_chunks(depth * pixels))
            .zip(gain.par_chunks(depth).zip(offset.par_chunks(depth)))
            .for_each(|((out, x), (gain, offset))| {
                let (mean, deviation) = mean_and_deviation(x);
                let planes = out.chunks_mut(pixels).zip(x.chunks(pixels));
                for ((out, x), (gain, offset)) in planes.zip(gain.iter().zip(offset)) {
                    let factor = gain / deviation;
                    match self.activation {
                        Activation::None => {
                            for (out, x) in out.iter_mut().zip(x) {
                                *out = (x - mean) * factor + offset;
                            }
                        }
                        Activation::Silu => {
                            for (out, x) in out.iter_mut().zip(x) {
                                *out = silu((x - mean) * factor + offset);
                            }
                        }
                    }
                }
            });
        Ok((CpuStorage::F32(out), x_layout.shape().clone()))
    }
}

/// Mean and standard deviation (epsilon included) of a group, in two passes so that a large mean costs no
/// accuracy.
fn mean_and_deviation(x: &[f32]) -> (f32, f32) {
    let mean = (lane_sum(x, |x| x) / x.len() as f64) as f32;
    let variance = lane_sum(x, |x| (x - mean) * (x - mean)) / x.len() as f64;
    (mean, (variance + EPSILON).sqrt() as f32)
}

/// The sum of `term(x)`: eight running f32 sums that fit SIMD lanes, gathered in f64 before they grow long.
fn lane_sum(x: &[f32], term: impl Fn(f32) -> f32) -> f64 {
    const LANES: usize = 8;
    const RUN: usize = 128 * LANES;
    let mut total = 0.0;
    for run in x.chunks(RUN) {
        let mut lanes = [0.0f32; LANES];
        let (blocks, rest) = run.as_chunks::<LANES>();
        for block in blocks {
            for (lane, &x) in lanes.iter_mut().zip(block) {
                *lane += term(x);
            }
        }
        let tail: f32 = rest.iter().map(|&x| term(x)).sum();
        total += lanes.iter().map(|&lane| f64::from(lane)).sum::<f64>() + f64::from(tail);
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[test]
    fn the_fused_pass_equals_the_differentiable_operations() {
        // Odd sizes, several channels a group, and a mean far from zero.
        for (channels, height, width) in [(32, 1, 1), (64, 5, 7), (96, 33, 9)] {
            let x = Tensor::randn(3.0f32, 2.0, (2, channels, height, width), &Device::Cpu).unwrap();
            let gain = Tensor::randn(1.0f32, 0.5, (2, channels), &Device::Cpu).unwrap();
            let offset = Tensor::randn(0.0f32, 0.5, (2, channels), &Device::Cpu).unwrap();
            for activation in [Activation::None, Activation::Silu] {
                let fused = x.apply_op3_no_bwd(&gain, &offset, &Fused { activation }).unwrap();
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
