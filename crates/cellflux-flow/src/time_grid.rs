//! Time grids: the times that a fixed-step solver visits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::FlowError;

/// Strictly rising or strictly falling times in `[0, 1]`, at least two.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeGrid {
    times: Vec<f64>,
}

/// The largest noise scale of the EDM schedule.
const EDM_SIGMA_MAX: f64 = 80.0;
/// The smallest noise scale of the EDM schedule above 0.
const EDM_SIGMA_MIN: f64 = 0.002;
/// The EDM schedule's curvature.
const EDM_RHO: f64 = 7.0;

impl TimeGrid {
    /// The times of a visitor's or author's own choice.
    ///
    /// # Errors
    /// [`FlowError`] when there are fewer than two times, one is not a number in `[0, 1]`, or they do not
    /// strictly rise or strictly fall.
    pub fn user(times: Vec<f64>) -> Result<Self, FlowError> {
        if times.len() < 2 {
            return Err(FlowError::TooFewTimes { found: times.len() });
        }
        if let Some((index, &found)) = times.iter().enumerate().find(|(_, t)| !(0.0..=1.0).contains(*t)) {
            return Err(FlowError::TimeOutside { index, found });
        }
        let rises = times[1] > times[0];
        let breaks = times.windows(2).position(|pair| {
            if rises {
                pair[1] <= pair[0]
            } else {
                pair[1] >= pair[0]
            }
        });
        if let Some(position) = breaks {
            return Err(FlowError::NotMonotone {
                index: position + 1,
                found: times[position + 1],
            });
        }
        Ok(Self { times })
    }

    /// `steps` equal steps from 0 to 1.
    ///
    /// # Errors
    /// [`FlowError::TooFewTimes`] when `steps` is 0.
    pub fn uniform(steps: usize) -> Result<Self, FlowError> {
        Self::from_fraction(steps, |fraction| fraction)
    }

    /// `steps` steps from 0 to 1 that are short at both ends: `t = (1 - cos(pi i / steps)) / 2`.
    ///
    /// # Errors
    /// [`FlowError::TooFewTimes`] when `steps` is 0.
    pub fn cosine(steps: usize) -> Result<Self, FlowError> {
        Self::from_fraction(steps, |fraction| {
            let sine = libm::sin(std::f64::consts::FRAC_PI_2 * fraction);
            sine * sine // equal to (1 - cos) / 2, without the cancellation near 0
        })
    }

    /// The EDM schedule as the public code uses it: `steps` noise scales sigma from 80 down to 0.002
    /// (rho 7), then 0, each placed at `t = 1 - sigma / (1 + sigma)`. It starts at 1/81, not at 0.
    ///
    /// # Errors
    /// [`FlowError::TooFewTimes`] when `steps` is 0.
    pub fn edm(steps: usize) -> Result<Self, FlowError> {
        let root = |sigma: f64| libm::pow(sigma, 1.0 / EDM_RHO);
        let (high, low) = (root(EDM_SIGMA_MAX), root(EDM_SIGMA_MIN));
        let times = (0..=steps).map(|i| {
            if i == steps {
                return 1.0;
            }
            // A single step has one scale, the largest.
            let fraction = i as f64 / (steps - 1).max(1) as f64;
            let sigma = libm::pow(high + fraction * (low - high), EDM_RHO);
            1.0 - sigma / (1.0 + sigma)
        });
        Self::user(times.collect())
    }

    fn from_fraction(steps: usize, time: impl Fn(f64) -> f64) -> Result<Self, FlowError> {
        Self::user(
            (0..=steps)
                .map(|i| time(i as f64 / steps.max(1) as f64))
                .collect(),
        )
    }

    /// The same times in the other direction.
    #[must_use]
    pub fn reversed(mut self) -> Self {
        self.times.reverse();
        self
    }

    /// All times, from the first to the last.
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// Number of steps, one less than the times.
    pub fn steps(&self) -> usize {
        self.times.len() - 1
    }

    /// Start and end time of step `index`, or `None` after the last step.
    pub fn step(&self, index: usize) -> Option<(f64, f64)> {
        Some((*self.times.get(index)?, *self.times.get(index.checked_add(1)?)?))
    }

    /// The first time.
    pub fn start(&self) -> f64 {
        self.times[0] // a grid has at least two
    }

    /// The last time.
    pub fn end(&self) -> f64 {
        self.times[self.times.len() - 1]
    }
}

/// A grid that a name and a step count describe; recipes and links carry the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GridKind {
    /// [`TimeGrid::uniform`].
    Uniform,
    /// [`TimeGrid::edm`].
    Edm,
    /// [`TimeGrid::cosine`].
    Cosine,
}

impl GridKind {
    /// Every kind, in the order in which a page offers them.
    pub const ALL: [Self; 3] = [Self::Uniform, Self::Edm, Self::Cosine];

    /// The name, the same in JSON, links and commands.
    pub fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Edm => "edm",
            Self::Cosine => "cosine",
        }
    }

    /// The rising grid of this kind.
    ///
    /// # Errors
    /// [`FlowError::TooFewTimes`] when `steps` is 0.
    pub fn grid(self, steps: usize) -> Result<TimeGrid, FlowError> {
        match self {
            Self::Uniform => TimeGrid::uniform(steps),
            Self::Edm => TimeGrid::edm(steps),
            Self::Cosine => TimeGrid::cosine(steps),
        }
    }
}

impl fmt::Display for GridKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for GridKind {
    type Err = FlowError;

    fn from_str(name: &str) -> Result<Self, FlowError> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| FlowError::UnknownGrid {
                found: name.to_owned(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_fields::schedule;
    use proptest::prelude::*;

    #[test]
    fn the_edm_grid_is_the_public_code_s() {
        for steps in [10, 50] {
            let expected = schedule(&format!("edm_grid_{steps}"));
            let grid = TimeGrid::edm(steps).unwrap();
            assert_eq!(grid.times().len(), expected.len());
            for (found, expected) in grid.times().iter().zip(expected) {
                // Two power functions, each exact to an ulp or two, and a subtraction from 1.
                assert!((found - expected).abs() < 1e-14, "{found} {expected}");
            }
        }
        assert_eq!(TimeGrid::edm(1).unwrap().steps(), 1);
    }

    #[test]
    fn the_cosine_grid_follows_its_formula() {
        for (i, t) in TimeGrid::cosine(8).unwrap().times().iter().enumerate() {
            let expected = (1.0 - (std::f64::consts::PI * i as f64 / 8.0).cos()) / 2.0;
            assert!((t - expected).abs() < 1e-15);
        }
    }

    #[test]
    fn times_out_of_order_or_range_are_refused() {
        assert_eq!(
            TimeGrid::user(vec![0.5]),
            Err(FlowError::TooFewTimes { found: 1 })
        );
        for (times, index) in [
            (vec![0.0, 0.5, 0.5], 2),
            (vec![1.0, 0.5, 0.7], 2),
            (vec![0.3, 0.3], 1),
        ] {
            let found = times[index];
            assert_eq!(
                TimeGrid::user(times),
                Err(FlowError::NotMonotone { index, found })
            );
        }
        for bad in [-0.1, 1.1, f64::INFINITY, f64::NAN] {
            let error = TimeGrid::user(vec![0.0, bad]).unwrap_err();
            assert!(
                matches!(error, FlowError::TimeOutside { index: 1, .. }),
                "{error}"
            );
        }
    }

    #[test]
    fn names_of_grids_are_read_back_and_others_refused() {
        for kind in GridKind::ALL {
            assert_eq!(kind.to_string().parse::<GridKind>(), Ok(kind));
        }
        assert!("karras".parse::<GridKind>().is_err());
    }

    proptest! {
        #[test]
        fn every_named_grid_is_valid_both_ways(steps in 1usize..2000) {
            for kind in GridKind::ALL {
                let grid = kind.grid(steps).unwrap();
                prop_assert_eq!(grid.steps(), steps);
                prop_assert!((grid.end() - 1.0).abs() < f64::EPSILON);
                let back = grid.clone().reversed();
                prop_assert_eq!(TimeGrid::user(back.times().to_vec()), Ok(back.clone()));
                prop_assert_eq!(back.reversed(), grid);
            }
        }
    }

    #[test]
    fn a_grid_without_steps_is_refused() {
        for kind in GridKind::ALL {
            assert_eq!(kind.grid(0), Err(FlowError::TooFewTimes { found: 1 }));
        }
    }
}
