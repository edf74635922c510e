//! How far the values of one measure must be moved to turn one set into the other.

use std::cmp::Ordering;
use std::iter::Peekable;

use super::error::{SetError, finite};
use super::features::{Features, check_counts};

const MEASURE: &str = "Wasserstein-1 distance";

/// The values of one measure in rising order, sorted once for many distances.
#[derive(Clone, Debug, PartialEq)]
pub struct Sorted {
    values: Vec<(f64, usize)>,
}

impl Sorted {
    /// Sorts the values of one measure, one for each crop.
    ///
    /// # Errors
    ///
    /// [`SetError::TooFewRows`] without a value, [`SetError::NotFinite`] for a NaN or an infinity.
    pub fn new(values: &[f64]) -> Result<Self, SetError> {
        if values.is_empty() {
            return Err(SetError::TooFewRows {
                measure: MEASURE,
                set: 1,
                found: 0,
                needed: 1,
            });
        }
        if let Some((row, &found)) = values.iter().enumerate().find(|(_, value)| !value.is_finite()) {
            return Err(SetError::NotFinite {
                row,
                column: 0,
                found,
            });
        }
        let mut values: Vec<_> = values.iter().copied().zip(0..).collect();
        values.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok(Self { values })
    }

    /// Each column of a set.
    ///
    /// # Errors
    ///
    /// [`SetError::TooFewRows`] for a set without a row.
    pub fn columns(set: &Features) -> Result<Vec<Self>, SetError> {
        (0..set.width())
            .filter_map(|column| set.column(column))
            .map(|values| Self::new(&values))
            .collect()
    }

    /// How many values there are.
    pub fn rows(&self) -> usize {
        self.values.len()
    }

    /// The distance to other values of the same measure, as [`wasserstein1`].
    ///
    /// # Errors
    ///
    /// [`SetError::Overflow`] for values so far apart that f64 cannot hold the difference.
    pub fn distance(&self, other: &Self) -> Result<f64, SetError> {
        area(
            self.values.iter().map(|&(value, _)| (value, 1)),
            other.values.iter().map(|&(value, _)| (value, 1)),
        )
    }

    /// The distance with each value counted as often as `counts` says for its row, and the same for the other
    /// side: the distance of a bootstrap replicate, in time proportional to the rows.
    ///
    /// # Errors
    ///
    /// [`SetError::Count`] where there is not one count for each row, [`SetError::TooFewRows`] where all
    /// counts of a side are 0, and as [`distance`](Self::distance).
    pub fn weighted_distance(&self, counts: &[u32], other: &Self, others: &[u32]) -> Result<f64, SetError> {
        check_counts(MEASURE, counts, self.rows())?;
        check_counts(MEASURE, others, other.rows())?;
        area(self.weighted(counts), other.weighted(others))
    }

    fn weighted<'a>(&'a self, counts: &'a [u32]) -> impl Iterator<Item = (f64, u32)> + Clone + 'a {
        let weight = move |&(value, row): &(f64, usize)| (value, counts.get(row).copied().unwrap_or(0));
        self.values.iter().map(weight).filter(|&(_, count)| count > 0)
    }
}

/// The Wasserstein-1 (earth mover's) distance of two samples of one measure, in the measure's unit: the area
/// between their cumulative distributions. The samples may differ in size; equal to
/// `scipy.stats.wasserstein_distance`.
///
/// The distance of two finite samples of the same distribution is above 0: compare it with the distance of
/// real crops from other real crops.
///
/// # Errors
///
/// [`SetError::TooFewRows`] for an empty sample, [`SetError::NotFinite`] for a NaN or an infinity, and
/// [`SetError::Overflow`] for values so far apart that f64 cannot hold the difference.
///
/// ```
/// use cellflux_measure::sets::wasserstein::wasserstein1;
///
/// // Half of the mass moves from 0 to 1.
/// assert_eq!(wasserstein1(&[0.0], &[1.0, 0.0])?, 0.5);
/// # Ok::<(), cellflux_measure::sets::SetError>(())
/// ```
pub fn wasserstein1(first: &[f64], second: &[f64]) -> Result<f64, SetError> {
    Sorted::new(first)?.distance(&Sorted::new(second)?)
}

/// The area between two cumulative distributions of rising values with counts. The difference of the two
/// shares is a whole number over the product of the totals, so no rounding gathers in it.
fn area<A, B>(first: A, second: B) -> Result<f64, SetError>
where
    A: Iterator<Item = (f64, u32)> + Clone,
    B: Iterator<Item = (f64, u32)> + Clone,
{
    let totals = [total(first.clone()), total(second.clone())];
    for (set, total) in (1..).zip(totals) {
        if total == 0 {
            return Err(SetError::TooFewRows {
                measure: MEASURE,
                set,
                found: 0,
                needed: 1,
            });
        }
    }
    let [total_first, total_second] = totals;
    let (mut first, mut second) = (first.peekable(), second.peekable());
    let (mut seen_first, mut seen_second) = (0u64, 0u64);
    let mut before = None;
    let mut sum = 0.0;
    while let Some((value, of_first, of_second)) = next(&mut first, &mut second) {
        let apart = (seen_first * total_second).abs_diff(seen_second * total_first);
        sum += before.map_or(0.0, |before| apart as f64 * (value - before));
        seen_first += of_first;
        seen_second += of_second;
        before = Some(value);
    }
    finite(MEASURE, sum / (total_first * total_second) as f64)
}

fn total(values: impl Iterator<Item = (f64, u32)>) -> u64 {
    values.map(|(_, count)| u64::from(count)).sum()
}

/// The smallest value that is left, with its count on each side.
fn next<A, B>(first: &mut Peekable<A>, second: &mut Peekable<B>) -> Option<(f64, u64, u64)>
where
    A: Iterator<Item = (f64, u32)>,
    B: Iterator<Item = (f64, u32)>,
{
    let order = match (first.peek(), second.peek()) {
        (Some(a), Some(b)) => a.0.total_cmp(&b.0),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => return None,
    };
    if order.is_le() {
        first.next().map(|(value, count)| (value, u64::from(count), 0))
    } else {
        second.next().map(|(value, count)| (value, 0, u64::from(count)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample() -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec(-5.0f64..5.0, 1..20)
    }

    proptest! {
        #[test]
        fn it_is_a_distance_that_knows_no_order_of_rows(a in sample(), b in sample(), c in sample()) {
            let ab = wasserstein1(&a, &b).unwrap();
            let reversed: Vec<f64> = a.iter().rev().copied().collect();
            prop_assert!(ab >= 0.0);
            // The counts are whole numbers, so that even the bits are equal.
            prop_assert_eq!(ab.to_bits(), wasserstein1(&b, &a).unwrap().to_bits());
            prop_assert_eq!(ab.to_bits(), wasserstein1(&reversed, &b).unwrap().to_bits());
            prop_assert_eq!(wasserstein1(&a, &a).unwrap().to_bits(), 0);
            // A few dozen roundings of numbers below 10.
            let detour = ab + wasserstein1(&b, &c).unwrap();
            prop_assert!(wasserstein1(&a, &c).unwrap() <= detour + 1e-12);
        }

        #[test]
        fn a_shift_moves_all_mass(a in sample(), shift in -3.0f64..3.0) {
            let moved: Vec<f64> = a.iter().map(|value| value + shift).collect();
            // As above.
            prop_assert!((wasserstein1(&a, &moved).unwrap() - shift.abs()).abs() < 1e-12);
        }

        #[test]
        fn counting_a_row_twice_is_having_it_twice(
            a in prop::collection::vec((-5.0f64..5.0, 0u32..4), 1..20),
            b in sample(),
        ) {
            let (values, mut counts): (Vec<f64>, Vec<u32>) = a.into_iter().unzip();
            counts[0] += 1;
            let repeated: Vec<f64> =
                values.iter().zip(&counts).flat_map(|(&value, &count)| vec![value; count as usize]).collect();
            let others = vec![3; b.len()];
            let (first, second) = (Sorted::new(&values).unwrap(), Sorted::new(&b).unwrap());
            let weighted = first.weighted_distance(&counts, &second, &others).unwrap();
            // Sums of the same terms in another grouping.
            prop_assert!((weighted - wasserstein1(&repeated, &b).unwrap()).abs() < 1e-12);
        }
    }

    #[test]
    fn samples_that_are_none_are_refused() {
        assert!(matches!(
            wasserstein1(&[], &[1.0]),
            Err(SetError::TooFewRows { .. })
        ));
        assert!(matches!(
            wasserstein1(&[0.0, f64::NAN], &[1.0]),
            Err(SetError::NotFinite { row: 1, .. })
        ));
        assert!(matches!(
            wasserstein1(&[-f64::MAX], &[f64::MAX]),
            Err(SetError::Overflow { .. })
        ));
        let sorted = Sorted::new(&[0.0, 1.0]).unwrap();
        assert!(matches!(
            sorted.weighted_distance(&[1], &sorted, &[1, 1]),
            Err(SetError::Count { .. })
        ));
        let nothing = sorted.weighted_distance(&[1, 1], &sorted, &[0, 0]);
        assert!(matches!(nothing, Err(SetError::TooFewRows { set: 2, .. })));
    }
}
