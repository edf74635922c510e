//! Precision, recall, density and coverage: whether generated crops look real, and whether they are as
//! diverse.

use super::error::SetError;
use super::features::{Features, check_counts, check_sets};
use super::vectors::distance;

const MEASURE: &str = "precision and recall";

/// The four numbers for one number of neighbours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prdc {
    /// The number of neighbours.
    pub k: usize,
    /// The share of generated crops inside the ball of a real crop, from 0 to 1.
    pub precision: f64,
    /// The share of real crops inside the ball of a generated crop, from 0 to 1.
    pub recall: f64,
    /// The average number of real crops' balls in which a generated crop lies, divided by `k`; at least 0,
    /// about 1 for sets of one distribution, and above 1 where generated crops crowd together where real
    /// crops are dense.
    pub density: f64,
    /// The share of real crops with a generated crop in their ball, from 0 to 1; about `1 - 1 / 2^k` for
    /// equally large sets of one distribution.
    pub coverage: f64,
}

/// Precision and recall (Kynkäänniemi et al. 2019), density and coverage (Naeem et al. 2020), with the
/// arithmetic of the latter's `prdc` package. The ball of a crop reaches to its `k`th nearest neighbour in
/// its own set and does not include its edge.
///
/// The four depend on the numbers of rows and on `k`: compare only values for the same numbers. `k` of 5 is
/// usual.
///
/// # Errors
///
/// [`SetError::Width`] for sets of different width, [`SetError::TooFewRows`] below 2 rows,
/// [`SetError::Outside`] for a `k` that is 0 or not below the rows of each set, [`SetError::Overflow`] for
/// huge features.
///
/// ```
/// use cellflux_measure::sets::{Features, prdc::prdc};
///
/// let real = Features::new(4, 1, vec![0.0, 1.0, 2.0, 3.0])?;
/// let one_mode = Features::new(4, 1, vec![0.0, 0.1, 0.2, 0.3])?;
/// let result = prdc(&real, &one_mode, 1)?;
/// assert_eq!((result.k, result.precision, result.recall), (1, 1.0, 0.25));
/// # Ok::<(), cellflux_measure::sets::SetError>(())
/// ```
pub fn prdc(real: &Features, generated: &Features, k: usize) -> Result<Prdc, SetError> {
    let near = Neighbourhoods::new(real, generated, k)?;
    near.weighted(&vec![1; real.rows()], &vec![1; generated.rows()])
}

/// Which crops lie in whose balls, kept for the replicates of a bootstrap.
///
/// A replicate counts the rows over which a share is taken and leaves the balls of the other side as they
/// are: a row drawn twice would be its own nearest neighbour at distance 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Neighbourhoods {
    k: usize,
    /// For each generated crop the balls of real crops that hold it.
    in_balls: Vec<u32>,
    /// For each real crop whether a generated crop's ball holds it.
    recalled: Vec<bool>,
    /// For each real crop whether its ball holds a generated crop.
    covered: Vec<bool>,
}

impl Neighbourhoods {
    /// Finds the neighbourhoods of two sets.
    ///
    /// # Errors
    ///
    /// As [`prdc`].
    pub fn new(real: &Features, generated: &Features, k: usize) -> Result<Self, SetError> {
        check_sets(MEASURE, &[real, generated], 2)?;
        let most = real.rows().min(generated.rows()) - 1;
        if !(1..=most).contains(&k) {
            return Err(SetError::Outside {
                measure: MEASURE,
                what: "k",
                found: k,
                least: 1,
                most,
            });
        }
        let (real_radii, generated_radii) = (radii(real, k)?, radii(generated, k)?);
        let mut in_balls = vec![0u32; generated.rows()];
        let (mut recalled, mut covered) = (Vec::new(), Vec::new());
        for (row, &radius) in real.iter().zip(&real_radii) {
            let (mut inside_any, mut holds_any) = (false, false);
            for ((other, &other_radius), balls) in generated.iter().zip(&generated_radii).zip(&mut in_balls) {
                let apart = distance(row, other);
                let holds = apart < radius;
                *balls += u32::from(holds);
                holds_any |= holds;
                inside_any |= apart < other_radius;
            }
            recalled.push(inside_any);
            covered.push(holds_any);
        }
        Ok(Self {
            k,
            in_balls,
            recalled,
            covered,
        })
    }

    /// The four numbers with each row counted this often: precision and density are means over generated
    /// crops, recall and coverage over real ones.
    ///
    /// # Errors
    ///
    /// [`SetError::Count`] where there is not one count for each row, [`SetError::TooFewRows`] where all
    /// counts of a side are 0.
    pub fn weighted(&self, real: &[u32], generated: &[u32]) -> Result<Prdc, SetError> {
        check_counts(MEASURE, real, self.recalled.len())?;
        check_counts(MEASURE, generated, self.in_balls.len())?;
        let share = |set, counts: &[u32], values: &mut dyn Iterator<Item = f64>| {
            let (mut sum, mut total) = (0.0, 0.0);
            for (value, &count) in values.zip(counts) {
                sum += value * f64::from(count);
                total += f64::from(count);
            }
            if total > 0.0 {
                Ok(sum / total)
            } else {
                Err(SetError::TooFewRows {
                    measure: MEASURE,
                    set,
                    found: 0,
                    needed: 1,
                })
            }
        };
        let one = |holds: bool| f64::from(u8::from(holds));
        let balls = || self.in_balls.iter();
        Ok(Prdc {
            k: self.k,
            precision: share(2, generated, &mut balls().map(|&balls| one(balls > 0)))?,
            recall: share(1, real, &mut self.recalled.iter().map(|&holds| one(holds)))?,
            density: share(2, generated, &mut balls().map(|&balls| f64::from(balls)))? / self.k as f64,
            coverage: share(1, real, &mut self.covered.iter().map(|&holds| one(holds)))?,
        })
    }
}

/// The distance of each row to its `k`th nearest other row.
fn radii(set: &Features, k: usize) -> Result<Vec<f64>, SetError> {
    let radius = |row: &[f64]| {
        let mut distances: Vec<f64> = set.iter().map(|other| distance(row, other)).collect();
        // The row itself is at distance 0 and comes first.
        let (_, &mut radius, _) = distances.select_nth_unstable_by(k, f64::total_cmp);
        if radius.is_finite() {
            Ok(radius)
        } else {
            Err(SetError::Overflow {
                measure: MEASURE,
                found: radius,
            })
        }
    };
    set.iter().map(radius).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set() -> impl Strategy<Value = Features> {
        prop::collection::vec([-3.0f64..3.0, -3.0f64..3.0], 4..20)
            .prop_map(|rows| Features::new(rows.len(), 2, rows.concat()).unwrap())
    }

    proptest! {
        #[test]
        fn shares_stay_in_range_and_know_no_order_of_rows(a in set(), b in set(), k in 1usize..4) {
            let found = prdc(&a, &b, k).unwrap();
            for share in [found.precision, found.recall, found.coverage] {
                prop_assert!((0.0..=1.0).contains(&share));
            }
            prop_assert!(found.density >= 0.0 && found.coverage <= 1.0);
            let order: Vec<usize> = (0..a.rows()).rev().collect();
            prop_assert_eq!(prdc(&a.select(&order).unwrap(), &b, k).unwrap(), found);
            // Precision of one set is recall of the other.
            let back = prdc(&b, &a, k).unwrap();
            prop_assert_eq!((back.precision, back.recall), (found.recall, found.precision));
        }

        #[test]
        fn a_set_is_as_good_as_itself(a in set()) {
            let found = prdc(&a, &a, 3).unwrap();
            prop_assert_eq!((found.precision, found.recall, found.coverage), (1.0, 1.0, 1.0));
        }
    }

    #[test]
    fn neighbours_that_are_not_there_are_refused() {
        let (three, four) = (
            Features::new(3, 1, vec![0.0, 1.0, 2.0]),
            Features::new(4, 1, vec![0.0; 4]),
        );
        let (three, four) = (three.unwrap(), four.unwrap());
        for k in [0, 3] {
            assert!(matches!(
                prdc(&four, &three, k),
                Err(SetError::Outside {
                    least: 1,
                    most: 2,
                    ..
                })
            ));
        }
    }
}
