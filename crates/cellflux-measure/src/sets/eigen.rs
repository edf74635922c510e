//! Covariances and the eigenvalues of symmetric matrices.

use nalgebra::{DMatrix, SymmetricEigen};

use super::error::SetError;
use super::features::Features;

/// The covariance of the columns, divided by `N - 1`, `[D, D]`. The set has at least 2 rows.
pub(super) fn covariance(set: &Features, mean: &[f64]) -> DMatrix<f64> {
    let width = set.width();
    let mut sums = DMatrix::zeros(width, width);
    let mut centred = vec![0.0; width];
    for row in set {
        for ((centred, value), mean) in centred.iter_mut().zip(row).zip(mean) {
            *centred = value - mean;
        }
        for (column, &factor) in sums.as_mut_slice().chunks_exact_mut(width).zip(&centred) {
            for (sum, value) in column.iter_mut().zip(&centred) {
                *sum += factor * value;
            }
        }
    }
    sums / (set.rows() as f64 - 1.0)
}

/// `left^T right`, column by column. nalgebra's own product of large matrices picks its instructions by the
/// processor, and with them the rounding.
pub(super) fn transposed_product(left: &DMatrix<f64>, right: &DMatrix<f64>) -> DMatrix<f64> {
    DMatrix::from_fn(left.ncols(), right.ncols(), |row, column| {
        left.column(row).dot(&right.column(column))
    })
}

/// Eigenvalues and vectors of a symmetric matrix, in no order.
///
/// # Errors
///
/// [`SetError::Overflow`] for a matrix that is not finite, on which the iteration would not end, and
/// [`SetError::NoConvergence`] after 30 iterations for each row (LAPACK's limit).
pub(super) fn symmetric_eigen(
    measure: &'static str,
    matrix: DMatrix<f64>,
) -> Result<SymmetricEigen<f64, nalgebra::Dyn>, SetError> {
    if let Some(&found) = matrix.iter().find(|value| !value.is_finite()) {
        return Err(SetError::Overflow { measure, found });
    }
    let width = matrix.nrows();
    SymmetricEigen::try_new(matrix, f64::EPSILON, 30 * width.max(1))
        .ok_or(SetError::NoConvergence { measure, width })
}
