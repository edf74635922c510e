//! 1x1 convolutions, and 3x3 ones of stride 2, as one matrix product per image, forward and back.

use std::borrow::Cow;

use candle_core::{CpuStorage, CustomOp3, Device, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::sums;
use crate::factors::{Factor, Onto, multiply};
use crate::memory::{contiguous, with_values};
use crate::packed_convolution::Reach;

/// Rows of a kernel's gradient that one task sums.
const ROWS_OF_TASK: usize = 32;

/// `[N, in, H, W]`, kernel `[out, in]` or `[out, in, 3, 3]` and bias `[out]` to `[N, out, H, W]`, or half of
/// each side.
pub(super) fn convolve(x: &Tensor, weight: &Tensor, bias: &Tensor, reach: Reach) -> Result<Tensor> {
    let weight = weight.contiguous()?;
    x.contiguous()?.apply_op3(&weight, bias, Convolve(reach))
}

struct Convolve(Reach);

/// The sizes of a convolution.
#[derive(Clone, Copy)]
struct Sizes {
    reach: Reach,
    height: usize,
    width: usize,
    inputs: usize,
    outputs: usize,
    /// Input channels times taps.
    inner: usize,
    /// Of the results.
    pixels: usize,
}

impl Sizes {
    fn new(reach: Reach, (inputs, height, width): (usize, usize, usize), outputs: usize) -> Self {
        let (taps, out_height, out_width) = reach.output(height, width);
        Self {
            reach,
            height,
            width,
            inputs,
            outputs,
            inner: inputs * taps,
            pixels: out_height * out_width,
        }
    }

    fn image(self) -> usize {
        self.inputs * self.height * self.width
    }

    fn kernel(self, weight: &[f32]) -> Factor<'_> {
        Factor::of_rows(weight, self.outputs, self.inner, self.inner)
    }

    fn seen(self, seen: &[f32]) -> Factor<'_> {
        Factor::of_rows(seen, self.inner, self.pixels, self.pixels)
    }

    /// The gradient of the images.
    fn towards_images(self, weight: &[f32], gradient: &[f32]) -> Vec<f32> {
        let images = gradient.len() / (self.outputs * self.pixels);
        let mut out = vec![0.0; images * self.image()];
        out.par_chunks_mut(self.image())
            .zip(gradient.par_chunks(self.outputs * self.pixels))
            .for_each(|(out, gradient)| {
                let kernel = self.kernel(weight).transposed();
                let gradient = Factor::of_rows(gradient, self.outputs, self.pixels, self.pixels);
                match self.reach {
                    Reach::Pixel => multiply(kernel, gradient, 1.0, Onto::Nothing, out),
                    Reach::EverySecond => {
                        let mut wanted = vec![0.0; self.inner * self.pixels];
                        multiply(kernel, gradient, 1.0, Onto::Nothing, &mut wanted);
                        every_second_back(&wanted, self.height, self.width, out);
                    }
                }
            });
        out
    }

    /// The gradient of the kernel: images are summed in order, rows in parallel.
    fn towards_kernel(self, x: &[f32], gradient: &[f32]) -> Vec<f32> {
        let seen: Vec<Cow<[f32]>> = x
            .par_chunks(self.image())
            .map(|x| self.reach.seen(x, self.height, self.width))
            .collect();
        let mut out = vec![0.0; self.outputs * self.inner];
        out.par_chunks_mut(ROWS_OF_TASK * self.inner)
            .enumerate()
            .for_each(|(task, out)| {
                let rows = out.len() / self.inner;
                let first = task * ROWS_OF_TASK * self.pixels;
                let images = gradient.chunks_exact(self.outputs * self.pixels);
                for (gradient, seen) in images.zip(&seen) {
                    let gradient = Factor::of_rows(&gradient[first..], rows, self.pixels, self.pixels);
                    multiply(gradient, self.seen(seen).transposed(), 1.0, Onto::Numbers, out);
                }
            });
        out
    }
}

impl CustomOp3 for Convolve {
    fn name(&self) -> &'static str {
        "packed-convolution"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (images, inputs, height, width) = x_layout.shape().dims4()?;
        let (weight, bias) = (contiguous(weight, weight_layout)?, contiguous(bias, bias_layout)?);
        let sizes = Sizes::new(self.0, (inputs, height, width), bias.len());
        if weight.len() != sizes.outputs * sizes.inner {
            candle_core::bail!("a kernel {:?} on {:?}", weight_layout.shape(), x_layout.shape());
        }
        let mut out = vec![0.0; images * sizes.outputs * sizes.pixels];
        out.par_chunks_mut(sizes.outputs * sizes.pixels)
            .zip(contiguous(x, x_layout)?.par_chunks(sizes.image()))
            .for_each(|(out, x)| {
                for (plane, bias) in out.chunks_exact_mut(sizes.pixels).zip(bias) {
                    plane.fill(*bias);
                }
                let seen = sizes.reach.seen(x, height, width);
                multiply(sizes.kernel(weight), sizes.seen(&seen), 1.0, Onto::Numbers, out);
            });
        let (_, out_height, out_width) = self.0.output(height, width);
        let shape = Shape::from((images, sizes.outputs, out_height, out_width));
        Ok((CpuStorage::F32(out), shape))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (_, inputs, height, width) = x.dims4()?;
        let sizes = Sizes::new(self.0, (inputs, height, width), bias.elem_count());
        let gradient = gradient.contiguous()?;
        let towards_x = if x.track_op() {
            let values = with_values(weight, |weight| {
                with_values(&gradient, |gradient| sizes.towards_images(weight, gradient))
            })??;
            Some(Tensor::from_vec(values, x.shape(), &Device::Cpu)?)
        } else {
            None
        };
        let [towards_weight, towards_bias] = with_values(x, |x| {
            with_values(&gradient, |gradient| {
                [
                    sizes.towards_kernel(x, gradient),
                    sums::of_channels(gradient, sizes.outputs, sizes.pixels),
                ]
            })
        })??;
        Ok((
            towards_x,
            Some(Tensor::from_vec(towards_weight, weight.shape(), &Device::Cpu)?),
            Some(Tensor::from_vec(towards_bias, bias.shape(), &Device::Cpu)?),
        ))
    }
}

/// Adds what the nine taps of a kernel of stride 2 want, `[C, 9, H/2, W/2]`, to the pixels `[C, H, W]` that
/// they saw.
fn every_second_back(wanted: &[f32], height: usize, width: usize, out: &mut [f32]) {
    let (rows, columns) = (height.div_ceil(2), width.div_ceil(2));
    let planes = out.chunks_exact_mut(height * width);
    for (plane, taps) in planes.zip(wanted.chunks_exact(9 * rows * columns)) {
        for (tap, wanted) in taps.chunks_exact(rows * columns).enumerate() {
            let (down, right) = (tap / 3, tap % 3);
            for (row, wanted) in wanted.chunks_exact(columns).enumerate() {
                // One more than the image row, which may be -1; of the columns likewise.
                let y = 2 * row + down;
                if y == 0 || y > height {
                    continue;
                }
                let line = &mut plane[(y - 1) * width..y * width];
                for (column, value) in wanted.iter().enumerate() {
                    let x = (2 * column + right).checked_sub(1);
                    if let Some(pixel) = x.and_then(|x| line.get_mut(x)) {
                        *pixel += value;
                    }
                }
            }
        }
    }
}
