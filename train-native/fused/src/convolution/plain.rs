//! Convolution and its gradients in candle's operations.

use candle_core::{Result, Tensor};

use super::form::Form;
use crate::bias;

/// The twin of [`fused`](super::fused) in plain candle operations.
///
/// # Errors
/// When shapes do not fit, or candle fails.
pub fn twin(x: &Tensor, packed: &Tensor, residual: Option<&Tensor>, form: Form) -> Result<Tensor> {
    form.check(x, packed)?;
    let (kernel, bias) = unpacked(packed, form)?;
    let image = x.permute((0, 3, 1, 2))?.contiguous()?;
    let convolved = image.conv2d(&kernel, form.side / 2, form.stride, 1, 1)?;
    let convolved = convolved.permute((0, 2, 3, 1))?.contiguous()?;
    bias::add(&convolved, &bias, residual)
}

/// Gradient of the image, of the result's gradient and a packed kernel.
pub fn image_gradient(gradient: &Tensor, packed: &Tensor, form: Form) -> Result<Tensor> {
    let (kernel, _) = unpacked(packed, form)?;
    let gradient = gradient.permute((0, 3, 1, 2))?.contiguous()?;
    // A stride of two leaves out the last row and column; the transposed convolution restores them.
    let image = gradient.conv_transpose2d(&kernel, form.side / 2, form.stride - 1, form.stride, 1)?;
    image.permute((0, 2, 3, 1))
}

/// Gradients of kernel and bias, packed, of the image and the result's gradient.
pub fn kernel_gradient(x: &Tensor, gradient: &Tensor, form: Form) -> Result<Tensor> {
    // Images and channels change places: the kernel's gradient is a convolution by the result's, spread out.
    let image = x.permute((3, 0, 1, 2))?.contiguous()?;
    let spread = gradient.permute((3, 0, 1, 2))?.contiguous()?;
    let kernel = image
        .conv2d(&spread, form.side / 2, 1, form.stride, 1)?
        .narrow(2, 0, form.side)?
        .narrow(3, 0, form.side)?
        .permute((1, 2, 3, 0))?;
    Tensor::cat(&[kernel.flatten_all()?, bias::gradient(gradient)?], 0)
}

/// Kernel `[out, in, k, k]` and bias `[out]` of a packed tensor.
fn unpacked(packed: &Tensor, form: Form) -> Result<(Tensor, Tensor)> {
    let kernel = packed.narrow(0, 0, form.kernel_len())?;
    let kernel = kernel.reshape((form.outputs, form.side, form.side, form.inputs))?;
    let bias = packed.narrow(0, form.kernel_len(), form.outputs)?;
    Ok((kernel.permute((0, 3, 1, 2))?.contiguous()?, bias))
}
