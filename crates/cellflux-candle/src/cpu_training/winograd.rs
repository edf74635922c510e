//! A 3x3 convolution, forward and back to the image and to the kernel, in the form of
//! [`crate::winograd`]: 36 products per tile of 4x4 pixels where the plain sum has 144, by
//! [`crate::factors`].
//!
//! The gradient of the kernel has that form too. The results are linear in the transformed kernel: a tile's
//! gradient, spread by the transpose of the transform that gathers results, times the transformed windows,
//! and summed over tiles, is the gradient of the transformed kernel; the transpose of the kernel's transform
//! makes it that of the kernel.

use std::cell::Cell;

use rayon::prelude::*;
use wide::f32x4;

use crate::factors::{Factor, Onto, multiply};
use crate::winograd::{
    A2, B2, BAND_VECTORS, Band, COLUMNS, LANES, PRODUCTS, Size, TILE, WINDOW, transform_kernel,
};

/// Taps of a kernel.
pub(super) const TAPS: usize = 9;

thread_local! {
    /// Transformed windows, kept between layers and steps: a task takes them, and one that starts inside it
    /// on the same thread gets new ones.
    static WINDOWS: Cell<Vec<f32x4>> = const { Cell::new(Vec::new()) };
    /// Products, or spread gradients, likewise.
    static PRODUCED: Cell<Vec<f32x4>> = const { Cell::new(Vec::new()) };
}

/// A transformed kernel: of every row of the convolution's matrix, `[36][columns]`.
pub(super) struct Kernel {
    rows: usize,
    columns: usize,
    values: Vec<f32>,
}

impl Kernel {
    /// What convolves: a kernel `[out, in, 3, 3]`.
    pub(super) fn forward(weight: &[f32], outputs: usize, inputs: usize) -> Self {
        let kernels = weight.as_chunks::<TAPS>().0;
        Self::new(outputs, inputs, |output, input| kernels[output * inputs + input])
    }

    /// What takes the results' gradient to that of the image: the rotated kernel `[in, out, 3, 3]`.
    pub(super) fn backward(weight: &[f32], outputs: usize, inputs: usize) -> Self {
        let kernels = weight.as_chunks::<TAPS>().0;
        Self::new(inputs, outputs, |input, output| {
            let mut taps = kernels[output * inputs + input];
            taps.reverse();
            taps
        })
    }

    fn new(rows: usize, columns: usize, taps: impl Fn(usize, usize) -> [f32; TAPS] + Sync) -> Self {
        let mut values = vec![0.0; rows * PRODUCTS * columns];
        values
            .par_chunks_mut(PRODUCTS * columns)
            .enumerate()
            .for_each(|(row, values)| {
                for column in 0..columns {
                    let transformed = transform_kernel(&taps(row, column));
                    let places = values[column..].iter_mut().step_by(columns);
                    for (place, value) in places.zip(transformed) {
                        *place = value;
                    }
                }
            });
        Self {
            rows,
            columns,
            values,
        }
    }

    /// Images `[N, columns, H, W]` to `[N, rows, H, W]`, each channel plus its bias where there is one.
    pub(super) fn convolve(&self, x: &[f32], size: Size, bias: Option<&[f32]>) -> Vec<f32> {
        let images = x.len() / (self.columns * size.pixels());
        let mut out = vec![0.0; images * self.rows * size.pixels()];
        out.par_chunks_mut(self.rows * size.pixels())
            .zip(x.par_chunks(self.columns * size.pixels()))
            .for_each(|(out, x)| self.convolve_image(x, size, bias, out));
        out
    }

    fn convolve_image(&self, x: &[f32], size: Size, bias: Option<&[f32]>, out: &mut [f32]) {
        let (mut windows, mut products) = (WINDOWS.take(), PRODUCED.take());
        for band in bands(size, self.rows + self.columns) {
            let vectors = band.vectors;
            windows.resize(self.columns * PRODUCTS * vectors, f32x4::ZERO);
            products.resize(PRODUCTS * self.rows * vectors, f32x4::ZERO);
            let mut scratch = band.scratch();
            let planes = x.chunks_exact(size.pixels());
            for (plane, windows) in planes.zip(windows.chunks_exact_mut(PRODUCTS * vectors)) {
                band.transform(plane, &mut scratch, windows);
            }
            let tiles = LANES * vectors;
            let seen: &[f32] = bytemuck::cast_slice(&windows);
            let results: &mut [f32] = bytemuck::cast_slice_mut(&mut products);
            for (product, results) in results.chunks_exact_mut(self.rows * tiles).enumerate() {
                let kernel = &self.values[product * self.columns..];
                multiply(
                    Factor::of_rows(kernel, self.rows, self.columns, PRODUCTS * self.columns),
                    of_product(seen, product, self.columns, tiles),
                    1.0,
                    Onto::Nothing,
                    results,
                );
            }
            for (channel, plane) in out.chunks_exact_mut(size.pixels()).enumerate() {
                let bias = bias.map_or(0.0, |bias| bias[channel]);
                let product = |product: usize, vector: usize| {
                    products[(product * self.rows + channel) * vectors + vector]
                };
                band.transform_back(product, bias, None, plane);
            }
        }
        WINDOWS.set(windows);
        PRODUCED.set(products);
    }
}

/// The gradient `[out, in, 3, 3]` of a kernel that was applied to images `[N, in, H, W]`, from the results'
/// gradient `[N, out, H, W]`.
///
/// Images and bands are summed in order, the 36 products in parallel: the same bits however many threads
/// there are.
pub(super) fn kernel_gradient(
    x: &[f32],
    gradient: &[f32],
    size: Size,
    [outputs, inputs]: [usize; 2],
) -> Vec<f32> {
    let pixels = size.pixels();
    let mut sums = vec![0.0; PRODUCTS * outputs * inputs];
    let (mut windows, mut spread) = (WINDOWS.take(), PRODUCED.take());
    let images = x.chunks_exact(inputs * pixels);
    for (x, gradient) in images.zip(gradient.chunks_exact(outputs * pixels)) {
        for band in bands(size, inputs + outputs) {
            let vectors = band.vectors;
            windows.resize(inputs * PRODUCTS * vectors, f32x4::ZERO);
            spread.resize(outputs * PRODUCTS * vectors, f32x4::ZERO);
            windows
                .par_chunks_mut(PRODUCTS * vectors)
                .zip(x.par_chunks(pixels))
                .for_each_init(
                    || band.scratch(),
                    |scratch, (windows, plane)| band.transform(plane, scratch, windows),
                );
            spread
                .par_chunks_mut(PRODUCTS * vectors)
                .zip(gradient.par_chunks(pixels))
                .for_each(|(spread, plane)| spread_gradient(band, plane, spread));
            let tiles = LANES * vectors;
            let seen: &[f32] = bytemuck::cast_slice(&windows);
            let wanted: &[f32] = bytemuck::cast_slice(&spread);
            sums.par_chunks_mut(outputs * inputs)
                .enumerate()
                .for_each(|(product, sums)| {
                    let seen = of_product(seen, product, inputs, tiles).transposed();
                    let wanted = of_product(wanted, product, outputs, tiles);
                    multiply(wanted, seen, 1.0, Onto::Numbers, sums);
                });
        }
    }
    WINDOWS.set(windows);
    PRODUCED.set(spread);

    let mut out = vec![0.0; outputs * inputs * TAPS];
    out.par_chunks_mut(inputs * TAPS)
        .enumerate()
        .for_each(|(output, out)| {
            for (input, out) in out.as_chunks_mut::<TAPS>().0.iter_mut().enumerate() {
                let at = output * inputs + input;
                *out = kernel_back(std::array::from_fn(|product| {
                    sums[product * outputs * inputs + at]
                }));
            }
        });
    out
}

/// The numbers of one of the 36 products, `[channels, tiles]`, among those of all.
fn of_product(values: &[f32], product: usize, channels: usize, tiles: usize) -> Factor<'_> {
    Factor::of_rows(&values[product * tiles..], channels, tiles, PRODUCTS * tiles)
}

/// An image in bands whose transformed windows and products stay in a core's cache.
fn bands(size: Size, channels: usize) -> impl Iterator<Item = Band> {
    let (tile_rows, across) = (size.height.div_ceil(TILE), size.width.div_ceil(COLUMNS));
    let rows = (BAND_VECTORS / (PRODUCTS * channels * across)).clamp(1, tile_rows);
    (0..tile_rows).step_by(rows).map(move |first| {
        let last = (first + rows).min(tile_rows);
        Band {
            size,
            first,
            last,
            across,
            vectors: (last - first) * across,
        }
    })
}

/// The gradient of the products of a plane's tiles, from that of its pixels: `[36][vectors]`. Beyond the
/// image there is none.
fn spread_gradient(band: Band, plane: &[f32], out: &mut [f32x4]) {
    let Size { height, width } = band.size;
    for row in band.first..band.last {
        for at in 0..band.across {
            let vector = (row - band.first) * band.across + at;
            let mut tiles = [[f32x4::ZERO; TILE]; TILE];
            for (y, columns) in tiles.iter_mut().enumerate() {
                let y = TILE * row + y;
                if y < height {
                    let line = &plane[y * width..(y + 1) * width];
                    // One vector per tile becomes one per column.
                    let fours = std::array::from_fn(|tile| four(line, COLUMNS * at + TILE * tile));
                    *columns = f32x4::transpose(fours);
                }
            }
            let columns: [[f32x4; WINDOW]; TILE] =
                std::array::from_fn(|x| gather_back(tiles.map(|row| row[x])));
            for k in 0..WINDOW {
                let spread = gather_back(columns.map(|column| column[k]));
                for (x, value) in spread.into_iter().enumerate() {
                    out[(WINDOW * k + x) * band.vectors + vector] = value;
                }
            }
        }
    }
}

/// Four numbers of a line, zero beyond its end.
fn four(line: &[f32], first: usize) -> f32x4 {
    let rest = line.get(first..).unwrap_or_default();
    if let Some(four) = rest.first_chunk::<LANES>() {
        return f32x4::from(*four);
    }
    let mut four = [0.0; LANES];
    four[..rest.len()].copy_from_slice(rest);
    f32x4::from(four)
}

/// The transpose of the transform that gathers four results from six products.
#[inline]
fn gather_back([y0, y1, y2, y3]: [f32x4; TILE]) -> [f32x4; WINDOW] {
    use std::f32::consts::{FRAC_1_SQRT_2, SQRT_2};
    let (even_a, odd_a) = (y0 + y2 * A2, (y1 + y3 * A2) * FRAC_1_SQRT_2);
    let (even_b, odd_b) = (y0 + y2 * B2, (y1 + y3 * B2) * SQRT_2);
    [
        y0,
        even_a + odd_a,
        even_a - odd_a,
        even_b + odd_b,
        even_b - odd_b,
        y3,
    ]
}

/// The transpose of the kernel's transform: the gradient of the nine taps from that of the 36 values.
fn kernel_back(gradient: [f32; PRODUCTS]) -> [f32; TAPS] {
    let back = |u: [f64; WINDOW]| {
        let (a, b) = (std::f64::consts::FRAC_1_SQRT_2, std::f64::consts::SQRT_2);
        // Over the products of the points' distances, as in `transform_kernel`.
        let (sum_a, difference_a) = ((u[1] + u[2]) / -1.5, (u[1] - u[2]) / -1.5);
        let (sum_b, difference_b) = ((u[3] + u[4]) / 6.0, (u[3] - u[4]) / 6.0);
        [
            u[0] + sum_a + sum_b,
            a * difference_a + b * difference_b,
            a * a * sum_a + b * b * sum_b + u[5],
        ]
    };
    let rows = gradient.as_chunks::<WINDOW>().0;
    let along: [[f64; 3]; WINDOW] = std::array::from_fn(|y| back(rows[y].map(f64::from)));
    let columns: [[f64; 3]; 3] = std::array::from_fn(|x| back(along.map(|row| row[x])));
    std::array::from_fn(|tap| columns[tap % 3][tap / 3] as f32)
}
