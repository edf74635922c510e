//! Images of bytes to what Inception sees: 299x299 pixels in -1..1.

use candle_core::{DType, Device, Result, Tensor};

/// Rows and columns that the network sees.
pub const SIDE: usize = 299;

/// Which program's preparation of images is followed. The network is the same, but features differ slightly,
/// and so do distances: figures of two programs can be compared only if both prepare images alike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preparation {
    /// pytorch-fid: bilinear with pixel centres at halves (`align_corners=False`), no antialiasing, then
    /// `2 q / 255 - 1`.
    #[default]
    PytorchFid,
    /// torch-fidelity, which torchmetrics uses, as `TensorFlow` 1 did it: bilinear with pixel centres at
    /// whole numbers, then `(q - 128) / 128`.
    TorchFidelity,
}

impl Preparation {
    /// Images `[N, 3, H, W]` of bytes as f32 `[N, 3, 299, 299]`.
    ///
    /// # Errors
    /// When the tensor has another rank or candle fails.
    pub(super) fn apply(self, images: &Tensor) -> Result<Tensor> {
        let (count, channels, height, width) = images.dims4()?;
        let device = images.device();
        let planes = images
            .to_dtype(DType::F32)?
            .reshape((count * channels, height, width))?;
        let rows = self.weights(height, device)?;
        let columns = self.weights(width, device)?.t()?.contiguous()?;
        let resized = planes
            .broadcast_matmul(&columns)?
            .transpose(1, 2)?
            .contiguous()?
            .broadcast_matmul(&rows.t()?.contiguous()?)?
            .transpose(1, 2)?
            .contiguous()?
            .reshape((count, channels, SIDE, SIDE))?;
        match self {
            Self::PytorchFid => resized.affine(2.0 / 255.0, -1.0),
            Self::TorchFidelity => resized.affine(1.0 / 128.0, -1.0),
        }
    }

    /// How much each of the 299 pixels takes from each of `side` pixels: `[299, side]`, at most two numbers
    /// per row.
    fn weights(self, side: usize, device: &Device) -> Result<Tensor> {
        let scale = side as f64 / SIDE as f64;
        let mut weights = Vec::with_capacity(SIDE * side);
        for pixel in 0..SIDE {
            let at = match self {
                Self::PytorchFid => ((pixel as f64 + 0.5) * scale - 0.5).max(0.0),
                Self::TorchFidelity => pixel as f64 * scale,
            };
            let first = (at as usize).min(side.saturating_sub(1));
            let second = (first + 1).min(side.saturating_sub(1));
            let share = at - first as f64;
            weights.extend((0..side).map(|source| {
                let first = if source == first { 1.0 - share } else { 0.0 };
                let second = if source == second { share } else { 0.0 };
                (first + second) as f32
            }));
        }
        Tensor::from_vec(weights, (SIDE, side), device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(preparation: Preparation, bytes: [u8; 2]) -> Vec<f32> {
        let images = Tensor::from_vec(bytes.repeat(2), (1, 1, 2, 2), &Device::Cpu).unwrap();
        let prepared = preparation.apply(&images).unwrap();
        assert_eq!(prepared.dims(), [1, 1, SIDE, SIDE]);
        prepared
            .flatten_all()
            .unwrap()
            .narrow(0, 0, SIDE)
            .unwrap()
            .to_vec1()
            .unwrap()
    }

    #[test]
    fn edges_repeat_and_the_middle_is_halfway() {
        // Pixels 0 and 255: the first quarter of the row is the first pixel, the middle is their mean.
        let found = row(Preparation::PytorchFid, [0, 255]);
        for (pixel, expected) in [(0, -1.0), (74, -1.0), (149, 0.0), (224, 1.0), (298, 1.0)] {
            // One rounding of f32.
            assert!(
                (found[pixel] - expected).abs() < 1e-6,
                "{pixel}: {}",
                found[pixel]
            );
        }
    }

    #[test]
    fn without_half_pixels_the_row_begins_at_the_first_centre() {
        let found = row(Preparation::TorchFidelity, [0, 128]);
        for (pixel, expected) in [(0, -1.0), (1, -1.0 + 2.0 / 299.0), (150, 0.0), (298, 0.0)] {
            // One rounding of f32, and one of the weights.
            assert!(
                (found[pixel] - expected).abs() < 1e-6,
                "{pixel}: {}",
                found[pixel]
            );
        }
    }
}
