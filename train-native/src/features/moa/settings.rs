//! How a classifier is trained, as the command line says it and `moa.json` keeps it.

use serde::{Deserialize, Serialize};

/// How a classifier is trained: `AdamW` on the cross-entropy of batches in which all classes are equally
/// frequent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Optimiser steps.
    pub steps: u64,
    /// Cells a step.
    pub batch: usize,
    /// The highest learning rate; it rises over a twentieth of the steps and falls to 0 along half a cosine.
    pub learning_rate: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// Decides every random choice.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            steps: 1500,
            batch: 64,
            learning_rate: 2e-3,
            weight_decay: 0.05,
            seed: 0,
        }
    }
}
