//! The gradient of group normalisation with its affine map and activation, on the CPU.
//!
//! With `n = (x - mean) / deviation`, `z = gain n + offset` and the result `a(z)`: the gradients of `offset`
//! and `gain` are the sums of `a'(z) dy` and `a'(z) dy n` over a plane, and that of `x` is `(dn - mean(dn) -
//! n mean(dn n)) / deviation` with `dn = gain a'(z) dy` and means over the group. The group's statistics are
//! computed again: they cost less than keeping `n`.

use candle_core::{Device, Result, Tensor};
use cellflux_bundle::config::NORM_GROUPS;
use rayon::prelude::*;
use wide::f32x4;

use crate::exponential::silu_slope;
use crate::group_norm::{Activation, RUN, mean_and_deviation};
use crate::lanes::{self, load, store};
use crate::memory::on_cpu;

/// The gradients of `x` `[N, C, H, W]`, `gain` and `offset` `[N, C]` from that of the result, all f32.
pub(crate) fn of(
    x: &Tensor,
    gain: &Tensor,
    offset: &Tensor,
    activation: Activation,
    gradient: &Tensor,
) -> Result<[Tensor; 3]> {
    let (_, channels, height, width) = x.dims4()?;
    let (pixels, depth) = (height * width, channels / NORM_GROUPS);
    let mut towards_x = vec![0.0; x.elem_count()];
    let mut towards_affine = vec![[0.0; 2]; gain.elem_count()];
    let gradient = gradient.contiguous()?;
    {
        let (x, x_layout) = x.storage_and_layout();
        let (gain, gain_layout) = gain.storage_and_layout();
        let (offset, offset_layout) = offset.storage_and_layout();
        let (gradient, gradient_layout) = gradient.storage_and_layout();
        let x = on_cpu(&x, x_layout)?;
        let gain = on_cpu(&gain, gain_layout)?;
        let offset = on_cpu(&offset, offset_layout)?;
        let gradient = on_cpu(&gradient, gradient_layout)?;
        towards_x
            .par_chunks_mut(depth * pixels)
            .zip(towards_affine.par_chunks_mut(depth))
            .zip(
                x.par_chunks(depth * pixels)
                    .zip(gradient.par_chunks(depth * pixels)),
            )
            .zip(gain.par_chunks(depth).zip(offset.par_chunks(depth)))
            .for_each(|(((towards_x, towards_affine), (x, gradient)), (gain, offset))| {
                let group = Group {
                    activation,
                    pixels,
                    gain,
                    offset,
                };
                group.gradients(x, gradient, towards_x, towards_affine);
            });
    }
    let [towards_gain, towards_offset] = [0, 1].map(|which| {
        let values: Vec<f32> = towards_affine.iter().map(|both| both[which]).collect();
        Tensor::from_vec(values, gain.shape(), &Device::Cpu)
    });
    let towards_x = Tensor::from_vec(towards_x, x.shape(), &Device::Cpu)?;
    Ok([towards_x, towards_gain?, towards_offset?])
}

/// The channels of one group of one sample.
struct Group<'a> {
    activation: Activation,
    pixels: usize,
    gain: &'a [f32],
    offset: &'a [f32],
}

impl Group<'_> {
    /// Writes the gradients of the group's planes and of each channel's `[gain, offset]`.
    fn gradients(&self, x: &[f32], gradient: &[f32], towards_x: &mut [f32], towards_affine: &mut [[f32; 2]]) {
        let (mean, deviation) = mean_and_deviation(x);
        let inverse = 1.0 / deviation;
        let count = x.len() as f64;
        let planes = x.chunks(self.pixels).zip(gradient.chunks(self.pixels));
        // First `a'(z) dy` into the place of the gradient, and its sums.
        let mut means = [0.0; 2];
        for (((x, gradient), out), (affine, (&gain, &offset))) in planes
            .zip(towards_x.chunks_mut(self.pixels))
            .zip(towards_affine.iter_mut().zip(self.gain.iter().zip(self.offset)))
        {
            let sums = slopes(x, gradient, out, |x, gradient| {
                let normed = (x - mean) * inverse;
                let slope = match self.activation {
                    Activation::None => gradient,
                    Activation::Silu => gradient * silu_slope(normed * gain + offset),
                };
                [slope * normed, slope]
            });
            *affine = sums.map(|sum| sum as f32);
            for (mean, sum) in means.iter_mut().zip(sums) {
                *mean += f64::from(gain) * sum / count;
            }
        }
        let [along, level] = means.map(|mean| mean as f32);
        for ((x, out), &gain) in x
            .chunks(self.pixels)
            .zip(towards_x.chunks_mut(self.pixels))
            .zip(self.gain)
        {
            for (x, out) in x.chunks(lanes::COUNT).zip(out.chunks_mut(lanes::COUNT)) {
                let (x, slope) = (load(x), load(out));
                let value = |i: usize| {
                    let normed = (x[i] - mean) * inverse;
                    (slope[i] * gain - level - normed * along) * inverse
                };
                store([value(0), value(1)], out);
            }
        }
    }
}

/// Applies `of` to the numbers of `x` and `gradient`, stores the second of its results in `out` and returns
/// the sums of both. What `of` makes of the zeros behind the end must be zero, as it is where the gradient is
/// a factor.
fn slopes(x: &[f32], gradient: &[f32], out: &mut [f32], of: impl Fn(f32x4, f32x4) -> [f32x4; 2]) -> [f64; 2] {
    let mut totals = [0.0; 2];
    let run = RUN * lanes::COUNT;
    for ((x, gradient), out) in x.chunks(run).zip(gradient.chunks(run)).zip(out.chunks_mut(run)) {
        let mut sums = [f32x4::ZERO; 2];
        let blocks = x.chunks(lanes::COUNT).zip(gradient.chunks(lanes::COUNT));
        for ((x, gradient), out) in blocks.zip(out.chunks_mut(lanes::COUNT)) {
            let (x, gradient) = (load(x), load(gradient));
            let both = [of(x[0], gradient[0]), of(x[1], gradient[1])];
            for (which, sum) in sums.iter_mut().enumerate() {
                *sum += both[0][which] + both[1][which];
            }
            store(both.map(|both| both[1]), out);
        }
        for (total, sum) in totals.iter_mut().zip(sums) {
            *total += sum.to_array().into_iter().map(f64::from).sum::<f64>();
        }
    }
    totals
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Tensor, Var};
    use candle_nn::VarBuilder;
    use candle_nn::VarMap;

    use crate::group_norm::{Activation, GroupNorm, one_pass, plain};

    #[test]
    fn gradients_are_those_of_the_differentiable_operations() {
        for (channels, height, width) in [(32, 4, 3), (64, 5, 7), (96, 33, 9)] {
            for activation in [Activation::None, Activation::Silu] {
                for modulated in [false, true] {
                    let vars = VarMap::new();
                    let norm = VarBuilder::from_varmap(&vars, DType::F32, &Device::Cpu);
                    let norm = GroupNorm::new(channels, &norm).unwrap();
                    let random = |shape: &[usize]| Var::randn(0.3f32, 1.5, shape, &Device::Cpu).unwrap();
                    let x = random(&[2, channels, height, width]);
                    let film = random(&[2, 2 * channels]);
                    let weights = random(&[2, channels, height, width]);
                    let gradients = |of: fn(&Tensor, &GroupNorm, Option<&Tensor>, Activation) -> _| {
                        let result: candle_core::Result<Tensor> =
                            of(&x, &norm, modulated.then_some(film.as_tensor()), activation);
                        let store = (result.unwrap() * weights.as_detached_tensor()).unwrap();
                        let store = store.sum_all().unwrap().backward().unwrap();
                        let mut found = vec![
                            store.get(&x).unwrap().clone(),
                            store.get(norm.weight()).unwrap().clone(),
                            store.get(norm.bias()).unwrap().clone(),
                        ];
                        found.extend(modulated.then(|| store.get(&film).unwrap().clone()));
                        found
                    };
                    for (which, (ours, theirs)) in
                        gradients(one_pass).iter().zip(&gradients(plain)).enumerate()
                    {
                        let norm = |t: &Tensor| {
                            let squares = t.sqr().unwrap().sum_all().unwrap();
                            squares.to_scalar::<f32>().unwrap().sqrt()
                        };
                        let error = norm(&(ours - theirs).unwrap()) / norm(theirs);
                        // Sums of up to a thousand numbers in f32, in another order.
                        assert!(
                            error < 3e-6,
                            "{which} of {channels} x {height} x {width}, {activation:?}: {error:.1e}"
                        );
                    }
                }
            }
        }
    }
}
