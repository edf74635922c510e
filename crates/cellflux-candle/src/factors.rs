//! Matrix products in f32 by `gemm`, which takes the widest vectors that the processor has: what training on
//! a CPU multiplies with. Inference multiplies with `matrix_product`, whose bits are the same in a browser.
//!
//! Nothing is divided among threads here: those who call have a sample or a part of the result for each.

use gemm::{Parallelism, gemm};

/// A matrix inside a slice: the number in `row` and `column` is at `row * down + column * across`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Factor<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    down: usize,
    across: usize,
}

impl<'a> Factor<'a> {
    /// `rows` rows of `columns` consecutive numbers, `down` apart.
    ///
    /// # Panics
    /// When `values` ends before the last of them.
    pub(crate) fn of_rows(values: &'a [f32], rows: usize, columns: usize, down: usize) -> Self {
        assert!(
            extent(rows, columns, down) <= values.len(),
            "a matrix beyond its numbers"
        );
        Self {
            values,
            rows,
            columns,
            down,
            across: 1,
        }
    }

    /// The same with rows and columns exchanged.
    pub(crate) fn transposed(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            down: self.across,
            across: self.down,
            ..self
        }
    }
}

/// Where the last of `rows` rows of `columns` numbers, `down` apart, ends.
fn extent(rows: usize, columns: usize, down: usize) -> usize {
    if rows == 0 || columns == 0 {
        return 0;
    }
    (rows - 1) * down + columns
}

/// What becomes of the numbers that stand where a product goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Onto {
    /// They are replaced.
    Nothing,
    /// The product is added to them.
    Numbers,
}

/// Writes `factor * left * right` to `out`, whose rows follow each other without gaps.
///
/// # Panics
/// When `left` has another number of columns than `right` has rows, or `out` is not as large as the product.
#[allow(unsafe_code, reason = "the library takes pointers: see below")]
pub(crate) fn multiply(left: Factor, right: Factor, factor: f32, onto: Onto, out: &mut [f32]) {
    assert_eq!(left.columns, right.rows, "the factors' common side");
    assert_eq!(out.len(), left.rows * right.columns, "the product's size");
    let stride = |numbers: usize| numbers as isize;
    let (read, kept) = match onto {
        Onto::Nothing => (false, 0.0),
        Onto::Numbers => (true, 1.0),
    };
    // SAFETY: the three pointers are valid for what is read and written. Of a factor the last number is
    // inside its slice (`of_rows`; `transposed` names the same numbers), `out` has room for exactly the
    // product and is borrowed alone, and nothing is kept when the call returns.
    unsafe {
        gemm(
            left.rows,
            right.columns,
            left.columns,
            out.as_mut_ptr(),
            1,
            stride(right.columns),
            read,
            left.values.as_ptr(),
            stride(left.across),
            stride(left.down),
            right.values.as_ptr(),
            stride(right.across),
            stride(right.down),
            kept,
            factor,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_parts_and_transposes_equal_their_definition() {
        for (rows, inner, columns, gap) in [(1, 1, 1, 0), (5, 7, 9, 3), (33, 64, 31, 1), (96, 33, 100, 0)] {
            let value = |i: usize| (i as f32 * 0.618_034).fract() - 0.5;
            let left: Vec<f32> = (0..rows * (inner + gap)).map(value).collect();
            // Stored transposed: `[columns, inner]`.
            let right: Vec<f32> = (0..columns * (inner + gap)).map(|i| value(i + 7)).collect();
            let expected = |row: usize, column: usize| -> f64 {
                (0..inner)
                    .map(|at| {
                        f64::from(left[row * (inner + gap) + at])
                            * f64::from(right[column * (inner + gap) + at])
                    })
                    .sum()
            };
            let factors = (
                Factor::of_rows(&left, rows, inner, inner + gap),
                Factor::of_rows(&right, columns, inner, inner + gap).transposed(),
            );
            let mut out = vec![f32::NAN; rows * columns];
            multiply(factors.0, factors.1, 1.0, Onto::Nothing, &mut out);
            let mut more = vec![2.0; rows * columns];
            multiply(factors.0, factors.1, 0.5, Onto::Numbers, &mut more);
            for row in 0..rows {
                for column in 0..columns {
                    let (sum, at) = (expected(row, column), row * columns + column);
                    // Numbers up to 1/2 and sums up to a hundred, in f32.
                    assert!((f64::from(out[at]) - sum).abs() < 2e-5, "{row}, {column}");
                    assert!(
                        (f64::from(more[at]) - 2.0 - sum / 2.0).abs() < 2e-5,
                        "{row}, {column}"
                    );
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "a matrix beyond its numbers")]
    fn a_matrix_that_ends_behind_its_numbers_is_refused() {
        let _ = Factor::of_rows(&[0.0; 11], 3, 4, 4);
    }

    #[test]
    #[should_panic(expected = "the factors' common side")]
    fn factors_that_do_not_fit_are_refused() {
        let factor = Factor::of_rows(&[0.0; 12], 3, 4, 4);
        multiply(factor, factor, 1.0, Onto::Nothing, &mut [0.0; 12]);
    }
}
