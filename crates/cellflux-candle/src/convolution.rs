//! Convolution with zero padding: 3x3, strided or not, and 1x1.

use std::sync::Arc;

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

use crate::operations::Operations;
use crate::packed_convolution::PackedKernel;
use crate::prepared_kernel::{PreparedKernel, convolve};
use crate::winograd::WinogradKernel;

/// A convolution with bias; tensors `weight` `[out, in, k, k]` and `bias` `[out]`.
///
/// Where operations are for inference only, the kernel is repacked here, once.
#[derive(Clone, Debug)]
pub struct Convolution {
    kernel: Kernel,
    bias: Tensor,
}

#[derive(Clone, Debug)]
enum Kernel {
    /// `[out, in, 3, 3]`, with the stride.
    Plain(Tensor, usize),
    /// `[out, in]`.
    Pointwise(Tensor),
    /// For inference.
    Prepared(Arc<dyn PreparedKernel>),
}

impl Convolution {
    /// A 3x3 convolution that keeps the size: zero padding 1.
    ///
    /// # Errors
    /// When `vars` lacks a tensor or holds one of another shape.
    pub fn same(input: usize, output: usize, vars: &VarBuilder, operations: &dyn Operations) -> Result<Self> {
        let weight = vars.get((output, input, 3, 3), "weight")?;
        Self::new(weight, output, vars, |weight, bias| {
            Ok(if operations.inference_only() {
                Kernel::Prepared(Arc::new(WinogradKernel::new(&weight, bias)?))
            } else {
                Kernel::Plain(weight, 1)
            })
        })
    }

    /// A 3x3 convolution that halves the size: zero padding 1, stride 2.
    ///
    /// # Errors
    /// When `vars` lacks a tensor or holds one of another shape.
    pub fn strided(
        input: usize,
        output: usize,
        vars: &VarBuilder,
        operations: &dyn Operations,
    ) -> Result<Self> {
        let weight = vars.get((output, input, 3, 3), "weight")?;
        Self::new(weight, output, vars, |weight, bias| {
            Ok(if operations.inference_only() {
                Kernel::Prepared(Arc::new(PackedKernel::strided(&weight, bias)?))
            } else {
                Kernel::Plain(weight, 2)
            })
        })
    }

    /// A 1x1 convolution.
    ///
    /// # Errors
    /// When `vars` lacks a tensor or holds one of another shape.
    pub fn pointwise(
        input: usize,
        output: usize,
        vars: &VarBuilder,
        operations: &dyn Operations,
    ) -> Result<Self> {
        let weight = vars.get((output, input, 1, 1), "weight")?;
        Self::of_matrix(weight.reshape((output, input))?, vars, operations)
    }

    /// A 1x1 convolution whose weight has the shape of a one-dimensional convolution's, `[out, in, 1]`.
    ///
    /// # Errors
    /// When `vars` lacks a tensor or holds one of another shape.
    pub fn pointwise_1d(
        input: usize,
        output: usize,
        vars: &VarBuilder,
        operations: &dyn Operations,
    ) -> Result<Self> {
        let weight = vars.get((output, input, 1), "weight")?;
        Self::of_matrix(weight.reshape((output, input))?, vars, operations)
    }

    fn of_matrix(weight: Tensor, vars: &VarBuilder, operations: &dyn Operations) -> Result<Self> {
        let output = weight.dim(0)?;
        Self::new(weight, output, vars, |weight, bias| {
            Ok(if operations.inference_only() {
                Kernel::Prepared(Arc::new(PackedKernel::pointwise(&weight, bias)?))
            } else {
                Kernel::Pointwise(weight)
            })
        })
    }

    fn new(
        weight: Tensor,
        output: usize,
        vars: &VarBuilder,
        kernel: impl FnOnce(Tensor, &Tensor) -> Result<Kernel>,
    ) -> Result<Self> {
        let bias = vars.get(output, "bias")?;
        let kernel = kernel(weight, &bias)?;
        Ok(Self { kernel, bias })
    }

    /// The kernel, `[out, in, 3, 3]` or `[out, in]` (1x1), and the stride.
    ///
    /// # Errors
    /// When the network was built for inference only, and holds a repacked kernel.
    pub fn kernel(&self) -> Result<(&Tensor, usize)> {
        match &self.kernel {
            Kernel::Plain(weight, stride) => Ok((weight, *stride)),
            Kernel::Pointwise(weight) => Ok((weight, 1)),
            Kernel::Prepared(_) => {
                candle_core::bail!("a network for inference only keeps no plain kernel")
            }
        }
    }

    /// The bias, `[out]`.
    pub fn bias(&self) -> &Tensor {
        &self.bias
    }

    /// `[N, in, H, W]` to `[N, out, H / stride, W / stride]`, plus `residual` of that shape where there is
    /// one.
    ///
    /// # Errors
    /// When candle fails; when a gradient is asked of a kernel that is for inference only.
    pub fn forward(&self, x: &Tensor, residual: Option<&Tensor>) -> Result<Tensor> {
        let convolved = match &self.kernel {
            Kernel::Prepared(_) => return self.evaluate(x, residual),
            Kernel::Plain(weight, stride) => x.conv2d(weight, 1, *stride, 1, 1)?,
            Kernel::Pointwise(weight) => {
                let (batch, input, height, width) = x.dims4()?;
                let output = weight.dim(0)?;
                let pixels = x.reshape((batch, input, height * width))?;
                let weight = weight.broadcast_as((batch, output, input))?;
                weight.matmul(&pixels)?.reshape((batch, output, height, width))?
            }
        };
        let convolved = convolved.broadcast_add(&self.bias.reshape((1, (), 1, 1))?)?;
        match residual {
            None => Ok(convolved),
            Some(residual) => residual + convolved,
        }
    }

    /// The same for inference only.
    ///
    /// # Errors
    /// When candle fails; when a gradient is wanted; when the kernel is not one for inference.
    pub fn evaluate(&self, x: &Tensor, residual: Option<&Tensor>) -> Result<Tensor> {
        match &self.kernel {
            Kernel::Prepared(_) if x.track_op() => {
                candle_core::bail!("a network on constants has no gradients: build it on variables")
            }
            Kernel::Prepared(kernel) => convolve(kernel.as_ref(), x, residual),
            Kernel::Plain(..) | Kernel::Pointwise(_) => {
                candle_core::bail!("the kernel was not prepared for inference")
            }
        }
    }
}
