//! 1x1 and strided 3x3 convolutions on the CPU as one matrix product per image.

use std::borrow::Cow;

use candle_core::{CpuStorage, Layout, Result, Shape, Tensor};
use rayon::prelude::*;
use wide::f32x4;

use crate::lanes::load;
use crate::matrix_product::{LeftFactor, RightFactor};
use crate::memory::contiguous;
use crate::prepared_kernel::PreparedKernel;

/// A kernel repacked for the matrix product, with its bias.
#[derive(Clone, Debug)]
pub(crate) struct PackedKernel {
    /// `[out, in x taps]`.
    factor: LeftFactor,
    bias: Vec<f32>,
    reach: Reach,
}

/// Which input pixels an output pixel is computed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The pixel at its own place.
    Pixel,
    /// 3x3 pixels around every second one, zero beyond the edges.
    EverySecond,
}

impl Reach {
    /// Taps of the kernel, and height and width of the results for an image.
    pub(crate) fn output(self, height: usize, width: usize) -> (usize, usize, usize) {
        match self {
            Self::Pixel => (1, height, width),
            Self::EverySecond => (9, height.div_ceil(2), width.div_ceil(2)),
        }
    }

    /// What the taps see of an image `[C, H, W]`: `[C, taps, pixels of the results]`.
    pub(crate) fn seen(self, x: &[f32], height: usize, width: usize) -> Cow<'_, [f32]> {
        match self {
            Self::Pixel => Cow::Borrowed(x),
            Self::EverySecond => Cow::Owned(every_second(x, height, width)),
        }
    }
}

impl PackedKernel {
    /// Packs a 1x1 kernel `[out, in]`; the bias is `[out]`.
    pub(crate) fn pointwise(weight: &Tensor, bias: &Tensor) -> Result<Self> {
        Self::new(weight, bias, Reach::Pixel)
    }

    /// Packs a 3x3 kernel `[out, in, 3, 3]` of stride 2; the bias is `[out]`.
    pub(crate) fn strided(weight: &Tensor, bias: &Tensor) -> Result<Self> {
        Self::new(&weight.flatten_from(1)?, bias, Reach::EverySecond)
    }

    fn new(weight: &Tensor, bias: &Tensor, reach: Reach) -> Result<Self> {
        let (rows, inner) = weight.dims2()?;
        let weight: Vec<f32> = weight.flatten_all()?.to_vec1()?;
        Ok(Self {
            factor: LeftFactor::new(rows, inner, |row, at| weight[row * inner + at]),
            bias: bias.to_vec1()?,
            reach,
        })
    }
}

impl PreparedKernel for PackedKernel {
    fn name(&self) -> &'static str {
        "packed-convolution"
    }

    fn forward(
        &self,
        x: &CpuStorage,
        layout: &Layout,
        residual: Option<&[f32]>,
    ) -> Result<(CpuStorage, Shape)> {
        let (images, inputs, height, width) = layout.shape().dims4()?;
        let (taps, out_height, out_width) = self.reach.output(height, width);
        let (outputs, pixels) = (self.bias.len(), out_height * out_width);
        let shape = Shape::from((images, outputs, out_height, out_width));
        if inputs * taps != self.factor.inner() {
            candle_core::bail!(
                "a convolution of {} channels on {:?}",
                self.factor.inner() / taps,
                layout.shape()
            );
        }
        if residual.is_some_and(|residual| residual.len() != shape.elem_count()) {
            candle_core::bail!("a residual of another shape than {shape:?}");
        }
        let x = contiguous(x, layout)?;
        let mut out = vec![0.0; images * outputs * pixels];
        out.par_chunks_mut(outputs * pixels)
            .zip(x.par_chunks(inputs * height * width))
            .enumerate()
            .for_each(|(image, (out, x))| {
                let rows = self.reach.seen(x, height, width);
                let right = RightFactor::new(self.factor.inner(), pixels, |at| &rows[at * pixels..]);
                self.factor.times(&right, out, |row, column, sums| {
                    let bias = f32x4::splat(self.bias[row]);
                    let more = residual.map_or([f32x4::ZERO; 2], |residual| {
                        let row = &residual[(image * outputs + row) * pixels..][..pixels];
                        load(&row[column..])
                    });
                    [sums[0] + bias + more[0], sums[1] + bias + more[1]]
                });
            });
        Ok((CpuStorage::F32(out), shape))
    }
}

/// What the nine taps of a kernel of stride 2 and padding 1 see of an image `[C, H, W]`: `[C, 9, H/2, W/2]`.
fn every_second(x: &[f32], height: usize, width: usize) -> Vec<f32> {
    let mut rows = Vec::with_capacity(9 * x.len().div_ceil(4));
    for plane in x.chunks_exact(height * width) {
        for (dy, dx) in (0..9).map(|tap| (tap / 3, tap % 3)) {
            for y in (0..height).step_by(2).map(|y| y + dy) {
                // One more than the image row, which may be -1.
                if y == 0 || y > height {
                    rows.resize(rows.len() + width.div_ceil(2), 0.0);
                    continue;
                }
                let line = &plane[(y - 1) * width..y * width];
                let pixel = |x: usize| x.checked_sub(1).and_then(|x| line.get(x)).copied();
                rows.extend((0..width).step_by(2).map(|x| pixel(x + dx).unwrap_or(0.0)));
            }
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prepared_kernel::convolve;
    use crate::test_numbers::numbers;
    use candle_core::{DType, Device};

    #[test]
    fn packed_convolutions_equal_the_plain_ones() {
        // Odd sides, channels that fill no panel, more rows than one task takes.
        for (inputs, outputs, height, width) in [(3, 5, 6, 10), (33, 70, 7, 5), (64, 32, 16, 16)] {
            for (taps, stride) in [(1, 1), (3, 2)] {
                let x = numbers(0, &[2, inputs, height, width]);
                let weight = numbers(1, &[outputs, inputs, taps, taps]);
                let bias = numbers(2, &[outputs]);
                let plain = x.conv2d(&weight, taps / 2, stride, 1, 1).unwrap();
                let plain = plain
                    .broadcast_add(&bias.reshape((1, (), 1, 1)).unwrap())
                    .unwrap();
                let residual = numbers(3, plain.dims());
                let kernel = if taps == 1 {
                    PackedKernel::pointwise(&weight.flatten_from(1).unwrap(), &bias)
                } else {
                    PackedKernel::strided(&weight, &bias)
                };
                let kernel = kernel.unwrap();
                for (residual, expected) in [
                    (None, plain.clone()),
                    (Some(&residual), (&plain + &residual).unwrap()),
                ] {
                    let apart = (convolve(&kernel, &x, residual).unwrap() - expected).unwrap();
                    let worst: f32 = apart.abs().unwrap().max_all().unwrap().to_scalar().unwrap();
                    // Sums of up to 300 products in f32, in another order.
                    assert!(
                        worst < 1e-4,
                        "{inputs} to {outputs}, {taps} x {taps}: {worst:.1e}"
                    );
                }
            }
        }
    }

    #[test]
    fn an_image_of_other_channels_is_refused() {
        let zeros =
            |shape: (usize, usize, usize, usize)| Tensor::zeros(shape, DType::F32, &Device::Cpu).unwrap();
        let kernel = PackedKernel::strided(&zeros((4, 3, 3, 3)), &numbers(0, &[4])).unwrap();
        assert!(convolve(&kernel, &zeros((1, 5, 4, 4)), None).is_err());
    }
}
