//! Training on a CPU: normalisation in one pass, and 3x3 convolutions whose forward pass and both gradients
//! are fast.
//!
//! candle computes a kernel's gradient as a convolution with the image as its kernel, and the input's as a
//! transposed convolution, neither of which is a matrix product of a useful shape on a CPU. Here the forward
//! pass and the input's gradient are Winograd convolutions (the gradient of a convolution with zero padding
//! is the convolution of the gradient with the rotated, transposed kernel), and the kernel's gradient is one
//! matrix product per tap, over all images at once.

use candle_core::{CpuStorage, CustomOp3, DType, Device, Layout, Result, Shape, Tensor};
use cellflux_bundle::topology::Resample;
use rayon::prelude::*;

use crate::convolution::Convolution;
use crate::group_norm::{self, GroupNorm};
use crate::memory::contiguous;
use crate::operations::{Heads, Operations, Then};
use crate::plain::Plain;
use crate::prepared_kernel::{PreparedKernel as _, convolve};
use crate::winograd::WinogradKernel;

/// Rows and columns of a kernel.
const SIDE: usize = 3;
/// Taps of a kernel.
const TAPS: usize = SIDE * SIDE;

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
        let whole = x.contiguous()?.apply_op3(weight, layer.bias(), Convolution3x3)?;
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

/// `[N, in, H, W]`, kernel `[out, in, 3, 3]` and bias `[out]` to `[N, out, H, W]`: stride 1, zero padding 1.
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
        let tensor = |storage: &CpuStorage, layout: &Layout| {
            Tensor::from_slice(contiguous(storage, layout)?, layout.shape(), &Device::Cpu)
        };
        let kernel = WinogradKernel::new(&tensor(weight, weight_layout)?, &tensor(bias, bias_layout)?)?;
        kernel.forward(x, x_layout, None)
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        _bias: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let gradient = gradient.contiguous()?;
        let towards_x = if x.track_op() {
            let rotated = weight.detach().flip(&[2, 3])?.transpose(0, 1)?.contiguous()?;
            let no_bias = Tensor::zeros(rotated.dim(0)?, DType::F32, &Device::Cpu)?;
            let kernel = WinogradKernel::new(&rotated, &no_bias)?;
            Some(convolve(&kernel, &gradient, None)?)
        } else {
            None
        };
        Ok((
            towards_x,
            Some(kernel_gradient(&x.detach(), &gradient)?),
            Some(gradient.sum((0, 2, 3))?),
        ))
    }
}

/// The gradient `[out, in, 3, 3]` of a kernel that was applied to images `[N, in, H, W]`, from the results'
/// gradient `[N, out, H, W]`: for each tap the correlation of the shifted image with the gradient, summed
/// over images.
///
/// In planes with a border of zeros a shift is an offset into memory, and the border adds only zeros.
fn kernel_gradient(x: &Tensor, gradient: &Tensor) -> Result<Tensor> {
    let (inputs, outputs) = (x.dim(1)?, gradient.dim(1)?);
    let width = x.dim(3)? + 2;
    let (x, gradient) = (bordered(x)?, bordered(gradient)?);
    // The first and the last pixel of all images that are not border.
    let (first, last) = (width + 1, gradient.dim(1)? - width - 1);
    let gradient = gradient.narrow(1, first, last - first)?;
    // Taps in parallel, each a sum in order: the same bits however many threads there are.
    let taps = (0..TAPS)
        .into_par_iter()
        .map(|tap| {
            // The tap looks at (y + down - 1, x + right - 1).
            let (down, right) = (tap / SIDE, tap % SIDE);
            let shifted = x.narrow(1, down * width + right, last - first)?;
            gradient.matmul(&shifted.t()?)
        })
        .collect::<Result<Vec<_>>>()?;
    Tensor::stack(&taps, 2)?.reshape((outputs, inputs, SIDE, SIDE))
}

/// The planes of `[N, C, H, W]` with a border of zeros, those of all images side by side: `[C, N x (H + 2) x
/// (W + 2)]`.
fn bordered(x: &Tensor) -> Result<Tensor> {
    let (images, channels, height, width) = x.dims4()?;
    let planes = x.pad_with_zeros(2, 1, 1)?.pad_with_zeros(3, 1, 1)?;
    planes
        .transpose(0, 1)?
        .contiguous()?
        .reshape((channels, images * (height + 2) * (width + 2)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Var;

    /// Convolves with stride and takes the gradients of a weighted sum of the results, ours and candle's.
    fn gradients(shape: (usize, usize, usize, usize), outputs: usize, stride: usize) -> [[Tensor; 4]; 2] {
        let (_, inputs, _, _) = shape;
        let random = |shape: &[usize]| Var::randn(0.0f32, 1.0, shape, &Device::Cpu).unwrap();
        let x = Var::randn(0.0f32, 1.0, shape, &Device::Cpu).unwrap();
        let (weight, bias) = (random(&[outputs, inputs, 3, 3]), random(&[outputs]));
        let ours = x.apply_op3(&weight, &bias, Convolution3x3).unwrap();
        let ours = if stride == 1 {
            ours
        } else {
            every(stride, &ours).unwrap()
        };
        let plain = x
            .conv2d(&weight, 1, stride, 1, 1)
            .unwrap()
            .broadcast_add(&bias.reshape((1, (), 1, 1)).unwrap())
            .unwrap();
        let weights = Tensor::randn(0.0f32, 1.0, plain.shape(), &Device::Cpu).unwrap();
        [ours, plain].map(|result| {
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
        for (shape, outputs, stride) in [
            ((2, 3, 8, 8), 5, 1),
            ((3, 33, 5, 7), 4, 1),
            ((1, 64, 16, 16), 32, 1),
            ((2, 4, 8, 6), 3, 2),
        ] {
            let [ours, plain] = gradients(shape, outputs, stride);
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
                // Sums of a few hundred products of f32 in another order.
                assert!(error < 3e-6, "{what} of {shape:?}, stride {stride}: {error:.1e}");
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
