//! Uneven illumination: a smooth surface that makes one place of a plate's fields brighter than another,
//! estimated from the fields themselves and divided out.
//!
//! The surface is a polynomial of second degree, fitted by least squares to the median of the cells' pixels
//! in every block of every field of the plate (after the "fit polynomial" of `CellProfiler`'s
//! `CorrectIlluminationCalculate`; Carpenter et al. 2006). Only pixels above Otsu's threshold count: if the
//! dark ones between the cells counted too, a field whose cells lie in its middle would look like a lamp that
//! is brighter there. A few fields say little, since cells differ; so the surface is drawn towards a flat one
//! with the weight of [`PRIOR`] blocks (ridge regression), which a plate's hundreds of fields outweigh.

use super::nuclei::threshold;

/// Pixels along a block.
const BLOCK: usize = 32;
/// The weight of the expectation of a flat surface, in blocks.
const PRIOR: f64 = 200.0;
/// Smallest share of a block's pixels that must be cells.
const CELLS: f64 = 0.1;
/// 1, x, y, x^2, x y, y^2.
const TERMS: usize = 6;

/// The sums of the least-squares problem of one plate and channel.
#[derive(Clone, Debug, Default)]
pub(super) struct Estimate {
    normal: [[f64; TERMS]; TERMS],
    right: [f64; TERMS],
    /// Fields that have been added.
    pub(super) fields: usize,
}

/// An illumination surface whose mean over the field is 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Surface([f64; TERMS]);

impl Estimate {
    /// Adds a field, `[height, width]`; one without contrast adds nothing.
    pub(super) fn add(&mut self, values: &[f32], width: usize, height: usize) {
        let roots: Vec<f32> = values.iter().map(|v| v.max(0.0).sqrt()).collect();
        let Some(threshold) = threshold(&roots) else {
            return;
        };
        let threshold = threshold * threshold;
        self.fields += 1;
        for top in (0..height).step_by(BLOCK) {
            for left in (0..width).step_by(BLOCK) {
                let (bottom, right) = ((top + BLOCK).min(height), (left + BLOCK).min(width));
                let rows = values.chunks_exact(width.max(1)).skip(top).take(bottom - top);
                let block = rows.flat_map(|row| row.iter().take(right).skip(left).copied());
                let mut cells: Vec<f32> = block.filter(|&value| value > threshold).collect();
                if cells.is_empty() || (cells.len() as f64) < CELLS * ((bottom - top) * (right - left)) as f64
                {
                    continue;
                }
                let middle = cells.len() / 2;
                let (_, median, _) = cells.select_nth_unstable_by(middle, f32::total_cmp);
                let terms = terms(
                    (left + right) as f64 / 2.0,
                    (top + bottom) as f64 / 2.0,
                    width,
                    height,
                );
                for (row, (sum, term)) in self.normal.iter_mut().zip(self.right.iter_mut().zip(terms)) {
                    *sum += term * f64::from(*median);
                    for (cell, other) in row.iter_mut().zip(terms) {
                        *cell += term * other;
                    }
                }
            }
        }
    }

    /// The surface of fields of this size; none where none has cells, or where it is below a fifth of its
    /// mean somewhere.
    pub(super) fn surface(&self, width: usize, height: usize) -> Option<Surface> {
        let mut normal = self.normal;
        for (term, row) in normal.iter_mut().enumerate().skip(1) {
            row[term] += PRIOR;
        }
        let fitted = solve(normal, self.right)?;
        // The mean of the terms over the field: x and y run from -1 to 1.
        let mean = fitted[0] + (fitted[3] + fitted[5]) / 3.0;
        if mean.is_nan() || mean <= 0.0 {
            return None;
        }
        let surface = Surface(fitted.map(|term| term / mean));
        let (least, _) = surface.range(width, height);
        (least > 0.2).then_some(surface)
    }
}

impl Surface {
    /// The surface at a pixel, 1 on average.
    fn at(&self, x: f64, y: f64, width: usize, height: usize) -> f64 {
        let terms = terms(x, y, width, height);
        self.0.iter().zip(terms).map(|(own, term)| own * term).sum()
    }

    /// Divides a field, `[height, width]`, by the surface.
    pub(super) fn divide(&self, values: &mut [f32], width: usize, height: usize) {
        for (y, row) in values.chunks_exact_mut(width.max(1)).enumerate() {
            for (x, value) in row.iter_mut().enumerate() {
                let brightness = self.at(x as f64 + 0.5, y as f64 + 0.5, width, height);
                *value = (f64::from(*value) / brightness) as f32;
            }
        }
    }

    /// The smallest and largest brightness on a grid over the field.
    pub(super) fn range(&self, width: usize, height: usize) -> (f64, f64) {
        const STEPS: usize = 16;
        let grid = (0..=STEPS).flat_map(|j| (0..=STEPS).map(move |i| (i, j)));
        grid.map(|(i, j)| {
            let along = |length: usize, step: usize| length as f64 * step as f64 / STEPS as f64;
            self.at(along(width, i), along(height, j), width, height)
        })
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
            (low.min(v), high.max(v))
        })
    }
}

fn terms(x: f64, y: f64, width: usize, height: usize) -> [f64; TERMS] {
    let (u, v) = (2.0 * x / width as f64 - 1.0, 2.0 * y / height as f64 - 1.0);
    [1.0, u, v, u * u, u * v, v * v]
}

/// Solves the normal equations by Gaussian elimination with row exchange; none where they do not determine
/// the terms.
fn solve(mut normal: [[f64; TERMS]; TERMS], mut right: [f64; TERMS]) -> Option<[f64; TERMS]> {
    let scale = normal
        .iter()
        .flatten()
        .fold(0.0, |most: f64, v| most.max(v.abs()));
    for column in 0..TERMS {
        let largest =
            (column..TERMS).max_by(|&a, &b| normal[a][column].abs().total_cmp(&normal[b][column].abs()))?;
        normal.swap(column, largest);
        right.swap(column, largest);
        let pivot = normal[column];
        if pivot[column].abs() <= 1e-12 * scale || pivot[column].is_nan() {
            return None;
        }
        let pivot_right = right[column];
        for row in column + 1..TERMS {
            let factor = normal[row][column] / pivot[column];
            for (cell, above) in normal[row].iter_mut().zip(pivot) {
                *cell -= factor * above;
            }
            right[row] -= factor * pivot_right;
        }
    }
    let mut solved = [0.0; TERMS];
    for row in (0..TERMS).rev() {
        let known: f64 = (row + 1..TERMS)
            .map(|column| normal[row][column] * solved[column])
            .sum();
        solved[row] = (right[row] - known) / normal[row][row];
    }
    Some(solved)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLAT: Surface = Surface([1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);

    /// A field with a known surface and a bright cell in some blocks.
    fn field(width: usize, height: usize, surface: &Surface) -> Vec<f32> {
        (0..width * height)
            .map(|i| {
                let (x, y) = (i % width, i / width);
                let cell = (x / 10 * 7 + y / 10 * 3) % 5 == 0;
                let brightness = surface.at(x as f64 + 0.5, y as f64 + 0.5, width, height);
                (brightness * if cell { 900.0 } else { 300.0 }) as f32
            })
            .collect()
    }

    /// The surface from this number of equal fields.
    fn estimate(fields: usize, surface: &Surface) -> Surface {
        let (width, height) = (320, 256);
        let mut estimate = Estimate::default();
        estimate.add(&field(width, height, surface), width, height);
        assert_eq!(estimate.fields, 1);
        for sum in estimate.normal.iter_mut().flatten().chain(&mut estimate.right) {
            *sum *= fields as f64;
        }
        estimate.surface(width, height).unwrap()
    }

    #[test]
    fn a_known_surface_is_found_under_cells_and_divided_out() {
        let (width, height) = (320, 256);
        // Mean 1: 1.1 + (-0.2 - 0.1) / 3. Darkest 0.65, brightest 1.1: much for a microscope.
        let known = Surface([1.1, 0.08, -0.05, -0.2, 0.03, -0.1]);
        // Enough fields of 80 blocks that the expectation of a flat surface no longer counts.
        let found = estimate(10_000, &known);
        // A block's median is not exactly the surface at its middle.
        for (found, known) in found.0.iter().zip(known.0) {
            assert!((found - known).abs() < 0.04, "{found} for {known}");
        }
        let mut corrected = field(width, height, &known);
        found.divide(&mut corrected, width, height);
        let flat = field(width, height, &FLAT);
        for (corrected, flat) in corrected.iter().zip(&flat) {
            assert!((corrected / flat - 1.0).abs() < 0.06, "{corrected} for {flat}");
        }
    }

    #[test]
    fn one_small_field_says_less_than_a_plate() {
        let known = Surface([1.1, 0.0, 0.0, -0.3, 0.0, 0.0]);
        let (one, many) = (estimate(1, &known).0[3], estimate(10_000, &known).0[3]);
        assert!(many < one && one < -0.005, "{one} {many}");
    }

    #[test]
    fn cells_in_one_half_are_no_lamp() {
        let values: Vec<f32> = (0..256 * 256)
            .map(|i| if i % 256 < 128 { 50.0 } else { 500.0 })
            .collect();
        let mut half = Estimate::default();
        half.add(&values, 256, 256);
        let (low, high) = half.surface(256, 256).unwrap().range(256, 256);
        assert!(low > 0.999 && high < 1.001, "{low} {high}");
    }

    #[test]
    fn a_field_without_contrast_determines_no_surface() {
        for value in [0.0, 5.0] {
            let mut flat = Estimate::default();
            flat.add(&[value; 64 * 48], 64, 48);
            assert_eq!((flat.fields, flat.surface(64, 48)), (0, None));
        }
        assert_eq!(FLAT.range(10, 10), (1.0, 1.0));
    }
}
