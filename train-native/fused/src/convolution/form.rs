//! The sizes of a convolution.

use candle_core::{Result, Tensor};

/// The shape of a convolution of `[N, H, W, in]` to `[N, H / stride, W / stride, out]`, zero padding `side /
/// 2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Form {
    /// N.
    pub images: usize,
    /// H.
    pub height: usize,
    /// W.
    pub width: usize,
    /// Channels of the image, padded.
    pub inputs: usize,
    /// Channels of the result, padded.
    pub outputs: usize,
    /// Side of the kernel: 1 or 3.
    pub side: usize,
    /// 1 or 2.
    pub stride: usize,
}

impl Form {
    /// Sizes of the result.
    #[cfg(feature = "cudnn")]
    pub(crate) fn result(&self) -> (usize, usize, usize, usize) {
        let (height, width) = (self.height / self.stride, self.width / self.stride);
        (self.images, height, width, self.outputs)
    }

    /// Sizes of the image.
    pub(crate) fn image(&self) -> (usize, usize, usize, usize) {
        (self.images, self.height, self.width, self.inputs)
    }

    /// Values of the kernel.
    pub(super) fn kernel_len(&self) -> usize {
        self.outputs * self.side * self.side * self.inputs
    }

    /// Values of the kernel and the bias together.
    pub(super) fn packed_len(&self) -> usize {
        self.kernel_len() + self.outputs
    }

    /// Refuses tensors of other sizes.
    pub(super) fn check(&self, x: &Tensor, packed: &Tensor) -> Result<()> {
        if x.dims4()? != self.image() || packed.dims1()? != self.packed_len() {
            candle_core::bail!("{self:?} on {:?} and {:?}", x.shape(), packed.shape())
        }
        Ok(())
    }
}
