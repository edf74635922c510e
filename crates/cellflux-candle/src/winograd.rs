//! 3x3 convolution on the CPU with fewer multiplications: Winograd's F(2x2, 3x3).
//!
//! Every 2x2 outputs come from a 4x4 input tile: inputs and kernels are transformed, multiplied element by
//! element (16 products where the plain sum needs 36), and transformed back; summing over input channels turns the
//! products into sixteen matrix multiplications. After Lavin and Gray, "Fast algorithms for convolutional neural
//! networks", arXiv:1509.09308, section 4.1. In f32 it costs no accuracy to speak of: the transforms only add and
//! halve.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use crate::memory::{contiguous, into_values};

/// Products a tile.
const PRODUCTS: usize = 16;
/// Transformed inputs and products of a band of tiles together hold about this many floats, so that they stay
/// in a core's cache.
const BAND_FLOATS: usize = 1 << 19;
/// Fewer columns than this would waste the matrix multiplication.
const BAND_TILES: usize = 64;

/// A transformed 3x3 kernel.
#[derive(Clone, Debug)]
pub(crate) struct WinogradKernel {
    /// `[16, out, in]`.
    transformed: Tensor,
}

impl WinogradKernel {
    /// Transforms a kernel `[out, in, 3, 3]`.
    pub(crate) fn new(weight: &Tensor) -> Result<Self> {
        let (outputs, inputs, _, _) = weight.dims4()?;
        let weight: Vec<f32> = weight.flatten_all()?.to_vec1()?;
        let mut transformed = vec![0.0; PRODUCTS * outputs * inputs];
        for (at, kernel) in weight.as_chunks::<9>().0.iter().enumerate() {
            for (product, value) in transform_kernel(kernel).into_iter().enumerate() {
                transformed[product * outputs * inputs + at] = value;
            }
        }
        let shape = (PRODUCTS, outputs, inputs);
        Ok(Self {
            transformed: Tensor::from_vec(transformed, shape, &candle_core::Device::Cpu)?,
        })
    }

    /// `[N, in, H, W]` to `[N, out, H, W]`, zero padding 1, plus `bias` `[out]`.
    pub(crate) fn convolve(&self, x: &Tensor, bias: &Tensor) -> Result<Tensor> {
        x.contiguous()?
            .apply_op3_no_bwd(&self.transformed, bias, &Winograd)
    }
}

/// `G g G^T` for the 3x3 kernel `g`.
fn transform_kernel(kernel: &[f32; 9]) -> [f32; PRODUCTS] {
    let spread = |a: f32, b: f32, c: f32| [a, 0.5 * (a + b + c), 0.5 * (a - b + c), c];
    let columns: [[f32; 4]; 3] = std::array::from_fn(|x| spread(kernel[x], kernel[3 + x], kernel[6 + x]));
    let mut out = [0.0; PRODUCTS];
    for y in 0..4 {
        let row = spread(columns[0][y], columns[1][y], columns[2][y]);
        out[4 * y..4 * y + 4].copy_from_slice(&row);
    }
    out
}

struct Winograd;

impl CustomOp3 for Winograd {
    fn name(&self) -> &'static str {
        "winograd-convolution"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        kernel: &CpuStorage,
        kernel_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (images, inputs, height, width) = x_layout.shape().dims4()?;
        let (_, outputs, kernel_inputs) = kernel_layout.shape().dims3()?;
        if inputs != kernel_inputs {
            candle_core::bail!(
                "a 3x3 convolution of {kernel_inputs} channels on {:?}",
                x_layout.shape()
            );
        }
        let x = contiguous(x, x_layout)?;
        let bias = contiguous(bias, bias_layout)?;
        let size = Size { height, width };
        let mut out = vec![0.0; images * outputs * height * width];
        out.par_chunks_mut(outputs * height * width)
            .zip(x.par_chunks(inputs * height * width))
            .try_for_each(|(out, x)| convolve_image(x, kernel, kernel_layout, bias, size, out))?;
        Ok((
            CpuStorage::F32(out),
            Shape::from((images, outputs, height, width)),
        ))
    }
}

#[derive(Clone, Copy)]
struct Size {
    height: usize,
    width: usize,
}

/// One image, band of tile rows by band.
fn convolve_image(
    x: &[f32],
    kernel: &CpuStorage,
    kernel_layout: &Layout,
    bias: &[f32],
    size: Size,
    out: &mut [f32],
) -> Result<()> {
    let pixels = size.height * size.width;
    let (inputs, outputs) = (x.len() / pixels, bias.len());
    let (tile_rows, columns) = (size.height.div_ceil(2), size.width.div_ceil(2));
    let tiles = (BAND_FLOATS / (PRODUCTS * (inputs + outputs))).max(BAND_TILES);
    let band = tiles.div_ceil(columns).min(tile_rows);

    let mut rows = TileRow::new(columns);
    let mut transformed = Vec::new();
    for first in (0..tile_rows).step_by(band) {
        let last = (first + band).min(tile_rows);
        let tiles = (last - first) * columns;
        transformed.resize(PRODUCTS * inputs * tiles, 0.0);
        for (channel, plane) in x.chunks(pixels).enumerate() {
            for row in first..last {
                rows.load(plane, size, row);
                let start = channel * tiles + (row - first) * columns;
                rows.transform(&mut transformed[start..], inputs * tiles);
            }
        }
        let columns_of_tiles = CpuStorage::F32(transformed);
        let layout = Layout::contiguous((PRODUCTS, inputs, tiles));
        let bmnk = (PRODUCTS, outputs, tiles, inputs);
        let products = kernel.matmul(&columns_of_tiles, bmnk, kernel_layout, &layout)?;
        transformed = into_values(columns_of_tiles)?;
        let products = into_values(products)?;
        for ((channel, plane), &bias) in out.chunks_mut(pixels).enumerate().zip(bias) {
            for row in first..last {
                let start = channel * tiles + (row - first) * columns;
                let products: [&[f32]; PRODUCTS] = std::array::from_fn(|product| {
                    let at = product * outputs * tiles + start;
                    &products[at..at + columns]
                });
                transform_back(&products, bias, size, row, plane);
            }
        }
    }
    Ok(())
}

/// The four image rows under a row of tiles, each split into its even and odd columns, one column of padding
/// included: `even[i]` is column `2 i - 1` of the image, `odd[i]` column `2 i`. Split like this every step of the
/// transform runs over contiguous floats.
struct TileRow {
    columns: usize,
    even: [Vec<f32>; 4],
    odd: [Vec<f32>; 4],
}

impl TileRow {
    fn new(columns: usize) -> Self {
        let row = || vec![0.0; columns + 1];
        Self {
            columns,
            even: std::array::from_fn(|_| row()),
            odd: std::array::from_fn(|_| row()),
        }
    }

    /// Loads image rows `2 row - 1 ..= 2 row + 2`, zeros outside the image.
    fn load(&mut self, plane: &[f32], size: Size, row: usize) {
        for (k, (even, odd)) in self.even.iter_mut().zip(&mut self.odd).enumerate() {
            // One more than the image row, which may be -1.
            let y = 2 * row + k;
            if y == 0 || y > size.height {
                even.fill(0.0);
                odd.fill(0.0);
                continue;
            }
            let source = &plane[(y - 1) * size.width..y * size.width];
            let (pairs, single) = source.as_chunks::<2>();
            // The padding columns beyond the image: the last of both, or of `odd` alone where the width is odd.
            even[self.columns] = 0.0;
            odd[self.columns] = 0.0;
            even[0] = 0.0;
            for ((odd, even), pair) in odd.iter_mut().zip(&mut even[1..]).zip(pairs) {
                *odd = pair[0];
                *even = pair[1];
            }
            if let [single] = single {
                odd[pairs.len()] = *single;
            }
        }
    }

    /// `B^T d B` of every tile `d`; the k-th of the sixteen goes to `out[k * stride..]`.
    fn transform(&mut self, out: &mut [f32], stride: usize) {
        down(&mut self.even);
        down(&mut self.odd);
        for (k, (even, odd)) in self.even.iter().zip(&self.odd).enumerate() {
            // The four columns of tile i.
            let columns = even.iter().zip(odd).zip(even[1..].iter().zip(&odd[1..]));
            let mut write = |x: usize, f: fn(f32, f32, f32, f32) -> f32| {
                let values = columns.clone().map(|((a, b), (c, d))| f(*a, *b, *c, *d));
                let start = (4 * k + x) * stride;
                for (out, value) in out[start..start + self.columns].iter_mut().zip(values) {
                    *out = value;
                }
            };
            write(0, |a, _, c, _| a - c);
            write(1, |_, b, c, _| b + c);
            write(2, |_, b, c, _| c - b);
            write(3, |_, b, _, d| b - d);
        }
    }
}

/// `B^T` down the four rows, in place.
fn down(rows: &mut [Vec<f32>; 4]) {
    let [first, second, third, fourth] = rows;
    for (((a, b), c), d) in first.iter_mut().zip(second).zip(third).zip(fourth) {
        (*a, *b, *c, *d) = (*a - *c, *b + *c, *c - *b, *b - *d);
    }
}

/// `A^T m A` of a row of tiles, plus bias, into two rows of the output plane; what leaves the image is dropped.
fn transform_back(products: &[&[f32]; PRODUCTS], bias: f32, size: Size, row: usize, plane: &mut [f32]) {
    for y in 0..2 {
        if 2 * row + y >= size.height {
            break;
        }
        let start = (2 * row + y) * size.width;
        let out = &mut plane[start..start + size.width];
        // Down the tile: rows 0 + 1 + 2, or 1 - 2 - 3.
        let sum = |x: usize, i: usize| {
            let (m1, m2) = (products[4 + x][i], products[8 + x][i]);
            if y == 0 {
                products[x][i] + m1 + m2
            } else {
                m1 - m2 - products[12 + x][i]
            }
        };
        let (pairs, single) = out.as_chunks_mut::<2>();
        let tiles = pairs.len();
        for (i, pair) in pairs.iter_mut().enumerate() {
            let (s1, s2) = (sum(1, i), sum(2, i));
            *pair = [bias + sum(0, i) + s1 + s2, bias + s1 - s2 - sum(3, i)];
        }
        if let [single] = single {
            *single = bias + sum(0, tiles) + sum(1, tiles) + sum(2, tiles);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[test]
    fn winograd_equals_the_plain_convolution_at_any_size() {
        // Even and odd sides, single rows and columns, several bands, and channel counts that fit no SIMD lane.
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
                let device = Device::Cpu;
                let x = Tensor::randn(0.0f32, 1.0, (2, inputs, height, width), &device).unwrap();
                let weight = Tensor::randn(0.0f32, 1.0, (outputs, inputs, 3, 3), &device).unwrap();
                let bias = Tensor::randn(0.0f32, 1.0, outputs, &device).unwrap();
                let found = WinogradKernel::new(&weight).unwrap().convolve(&x, &bias).unwrap();
                let plain = x.conv2d(&weight, 1, 1, 1, 1).unwrap();
                let plain = plain
                    .broadcast_add(&bias.reshape((1, (), 1, 1)).unwrap())
                    .unwrap();
                let norm = |t: &Tensor| {
                    t.sqr()
                        .unwrap()
                        .sum_all()
                        .unwrap()
                        .to_scalar::<f32>()
                        .unwrap()
                        .sqrt()
                };
                let error = norm(&(found - &plain).unwrap()) / norm(&plain);
                // A few roundings of f32 a product.
                assert!(
                    error < 2e-6,
                    "{inputs} to {outputs} at {height} x {width}: {error:.1e}"
                );
            }
        }
    }

    #[test]
    fn an_image_of_other_channels_is_refused() {
        let zeros = |shape: (usize, usize, usize, usize)| {
            Tensor::zeros(shape, candle_core::DType::F32, &Device::Cpu).unwrap()
        };
        let bias = Tensor::zeros(4, candle_core::DType::F32, &Device::Cpu).unwrap();
        let kernel = WinogradKernel::new(&zeros((4, 3, 3, 3))).unwrap();
        assert!(kernel.convolve(&zeros((1, 5, 4, 4)), &bias).is_err());
    }
}
