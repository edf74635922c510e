//! The mean of a measure over some cells, and how sure it is.

use super::bootstrap::{Plan, bootstrap};
use super::error::SetError;
use super::groups::Groups;
use super::interval::Interval;

/// Replicates of the bootstrap.
const REPLICATES: usize = 1000;
/// Its seed, so that the same cells always have the same interval.
const SEED: u64 = 1;

/// A mean over cells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    /// How many cells.
    pub cells: usize,
    /// Their mean.
    pub value: f64,
    /// The 95 % interval of the mean, by the bootstrap over cells; `None` for a single cell. Of few cells it
    /// is too short to rely on: of five it covers about 85 % where it says 95 %
    /// ([`super::groups::FEWEST_FIELDS`]). Cells are taken as independent, which those of one field of view
    /// are not: the interval is then too short as well.
    pub interval: Option<Interval>,
}

impl Mean {
    /// The mean of these values, one for each cell; `None` without a value.
    ///
    /// # Errors
    /// [`SetError::Replicate`] for values that are not finite.
    ///
    /// ```
    /// use cellflux_measure::sets::mean::Mean;
    ///
    /// let mean = Mean::of(&[1.0, 2.0, 3.0])?.unwrap();
    /// assert_eq!((mean.cells, mean.value), (3, 2.0));
    /// assert!(mean.interval.unwrap().contains(2.0));
    /// # Ok::<(), cellflux_measure::sets::SetError>(())
    /// ```
    pub fn of(values: &[f64]) -> Result<Option<Self>, SetError> {
        let cells = values.len();
        let [first, others @ ..] = values else {
            return Ok(None);
        };
        if others.is_empty() {
            return Ok(Some(Self {
                cells,
                value: *first,
                interval: None,
            }));
        }
        let groups = Groups::cells(cells);
        let plan = Plan {
            replicates: REPLICATES,
            seed: SEED,
        };
        let replicates = bootstrap(&[&groups], plan, |draw| {
            let counts = draw.rows(1)?;
            let drawn = values.iter().zip(counts);
            let sum: f64 = drawn.map(|(value, count)| value * f64::from(count)).sum();
            Ok(vec![sum / cells as f64])
        })?;
        Ok(replicates.estimate(0).map(|estimate| Self {
            cells,
            value: estimate.value,
            interval: Some(estimate.interval()),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_cell_has_no_interval_and_none_no_mean() {
        assert_eq!(Mean::of(&[]), Ok(None));
        let one = Mean::of(&[4.5]).unwrap().unwrap();
        assert_eq!((one.cells, one.value, one.interval), (1, 4.5, None));
    }

    #[test]
    fn the_interval_holds_the_mean_within_the_values_and_is_the_same_each_time() {
        let values = [3.0, 9.0, 4.0, 8.0, 5.0, 7.0];
        let mean = Mean::of(&values).unwrap().unwrap();
        let interval = mean.interval.unwrap();
        assert_eq!(mean.value.to_bits(), 6f64.to_bits());
        assert!(3.0 < interval.low && interval.low < 6.0 && 6.0 < interval.high && interval.high < 9.0);
        assert_eq!(Mean::of(&values).unwrap().unwrap(), mean);
        let equal = Mean::of(&[2.0; 4]).unwrap().unwrap().interval.unwrap();
        assert_eq!((equal.low, equal.high), (2.0, 2.0));
    }

    #[test]
    fn what_is_not_finite_is_refused() {
        assert!(matches!(
            Mean::of(&[1.0, f64::INFINITY]),
            Err(SetError::Replicate { .. })
        ));
    }
}
