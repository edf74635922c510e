//! How the weights are averaged: by exponential decay, or by a power function of the number of updates.

use serde::{Deserialize, Serialize};

use crate::TrainError;

/// Averaging by a power function of the number of updates (Karras et al. 2024, "Analyzing and improving the
/// training dynamics of diffusion models"), whose width grows with the training: its last part
/// counts, however long it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PowerAverage {
    /// The averaging profile's standard deviation as a share of the training so far (the paper's
    /// `sigma_rel`), above 0 and below 0.2887, the width of an even average; 0.05 to 0.15 are usual.
    pub power: f64,
}

/// The width of an even average over all updates, `1 / sqrt(12)`.
const WIDEST: f64 = 0.288_675_134_594_812_9;

impl PowerAverage {
    /// The exponent `gamma` of a profile `t^gamma` whose relative width is `power`: the solution of
    /// `power^2 = (gamma + 1) / ((gamma + 2)^2 (gamma + 3))` (the paper's equation for `sigma_rel`).
    pub fn gamma(self) -> f64 {
        let variance = |gamma: f64| (gamma + 1.0) / ((gamma + 2.0).powi(2) * (gamma + 3.0));
        let wanted = self.power * self.power;
        // The width falls from WIDEST at 0, and at 1 / power it is below `power`.
        let (mut low, mut high) = (0.0, self.power.recip());
        // 200 halvings of any f64.
        for _ in 0..200 {
            let middle = f64::midpoint(low, high);
            if variance(middle) > wanted {
                low = middle;
            } else {
                high = middle;
            }
        }
        f64::midpoint(low, high)
    }

    pub(super) fn validate(self) -> Result<(), TrainError> {
        if self.power > 0.0 && self.power < WIDEST {
            return Ok(());
        }
        Err(TrainError::value(
            "training.ema.power",
            self.power,
            "a number above 0 and below 0.2887, the width of an even average over the whole training",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponent_is_that_of_the_paper_s_widths() {
        // The paper states 16.97 and 6.94 for 5 % and 10 %.
        for (power, gamma) in [(0.05, 16.97), (0.10, 6.94)] {
            let found = PowerAverage { power }.gamma();
            assert!((found - gamma).abs() < 0.005, "{power}: {found}");
        }
        let found = PowerAverage { power: 0.288 }.gamma();
        assert!((0.0..0.05).contains(&found), "{found}");
    }

    #[test]
    fn a_width_that_no_profile_has_is_refused() {
        for power in [0.0, -0.1, 0.2887, 1.0, f64::NAN] {
            assert!(PowerAverage { power }.validate().is_err(), "{power}");
        }
        PowerAverage { power: 0.1 }.validate().unwrap();
    }
}
