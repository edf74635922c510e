//! `[data.draw]`: how often a compound is drawn in training, and how often a control is the target.

use serde::{Deserialize, Serialize};

use super::PairingConfig;
use crate::error::DataError;

/// How often a compound is drawn in training, and how often a control is the target. Validation and
/// evaluation use every cell once, whatever this says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DrawConfig {
    /// How often a compound is drawn.
    pub balance: Balance,
    /// Share of pairs whose target is a control under the control's own condition, from another control of
    /// the same batch; 0 or more and below 1. They take the place of as many treated cells.
    pub controls: f64,
}

/// How often a compound with n training cells is drawn: in proportion to `n^q` (Kang et al. 2020, "Decoupling
/// representation and classifier for long-tailed recognition").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Balance {
    /// `q = 1`, as in the public code: every cell once an epoch.
    #[default]
    Cells,
    /// `q = 1/2`.
    Root,
    /// `q = 0`: every compound equally often.
    Compounds,
}

impl DrawConfig {
    /// Whether it is the default, which a configuration leaves out.
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Checks the share against its range, and that controls are not learnt in two ways.
    ///
    /// # Errors
    /// [`DataError::Config`] naming it.
    pub(crate) fn validate(&self, pairing: &PairingConfig) -> Result<(), DataError> {
        let refuse = |expected: &str| Err(DataError::config("data.draw.controls", self.controls, expected));
        if !(0.0..1.0).contains(&self.controls) {
            return refuse("a number from 0 to below 1");
        }
        if self.controls > 0.0 && pairing.learn_controls {
            return refuse("0 with data.pairing.learn_controls, which makes a target of every control");
        }
        Ok(())
    }
}
