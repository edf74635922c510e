//! Halving and doubling the resolution, with their gradients, plane by plane.

use candle_core::{CpuStorage, CustomOp1, Device, Layout, Result, Shape, Tensor};
use cellflux_bundle::topology::Resample;
use rayon::prelude::*;

use crate::memory::{contiguous, with_values};

/// 2x2 average pooling of `[N, C, H, W]` with even H and W, or nearest up-sampling by two.
pub(super) fn resample(x: &Tensor, to: Resample) -> Result<Tensor> {
    x.contiguous()?.apply_op1(Resampling(to))
}

struct Resampling(Resample);

impl CustomOp1 for Resampling {
    fn name(&self) -> &'static str {
        "resample"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (images, channels, height, width) = layout.shape().dims4()?;
        let x = contiguous(x, layout)?;
        let (out, height, width) = match self.0 {
            Resample::Down if height.is_multiple_of(2) && width.is_multiple_of(2) => {
                (fours(x, width / 2, 0.25), height / 2, width / 2)
            }
            Resample::Down => candle_core::bail!("pooling of {:?}, expected even sides", layout.shape()),
            Resample::Up => (repeated(x, width, 1.0), 2 * height, 2 * width),
        };
        Ok((
            CpuStorage::F32(out),
            Shape::from((images, channels, height, width)),
        ))
    }

    fn bwd(&self, x: &Tensor, _result: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let width = x.dim(3)?;
        let values = with_values(gradient, |gradient| match self.0 {
            Resample::Down => repeated(gradient, width / 2, 0.25),
            Resample::Up => fours(gradient, width, 1.0),
        })?;
        Ok(Some(Tensor::from_vec(values, x.shape(), &Device::Cpu)?))
    }
}

/// The sums of 2x2 pixels times `factor`, in lines of `width` numbers.
fn fours(x: &[f32], width: usize, factor: f32) -> Vec<f32> {
    let mut out = vec![0.0; x.len() / 4];
    out.par_chunks_mut(width)
        .zip(x.par_chunks(4 * width))
        .for_each(|(out, two)| {
            let (upper, lower) = two.split_at(2 * width);
            let pairs = upper.as_chunks::<2>().0.iter().zip(lower.as_chunks::<2>().0);
            for (out, ([a, b], [c, d])) in out.iter_mut().zip(pairs) {
                *out = (a + b + c + d) * factor;
            }
        });
    out
}

/// Every number of lines of `width` in 2x2 places, times `factor`.
fn repeated(x: &[f32], width: usize, factor: f32) -> Vec<f32> {
    let mut out = vec![0.0; 4 * x.len()];
    out.par_chunks_mut(4 * width)
        .zip(x.par_chunks(width))
        .for_each(|(two, x)| {
            let (upper, lower) = two.split_at_mut(2 * width);
            for (pair, x) in upper.as_chunks_mut::<2>().0.iter_mut().zip(x) {
                *pair = [x * factor; 2];
            }
            lower.copy_from_slice(upper);
        });
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resample;
    use candle_core::Var;

    #[test]
    fn both_directions_and_their_gradients_are_candle_s() {
        for to in [Resample::Down, Resample::Up] {
            let x = Var::randn(0.0f32, 1.0, (2, 3, 6, 10), &Device::Cpu).unwrap();
            let plain = match to {
                Resample::Down => resample::average_pool(&x),
                Resample::Up => resample::nearest(&x),
            };
            let results = [resample(&x, to), plain].map(Result::unwrap);
            let weights = Tensor::randn(0.0f32, 1.0, results[0].shape(), &Device::Cpu).unwrap();
            let [ours, plain] = results.map(|result| {
                let sum = (&result * &weights).unwrap().sum_all().unwrap();
                let gradients = sum.backward().unwrap();
                [result.detach(), gradients.get(&x).unwrap().clone()]
            });
            for (ours, plain) in ours.iter().zip(&plain) {
                let apart = (ours - plain).unwrap().abs().unwrap().max_all().unwrap();
                // Sums of four numbers of a few units.
                assert!(apart.to_scalar::<f32>().unwrap() < 1e-6, "{to:?}");
            }
        }
    }

    #[test]
    fn an_odd_side_is_not_halved() {
        let x = Tensor::ones((1, 1, 3, 4), candle_core::DType::F32, &Device::Cpu).unwrap();
        assert!(resample(&x, Resample::Down).is_err());
    }
}
