//! Kernel Inception distance: how far apart two sets are for a polynomial kernel.

use super::error::{SetError, finite};
use super::features::{Features, check_sets};
use super::groups::{Groups, Unit};
use super::pairs::PairSums;
use super::random::{choose, stream};
use super::vectors::dot;

const MEASURE: &str = "KID";

/// The largest number of kernel values that are kept for drawing subsets of them (128 MiB). Above it each
/// subset computes its own.
const MOST_KEPT: usize = 1 << 24;

/// Small sets drawn from both sides, as the literature reports KID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subsets {
    /// Rows of each subset, drawn without replacement; at most the rows of the smaller side.
    pub size: usize,
    /// How many subsets.
    pub count: usize,
    /// The seed of the draws.
    pub seed: u64,
}

/// The mean of KID over subsets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SubsetKid {
    /// How the subsets were drawn.
    pub subsets: Subsets,
    /// The mean of their KID: an unbiased estimate of the same number as [`Kid::exact`], with added noise.
    pub mean: f64,
    /// The standard deviation of their KID (divided by the number of subsets). It says how noisy a small
    /// subset is, not how sure the mean is: subsets share rows, and rows share fields. For that use a
    /// bootstrap.
    pub sd: f64,
}

/// KID by both estimates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kid {
    /// The unbiased estimate over all pairs of rows.
    pub exact: f64,
    /// Rows of the first set and of the second.
    pub rows: [usize; 2],
    /// The estimate by subsets, where it was asked for.
    pub by_subsets: Option<SubsetKid>,
}

/// The kernel Inception distance (Binkowski et al. 2018): the unbiased estimate of the
/// squared maximum mean discrepancy with the kernel `(x.y / D + 1)^3`, where `D` is the features' dimension.
///
/// It is unbiased, so it may be below 0 for sets of one distribution, and its expectation does not depend on
/// the number of rows. It depends on the features' unit: standardise them, or take the network's own.
///
/// # Errors
///
/// [`SetError::Width`] for sets of different width, [`SetError::TooFewRows`] below 2 rows,
/// [`SetError::Outside`] for subsets that do not fit the smaller side, or for no subsets,
/// [`SetError::Overflow`] for huge features.
///
/// ```
/// use cellflux_measure::sets::{Features, kid::{Subsets, kid}};
///
/// let real = Features::new(4, 1, vec![0.0, 1.0, 2.0, 3.0])?;
/// let far = Features::new(3, 1, vec![5.0, 6.0, 7.0])?;
/// let subsets = Subsets { size: 2, count: 50, seed: 1 };
/// let result = kid(&real, &far, Some(subsets))?;
/// assert!(result.exact > 1000.0);
/// assert_eq!(result.by_subsets.unwrap().subsets, subsets);
/// # Ok::<(), cellflux_measure::sets::SetError>(())
/// ```
pub fn kid(first: &Features, second: &Features, subsets: Option<Subsets>) -> Result<Kid, SetError> {
    check_sets(MEASURE, &[first, second], 2)?;
    let rows = [first.rows(), second.rows()];
    let by_subsets = subsets
        .map(|subsets| by_subsets(first, second, subsets))
        .transpose()?;
    Ok(Kid {
        exact: exact(first, second)?,
        rows,
        by_subsets,
    })
}

/// The kernel's sums over pairs of rows, kept by pairs of groups for the replicates of a bootstrap.
///
/// ```
/// use cellflux_measure::sets::Features;
/// use cellflux_measure::sets::bootstrap::{Plan, bootstrap};
/// use cellflux_measure::sets::groups::{Groups, Unit};
/// use cellflux_measure::sets::kid::KernelSums;
///
/// let real = Features::new(6, 1, vec![0.0, 0.2, 1.0, 1.1, 2.0, 2.1])?;
/// let far = Features::new(6, 1, vec![4.0, 4.1, 5.0, 5.2, 6.0, 6.3])?;
/// let fields = Groups::of(Unit::Field, &[1, 1, 2, 2, 3, 3]);
/// let sums = KernelSums::new([&real, &far], [&fields, &fields])?;
/// let plan = Plan { replicates: 200, seed: 0 };
/// let result = bootstrap(&[&fields, &fields], plan, |draw| {
///     Ok(vec![sums.kid(draw.groups(1)?, draw.groups(2)?)?])
/// })?;
/// assert!(result.estimate(0).unwrap().low > 0.0);
/// # Ok::<(), cellflux_measure::sets::SetError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct KernelSums(PairSums);

impl KernelSums {
    /// Computes the kernel of every pair of rows once.
    ///
    /// # Errors
    ///
    /// As [`kid`], and [`SetError::Count`] where groups do not fit the rows.
    pub fn new(sets: [&Features; 2], groups: [&Groups; 2]) -> Result<Self, SetError> {
        let [first, _] = sets;
        let width = first.width() as f64;
        let kernel = |a: &[f64], b: &[f64]| {
            let base = dot(a, b) / width + 1.0;
            base * base * base
        };
        PairSums::new(MEASURE, sets, groups, kernel).map(Self)
    }

    /// KID of a bootstrap replicate, which counts each group this often. A row is not paired with its own
    /// copies.
    ///
    /// # Errors
    ///
    /// [`SetError::Count`] where there is not one count for each group, [`SetError::Overflow`] where a side
    /// has fewer than two different rows.
    pub fn kid(&self, first: &[u32], second: &[u32]) -> Result<f64, SetError> {
        let means = self.0.means(first, second)?;
        finite(
            MEASURE,
            means.first.unbiased() + means.second.unbiased() - 2.0 * means.between,
        )
    }
}

/// All pairs of rows, with each side as one group, so that only three sums are kept.
fn exact(first: &Features, second: &Features) -> Result<f64, SetError> {
    let [one, other] = [first, second].map(|set| Groups::of(Unit::Plate, &vec![0; set.rows()]));
    KernelSums::new([first, second], [&one, &other])?.kid(&[1], &[1])
}

fn by_subsets(first: &Features, second: &Features, subsets: Subsets) -> Result<SubsetKid, SetError> {
    let outside = |what, found, least, most| SetError::Outside {
        measure: MEASURE,
        what,
        found,
        least,
        most,
    };
    let most = first.rows().min(second.rows());
    if !(2..=most).contains(&subsets.size) {
        return Err(outside("the size of a subset", subsets.size, 2, most));
    }
    if subsets.count == 0 {
        return Err(outside("the number of subsets", 0, 1, usize::MAX));
    }
    let drawn = (0..subsets.count as u64).map(|number| {
        let mut numbers = stream(subsets.seed, number);
        [first.rows(), second.rows()].map(|rows| choose(&mut numbers, rows, subsets.size))
    });
    let values = if kept(first, second, subsets) {
        let cells = [first, second].map(|set| Groups::cells(set.rows()));
        let sums = KernelSums::new([first, second], cells.each_ref())?;
        drawn
            .map(|rows| kept_subset(&sums, &rows))
            .collect::<Result<Vec<_>, _>>()?
    } else {
        drawn
            .map(|[a, b]| exact(&first.select(&a)?, &second.select(&b)?))
            .collect::<Result<Vec<_>, _>>()?
    };
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    Ok(SubsetKid {
        subsets,
        mean,
        sd: (squares / count).sqrt(),
    })
}

/// Whether all kernel values are computed once: where they fit into memory and the subsets ask for more of
/// them.
fn kept(first: &Features, second: &Features, subsets: Subsets) -> bool {
    let (n, m) = (first.rows() as u128, second.rows() as u128);
    let values = n * n + n * m + m * m;
    let asked = 2 * (subsets.size as u128).pow(2) * subsets.count as u128;
    values <= MOST_KEPT as u128 && values < asked
}

fn kept_subset(sums: &KernelSums, rows: &[Vec<usize>; 2]) -> Result<f64, SetError> {
    let mut counts = sums.0.groups().map(|count| vec![0; count]);
    for (counts, rows) in counts.iter_mut().zip(rows) {
        for &row in rows {
            if let Some(count) = counts.get_mut(row) {
                *count = 1;
            }
        }
    }
    let [first, second] = counts;
    sums.kid(&first, &second)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_set() -> impl Strategy<Value = Features> {
        prop::collection::vec([-3.0f64..3.0, -3.0f64..3.0], 2..12)
            .prop_map(|rows| Features::new(rows.len(), 2, rows.concat()).unwrap())
    }

    proptest! {
        #[test]
        fn it_is_symmetric_and_knows_no_order_of_rows(a in any_set(), b in any_set()) {
            let exact = |a: &Features, b: &Features| kid(a, b, None).unwrap().exact;
            let order: Vec<usize> = (0..a.rows()).rev().collect();
            // Means of kernels of at most 10^3, added in another order.
            prop_assert!((exact(&a, &b) - exact(&b, &a)).abs() < 1e-10);
            prop_assert!((exact(&a.select(&order).unwrap(), &b) - exact(&a, &b)).abs() < 1e-10);
        }
    }

    fn set(rows: usize, shift: f64) -> Features {
        let value = |place: usize| (place * place * 7 % 31) as f64 / 10.0 + shift;
        Features::new(rows, 3, (0..3 * rows).map(value).collect()).unwrap()
    }

    #[test]
    fn kept_kernels_give_what_each_subset_would_compute() {
        let (a, b) = (set(20, 0.0), set(25, 0.5));
        let few = Subsets {
            size: 10,
            count: 4,
            seed: 9,
        };
        assert!(!kept(&a, &b, few) && kept(&a, &b, Subsets { count: 40, ..few }));
        let cells = [&a, &b].map(|set| Groups::cells(set.rows()));
        let sums = KernelSums::new([&a, &b], cells.each_ref()).unwrap();
        let rows = [
            choose(&mut stream(1, 2), 20, 10),
            choose(&mut stream(1, 3), 25, 10),
        ];
        let computed = exact(&a.select(&rows[0]).unwrap(), &b.select(&rows[1]).unwrap()).unwrap();
        // The same terms in another order.
        assert!((kept_subset(&sums, &rows).unwrap() - computed).abs() < 1e-11);
    }

    #[test]
    fn subsets_estimate_the_exact_number() {
        let (a, b) = (set(60, 0.0), set(50, 0.3));
        let result = kid(
            &a,
            &b,
            Some(Subsets {
                size: 20,
                count: 2000,
                seed: 0,
            }),
        )
        .unwrap();
        let by_subsets = result.by_subsets.unwrap();
        // Five standard errors of the mean of independent draws of subsets.
        let error = 5.0 * by_subsets.sd / 2000f64.sqrt();
        assert!((by_subsets.mean - result.exact).abs() < error, "{result:?}");
        assert!(by_subsets.sd > 0.0 && result.rows == [60, 50]);
        let whole = kid(
            &a,
            &a,
            Some(Subsets {
                size: 60,
                count: 1,
                seed: 0,
            }),
        )
        .unwrap();
        // The same terms in another order.
        assert!((whole.by_subsets.unwrap().mean - whole.exact).abs() < 1e-11);
    }

    #[test]
    fn subsets_that_cannot_be_drawn_are_refused() {
        let (a, b) = (set(6, 0.0), set(4, 0.0));
        for (size, count) in [(5, 1), (1, 1), (4, 0)] {
            let refused = kid(&a, &b, Some(Subsets { size, count, seed: 0 })).unwrap_err();
            assert!(matches!(refused, SetError::Outside { .. }), "{refused}");
        }
    }
}
