//! Precision, recall, density and coverage: whether generated crops look real, and whether they are as
//! diverse.

use super::error::SetError;
use super::features::{Features, check_sets};
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
    /// In how many balls of real crops a generated crop lies on average, divided by `k`; at least 0, about 1
    /// for sets of one distribution, and above 1 for crops that are crowded where real crops are dense.
    pub density: f64,
    /// The share of real crops with a generated crop in their ball, from 0 to 1; for sets of one distribution
    /// and one size about `1 - 1 / 2^k`.
    pub coverage: f64,
}

/// Precision and recall (Kynkäänniemi et al. 2019, section 2), density and coverage (Naeem et al. 2020,
/// section 3), with the arithmetic of the authors' `prdc` package. The ball of a crop reaches to its `k`th
/// nearest neighbour in its own set and does not hold its edge.
///
/// The four depend on the numbers of rows and on `k`: compare values of equal ones only. `k` of 5 is usual.
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
    let mut in_balls = vec![0u64; generated.rows()];
    let (mut recalled, mut covered) = (0u64, 0u64);
    for (row, &radius) in real.iter().zip(&real_radii) {
        let (mut inside_any, mut holds_any) = (false, false);
        for ((other, &other_radius), balls) in generated.iter().zip(&generated_radii).zip(&mut in_balls) {
            let apart = distance(row, other);
            let holds = apart < radius;
            *balls += u64::from(holds);
            holds_any |= holds;
            inside_any |= apart < other_radius;
        }
        recalled += u64::from(inside_any);
        covered += u64::from(holds_any);
    }
    let precise = in_balls.iter().filter(|&&balls| balls > 0).count();
    let balls: u64 = in_balls.iter().sum();
    let (n, m) = (real.rows() as f64, generated.rows() as f64);
    Ok(Prdc {
        k,
        precision: precise as f64 / m,
        recall: recalled as f64 / n,
        density: balls as f64 / (k as f64 * m),
        coverage: covered as f64 / n,
    })
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
