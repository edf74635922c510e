//! Principal components: the directions in which a set varies most.

use super::eigen::{covariance, symmetric_eigen};
use super::error::SetError;
use super::features::{Features, check_sets};
use super::vectors::dot;

const MEASURE: &str = "principal components";

/// Directions of largest variance, fitted on one set and applied to others.
///
/// ```
/// use cellflux_measure::sets::{Features, pca::Pca};
///
/// let control = Features::new(3, 2, vec![1.0, 1.0, 2.0, 2.0, 3.0, 3.0])?;
/// let pca = Pca::fit(&control, 1)?;
/// assert!((pca.explained()[0] - 2.0).abs() < 1e-12 && (pca.explained_share()[0] - 1.0).abs() < 1e-12);
/// let other = Features::new(1, 2, vec![3.0, 3.0])?;
/// assert!((pca.apply(&other)?.values()[0] - 2f64.sqrt()).abs() < 1e-12);
/// # Ok::<(), cellflux_measure::sets::SetError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Pca {
    mean: Vec<f64>,
    components: Features,
    explained: Vec<f64>,
    total: f64,
}

impl Pca {
    /// The first `components` directions of this set. Features of different units are standardised first.
    ///
    /// Each direction has length 1; its sign is chosen so that its value of largest size is above 0 (the
    /// first one of that size), as in scikit-learn.
    ///
    /// # Errors
    ///
    /// [`SetError::TooFewRows`] below 2 rows, [`SetError::Outside`] for no components or more than columns or
    /// rows allow, [`SetError::Overflow`] and [`SetError::NoConvergence`] for huge features.
    pub fn fit(set: &Features, components: usize) -> Result<Self, SetError> {
        check_sets(MEASURE, &[set], 2)?;
        let most = set.width().min(set.rows() - 1);
        if !(1..=most).contains(&components) {
            let what = "the number of components";
            return Err(SetError::Outside {
                measure: MEASURE,
                what,
                found: components,
                least: 1,
                most,
            });
        }
        let mean = set.mean()?;
        let covariance = covariance(set, &mean);
        let total = covariance.trace();
        let eigen = symmetric_eigen(MEASURE, covariance)?;
        let columns = eigen.eigenvectors.as_slice().chunks_exact(set.width());
        let mut directions: Vec<(f64, &[f64])> = eigen.eigenvalues.iter().copied().zip(columns).collect();
        directions.sort_by(|a, b| b.0.total_cmp(&a.0));
        directions.truncate(components);
        let explained = directions
            .iter()
            .map(|&(variance, _)| variance.max(0.0))
            .collect();
        let values = directions
            .iter()
            .flat_map(|&(_, direction)| with_sign(direction))
            .collect();
        Ok(Self {
            mean,
            components: Features::new(components, set.width(), values)?,
            explained,
            total,
        })
    }

    /// The directions, `[components, D]`.
    pub fn components(&self) -> &Features {
        &self.components
    }

    /// The variance along each direction (divided by `N - 1`), falling.
    pub fn explained(&self) -> &[f64] {
        &self.explained
    }

    /// The share of the whole variance along each direction, from 0 to 1; 0 for a set without variance.
    pub fn explained_share(&self) -> Vec<f64> {
        let share = |variance: &f64| {
            if self.total > 0.0 {
                variance / self.total
            } else {
                0.0
            }
        };
        self.explained.iter().map(share).collect()
    }

    /// The coordinates of a set along the directions, from the fitted set's mean, `[N, components]`.
    ///
    /// # Errors
    ///
    /// [`SetError::Width`] where the set has other columns than the one that was fitted, and
    /// [`SetError::NotFinite`] where a coordinate leaves the range of f64.
    pub fn apply(&self, set: &Features) -> Result<Features, SetError> {
        let (found, expected) = (set.width(), self.mean.len());
        if found != expected {
            return Err(SetError::Width {
                measure: MEASURE,
                set: 2,
                found,
                expected,
            });
        }
        let mut values = Vec::with_capacity(set.rows() * self.components.rows());
        for row in set {
            let centred: Vec<f64> = row
                .iter()
                .zip(&self.mean)
                .map(|(value, mean)| value - mean)
                .collect();
            values.extend(self.components.iter().map(|direction| dot(direction, &centred)));
        }
        Features::new(set.rows(), self.components.rows(), values)
    }
}

/// The direction or its opposite, by the rule of [`Pca::fit`].
fn with_sign(direction: &[f64]) -> Vec<f64> {
    let largest = direction.iter().fold(0.0f64, |largest, &value| {
        if value.abs() > largest.abs() {
            value
        } else {
            largest
        }
    });
    let sign = if largest < 0.0 { -1.0 } else { 1.0 };
    direction.iter().map(|value| sign * value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> Features {
        let value = |place: usize| (place * place * 5 % 29) as f64;
        Features::new(12, 4, (0..48).map(value).collect()).unwrap()
    }

    #[test]
    fn coordinates_do_not_correlate_and_have_the_explained_variance() {
        let set = set();
        let pca = Pca::fit(&set, 4).unwrap();
        let coordinates = pca.apply(&set).unwrap();
        let found = covariance(&coordinates, &coordinates.mean().unwrap());
        for (row, expected) in pca.explained().iter().enumerate() {
            for column in 0..4 {
                let expected = if row == column { *expected } else { 0.0 };
                // Roundings of the eigenvalue solver, at variances below 200.
                assert!((found[(row, column)] - expected).abs() < 1e-11);
            }
        }
        assert!(pca.explained().is_sorted_by(|a, b| a >= b));
        assert!((pca.explained_share().iter().sum::<f64>() - 1.0).abs() < 1e-13);
    }

    #[test]
    fn the_sign_follows_the_largest_value_and_not_the_data_s_order() {
        let pca = Pca::fit(&set(), 3).unwrap();
        for direction in pca.components() {
            let largest = direction
                .iter()
                .copied()
                .max_by(|a, b| a.abs().total_cmp(&b.abs()))
                .unwrap();
            assert!(largest > 0.0);
        }
        let order: Vec<usize> = (0..12).rev().collect();
        let reversed = Pca::fit(&set().select(&order).unwrap(), 3).unwrap();
        for (a, b) in pca
            .components()
            .values()
            .iter()
            .zip(reversed.components().values())
        {
            // Covariances of the same terms in another order; the eigenvalues are well apart.
            assert!((a - b).abs() < 1e-12);
        }
        assert_eq!(with_sign(&[0.5, -0.7, 0.2]), [-0.5, 0.7, -0.2]);
        assert_eq!(with_sign(&[0.5, -0.5]), [0.5, -0.5]);
    }

    #[test]
    fn components_that_are_not_there_are_refused() {
        for components in [0, 5] {
            assert!(matches!(
                Pca::fit(&set(), components),
                Err(SetError::Outside { most: 4, .. })
            ));
        }
        let few = set().select(&[0, 1, 2]).unwrap();
        assert!(matches!(
            Pca::fit(&few, 3),
            Err(SetError::Outside { most: 2, .. })
        ));
        let narrow = Features::new(1, 1, vec![0.0]).unwrap();
        assert!(matches!(
            Pca::fit(&set(), 1).unwrap().apply(&narrow),
            Err(SetError::Width { .. })
        ));
    }
}
