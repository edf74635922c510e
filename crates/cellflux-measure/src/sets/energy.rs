//! Energy distance: how far apart two distributions of many features are, with no kernel to choose.

use super::error::{SetError, finite};
use super::features::Features;
use super::groups::{Groups, Unit};
use super::pairs::{PairMeans, PairSums};
use super::vectors::distance;

const MEASURE: &str = "energy distance";

/// The squared energy distance of two sets by both of its estimates, in the unit of the features.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Energy {
    /// The U-statistic: means over pairs of different rows. Its expectation is the distance of the
    /// distributions, whatever the number of rows, so it may be below 0 where they are equal.
    pub unbiased: f64,
    /// The V-statistic: means over all pairs, a row with itself included. It is the distance of the two
    /// finite sets: at least 0, 0 for equal sets, and too large on average, by a share that falls as the rows
    /// get more.
    pub of_sets: f64,
}

impl Energy {
    fn from_means(means: PairMeans) -> Result<Self, SetError> {
        let across = 2.0 * means.between;
        let unbiased = across - means.first.unbiased() - means.second.unbiased();
        let of_sets = across - means.first.with_itself_as_0() - means.second.with_itself_as_0();
        // The V-statistic can be below 0 only by rounding.
        Ok(Self {
            unbiased: finite(MEASURE, unbiased)?,
            of_sets: finite(MEASURE, of_sets)?.max(0.0),
        })
    }
}

/// The squared energy distance (Szekely and Rizzo 2013) in the Euclidean norm:
/// `2 E|X - Y| - E|X - X'| - E|Y - Y'|`. For one feature, `of_sets` is the square of
/// `scipy.stats.energy_distance`.
///
/// # Errors
///
/// [`SetError::Width`] for sets of different width, [`SetError::TooFewRows`] below 2 rows, and
/// [`SetError::Overflow`] for huge features.
///
/// ```
/// use cellflux_measure::sets::{Features, energy::energy};
///
/// let real = Features::new(2, 2, vec![0.0, 0.0, 3.0, 4.0])?;
/// assert_eq!(energy(&real, &real)?.of_sets, 0.0);
/// assert_eq!(energy(&real, &real)?.unbiased, -5.0);
/// # Ok::<(), cellflux_measure::sets::SetError>(())
/// ```
pub fn energy(first: &Features, second: &Features) -> Result<Energy, SetError> {
    let [one, other] = [first, second].map(|set| Groups::of(Unit::Plate, &vec![0; set.rows()]));
    DistanceSums::new([first, second], [&one, &other])?.energy(&[1], &[1])
}

/// The sums of distances over pairs of rows, kept by pairs of groups for the replicates of a bootstrap, as
/// [`KernelSums`](super::kid::KernelSums) keeps those of KID.
#[derive(Clone, Debug, PartialEq)]
pub struct DistanceSums(PairSums);

impl DistanceSums {
    /// Computes the distance of every pair of rows once.
    ///
    /// # Errors
    ///
    /// As [`energy`], and [`SetError::Count`] where groups do not fit the rows.
    pub fn new(sets: [&Features; 2], groups: [&Groups; 2]) -> Result<Self, SetError> {
        PairSums::new(MEASURE, sets, groups, distance).map(Self)
    }

    /// The energy distance of a bootstrap replicate, which counts each group this often. For the unbiased
    /// estimate a row is not paired with its own copies.
    ///
    /// # Errors
    ///
    /// [`SetError::Count`] where there is not one count for each group, [`SetError::Overflow`] where a side
    /// has fewer than two different rows.
    pub fn energy(&self, first: &[u32], second: &[u32]) -> Result<Energy, SetError> {
        Energy::from_means(self.0.means(first, second)?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set() -> impl Strategy<Value = Features> {
        prop::collection::vec([-3.0f64..3.0, -3.0f64..3.0], 2..12)
            .prop_map(|rows| Features::new(rows.len(), 2, rows.concat()).unwrap())
    }

    proptest! {
        #[test]
        fn it_is_a_distance_of_sets_that_knows_no_order_of_rows(a in set(), b in set()) {
            let found = energy(&a, &b).unwrap();
            let back = energy(&b, &a).unwrap();
            let order: Vec<usize> = (0..a.rows()).rev().collect();
            let reversed = energy(&a.select(&order).unwrap(), &b).unwrap();
            prop_assert!(found.of_sets >= 0.0);
            for other in [back, reversed] {
                // A sum of at most 144 distances below 9, in another order.
                prop_assert!((other.of_sets - found.of_sets).abs() < 1e-12);
                prop_assert!((other.unbiased - found.unbiased).abs() < 1e-12);
            }
            prop_assert!(energy(&a, &a).unwrap().of_sets < 1e-12);
        }
    }

    #[test]
    fn sets_without_a_pair_or_of_other_features_are_refused() {
        let pair = Features::new(2, 1, vec![0.0, 1.0]).unwrap();
        let one = Features::new(1, 1, vec![0.0]).unwrap();
        let wide = Features::new(2, 2, vec![0.0; 4]).unwrap();
        assert!(matches!(
            energy(&pair, &one),
            Err(SetError::TooFewRows { set: 2, .. })
        ));
        assert!(matches!(
            energy(&pair, &wide),
            Err(SetError::Width {
                found: 2,
                expected: 1,
                ..
            })
        ));
        let huge = Features::new(2, 1, vec![f64::MAX, f64::MIN]).unwrap();
        assert!(matches!(energy(&huge, &pair), Err(SetError::Overflow { .. })));
    }
}
