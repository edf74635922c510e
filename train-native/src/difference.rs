//! Whether the validation pairs can tell two checkpoints apart: the mean difference of the pairs' errors with
//! its interval. Both checkpoints are measured on the same pairs, so that it does not count that some pairs
//! are harder than others.

use serde::{Deserialize, Serialize};

/// The normal distribution's quantile at 97.5 %.
const QUANTILE: f64 = 1.959_964;

/// A validation beside an earlier one of the same pairs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The earlier one's step.
    pub step: u64,
    /// Mean over the pairs of the later error minus the earlier one.
    pub mean: f64,
    /// Lower end of the mean's interval of 95 %: 1.96 standard errors of the pairs' differences.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// Pairs.
    pub pairs: usize,
}

impl Difference {
    /// That of errors by pair, `earlier` those at `step`; none for fewer than two pairs, or where they are
    /// not the same number.
    pub fn between(step: u64, earlier: &[f64], later: &[f64]) -> Option<Self> {
        let pairs = later.len();
        if pairs < 2 || earlier.len() != pairs {
            return None;
        }
        let differences = || later.iter().zip(earlier).map(|(later, earlier)| later - earlier);
        let count = pairs as f64;
        let mean = differences().sum::<f64>() / count;
        let variance = differences().map(|d| (d - mean).powi(2)).sum::<f64>() / (count - 1.0);
        let reach = QUANTILE * (variance / count).sqrt();
        Some(Self {
            step,
            mean,
            low: mean - reach,
            high: mean + reach,
            pairs,
        })
    }

    /// Whether the interval lies on one side of 0.
    pub fn is_told_apart(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }

    /// How many pairs, with differences as these, would have an interval that just ends at 0; none where the
    /// mean is 0.
    pub fn pairs_needed(&self) -> Option<u64> {
        let ratio = (self.high - self.mean) / self.mean.abs();
        let pairs = (self.pairs as f64 * ratio * ratio).ceil();
        pairs.is_finite().then_some(pairs as u64)
    }

    /// What is said where the pairs do not tell the two apart, and what to do.
    pub fn warning(&self, now: u64) -> Option<String> {
        if self.is_told_apart() {
            return None;
        }
        let needed = match self.pairs_needed() {
            Some(needed) if needed > self.pairs as u64 => {
                format!(" about {needed} pairs would tell a difference of this size;")
            }
            _ => String::new(),
        };
        Some(format!(
            "{} validation pairs do not tell steps {} and {now} apart: their losses differ by {:+.5}, with \
             an interval of 95 % from {:+.5} to {:+.5} (pairs count as independent; cells of one well are \
             alike, so it is rather wider);{needed} run.validation_pairs = 0 uses all pairs of the split",
            self.pairs, self.step, self.mean, self.low, self.high
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_and_its_interval_are_those_computed_by_hand() {
        // Differences 1, 2, 3, 2: mean 2, variance 2/3, standard error sqrt(1/6).
        let found = Difference::between(7, &[1.0, 5.0, 0.0, 3.0], &[2.0, 7.0, 3.0, 5.0]).unwrap();
        let reach = 1.959_964 / 6f64.sqrt();
        for (found, expected) in [
            (found.mean, 2.0),
            (found.low, 2.0 - reach),
            (found.high, 2.0 + reach),
        ] {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        assert_eq!((found.step, found.pairs), (7, 4));
        assert!(found.is_told_apart() && found.warning(9).is_none());
        assert!(Difference::between(7, &[1.0], &[2.0]).is_none());
        assert!(Difference::between(7, &[1.0, 2.0], &[2.0, 2.0, 3.0]).is_none());
    }

    #[test]
    fn pairs_that_cannot_tell_two_steps_apart_are_said_to_be_too_few_with_how_many_would_do() {
        // Differences 3 and -1: mean 1, standard error 2.
        let found = Difference::between(500, &[1.0, 1.0], &[4.0, 0.0]).unwrap();
        assert!(!found.is_told_apart());
        // (2 x 1.96)^2 x 2 = 30.73.
        assert_eq!(found.pairs_needed(), Some(31));
        let said = found.warning(1000).unwrap();
        for part in [
            "2 validation pairs do not tell steps 500 and 1000 apart",
            "differ by +1.00000, with an interval of 95 % from -2.91993 to +4.91993",
            "about 31 pairs",
            "run.validation_pairs = 0",
        ] {
            assert!(said.contains(part), "{part} in {said}");
        }
        let same = Difference::between(1, &[1.0, 1.0], &[1.0, 1.0]).unwrap();
        assert!(same.pairs_needed().is_none() && same.warning(2).is_some());
    }
}
