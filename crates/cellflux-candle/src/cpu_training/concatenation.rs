//! Joining channels, with a gradient that is two copies: candle's is two views with gaps, which it then adds
//! number by number.

use candle_core::{CpuStorage, CustomOp2, Device, Layout, Result, Shape, Tensor};

use crate::memory::{contiguous, with_values};

/// The channels of `x` `[N, C, H, W]`, then those of `skip` `[N, D, H, W]`.
pub(super) fn concatenate(x: &Tensor, skip: &Tensor) -> Result<Tensor> {
    x.contiguous()?.apply_op2(&skip.contiguous()?, Concatenate)
}

struct Concatenate;

impl CustomOp2 for Concatenate {
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
        let (images, channels, height, width) = x_layout.shape().dims4()?;
        let (skip_images, more, skip_height, skip_width) = skip_layout.shape().dims4()?;
        if [skip_images, skip_height, skip_width] != [images, height, width] {
            candle_core::bail!("{:?} beside {:?}", skip_layout.shape(), x_layout.shape());
        }
        let pixels = height * width;
        let (x, skip) = (contiguous(x, x_layout)?, contiguous(skip, skip_layout)?);
        let mut out = Vec::with_capacity(x.len() + skip.len());
        let images_of_both = x
            .chunks_exact(channels * pixels)
            .zip(skip.chunks_exact(more * pixels));
        for (x, skip) in images_of_both {
            out.extend_from_slice(x);
            out.extend_from_slice(skip);
        }
        let shape = Shape::from((images, channels + more, height, width));
        Ok((CpuStorage::F32(out), shape))
    }

    fn bwd(
        &self,
        x: &Tensor,
        skip: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let pixels = x.dim(2)? * x.dim(3)?;
        let (channels, more) = (x.dim(1)? * pixels, skip.dim(1)? * pixels);
        let (mut towards_x, mut towards_skip) = (
            Vec::with_capacity(x.elem_count()),
            Vec::with_capacity(skip.elem_count()),
        );
        with_values(gradient, |gradient| {
            for image in gradient.chunks_exact(channels + more) {
                let (of_x, of_skip) = image.split_at(channels);
                towards_x.extend_from_slice(of_x);
                towards_skip.extend_from_slice(of_skip);
            }
        })?;
        Ok((
            Some(Tensor::from_vec(towards_x, x.shape(), &Device::Cpu)?),
            Some(Tensor::from_vec(towards_skip, skip.shape(), &Device::Cpu)?),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Var;

    #[test]
    fn joined_channels_and_their_gradients_are_candle_s() {
        let [x, skip] = [3, 5].map(|channels| {
            let shape = (2, channels, 4, 3);
            Var::randn(0.0f32, 1.0, shape, &Device::Cpu).unwrap()
        });
        let weights = Tensor::randn(0.0f32, 1.0, (2, 8, 4, 3), &Device::Cpu).unwrap();
        let plain = Tensor::cat(&[x.as_tensor(), skip.as_tensor()], 1).unwrap();
        let [ours, plain] = [concatenate(&x, &skip).unwrap(), plain].map(|result| {
            let sum = (&result * &weights).unwrap().sum_all().unwrap();
            let gradients = sum.backward().unwrap();
            let of = |variable: &Var| gradients.get(variable.as_tensor()).unwrap().clone();
            [result.detach(), of(&x), of(&skip)].map(|tensor| {
                let flat = tensor.flatten_all().unwrap();
                flat.to_vec1::<f32>().unwrap()
            })
        });
        assert_eq!(ours, plain);
    }

    #[test]
    fn maps_of_different_sizes_are_refused() {
        let zeros =
            |width: usize| Tensor::zeros((1, 2, 2, width), candle_core::DType::F32, &Device::Cpu).unwrap();
        assert!(concatenate(&zeros(2), &zeros(3)).is_err());
    }
}
