//! Matrix products on the CPU, in blocks that stay in registers.
//!
//! A block is [`ROWS`] rows of the left factor by [`COLUMNS`] columns of the right one: eight sums of four
//! lanes, with the operands in the rest of the sixteen registers that SSE2 and WebAssembly's SIMD offer. Both
//! factors are repacked so that a block reads consecutive memory: the left one (weights) once, the right one
//! a panel of columns at a time.

use rayon::prelude::*;
use wide::f32x4;

use crate::lanes::{self, Lanes, load, store};

/// Rows of a block.
pub(crate) const ROWS: usize = 4;
/// Columns of a block.
pub(crate) const COLUMNS: usize = lanes::COUNT;

/// The sums of a block, row by row.
pub(crate) type Block = [Lanes; ROWS];

/// Rows of a product that one task computes.
const ROWS_OF_TASK: usize = 8 * ROWS;

/// The left factor of a product, `[rows, inner]`, repacked: `[panel of four rows][inner][4]`, surplus rows
/// zero.
#[derive(Clone, Debug)]
pub(crate) struct LeftFactor {
    inner: usize,
    panels: Vec<[f32; ROWS]>,
}

impl LeftFactor {
    /// Packs `rows` rows of `inner` numbers, given one by one.
    pub(crate) fn new(rows: usize, inner: usize, value: impl Fn(usize, usize) -> f32) -> Self {
        let panel = |first: usize| {
            let value = &value;
            (0..inner).map(move |at| {
                std::array::from_fn(|row| {
                    if first + row < rows {
                        value(first + row, at)
                    } else {
                        0.0
                    }
                })
            })
        };
        Self {
            inner,
            panels: (0..rows).step_by(ROWS).flat_map(panel).collect(),
        }
    }

    /// Columns, which are the rows of the right factor.
    pub(crate) fn inner(&self) -> usize {
        self.inner
    }

    /// The panels of [`ROWS`] rows, the last one padded with zeros.
    pub(crate) fn panels(&self) -> impl ExactSizeIterator<Item = &[[f32; ROWS]]> {
        self.panels.chunks_exact(self.inner)
    }

    /// The product with a right factor, into `out` `[rows, columns]`; `finish` turns eight numbers of the
    /// product, given their row and first column, into what is stored.
    pub(crate) fn times(
        &self,
        right: &RightFactor,
        out: &mut [f32],
        finish: impl Fn(usize, usize, Lanes) -> Lanes + Sync,
    ) {
        let columns = right.columns;
        let panels = self.panels.par_chunks(ROWS_OF_TASK / ROWS * self.inner);
        let tasks = out.par_chunks_mut(ROWS_OF_TASK * columns).zip(panels).enumerate();
        tasks.for_each(|(task, (out, panels))| {
            for (at, right) in right.panels.chunks_exact(self.inner).enumerate() {
                let first = COLUMNS * at;
                let rows = out
                    .chunks_mut(ROWS * columns)
                    .zip(panels.chunks_exact(self.inner));
                for (group, (out, left)) in rows.enumerate() {
                    let sums = block(left, right);
                    for (row, (out, sums)) in out.chunks_mut(columns).zip(sums).enumerate() {
                        let finished = finish(task * ROWS_OF_TASK + group * ROWS + row, first, sums);
                        store(finished, &mut out[first..]);
                    }
                }
            }
        });
    }
}

/// The right factor of a product, `[inner, columns]`, repacked: `[panel of eight columns][inner][8]`, surplus
/// columns zero.
#[derive(Debug)]
pub(crate) struct RightFactor {
    columns: usize,
    panels: Vec<Lanes>,
}

impl RightFactor {
    /// Packs `inner` rows, given as slices.
    pub(crate) fn new<'a>(inner: usize, columns: usize, row: impl Fn(usize) -> &'a [f32]) -> Self {
        let mut panels = vec![[f32x4::ZERO; 2]; inner * columns.div_ceil(COLUMNS)];
        for at in 0..inner {
            let slots = panels[at..].iter_mut().step_by(inner);
            for (slot, eight) in slots.zip(row(at)[..columns].chunks(COLUMNS)) {
                *slot = load(eight);
            }
        }
        Self { columns, panels }
    }
}

/// The product of a panel of rows and a panel of columns of the same inner length.
#[inline]
pub(crate) fn block(left: &[[f32; ROWS]], right: &[Lanes]) -> Block {
    let mut sums = [[f32x4::ZERO; 2]; ROWS];
    for (left, right) in left.iter().zip(right) {
        for (sums, &left) in sums.iter_mut().zip(left) {
            let left = f32x4::splat(left);
            sums[0] += left * right[0];
            sums[1] += left * right[1];
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_any_size_equal_their_definition() {
        for (rows, inner, columns) in [(1, 1, 1), (4, 3, 8), (5, 7, 9), (33, 64, 31), (96, 33, 100)] {
            let value = |i: usize| (i as f32 * 0.618_034).fract() - 0.5;
            let left: Vec<f32> = (0..rows * inner).map(value).collect();
            let right: Vec<f32> = (0..inner * columns).map(|i| value(i + 7)).collect();
            let factor = LeftFactor::new(rows, inner, |row, at| left[row * inner + at]);
            let packed = RightFactor::new(inner, columns, |at| &right[at * columns..]);
            let mut out = vec![f32::NAN; rows * columns];
            factor.times(&packed, &mut out, |row, _, sums| {
                sums.map(|sums| sums + f32x4::splat(row as f32))
            });
            for row in 0..rows {
                for column in 0..columns {
                    let sum: f64 = (0..inner)
                        .map(|at| f64::from(left[row * inner + at]) * f64::from(right[at * columns + column]))
                        .sum();
                    let error = f64::from(out[row * columns + column]) - sum - row as f64;
                    // Numbers up to 1/2 and sums up to a hundred, in f32.
                    assert!(
                        error.abs() < 2e-5,
                        "{rows} x {inner} x {columns} at {row}, {column}: {error:.1e}"
                    );
                }
            }
        }
    }
}
