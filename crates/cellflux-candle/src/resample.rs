//! Halving and doubling the resolution.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;

use crate::convolution::Convolution;

/// Down-sampling by two: a strided 3x3 convolution (tensors `op`), or 2x2 average pooling.
#[derive(Clone, Debug)]
pub struct Downsample {
    convolution: Option<Convolution>,
}

impl Downsample {
    /// Takes the layer at `vars`.
    ///
    /// # Errors
    /// When `vars` lacks a tensor or holds one of another shape.
    pub fn new(channels: usize, convolution: bool, vars: &VarBuilder) -> Result<Self> {
        let convolution = convolution.then(|| Convolution::strided(channels, channels, &vars.pp("op")));
        Ok(Self {
            convolution: convolution.transpose()?,
        })
    }

    /// `[N, C, H, W]` to `[N, C, H/2, W/2]`.
    ///
    /// # Errors
    /// When candle fails.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match &self.convolution {
            Some(convolution) => convolution.forward(x),
            None => average_pool(x),
        }
    }
}

/// Nearest up-sampling by two, then, if it learns one, a 3x3 convolution (tensors `conv`).
#[derive(Clone, Debug)]
pub struct Upsample {
    convolution: Option<Convolution>,
}

impl Upsample {
    /// Takes the layer at `vars`.
    ///
    /// # Errors
    /// When `vars` lacks a tensor or holds one of another shape.
    pub fn new(channels: usize, convolution: bool, vars: &VarBuilder) -> Result<Self> {
        let convolution = convolution.then(|| Convolution::same(channels, channels, &vars.pp("conv")));
        Ok(Self {
            convolution: convolution.transpose()?,
        })
    }

    /// `[N, C, H, W]` to `[N, C, 2H, 2W]`.
    ///
    /// # Errors
    /// When candle fails.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let enlarged = nearest(x)?;
        match &self.convolution {
            Some(convolution) => convolution.forward(&enlarged),
            None => Ok(enlarged),
        }
    }
}

/// 2x2 average pooling of `[N, C, H, W]`; H and W are even.
pub(crate) fn average_pool(x: &Tensor) -> Result<Tensor> {
    x.avg_pool2d(2)
}

/// Nearest up-sampling of `[N, C, H, W]` by two.
pub(crate) fn nearest(x: &Tensor) -> Result<Tensor> {
    let (_, _, height, width) = x.dims4()?;
    x.upsample_nearest2d(2 * height, 2 * width)
}
