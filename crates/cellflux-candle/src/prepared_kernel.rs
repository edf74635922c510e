//! Convolutions whose kernel is repacked once and used many times, as operations that candle runs.

use std::fmt::Debug;

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor};

use crate::memory::contiguous;

/// A kernel in the form that its convolution works with, with its bias.
pub(crate) trait PreparedKernel: Debug + Send + Sync {
    /// What candle's errors call the convolution.
    fn name(&self) -> &'static str;

    /// Convolves contiguous images `[N, in, H, W]` and adds the bias and, if there is one, a residual of the
    /// output's shape.
    ///
    /// # Errors
    /// When the images or the residual have another shape.
    fn forward(
        &self,
        x: &CpuStorage,
        layout: &Layout,
        residual: Option<&[f32]>,
    ) -> Result<(CpuStorage, Shape)>;
}

/// `[N, in, H, W]` to `[N, out, H / stride, W / stride]`, plus bias, plus `residual` of the output's shape.
pub(crate) fn convolve(kernel: &dyn PreparedKernel, x: &Tensor, residual: Option<&Tensor>) -> Result<Tensor> {
    let (x, operation) = (x.contiguous()?, Convolve(kernel));
    match residual {
        None => x.apply_op1_no_bwd(&operation),
        Some(residual) => x.apply_op2_no_bwd(&residual.contiguous()?, &operation),
    }
}

struct Convolve<'a>(&'a dyn PreparedKernel);

impl CustomOp1 for Convolve<'_> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        self.0.forward(x, layout, None)
    }
}

impl CustomOp2 for Convolve<'_> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        residual: &CpuStorage,
        residual_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.0
            .forward(x, x_layout, Some(contiguous(residual, residual_layout)?))
    }
}
