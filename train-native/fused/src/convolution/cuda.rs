//! Convolution and its gradients on a GPU: cuDNN's, and the kernels of the bias.

use candle_core::{CudaStorage, DType, Result, Shape};

use super::Convolve;
use crate::bias::cuda as bias;
use crate::cuda::cudnn::{self, Numerics};
use crate::cuda::memory::{Reading, Writing, allocate};

impl Convolve {
    fn numerics(self, dtype: DType) -> Numerics {
        Numerics {
            dtype,
            tf32: self.treatment.tf32,
            deterministic: self.treatment.deterministic,
        }
    }
}

/// The convolution of `x` by `packed`, plus `residual` where there is one.
pub fn forward(
    convolve: Convolve,
    x: Reading,
    packed: Reading,
    residual: Option<Reading>,
) -> Result<CudaStorage> {
    let (dtype, form) = (x.dtype(), convolve.form);
    let mut out = allocate(x.device(), &Shape::from(form.result()), dtype)?;
    cudnn::forward(
        form,
        convolve.numerics(dtype),
        x,
        packed.part(0..form.kernel_len())?,
        Writing::whole(&mut out)?,
    )?;
    let of_bias = packed.part(form.kernel_len()..form.packed_len())?;
    bias::add(Writing::whole(&mut out)?, of_bias, residual)?;
    Ok(out)
}

/// Gradient of the image, of the result's gradient and a packed kernel.
pub fn image_gradient(convolve: Convolve, gradient: Reading, packed: Reading) -> Result<CudaStorage> {
    let (dtype, form) = (gradient.dtype(), convolve.form);
    let mut out = allocate(gradient.device(), &Shape::from(form.image()), dtype)?;
    cudnn::backward_data(
        form,
        convolve.numerics(dtype),
        Writing::whole(&mut out)?,
        packed.part(0..form.kernel_len())?,
        gradient,
    )?;
    Ok(out)
}

/// Gradients of kernel and bias, packed, of the image and the result's gradient.
pub fn kernel_gradient(convolve: Convolve, x: Reading, gradient: Reading) -> Result<CudaStorage> {
    let (dtype, form) = (x.dtype(), convolve.form);
    let mut out = allocate(x.device(), &Shape::from(form.packed_len()), dtype)?;
    cudnn::backward_filter(
        form,
        convolve.numerics(dtype),
        x,
        Writing::whole(&mut out)?.part(0..form.kernel_len())?,
        gradient,
    )?;
    let of_bias = Writing::whole(&mut out)?.part(form.kernel_len()..form.packed_len())?;
    bias::sums(gradient, of_bias)?;
    Ok(out)
}
