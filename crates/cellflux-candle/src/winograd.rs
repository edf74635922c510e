//! 3x3 convolution on the CPU with fewer multiplications: Winograd's F(4x4, 3x3).
//!
//! Every 4x4 outputs come from a 6x6 window of the input: windows and kernels are transformed, multiplied
//! element by element (36 products where the plain sum needs 144), and transformed back; summing over input
//! channels turns the products into 36 matrix multiplications. After Lavin and Gray, "Fast algorithms for
//! convolutional neural networks", arXiv:1509.09308.
//!
//! The transforms interpolate at 0, +-1/sqrt 2, +-sqrt 2 and infinity. Compared with the whole numbers of the
//! paper (0, +-1, +-2) this halves the largest factor and with it the rounding errors, which the goldens
//! would show.
//!
//! Four windows side by side are transformed at once, one per lane.

use std::f32::consts::{FRAC_1_SQRT_2, SQRT_2};

use candle_core::{CpuStorage, Layout, Result, Shape, Tensor};
use rayon::prelude::*;
use wide::f32x4;

use crate::lanes::Lanes;
use crate::matrix_product::{LeftFactor, ROWS, block};
use crate::memory::contiguous;
use crate::prepared_kernel::PreparedKernel;

/// Output pixels along a side of a tile.
pub(crate) const TILE: usize = 4;
/// Input pixels along a side of a tile's window.
pub(crate) const WINDOW: usize = 6;
/// Products per tile.
pub(crate) const PRODUCTS: usize = WINDOW * WINDOW;
/// Tiles side by side that are transformed at once.
pub(crate) const LANES: usize = 4;
/// Output columns of as many tiles.
pub(crate) const COLUMNS: usize = LANES * TILE;
/// Transformed windows and products of a band of tile rows together hold about this many vectors, so that
/// they stay in a core's cache.
pub(crate) const BAND_VECTORS: usize = 1 << 16;

/// A transformed 3x3 kernel with its bias.
#[derive(Clone, Debug)]
pub(crate) struct WinogradKernel {
    /// Of every product, `[out, in]`.
    factors: Vec<LeftFactor>,
    bias: Vec<f32>,
}

impl WinogradKernel {
    /// Transforms a kernel `[out, in, 3, 3]`; the bias is `[out]`.
    pub(crate) fn new(weight: &Tensor, bias: &Tensor) -> Result<Self> {
        let (outputs, inputs, _, _) = weight.dims4()?;
        let weight: Vec<f32> = weight.flatten_all()?.to_vec1()?;
        let transformed: Vec<_> = weight.as_chunks::<9>().0.iter().map(transform_kernel).collect();
        let factor = |product: usize| {
            LeftFactor::new(outputs, inputs, |row, at| transformed[row * inputs + at][product])
        };
        Ok(Self {
            factors: (0..PRODUCTS).map(factor).collect(),
            bias: bias.to_vec1()?,
        })
    }

    fn inputs(&self) -> usize {
        self.factors.first().map_or(0, LeftFactor::inner)
    }

    /// One image, band of tile rows by band.
    fn convolve_image(&self, x: &[f32], residual: Option<&[f32]>, size: Size, out: &mut [f32]) {
        let (inputs, outputs) = (self.inputs(), self.bias.len());
        let (tile_rows, across) = (size.height.div_ceil(TILE), size.width.div_ceil(COLUMNS));
        let row_vectors = PRODUCTS * (inputs + outputs) * across;
        let rows = (BAND_VECTORS / row_vectors).clamp(1, tile_rows);
        // Two vectors make a panel of the matrix product.
        let vectors = (rows * across).next_multiple_of(2);
        let outputs_padded = outputs.next_multiple_of(ROWS);
        let mut windows = vec![f32x4::ZERO; inputs * PRODUCTS * vectors];
        let mut products = vec![[f32x4::ZERO; 2]; PRODUCTS * vectors / 2 * outputs_padded];
        for first in (0..tile_rows).step_by(rows) {
            let band = Band {
                size,
                first,
                last: (first + rows).min(tile_rows),
                across,
                vectors,
            };
            windows
                .par_chunks_mut(PRODUCTS * vectors)
                .zip(x.par_chunks(size.pixels()))
                .for_each_init(
                    || band.scratch(),
                    |scratch, (windows, plane)| band.transform(plane, scratch, windows),
                );
            products
                .par_chunks_mut(vectors / 2 * outputs_padded)
                .zip(&self.factors)
                .enumerate()
                .for_each_init(Vec::new, |panel, (product, (products, factor))| {
                    multiply(factor, &windows, product, vectors, panel, products);
                });
            out.par_chunks_mut(size.pixels())
                .zip(&self.bias)
                .enumerate()
                .for_each(|(channel, (plane, &bias))| {
                    let residual = residual.map(|residual| &residual[channel * size.pixels()..]);
                    // `[36][panel][channel]`, two vectors a panel.
                    let stride = vectors / 2 * outputs_padded;
                    let product = |product: usize, vector: usize| {
                        products[product * stride + vector / 2 * outputs_padded + channel][vector % 2]
                    };
                    band.transform_back(product, bias, residual, plane);
                });
        }
    }
}

impl PreparedKernel for WinogradKernel {
    fn name(&self) -> &'static str {
        "winograd-convolution"
    }

    fn forward(
        &self,
        x: &CpuStorage,
        layout: &Layout,
        residual: Option<&[f32]>,
    ) -> Result<(CpuStorage, Shape)> {
        let (images, inputs, height, width) = layout.shape().dims4()?;
        let outputs = self.bias.len();
        let shape = Shape::from((images, outputs, height, width));
        if inputs != self.inputs() {
            candle_core::bail!(
                "a 3x3 convolution of {} channels on {:?}",
                self.inputs(),
                layout.shape()
            );
        }
        if residual.is_some_and(|residual| residual.len() != shape.elem_count()) {
            candle_core::bail!("a residual of another shape than {shape:?}");
        }
        let x = contiguous(x, layout)?;
        let size = Size { height, width };
        let image = outputs * height * width;
        let mut out = vec![0.0; images * image];
        out.par_chunks_mut(image)
            .zip(x.par_chunks(inputs * height * width))
            .enumerate()
            .for_each(|(at, (out, x))| {
                self.convolve_image(x, residual.map(|residual| &residual[at * image..]), size, out);
            });
        Ok((CpuStorage::F32(out), shape))
    }
}

/// One of the 36 matrix products, for all vectors of a band: `[panel][out, padded]`.
fn multiply(
    factor: &LeftFactor,
    windows: &[f32x4],
    product: usize,
    vectors: usize,
    panel: &mut Vec<Lanes>,
    products: &mut [Lanes],
) {
    let rows = products.len() / (vectors / 2);
    for (at, products) in products.chunks_exact_mut(rows).enumerate() {
        panel.clear();
        let start = product * vectors + 2 * at;
        panel.extend(
            windows
                .chunks_exact(PRODUCTS * vectors)
                .map(|window| [window[start], window[start + 1]]),
        );
        for (products, left) in products.as_chunks_mut::<ROWS>().0.iter_mut().zip(factor.panels()) {
            *products = block(left, panel);
        }
    }
}

/// Height and width of an image.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) height: usize,
    pub(crate) width: usize,
}

impl Size {
    pub(crate) fn pixels(self) -> usize {
        self.height * self.width
    }
}

/// Rows of tiles that are computed together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Band {
    pub(crate) size: Size,
    /// The rows of tiles are `first..last`.
    pub(crate) first: usize,
    pub(crate) last: usize,
    /// Vectors of four tiles in a row of tiles; tiles beyond the image are computed and dropped.
    pub(crate) across: usize,
    /// Vectors that there is room for in a band, at least one for each vector of tiles.
    pub(crate) vectors: usize,
}

/// The six rows of a row of windows, after the transform down the columns, with a column of padding at the
/// left and what the last vector reads at the right.
pub(crate) type Scratch = [Vec<f32>; WINDOW];

impl Band {
    pub(crate) fn scratch(&self) -> Scratch {
        std::array::from_fn(|_| vec![0.0; self.across * COLUMNS + 2])
    }

    /// The windows of a plane, transformed: `[36][vectors]`.
    pub(crate) fn transform(&self, plane: &[f32], scratch: &mut Scratch, out: &mut [f32x4]) {
        let outside = vec![0.0; self.size.width];
        for row in self.first..self.last {
            let rows: [&[f32]; WINDOW] = std::array::from_fn(|k| {
                // One more than the image row, which may be -1.
                let y = TILE * row + k;
                if y == 0 || y > self.size.height {
                    outside.as_slice()
                } else {
                    &plane[(y - 1) * self.size.width..y * self.size.width]
                }
            });
            down(&rows, scratch);
            let start = (row - self.first) * self.across;
            for (k, line) in scratch.iter().enumerate() {
                for at in 0..self.across {
                    let spread = spread(windows(&line[at * COLUMNS..]));
                    for (x, value) in spread.into_iter().enumerate() {
                        out[(WINDOW * k + x) * self.vectors + start + at] = value;
                    }
                }
            }
        }
    }

    /// The pixels of an output channel, given its products by their number and vector.
    #[inline]
    pub(crate) fn transform_back(
        &self,
        product: impl Fn(usize, usize) -> f32x4,
        bias: f32,
        residual: Option<&[f32]>,
        plane: &mut [f32],
    ) {
        let bias = f32x4::splat(bias);
        for row in self.first..self.last {
            for at in 0..self.across {
                let vector = (row - self.first) * self.across + at;
                let gathered: [[f32x4; TILE]; WINDOW] =
                    std::array::from_fn(|x| gather(std::array::from_fn(|k| product(WINDOW * k + x, vector))));
                for y in 0..TILE.min(self.size.height - TILE * row) {
                    let pixels = f32x4::transpose(gather(gathered.map(|column| column[y])));
                    let start = (TILE * row + y) * self.size.width;
                    let columns = at * COLUMNS..((at + 1) * COLUMNS).min(self.size.width);
                    let columns = start + columns.start..start + columns.end;
                    let residual = residual.map(|residual| &residual[columns.clone()]);
                    write(pixels.map(|four| four + bias), residual, &mut plane[columns]);
                }
            }
        }
    }
}

/// Writes sixteen pixels, or as many as there is room for, plus the residual.
fn write(pixels: [f32x4; 4], residual: Option<&[f32]>, out: &mut [f32]) {
    for (at, (out, four)) in out.chunks_mut(LANES).zip(pixels).enumerate() {
        let four = four.to_array();
        match out.as_mut_array::<LANES>() {
            Some(out) => *out = four,
            None => out.copy_from_slice(&four[..out.len()]),
        }
        if let Some(residual) = residual {
            for (out, residual) in out.iter_mut().zip(&residual[at * LANES..]) {
                *out += residual;
            }
        }
    }
}

/// [`spread`] down the columns of six image rows.
fn down(rows: &[&[f32]; WINDOW], out: &mut Scratch) {
    let (fours, rest) = {
        let fours: [&[[f32; LANES]]; WINDOW] = rows.map(|row| row.as_chunks().0);
        (fours, fours[0].len() * LANES)
    };
    for at in 0..fours[0].len() {
        let spread = spread(fours.map(|row| f32x4::from(row[at])));
        for (out, value) in out.iter_mut().zip(spread) {
            out[1 + at * LANES..][..LANES].copy_from_slice(&value.to_array());
        }
    }
    for x in rest..rows[0].len() {
        let spread = spread(rows.map(|row| f32x4::splat(row[x])));
        for (out, value) in out.iter_mut().zip(spread) {
            out[1 + x] = value.to_array()[0];
        }
    }
}

/// The six columns of four windows, one per lane, from the eighteen numbers under them.
fn windows(line: &[f32]) -> [f32x4; WINDOW] {
    let mut under = [0.0; COLUMNS + 2];
    under.copy_from_slice(&line[..COLUMNS + 2]);
    let every_fourth = |first: usize| {
        f32x4::from([
            under[first],
            under[first + 4],
            under[first + 8],
            under[first + 12],
        ])
    };
    std::array::from_fn(every_fourth)
}

pub(crate) const A2: f32 = 0.5;
pub(crate) const B2: f32 = 2.0;

/// `B^T d`: the input's transform, whose rows are the coefficients of the product of `x - q` over all points
/// `q` except one.
#[inline]
fn spread([d0, d1, d2, d3, d4, d5]: [f32x4; WINDOW]) -> [f32x4; WINDOW] {
    let (even_a, odd_a) = (d4 - d2 * B2, (d3 - d1 * B2) * FRAC_1_SQRT_2);
    let (even_b, odd_b) = (d4 - d2 * A2, (d3 - d1 * A2) * SQRT_2);
    [
        d0 + d4 - d2 * (A2 + B2),
        even_a + odd_a,
        even_a - odd_a,
        even_b + odd_b,
        even_b - odd_b,
        d1 + d5 - d3 * (A2 + B2),
    ]
}

/// `A^T m`: the output's transform, which evaluates powers 0 to 3 at the points.
#[inline]
fn gather([m0, m1, m2, m3, m4, m5]: [f32x4; WINDOW]) -> [f32x4; TILE] {
    let (sum_a, difference_a) = (m1 + m2, (m1 - m2) * FRAC_1_SQRT_2);
    let (sum_b, difference_b) = (m3 + m4, (m3 - m4) * SQRT_2);
    [
        m0 + sum_a + sum_b,
        difference_a + difference_b,
        sum_a * A2 + sum_b * B2,
        difference_a * A2 + difference_b * B2 + m5,
    ]
}

/// `G g G^T` for the 3x3 kernel `g`: its values at the points, over the products of their distances.
pub(crate) fn transform_kernel(kernel: &[f32; 9]) -> [f32; PRODUCTS] {
    let values = |g: [f64; 3]| {
        let at = |point: f64, distances: f64| (g[0] + point * (g[1] + point * g[2])) / distances;
        let (a, b) = (std::f64::consts::FRAC_1_SQRT_2, std::f64::consts::SQRT_2);
        [g[0], at(a, -1.5), at(-a, -1.5), at(b, 6.0), at(-b, 6.0), g[2]]
    };
    let columns: [[f64; WINDOW]; 3] =
        std::array::from_fn(|x| values([0, 1, 2].map(|y| f64::from(kernel[3 * y + x]))));
    let mut out = [0.0; PRODUCTS];
    for (y, out) in out.as_chunks_mut::<WINDOW>().0.iter_mut().enumerate() {
        *out = values(columns.map(|column| column[y])).map(|value| value as f32);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prepared_kernel::convolve;
    use crate::test_numbers::numbers;
    use candle_core::{DType, Device};

    fn norm(tensor: &Tensor) -> f64 {
        let squares = tensor.to_dtype(DType::F64).unwrap().sqr().unwrap();
        squares.sum_all().unwrap().to_scalar::<f64>().unwrap().sqrt()
    }

    #[test]
    fn winograd_equals_the_plain_convolution_at_any_size() {
        // Sides that fill no tile and no vector, single rows and columns, several bands, odd channel counts.
        let sizes = [
            (1, 1),
            (1, 6),
            (7, 1),
            (2, 2),
            (5, 8),
            (16, 12),
            (33, 31),
            (96, 96),
        ];
        for (inputs, outputs) in [(3, 5), (64, 96), (33, 1)] {
            for (height, width) in sizes {
                let x = numbers(0, &[2, inputs, height, width]);
                let weight = numbers(1, &[outputs, inputs, 3, 3]);
                let bias = numbers(2, &[outputs]);
                let residual = numbers(3, &[2, outputs, height, width]);
                let kernel = WinogradKernel::new(&weight, &bias).unwrap();
                let found = convolve(&kernel, &x, None).unwrap();
                let [x64, weight64, bias64] =
                    [&x, &weight, &bias].map(|tensor| tensor.to_dtype(DType::F64).unwrap());
                let plain = x64.conv2d(&weight64, 1, 1, 1, 1).unwrap();
                let plain = plain
                    .broadcast_add(&bias64.reshape((1, (), 1, 1)).unwrap())
                    .unwrap();
                let error = norm(&(found.to_dtype(DType::F64).unwrap() - &plain).unwrap()) / norm(&plain);
                // The transforms' factors of up to 2.5 amplify the roundings of f32, 6e-8 each.
                assert!(
                    error < 2e-6,
                    "{inputs} to {outputs} at {height} x {width}: {error:.1e}"
                );
                let added = convolve(&kernel, &x, Some(&residual)).unwrap();
                let apart = norm(&(added - (found + residual).unwrap()).unwrap());
                assert!(apart < 1e-6 * norm(&plain), "the residual is off by {apart:.1e}");
            }
        }
    }

    #[test]
    fn an_image_of_other_channels_is_refused() {
        let zeros =
            |shape: (usize, usize, usize, usize)| Tensor::zeros(shape, DType::F32, &Device::Cpu).unwrap();
        let bias = Tensor::zeros(4, DType::F32, &Device::Cpu).unwrap();
        let kernel = WinogradKernel::new(&zeros((4, 3, 3, 3)), &bias).unwrap();
        assert!(convolve(&kernel, &zeros((1, 5, 4, 4)), None).is_err());
        let residual = zeros((1, 4, 4, 5));
        assert!(convolve(&kernel, &zeros((1, 3, 4, 4)), Some(&residual)).is_err());
    }
}
