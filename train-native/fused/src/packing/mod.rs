//! A convolution's kernel and bias as one tensor of the compute type, in cuDNN's order.
//!
//! With `weight` `[O, I, k, k]` (or `[O, I]`, `k` = 1) and `bias` `[O]`, and O and I padded to OP and IP,
//! multiples of [`CHANNEL_UNIT`]: `[OP, k k, IP]`, zero where there is no weight, then `[OP]`, zero where
//! there is no bias. The gradients are unpacked in the same way; padding has none.

#[cfg(feature = "cudnn")]
mod cuda;
mod plain;

#[cfg(feature = "cudnn")]
use candle_core::CudaStorage;
use candle_core::{DType, Result, Shape, Tensor};

use crate::CHANNEL_UNIT;
#[cfg(feature = "cudnn")]
use crate::adapter::Input;
use crate::adapter::{Apply as _, Operation};

/// A kernel `[out, in, k, k]` or `[out, in]` and a bias `[out]` as one tensor of type `dtype`.
///
/// # Errors
/// When candle fails.
pub fn pack(weight: &Tensor, bias: &Tensor, dtype: DType) -> Result<Tensor> {
    Pack { dtype }.apply([&weight.contiguous()?, &bias.contiguous()?])
}

/// Sizes of a kernel before and after packing.
#[derive(Clone, Copy)]
struct Sizes {
    outputs: usize,
    inputs: usize,
    taps: usize,
}

impl Sizes {
    fn of(weight: &Shape) -> Result<Self> {
        match *weight.dims() {
            [outputs, inputs] => Ok(Self {
                outputs,
                inputs,
                taps: 1,
            }),
            [outputs, inputs, height, width] => Ok(Self {
                outputs,
                inputs,
                taps: height * width,
            }),
            _ => candle_core::bail!("a kernel of shape {weight:?}"),
        }
    }

    /// Outputs and inputs after packing.
    fn padded(self) -> (usize, usize) {
        (
            self.outputs.next_multiple_of(CHANNEL_UNIT),
            self.inputs.next_multiple_of(CHANNEL_UNIT),
        )
    }

    /// Values of the kernel before packing.
    #[cfg(feature = "cudnn")]
    fn kernel_len(self) -> usize {
        self.outputs * self.inputs * self.taps
    }

    /// Values of kernel and bias together, before packing.
    #[cfg(feature = "cudnn")]
    fn len(self) -> usize {
        self.kernel_len() + self.outputs
    }

    /// Values of kernel and bias together, after packing.
    #[cfg(feature = "cudnn")]
    fn packed_len(self) -> usize {
        let (outputs, inputs) = self.padded();
        outputs * self.taps * inputs + outputs
    }
}

/// A kernel and a bias to one tensor.
struct Pack {
    dtype: DType,
}

impl Operation<2> for Pack {
    const NAME: &'static str = "pack-kernel";

    fn on_cpu(&self, [weight, bias]: [Tensor; 2]) -> Result<Tensor> {
        let sizes = Sizes::of(weight.shape())?;
        plain::pack(&weight, &bias, sizes)?.to_dtype(self.dtype)
    }

    #[cfg(feature = "cudnn")]
    fn on_cuda(&self, [weight, bias]: [Input; 2]) -> Result<(CudaStorage, Shape)> {
        let sizes = Sizes::of(weight.shape)?;
        let packed = cuda::pack(weight.values, bias.values, sizes, self.dtype)?;
        Ok((packed, Shape::from(sizes.packed_len())))
    }

    fn gradients(&self, [weight, bias]: [&Tensor; 2], gradient: &Tensor) -> Result<[Option<Tensor>; 2]> {
        let unpack = Unpack {
            sizes: Sizes::of(weight.shape())?,
            dtype: weight.dtype(),
        };
        let flat = unpack.evaluate([&gradient.contiguous()?])?;
        let kernel = flat.narrow(0, 0, weight.elem_count())?.reshape(weight.shape())?;
        let bias = flat.narrow(0, weight.elem_count(), bias.elem_count())?;
        Ok([Some(kernel), Some(bias)])
    }
}

/// The gradients of kernel and bias, one after the other, of a packed gradient.
struct Unpack {
    sizes: Sizes,
    dtype: DType,
}

impl Operation<1> for Unpack {
    const NAME: &'static str = "unpack-kernel";

    fn on_cpu(&self, [packed]: [Tensor; 1]) -> Result<Tensor> {
        plain::unpack(&packed, self.sizes)?.to_dtype(self.dtype)
    }

    #[cfg(feature = "cudnn")]
    fn on_cuda(&self, [packed]: [Input; 1]) -> Result<(CudaStorage, Shape)> {
        let flat = cuda::unpack(packed.values, self.sizes, self.dtype)?;
        Ok((flat, Shape::from(self.sizes.len())))
    }
}
