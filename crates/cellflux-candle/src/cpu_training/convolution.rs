//! The 3x3 convolution of stride 1 as an operation that candle differentiates.

use candle_core::{CpuStorage, CustomOp3, Device, Layout, Result, Shape, Tensor};

use super::sums;
use super::winograd::{Kernel, kernel_gradient};
use crate::memory::{contiguous, with_values};
use crate::winograd::Size;

/// `[N, in, H, W]`, kernel `[out, in, 3, 3]` and bias `[out]` to `[N, out, H, W]`: stride 1, zero padding 1.
pub(super) fn convolve(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let weight = weight.contiguous()?;
    x.contiguous()?.apply_op3(&weight, bias, Convolution3x3)
}

struct Convolution3x3;

impl CustomOp3 for Convolution3x3 {
    fn name(&self) -> &'static str {
        "convolution-3x3"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (images, channels, height, width) = x_layout.shape().dims4()?;
        let (outputs, inputs, _, _) = weight_layout.shape().dims4()?;
        if channels != inputs {
            candle_core::bail!("a 3x3 convolution of {inputs} channels on {:?}", x_layout.shape());
        }
        let kernel = Kernel::forward(contiguous(weight, weight_layout)?, outputs, inputs);
        let bias = contiguous(bias, bias_layout)?;
        let out = kernel.convolve(contiguous(x, x_layout)?, Size { height, width }, Some(bias));
        let shape = Shape::from((images, outputs, height, width));
        Ok((CpuStorage::F32(out), shape))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        _bias: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (_, inputs, height, width) = x.dims4()?;
        let outputs = weight.dim(0)?;
        let size = Size { height, width };
        let gradient = gradient.contiguous()?;
        let towards_x = if x.track_op() {
            let kernel = with_values(weight, |weight| Kernel::backward(weight, outputs, inputs))?;
            let towards_x = with_values(&gradient, |gradient| kernel.convolve(gradient, size, None))?;
            Some(Tensor::from_vec(towards_x, x.shape(), &Device::Cpu)?)
        } else {
            None
        };
        let [towards_weight, towards_bias] = with_values(x, |x| {
            with_values(&gradient, |gradient| {
                [
                    kernel_gradient(x, gradient, size, [outputs, inputs]),
                    sums::of_channels(gradient, outputs, size.pixels()),
                ]
            })
        })??;
        Ok((
            towards_x,
            Some(Tensor::from_vec(towards_weight, weight.shape(), &Device::Cpu)?),
            Some(Tensor::from_vec(towards_bias, outputs, &Device::Cpu)?),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu_training::packed;
    use crate::packed_convolution::Reach;
    use candle_core::{DType, Var};

    /// Convolves and takes the gradients of a weighted sum of the results, ours and candle's; a kernel has as
    /// many rows and columns as `side`.
    fn gradients(
        shape: (usize, usize, usize, usize),
        outputs: usize,
        [side, stride]: [usize; 2],
    ) -> [[Tensor; 4]; 2] {
        let (_, inputs, _, _) = shape;
        let random = |shape: &[usize]| Var::randn(0.0f32, 1.0, shape, &Device::Cpu).unwrap();
        let x = Var::randn(0.0f32, 1.0, shape, &Device::Cpu).unwrap();
        let (weight, bias) = (random(&[outputs, inputs, side, side]), random(&[outputs]));
        let ours = match (side, stride) {
            (1, _) => {
                let weight = weight.reshape((outputs, inputs)).unwrap();
                packed::convolve(&x, &weight, &bias, Reach::Pixel)
            }
            (_, 1) => convolve(&x, &weight, &bias),
            _ => packed::convolve(&x, &weight, &bias, Reach::EverySecond),
        };
        let plain = x
            .conv2d(&weight, side / 2, stride, 1, 1)
            .unwrap()
            .broadcast_add(&bias.reshape((1, (), 1, 1)).unwrap())
            .unwrap();
        let weights = Tensor::randn(0.0f32, 1.0, plain.shape(), &Device::Cpu).unwrap();
        [ours.unwrap(), plain].map(|result| {
            let store = (&result * &weights)
                .unwrap()
                .sum_all()
                .unwrap()
                .backward()
                .unwrap();
            let of = |variable: &Var| store.get(variable.as_tensor()).unwrap().clone();
            [result.detach(), of(&x), of(&weight), of(&bias)]
        })
    }

    #[test]
    fn results_and_gradients_are_candle_s() {
        for (shape, outputs, kernel) in [
            ((2, 3, 8, 8), 5, [3, 1]),
            ((3, 33, 5, 7), 4, [3, 1]),
            ((1, 64, 16, 16), 32, [3, 1]),
            // Several bands.
            ((1, 64, 40, 33), 96, [3, 1]),
            ((2, 4, 8, 6), 3, [3, 2]),
            // More rows than one task takes.
            ((2, 33, 6, 10), 70, [3, 2]),
            ((3, 33, 5, 7), 70, [1, 1]),
        ] {
            let [ours, plain] = gradients(shape, outputs, kernel);
            for (what, (ours, plain)) in ["result", "x", "weight", "bias"]
                .iter()
                .zip(ours.iter().zip(&plain))
            {
                let norm = |t: &Tensor| {
                    t.sqr()
                        .unwrap()
                        .sum_all()
                        .unwrap()
                        .to_scalar::<f32>()
                        .unwrap()
                        .sqrt()
                };
                let error = norm(&(ours - plain).unwrap()) / norm(plain);
                // Sums of a few hundred products of f32 in another order; transforms that amplify roundings.
                assert!(error < 3e-6, "{what} of {shape:?}, {kernel:?}: {error:.1e}");
            }
        }
    }

    #[test]
    fn an_image_that_needs_no_gradient_gets_none() {
        let x = Tensor::randn(0.0f32, 1.0, (1, 3, 4, 4), &Device::Cpu).unwrap();
        let weight = Var::randn(0.0f32, 1.0, (2, 3, 3, 3), &Device::Cpu).unwrap();
        let bias = Var::zeros(2, DType::F32, &Device::Cpu).unwrap();
        let store = x
            .apply_op3(&weight, &bias, Convolution3x3)
            .unwrap()
            .sum_all()
            .unwrap()
            .backward()
            .unwrap();
        assert!(store.get(&x).is_none() && store.get(weight.as_tensor()).is_some());
    }
}
