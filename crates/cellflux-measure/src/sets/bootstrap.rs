//! How sure a statistic is, by drawing whole groups of cells again.
//!
//! Cells of one field of view share light, density and staining, so a thousand cells of ten fields say less
//! than a thousand cells of a thousand fields. Each side's groups are drawn with replacement, as many as
//! there are, each with all its cells (cluster bootstrap; Davison and Hinkley 1997). The interval holds the
//! middle 95 % of the replicates (percentile method; Efron and Tibshirani 1993).
//!
//! Distances have a bias under resampling: two resampled sets are further apart than the two sets. To find
//! how far two distances differ, compute both in one [`bootstrap`] and take [`Replicates::difference`], in
//! which most of the bias cancels.

use super::error::SetError;
use super::groups::{Groups, Unit};
use super::interval::{Estimate, quantile};
use super::random::{below, stream};

/// The share of replicates inside an interval.
pub const LEVEL: f64 = 0.95;

/// The smallest number of replicates: with 100, two or three lie beyond each end of a 95 % interval. 1,000
/// and more are usual.
pub const FEWEST_REPLICATES: usize = 100;

/// How often to draw, and from which seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Replicates to draw, at least [`FEWEST_REPLICATES`].
    pub replicates: usize,
    /// The seed of all draws.
    pub seed: u64,
}

/// One replicate: how often each group of each side was drawn. Sides are counted from 1.
#[derive(Clone, Debug)]
pub struct Draw<'a> {
    sides: &'a [&'a Groups],
    counts: Vec<Vec<u32>>,
}

impl Draw<'_> {
    /// How often each group of a side was drawn, in the order of the groups' numbers.
    ///
    /// # Errors
    ///
    /// [`SetError::NoSide`] for a side that is not resampled.
    pub fn groups(&self, side: usize) -> Result<&[u32], SetError> {
        let counts = side.checked_sub(1).and_then(|place| self.counts.get(place));
        counts.map(Vec::as_slice).ok_or(SetError::NoSide {
            side,
            sides: self.sides.len(),
        })
    }

    /// How often each row of a side counts: as often as its group was drawn.
    ///
    /// # Errors
    ///
    /// [`SetError::NoSide`] for a side that is not resampled.
    pub fn rows(&self, side: usize) -> Result<Vec<u32>, SetError> {
        let counts = self.groups(side)?;
        let groups = self
            .sides
            .get(side - 1)
            .map_or(&[][..], |groups| groups.of_rows());
        Ok(groups
            .iter()
            .filter_map(|&group| counts.get(group).copied())
            .collect())
    }

    /// The rows of a side that were drawn, rising, each as often as it was drawn: what
    /// [`Features::select`](super::Features::select) takes, for statistics that do not take counts.
    ///
    /// # Errors
    ///
    /// [`SetError::NoSide`] for a side that is not resampled.
    pub fn chosen(&self, side: usize) -> Result<Vec<usize>, SetError> {
        let counts = self.rows(side)?;
        Ok((0..)
            .zip(counts)
            .flat_map(|(row, count)| (0..count).map(move |_| row))
            .collect())
    }
}

/// Statistics of the sample and of every replicate, all of the same draws.
#[derive(Clone, Debug, PartialEq)]
pub struct Replicates {
    /// The draws' number and seed.
    pub plan: Plan,
    /// For each side what was drawn, and how many of them there are.
    pub sides: Vec<(Unit, usize)>,
    sample: Vec<f64>,
    draws: Vec<Vec<f64>>,
}

impl Replicates {
    /// One statistic with its interval, counted from 0; nothing for a statistic that was not computed.
    pub fn estimate(&self, statistic: usize) -> Option<Estimate> {
        self.of(|values| values.get(statistic).copied())
    }

    /// `first - second` with the interval of the difference: both values of a replicate come from the same
    /// draw. Nothing for a statistic that was not computed.
    pub fn difference(&self, first: usize, second: usize) -> Option<Estimate> {
        self.of(|values| Some(values.get(first)? - values.get(second)?))
    }

    /// Any function of the statistics of one draw, with its interval; nothing where the function gives
    /// nothing for one of the draws.
    pub fn of(&self, function: impl Fn(&[f64]) -> Option<f64>) -> Option<Estimate> {
        let value = function(&self.sample)?;
        let mut draws = self
            .draws
            .iter()
            .map(|draw| function(draw))
            .collect::<Option<Vec<_>>>()?;
        draws.sort_by(f64::total_cmp);
        let tail = (1.0 - LEVEL) / 2.0;
        Some(Estimate {
            value,
            low: quantile(&draws, tail),
            high: quantile(&draws, 1.0 - tail),
        })
    }
}

/// Draws the groups of each side again, independently of the other sides, and computes the same statistics of
/// each draw; first of the sample itself, with each group once.
///
/// Sets that were made row for row from another set, such as crops generated from control crops, have the
/// groups of that set: give the set once as a side and use its draw for both; then what they share cancels.
///
/// # Errors
///
/// [`SetError::TooFewGroups`] for a side with fewer than 2, [`SetError::TooFewReplicates`] below
/// [`FEWEST_REPLICATES`], [`SetError::Replicate`] for a statistic that is not finite or is missing from a
/// draw, and what the statistics refuse.
///
/// ```
/// use cellflux_measure::sets::bootstrap::{Plan, bootstrap};
/// use cellflux_measure::sets::groups::{Groups, Unit};
/// use cellflux_measure::sets::wasserstein::Sorted;
///
/// let fields = Groups::of(Unit::Field, &[1, 1, 2, 2, 3, 3]);
/// let control = Sorted::new(&[1.0, 1.1, 0.8, 0.9, 1.3, 1.2])?;
/// let treated = Sorted::new(&[2.0, 2.1, 2.4, 2.6, 1.9, 1.8])?;
/// let plan = Plan { replicates: 200, seed: 7 };
/// let result = bootstrap(&[&fields, &fields], plan, |draw| {
///     Ok(vec![control.weighted_distance(&draw.rows(1)?, &treated, &draw.rows(2)?)?])
/// })?;
/// let distance = result.estimate(0).unwrap();
/// assert!(distance.low <= distance.value && distance.value <= distance.high);
/// assert_eq!(result.sides, [(Unit::Field, 3), (Unit::Field, 3)]);
/// # Ok::<(), cellflux_measure::sets::SetError>(())
/// ```
pub fn bootstrap<F>(sides: &[&Groups], plan: Plan, mut statistics: F) -> Result<Replicates, SetError>
where
    F: FnMut(&Draw<'_>) -> Result<Vec<f64>, SetError>,
{
    check(sides, plan)?;
    let once = sides.iter().map(|groups| vec![1; groups.count()]).collect();
    let sample = statistics(&Draw { sides, counts: once })?;
    check_values(&sample, sample.len(), 0)?;
    let mut draws = Vec::with_capacity(plan.replicates);
    for replicate in 1..=plan.replicates {
        let draw = Draw {
            sides,
            counts: draw(sides, plan.seed, replicate as u64),
        };
        let values = statistics(&draw)?;
        check_values(&values, sample.len(), replicate)?;
        draws.push(values);
    }
    let sides = sides
        .iter()
        .map(|groups| (groups.unit(), groups.count()))
        .collect();
    Ok(Replicates {
        plan,
        sides,
        sample,
        draws,
    })
}

fn check(sides: &[&Groups], plan: Plan) -> Result<(), SetError> {
    for (side, groups) in (1..).zip(sides) {
        if groups.count() < 2 {
            return Err(SetError::TooFewGroups {
                side,
                unit: groups.unit(),
                found: groups.count(),
            });
        }
    }
    if plan.replicates < FEWEST_REPLICATES {
        return Err(SetError::TooFewReplicates {
            found: plan.replicates,
            needed: FEWEST_REPLICATES,
        });
    }
    Ok(())
}

fn check_values(values: &[f64], expected: usize, replicate: usize) -> Result<(), SetError> {
    if let Some(statistic) = values.iter().position(|value| !value.is_finite()) {
        return Err(SetError::Replicate {
            statistic,
            replicate,
            found: values.get(statistic).copied(),
        });
    }
    if values.len() != expected {
        let statistic = values.len().min(expected);
        return Err(SetError::Replicate {
            statistic,
            replicate,
            found: None,
        });
    }
    Ok(())
}

/// The counts of one replicate: side after side, from the replicate's own stream.
fn draw(sides: &[&Groups], seed: u64, replicate: u64) -> Vec<Vec<u32>> {
    let mut numbers = stream(seed, replicate);
    let mut counts_of = |groups: &&Groups| {
        let mut counts = vec![0; groups.count()];
        for _ in 0..groups.count() {
            if let Some(count) = counts.get_mut(below(&mut numbers, groups.count())) {
                *count += 1;
            }
        }
        counts
    };
    sides.iter().map(&mut counts_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: Plan = Plan {
        replicates: 200,
        seed: 3,
    };

    #[test]
    fn cells_of_a_group_stay_together_and_sides_are_drawn_apart() {
        let groups = Groups::of(Unit::Well, &[0, 1, 2, 0, 1, 2, 3]);
        let mut apart = false;
        let result = bootstrap(&[&groups, &groups], PLAN, |draw| {
            for side in [1, 2] {
                let (counts, rows) = (draw.groups(side)?, draw.rows(side)?);
                assert_eq!(counts.iter().sum::<u32>(), 4);
                assert_eq!(rows, [0, 1, 2, 0, 1, 2, 3].map(|group| counts[group]));
                let chosen = draw.chosen(side)?;
                assert_eq!(chosen.len() as u32, rows.iter().sum::<u32>());
                assert!((0..7).all(|row| chosen.iter().filter(|&&at| at == row).count() as u32 == rows[row]));
            }
            apart |= draw.groups(1)? != draw.groups(2)?;
            assert_eq!(
                draw.groups(3).unwrap_err(),
                SetError::NoSide { side: 3, sides: 2 }
            );
            assert_eq!(
                draw.groups(0).unwrap_err(),
                SetError::NoSide { side: 0, sides: 2 }
            );
            Ok(vec![0.0])
        });
        assert!(result.is_ok() && apart);
    }

    #[test]
    fn the_seed_decides_and_more_replicates_begin_alike() {
        let groups = Groups::cells(9);
        let first = |plan| {
            bootstrap(&[&groups], plan, |draw| {
                Ok(vec![
                    draw.groups(1)?.iter().fold(0.0, |a, &b| 10.0 * a + f64::from(b)),
                ])
            })
            .unwrap()
        };
        let longer = first(Plan {
            replicates: 300,
            ..PLAN
        });
        assert_eq!(first(PLAN), first(PLAN));
        assert_eq!(first(PLAN).draws, longer.draws[..200]);
        assert_ne!(first(PLAN).draws, first(Plan { seed: 4, ..PLAN }).draws);
    }

    #[test]
    fn a_difference_of_statistics_of_one_draw_is_surer_than_each() {
        let groups = Groups::cells(50);
        let values: Vec<f64> = (0..50).map(|row| f64::from(row * row % 37)).collect();
        let result = bootstrap(&[&groups], PLAN, |draw| {
            let mean = values
                .iter()
                .zip(draw.rows(1)?)
                .map(|(value, count)| value * f64::from(count))
                .sum::<f64>()
                / 50.0;
            Ok(vec![mean, mean + 1.0])
        })
        .unwrap();
        let (mean, difference) = (result.estimate(0).unwrap(), result.difference(1, 0).unwrap());
        // The mean's roundings, at values below 37.
        assert!((difference.low - 1.0).abs() < 1e-12 && (difference.high - 1.0).abs() < 1e-12);
        assert!(mean.high - mean.low > 1.0 && mean.interval().contains(mean.value));
        assert_eq!(result.estimate(2), None);
    }

    #[test]
    fn what_cannot_be_resampled_is_refused() {
        let (one, two) = (Groups::of(Unit::Plate, &[1, 1, 1]), Groups::cells(2));
        let nothing = |_: &Draw<'_>| Ok(vec![]);
        let refused = bootstrap(&[&two, &one], PLAN, nothing).unwrap_err();
        assert_eq!(
            refused,
            SetError::TooFewGroups {
                side: 2,
                unit: Unit::Plate,
                found: 1
            }
        );
        assert!(refused.to_string().contains("side 2 has 1 groups (unit: plate)"));
        let few = Plan {
            replicates: 99,
            seed: 0,
        };
        assert!(matches!(
            bootstrap(&[&two], few, nothing),
            Err(SetError::TooFewReplicates { needed: 100, .. })
        ));
        let mut calls = 0;
        let refused = bootstrap(&[&two], PLAN, |_| {
            calls += 1;
            Ok(if calls == 1 { vec![0.0, 0.0] } else { vec![0.0] })
        });
        assert_eq!(
            refused,
            Err(SetError::Replicate {
                statistic: 1,
                replicate: 1,
                found: None
            })
        );
        let infinite = bootstrap(&[&two], PLAN, |_| Ok(vec![f64::INFINITY]));
        assert!(matches!(
            infinite,
            Err(SetError::Replicate {
                statistic: 0,
                replicate: 0,
                found: Some(_)
            })
        ));
    }
}
