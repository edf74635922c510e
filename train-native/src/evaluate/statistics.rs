//! Statistics of a sample and of its draws, some of which a sample or a draw may lack.
//!
//! Resampled sets are further apart than the sample's own: a draw has the noise of distances twice, once as
//! the sample has it and once by drawing. Statistics take that away in squares (`super::gaps`), and what is
//! left of it moves the interval, not the figure.

use std::cell::RefCell;

use cellflux_measure::sets::SetError;
use cellflux_measure::sets::bootstrap::{Draw, Plan, Replicates, bootstrap};
use cellflux_measure::sets::groups::Groups;

use super::Estimate;
use super::gaps::mean;

/// How many times a draw's squares of distances have the noise that the sample's have once.
const NOISE_OF_A_DRAW: f64 = 2.0;

/// Statistics of the sample and of every draw, all of the same draws.
#[derive(Clone, Debug)]
pub struct Statistics {
    replicates: Replicates,
    /// For each statistic, whether the sample itself has it.
    measurable: Vec<bool>,
}

impl Statistics {
    /// Computes statistics of draws of these sides. `statistics` gets a draw and how many times its distances
    /// have the noise in their squares.
    ///
    /// # Errors
    /// As [`bootstrap`], and what `statistics` refuses.
    pub fn of(
        sides: &[&Groups],
        plan: Plan,
        mut statistics: impl FnMut(&Draw<'_>, f64) -> Result<Vec<Option<f64>>, SetError>,
    ) -> Result<Self, SetError> {
        // The sample's own statistics: they stand in for what a draw cannot say, such as an area where no
        // drawn cell has a nucleus. What the sample itself has not stands as 0 and is never read.
        let mut sample: Option<Vec<Option<f64>>> = None;
        let replicates = bootstrap(sides, plan, |draw| {
            let noise = if sample.is_some() { NOISE_OF_A_DRAW } else { 1.0 };
            let values = statistics(draw, noise)?;
            let own = sample.get_or_insert_with(|| values.clone());
            Ok(values
                .iter()
                .zip(own.iter())
                .map(|(value, own)| value.or(*own).unwrap_or(0.0))
                .collect())
        })?;
        let sample = sample.unwrap_or_default();
        Ok(Self {
            replicates,
            measurable: sample.iter().map(Option::is_some).collect(),
        })
    }

    /// The statistic at a place, as [`Statistics::over`] has it.
    pub fn estimate(&self, place: usize) -> Option<Estimate> {
        self.over(&[place], mean)
    }

    /// A function of the statistics at these places, with its interval moved so that the draws' mean lies at
    /// the sample's value; `None` without a place, and where the sample lacks one of them.
    pub fn over(&self, places: &[usize], function: impl Fn(&[f64]) -> f64) -> Option<Estimate> {
        let known = |place: &usize| self.measurable.get(*place).copied().unwrap_or(false);
        if places.is_empty() || !places.iter().all(known) {
            return None;
        }
        let seen = RefCell::new(Vec::new());
        let estimate = self.replicates.of(|values| {
            let chosen: Option<Vec<f64>> = places.iter().map(|&place| values.get(place).copied()).collect();
            let value = function(&chosen?);
            seen.borrow_mut().push(value);
            Some(value)
        })?;
        // The sample's own comes first.
        let drawn = seen.into_inner().split_off(1);
        let bias = mean(&drawn) - estimate.value;
        Some(Estimate {
            value: estimate.value,
            low: estimate.low - bias,
            high: estimate.high - bias,
        })
    }
}
