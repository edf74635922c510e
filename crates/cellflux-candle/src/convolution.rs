//! Convolution with zero padding: 3x3, strided or not, and 1x1.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

use crate::operations::Operations;
use crate::winograd::WinogradKernel;

/// A convolution with bias; tensors `weight` `[out, in, k, k]` and `bias` `[out]`.
#[derive(Clone, Debug)]
pub struct Convolution {
    kernel: Kernel,
    bias: Tensor,
}

#[derive(Clone, Debug)]
enum Kernel {
    /// `[out, in, 3, 3]`, with the stride.
    Plain(Tensor, usize),
    /// 3x3 with stride 1 where nothing is to be trained, on the CPU.
    Winograd(WinogradKernel),
    /// `[out, in]`.
    Pointwise(Tensor),
}

impl Convolution {
    /// A 3x3 convolution that keeps the size: zero padding 1. Operations for inference only have its kernel
    /// transformed here, once.
    ///
    /// # Errors
    /// When `vars` lacks a tensor or holds one of another shape.
    pub fn same(input: usize, output: usize, vars: &VarBuilder, operations: &dyn Operations) -> Result<Self> {
        let weight = vars.get((output, input, 3, 3), "weight")?;
        let kernel = if operations.inference_only() {
            Kernel::Winograd(WinogradKernel::new(&weight)?)
        } else {
            Kernel::Plain(weight, 1)
        };
        Self::new(kernel, output, vars)
    }

    /// A 3x3 convolution that halves the size: zero padding 1, stride 2.
    ///
    /// # Errors
    /// When `vars` lacks a tensor or holds one of another shape.
    pub fn strided(input: usize, output: usize, vars: &VarBuilder) -> Result<Self> {
        let weight = vars.get((output, input, 3, 3), "weight")?;
        Self::new(Kernel::Plain(weight, 2), output, vars)
    }

    /// A 1x1 convolution.
    ///
    /// # Errors
    /// When `vars` lacks a tensor or holds one of another shape.
    pub fn pointwise(input: usize, output: usize, vars: &VarBuilder) -> Result<Self> {
        let weight = vars.get((output, input, 1, 1), "weight")?;
        Self::new(Kernel::Pointwise(weight.reshape((output, input))?), output, vars)
    }

    /// A 1x1 convolution whose weight is that of a 1-d one, `[out, in, 1]`.
    ///
    /// # Errors
    /// When `vars` lacks a tensor or holds one of another shape.
    pub fn pointwise_1d(input: usize, output: usize, vars: &VarBuilder) -> Result<Self> {
        let weight = vars.get((output, input, 1), "weight")?;
        Self::new(Kernel::Pointwise(weight.reshape((output, input))?), output, vars)
    }

    fn new(kernel: Kernel, output: usize, vars: &VarBuilder) -> Result<Self> {
        Ok(Self {
            kernel,
            bias: vars.get(output, "bias")?,
        })
    }

    /// The kernel, `[out, in, 3, 3]` or `[out, in]` (1x1), and the stride.
    ///
    /// # Errors
    /// When the network was built for inference only, and holds a transformed kernel.
    pub fn kernel(&self) -> Result<(&Tensor, usize)> {
        match &self.kernel {
            Kernel::Plain(weight, stride) => Ok((weight, *stride)),
            Kernel::Pointwise(weight) => Ok((weight, 1)),
            Kernel::Winograd(_) => candle_core::bail!("a network for inference only keeps no plain kernel"),
        }
    }

    /// The bias, `[out]`.
    pub fn bias(&self) -> &Tensor {
        &self.bias
    }

    /// `[N, in, H, W]` to `[N, out, H / stride, W / stride]`.
    ///
    /// # Errors
    /// When candle fails.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let bias = || self.bias.reshape((1, (), 1, 1));
        match &self.kernel {
            Kernel::Winograd(kernel) if !x.track_op() => kernel.convolve(x, &self.bias),
            Kernel::Winograd(_) => {
                candle_core::bail!("a network on constants has no gradients: build it on variables")
            }
            Kernel::Plain(weight, stride) => x.conv2d(weight, 1, *stride, 1, 1)?.broadcast_add(&bias()?),
            Kernel::Pointwise(weight) => {
                let (batch, input, height, width) = x.dims4()?;
                let output = weight.dim(0)?;
                let pixels = x.reshape((batch, input, height * width))?;
                let weight = weight.broadcast_as((batch, output, input))?;
                let mixed = weight.matmul(&pixels)?;
                mixed
                    .reshape((batch, output, height, width))?
                    .broadcast_add(&bias()?)
            }
        }
    }
}
