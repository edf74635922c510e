//! Dropout without a mask in memory: a feature's hash is computed again on the way back.

use candle_core::{CpuStorage, CustomOp1, Device, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use crate::dropout::Dropout;
use crate::memory::{contiguous, with_values};

/// Features that one task keeps or drops.
const FEATURES_OF_TASK: usize = 1 << 14;

/// Drops features of `x` `[N, C, H, W]`, as [`Dropout::apply`] does.
pub(super) fn drop_features(x: &Tensor, dropout: Dropout) -> Result<Tensor> {
    if u32::try_from(x.elem_count()).is_err() {
        candle_core::bail!("dropout on {:?}: more than 2^32 features", x.shape());
    }
    x.contiguous()?.apply_op1(Dropping(dropout))
}

struct Dropping(Dropout);

impl Dropping {
    fn kept(&self, x: &[f32]) -> Vec<f32> {
        let gain = self.0.gain();
        let mut out = vec![0.0; x.len()];
        out.par_chunks_mut(FEATURES_OF_TASK)
            .zip(x.par_chunks(FEATURES_OF_TASK))
            .enumerate()
            .for_each(|(task, (out, x))| {
                let first = (task * FEATURES_OF_TASK) as u32;
                for ((out, x), place) in out.iter_mut().zip(x).zip(first..) {
                    *out = if self.0.keeps(place) { gain * x } else { 0.0 };
                }
            });
        out
    }
}

impl CustomOp1 for Dropping {
    fn name(&self) -> &'static str {
        "dropout"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let kept = self.kept(contiguous(x, layout)?);
        Ok((CpuStorage::F32(kept), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _result: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let kept = with_values(gradient, |gradient| self.kept(gradient))?;
        Ok(Some(Tensor::from_vec(kept, x.shape(), &Device::Cpu)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Var;

    #[test]
    fn features_and_gradients_are_dropped_where_the_mask_says() {
        let dropout = Dropout::of_block(0.3, 7, 2);
        // More features than one task takes.
        let x = Var::randn(0.0f32, 1.0, (2, 32, 20, 20), &Device::Cpu).unwrap();
        let results = [drop_features(&x, dropout), dropout.apply(&x)].map(Result::unwrap);
        let [ours, plain] = results.map(|result| {
            let gradients = result.sum_all().unwrap().backward().unwrap();
            [result.detach(), gradients.get(&x).unwrap().clone()].map(|tensor| {
                let flat = tensor.flatten_all().unwrap();
                flat.to_vec1::<f32>().unwrap()
            })
        });
        assert_eq!(ours, plain);
    }
}
