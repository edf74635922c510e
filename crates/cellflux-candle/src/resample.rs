//! Halving and doubling the resolution.

use candle_core::{Result, Tensor};
use candle_nn::VarBuilder;
use cellflux_bundle::topology::Resample;

use crate::convolution::Convolution;
use crate::operations::Operations;

/// A layer that halves or doubles the resolution. Where it learns a convolution, down-sampling is a strided
/// 3x3 one (tensors `op`) in place of 2x2 average pooling, and nearest up-sampling has a 3x3 one after it
/// (tensors `conv`).
#[derive(Clone, Debug)]
pub struct ResampleLayer {
    direction: Resample,
    convolution: Option<Convolution>,
}

impl ResampleLayer {
    /// Takes the layer at `vars`, with its convolution if it has one.
    ///
    /// # Errors
    /// When `vars` lacks a tensor or holds one of another shape.
    pub fn new(
        direction: Resample,
        channels: usize,
        convolution: bool,
        vars: &VarBuilder,
        operations: &dyn Operations,
    ) -> Result<Self> {
        let learnt = || match direction {
            Resample::Down => Convolution::strided(channels, channels, &vars.pp("op"), operations),
            Resample::Up => Convolution::same(channels, channels, &vars.pp("conv"), operations),
        };
        Ok(Self {
            direction,
            convolution: convolution.then(learnt).transpose()?,
        })
    }

    /// A feature map to one of half or twice the height and width.
    ///
    /// # Errors
    /// When candle fails.
    pub fn forward(&self, x: &Tensor, operations: &dyn Operations) -> Result<Tensor> {
        match (self.direction, &self.convolution) {
            (direction, None) => operations.resample(x, direction),
            (Resample::Down, Some(convolution)) => operations.convolution(x, convolution, None),
            (Resample::Up, Some(convolution)) => {
                let enlarged = operations.resample(x, Resample::Up)?;
                operations.convolution(&enlarged, convolution, None)
            }
        }
    }
}

/// 2x2 average pooling of `[N, C, H, W]`; H and W are even.
pub(crate) fn average_pool(x: &Tensor) -> Result<Tensor> {
    x.avg_pool2d(2)
}

/// Nearest up-sampling of `[N, C, H, W]` by two.
///
/// Where a gradient is wanted it is written as a broadcast: the gradient of candle's own up-sampling replaces
/// what its input's other uses contributed.
pub(crate) fn nearest(x: &Tensor) -> Result<Tensor> {
    let (batch, channels, height, width) = x.dims4()?;
    if !x.track_op() {
        return x.upsample_nearest2d(2 * height, 2 * width);
    }
    x.reshape((batch, channels, height, 1, width, 1))?
        .broadcast_as((batch, channels, height, 2, width, 2))?
        .reshape((batch, channels, 2 * height, 2 * width))
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Var};

    #[test]
    fn the_gradient_of_an_enlarged_image_adds_to_that_of_its_other_uses() {
        let x = Var::from_vec(vec![1f32, 2.0, 3.0, 4.0], (1, 1, 2, 2), &Device::Cpu).unwrap();
        let enlarged = nearest(&x).unwrap();
        assert_eq!(
            enlarged.flatten_all().unwrap().to_vec1::<f32>().unwrap(),
            [
                1.0, 1.0, 2.0, 2.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0, 3.0, 3.0, 4.0, 4.0
            ]
        );
        let sum = (enlarged.sum_all().unwrap() + x.sum_all().unwrap()).unwrap();
        let gradients = sum.backward().unwrap();
        let gradient = gradients.get(&x).unwrap().flatten_all().unwrap();
        // Four copies of each pixel, and the pixel itself.
        assert_eq!(gradient.to_vec1::<f32>().unwrap(), [5.0; 4]);
    }
}
