//! Fréchet distance: how far apart two sets are, each taken as a normal distribution.

use nalgebra::DMatrix;

use super::eigen::{covariance, symmetric_eigen, transposed_product};
use super::error::{SetError, finite};
use super::features::{Features, check_sets};

const MEASURE: &str = "Fréchet distance";

/// The squared Fréchet distance of two sets (Heusel et al. 2017; on Inception features it is the
/// FID): `|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2))` with means `m` and covariances `S`, which divide
/// by `N - 1`.
///
/// It depends on the number of rows, as the covariances do: compare only values of equally large sets, and
/// show beside them how far real crops are from other real crops. Where features are not distributed
/// normally, sets that differ may have distance 0.
///
/// # Errors
///
/// [`SetError::FrechetRows`] where a set has fewer rows than features; [`SetError::Width`] for sets of
/// different width, [`SetError::TooFewRows`] below 2 rows, [`SetError::Overflow`] and
/// [`SetError::NoConvergence`] for huge features.
///
/// ```
/// use cellflux_measure::sets::{Features, frechet::frechet};
///
/// let real = Features::new(3, 1, vec![1.0, 2.0, 3.0])?;
/// let wider = Features::new(3, 1, vec![2.0, 4.0, 6.0])?;
/// // Means 2 and 4, standard deviations 1 and 2.
/// assert!((frechet(&real, &wider)? - 5.0).abs() < 1e-12);
///
/// let few = Features::new(2, 3, vec![0.0; 6])?;
/// let refused = frechet(&few, &few).unwrap_err().to_string();
/// assert!(refused.contains("n = 2 rows of dimension 3"));
/// # Ok::<(), cellflux_measure::sets::SetError>(())
/// ```
pub fn frechet(first: &Features, second: &Features) -> Result<f64, SetError> {
    check_sets(MEASURE, &[first, second], 2)?;
    for (set, features) in [(1, first), (2, second)] {
        let (rows, width) = (features.rows(), features.width());
        if rows < width {
            return Err(SetError::FrechetRows { set, rows, width });
        }
    }
    let (mean_first, mean_second) = (first.mean()?, second.mean()?);
    let (of_first, of_second) = (covariance(first, &mean_first), covariance(second, &mean_second));
    let means: f64 = mean_first
        .iter()
        .zip(&mean_second)
        .map(|(a, b)| (a - b) * (a - b))
        .sum();
    let spreads = of_first.trace() + of_second.trace();
    let distance = means + spreads - 2.0 * trace_of_root(of_first, &of_second)?;
    // Below 0 by rounding alone.
    Ok(finite(MEASURE, distance)?.max(0.0))
}

/// `tr((S1 S2)^(1/2))`. With `S1 = V L V^T`, the product `S1 S2` has the eigenvalues of the symmetric matrix
/// `L^(1/2) V^T S2 V L^(1/2)`, which is `S1^(1/2) S2 S1^(1/2)` seen in the basis `V`: they are real and at
/// least 0, and no root of a matrix that is not symmetric is needed.
fn trace_of_root(first: DMatrix<f64>, second: &DMatrix<f64>) -> Result<f64, SetError> {
    let eigen = symmetric_eigen(MEASURE, first)?;
    let mut root = eigen.eigenvectors;
    for (mut column, &value) in root.column_iter_mut().zip(&eigen.eigenvalues) {
        column *= value.max(0.0).sqrt();
    }
    let half = transposed_product(second, &root);
    let product = transposed_product(&root, &half);
    // Both halves are equal except for rounding, and the solver would read only one of them.
    let symmetric = (&product + product.transpose()) / 2.0;
    Ok(symmetric_eigen(MEASURE, symmetric)?
        .eigenvalues
        .iter()
        .map(|value| value.max(0.0).sqrt())
        .sum())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set() -> impl Strategy<Value = Features> {
        prop::collection::vec([-3.0f64..3.0, -3.0f64..3.0, -3.0f64..3.0], 6..14)
            .prop_map(|rows| Features::new(rows.len(), 3, rows.concat()).unwrap())
    }

    proptest! {
        #[test]
        fn it_is_symmetric_and_knows_no_order_of_rows(a in set(), b in set(), shift in -2.0f64..2.0) {
            let found = frechet(&a, &b).unwrap();
            let order: Vec<usize> = (0..a.rows()).rev().collect();
            // The root of an eigenvalue that is 0 except for rounding is wrong by about 1e-8 of the largest,
            // 9.
            let tolerance = 1e-6;
            prop_assert!(found >= 0.0);
            prop_assert!((frechet(&b, &a).unwrap() - found).abs() < tolerance);
            prop_assert!((frechet(&a.select(&order).unwrap(), &b).unwrap() - found).abs() < tolerance);
            prop_assert!(frechet(&a, &a).unwrap() < tolerance);
            let moved = a.values().iter().map(|value| value + shift).collect();
            let moved = Features::new(a.rows(), 3, moved).unwrap();
            prop_assert!((frechet(&a, &moved).unwrap() - 3.0 * shift * shift).abs() < tolerance);
        }
    }

    #[test]
    fn fewer_rows_than_features_on_either_side_are_refused_with_the_way_on() {
        let values = |rows: usize| (0..rows * 4).map(|place| (place * place % 13) as f64).collect();
        let set = |rows| Features::new(rows, 4, values(rows)).unwrap();
        assert!(frechet(&set(4), &set(5)).is_ok());
        let refused = frechet(&set(4), &set(3)).unwrap_err();
        assert_eq!(
            refused,
            SetError::FrechetRows {
                set: 2,
                rows: 3,
                width: 4
            }
        );
        assert!(refused.to_string().contains("use KID or the energy distance"));
        assert!(matches!(
            frechet(&set(3), &set(4)),
            Err(SetError::FrechetRows { set: 1, .. })
        ));
    }

    #[test]
    fn covariances_beyond_f64_are_refused_and_do_not_run_for_ever() {
        let huge = Features::new(3, 2, vec![1e200, 0.0, -1e200, 1e200, 0.0, -1e200]).unwrap();
        assert!(matches!(frechet(&huge, &huge), Err(SetError::Overflow { .. })));
    }
}
