//! Convolution with bias and residual: cuDNN on a GPU, forward and both gradients.
//!
//! With `x` `[N, H, W, in]`, a kernel `K` `[out, k, k, in]`, a bias `b` `[out]`, stride `s` and zero padding
//! `p` = `k / 2`, the result `[N, H / s, W / s, out]` is what PyTorch's `conv2d` calls a convolution:
//!
//! ```text
//! y[n, i, j, o] = b[o] + residual[n, i, j, o]
//!               + sum over u, v, c of K[o, u, v, c] x[n, s i + u - p, s j + v - p, c]
//! ```
//!
//! With `dy` the gradient of `y`: that of `x` is the transposed convolution of `dy` by `K`, that of `K` the
//! sum over `n, i, j` of `dy[n, i, j, o] x[n, s i + u - p, s j + v - p, c]`, that of `b` the sum of `dy` over
//! `n, i, j`, and that of the residual `dy` itself.
//!
//! Kernel and bias are passed as one tensor ([`packing`](crate::packing)), since an operation of candle takes
//! three tensors at most: the image, that tensor, the residual.

#[cfg(feature = "cudnn")]
mod cuda;
pub(crate) mod form;
mod plain;

#[cfg(feature = "cudnn")]
use candle_core::{CudaStorage, Shape};
use candle_core::{Result, Tensor};

#[cfg(feature = "cudnn")]
use crate::adapter::Input;
use crate::adapter::{Apply as _, Operation, gradients_of, two_or_three};

pub use form::Form;
pub use plain::twin;

/// How convolutions treat numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Treatment {
    /// Whether f32 may be rounded for the tensor cores (TF32).
    pub tf32: bool,
    /// Whether to use only algorithms that give the same bits every time.
    pub deterministic: bool,
}

/// The fused convolution of `x` by a packed kernel.
///
/// # Errors
/// When shapes do not fit, or the device fails.
pub fn fused(
    x: &Tensor,
    packed: &Tensor,
    residual: Option<&Tensor>,
    form: Form,
    treatment: Treatment,
) -> Result<Tensor> {
    form.check(x, packed)?;
    let operation = Convolve { form, treatment };
    match residual {
        None => operation.apply([x, packed]),
        Some(residual) => operation.apply([x, packed, residual]),
    }
}

/// The convolution of an image by a packed kernel, plus a residual where there is one.
#[derive(Clone, Copy)]
struct Convolve {
    form: Form,
    #[cfg_attr(not(feature = "cudnn"), allow(dead_code, reason = "the kernel alone uses it"))]
    // the CPU knows one way only
    treatment: Treatment,
}

impl<const N: usize> Operation<N> for Convolve {
    const NAME: &'static str = "convolution";

    fn on_cpu(&self, inputs: [Tensor; N]) -> Result<Tensor> {
        let (x, packed, residual) = two_or_three(&inputs)?;
        twin(x, packed, residual, self.form)
    }

    #[cfg(feature = "cudnn")]
    fn on_cuda(&self, inputs: [Input; N]) -> Result<(CudaStorage, Shape)> {
        let (x, packed, residual) = two_or_three(&inputs)?;
        let residual = residual.map(|residual| residual.values);
        let y = cuda::forward(*self, x.values, packed.values, residual)?;
        Ok((y, Shape::from(self.form.result())))
    }

    fn gradients(&self, inputs: [&Tensor; N], gradient: &Tensor) -> Result<[Option<Tensor>; N]> {
        let (x, packed, residual) = two_or_three(&inputs)?;
        let of_residual = residual.map(|_| gradient.clone());
        let gradient = gradient.contiguous()?;
        // The network's input image has no gradient.
        let image = x
            .track_op()
            .then(|| ImageGradient(*self).evaluate([&gradient, packed]));
        let kernel = KernelGradient(*self).evaluate([x, &gradient])?;
        Ok(gradients_of([image.transpose()?, Some(kernel), of_residual]))
    }
}

/// Gradient of the image, of the result's gradient and the kernel.
struct ImageGradient(Convolve);

impl Operation<2> for ImageGradient {
    const NAME: &'static str = "convolution-image-gradient";

    fn on_cpu(&self, [gradient, packed]: [Tensor; 2]) -> Result<Tensor> {
        plain::image_gradient(&gradient, &packed, self.0.form)
    }

    #[cfg(feature = "cudnn")]
    fn on_cuda(&self, [gradient, packed]: [Input; 2]) -> Result<(CudaStorage, Shape)> {
        let image = cuda::image_gradient(self.0, gradient.values, packed.values)?;
        Ok((image, Shape::from(self.0.form.image())))
    }
}

/// Gradients of kernel and bias, packed, of the image and the result's gradient.
struct KernelGradient(Convolve);

impl Operation<2> for KernelGradient {
    const NAME: &'static str = "convolution-kernel-gradient";

    fn on_cpu(&self, [x, gradient]: [Tensor; 2]) -> Result<Tensor> {
        plain::kernel_gradient(&x, &gradient, self.0.form)
    }

    #[cfg(feature = "cudnn")]
    fn on_cuda(&self, [x, gradient]: [Input; 2]) -> Result<(CudaStorage, Shape)> {
        let packed = cuda::kernel_gradient(self.0, x.values, gradient.values)?;
        Ok((packed, Shape::from(self.0.form.packed_len())))
    }
}
