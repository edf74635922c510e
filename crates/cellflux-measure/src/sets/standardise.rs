//! Features in units of one set's spread, so that no feature counts more only because of its unit.

use super::error::SetError;
use super::features::{Features, check_sets};

/// Mean and standard deviation of each column of one set, to be applied to others.
///
/// The standard deviation divides by `N`, as scikit-learn's `StandardScaler` does. A column that is constant
/// in the set has no spread to divide by and is left out of every set that is standardised; see
/// [`dropped`](Self::dropped).
///
/// ```
/// use cellflux_measure::sets::{Features, standardise::Standardiser};
///
/// let control = Features::new(2, 2, vec![1.0, 7.0, 3.0, 7.0])?;
/// let standardiser = Standardiser::fit(&control)?;
/// assert_eq!(standardiser.apply(&control)?.values(), [-1.0, 1.0]);
/// assert_eq!(standardiser.dropped(), [1]);
/// # Ok::<(), cellflux_measure::sets::SetError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Standardiser {
    columns: Vec<Option<Scale>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Scale {
    mean: f64,
    sd: f64,
}

impl Standardiser {
    /// Takes mean and standard deviation from this set, usually the real control crops.
    ///
    /// # Errors
    ///
    /// [`SetError::TooFewRows`] below 2 rows, [`SetError::AllConstant`] where no column varies.
    pub fn fit(set: &Features) -> Result<Self, SetError> {
        check_sets("standardisation", &[set], 2)?;
        let columns: Vec<_> = set
            .mean()?
            .into_iter()
            .enumerate()
            .map(|at| scale(set, at))
            .collect();
        if columns.iter().all(Option::is_none) {
            return Err(SetError::AllConstant { width: set.width() });
        }
        Ok(Self { columns })
    }

    /// The columns that were constant, from 0, rising.
    pub fn dropped(&self) -> Vec<usize> {
        self.columns
            .iter()
            .enumerate()
            .filter(|(_, column)| column.is_none())
            .map(|(at, _)| at)
            .collect()
    }

    /// `(x - mean) / sd` for each column that is kept.
    ///
    /// # Errors
    ///
    /// [`SetError::Width`] where the set has other columns than the one that was fitted, and
    /// [`SetError::NotFinite`] where a quotient leaves the range of f64.
    pub fn apply(&self, set: &Features) -> Result<Features, SetError> {
        let (found, expected) = (set.width(), self.columns.len());
        if found != expected {
            return Err(SetError::Width {
                measure: "standardisation",
                set: 2,
                found,
                expected,
            });
        }
        let mut values = Vec::with_capacity(set.values().len());
        for row in set {
            let kept = row
                .iter()
                .zip(&self.columns)
                .filter_map(|(value, column)| Some((value, (*column)?)));
            values.extend(kept.map(|(value, scale)| (value - scale.mean) / scale.sd));
        }
        let kept = self.columns.iter().flatten().count();
        Features::new(set.rows(), kept, values)
    }
}

/// Nothing for a constant column. Its values are compared with each other: their standard deviation may
/// differ from 0, since the mean is rounded.
fn scale(set: &Features, (column, mean): (usize, f64)) -> Option<Scale> {
    let values = set.column(column)?;
    let first = *values.first()?;
    if values.iter().all(|value| value.total_cmp(&first).is_eq()) {
        return None;
    }
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    let sd = (squares / values.len() as f64).sqrt();
    (sd > 0.0).then_some(Scale { mean, sd })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fitted_set_has_mean_0_and_spread_1_and_others_are_measured_by_it() {
        let control = Features::new(4, 2, vec![1.0, 10.0, 2.0, 30.0, 4.0, 20.0, 5.0, 60.0]).unwrap();
        let standardiser = Standardiser::fit(&control).unwrap();
        let standard = standardiser.apply(&control).unwrap();
        for column in [0, 1] {
            let values = standard.column(column).unwrap();
            let mean: f64 = values.iter().sum::<f64>() / 4.0;
            let square: f64 = values.iter().map(|value| value * value).sum::<f64>() / 4.0;
            // A few roundings of numbers near 1.
            assert!(mean.abs() < 1e-14 && (square - 1.0).abs() < 1e-14);
        }
        let other = Features::new(1, 2, vec![3.0, 30.0]).unwrap();
        assert_eq!(standardiser.apply(&other).unwrap().values(), [0.0, 0.0]);
    }

    #[test]
    fn constant_columns_are_left_out_even_where_their_mean_is_rounded() {
        let values = (0..3).flat_map(|row| [0.1, f64::from(row), 0.7]).collect();
        let standardiser = Standardiser::fit(&Features::new(3, 3, values).unwrap()).unwrap();
        assert_eq!(standardiser.dropped(), [0, 2]);
        let constant = Features::new(3, 1, vec![0.1; 3]).unwrap();
        assert_eq!(
            Standardiser::fit(&constant),
            Err(SetError::AllConstant { width: 1 })
        );
        let narrow = Features::new(1, 1, vec![0.0]).unwrap();
        assert!(matches!(
            standardiser.apply(&narrow),
            Err(SetError::Width {
                found: 1,
                expected: 3,
                ..
            })
        ));
        assert!(matches!(
            Standardiser::fit(&narrow),
            Err(SetError::TooFewRows { needed: 2, .. })
        ));
    }
}
