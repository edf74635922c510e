//! Classifier-free guidance: `v = alpha v(x, t, c) + (1 - alpha) v(x, t, null)` (paper, section 3.3).

use serde::{Deserialize, Serialize};

/// The guidance strength alpha: 0 is the null condition alone, 1 the condition alone; the paper samples at
/// 1.2.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Guidance {
    /// The paper's alpha. The public code's `cfg_scale` w is `alpha - 1`.
    pub alpha: f64,
}

impl Guidance {
    /// Weight of the conditional velocity.
    pub fn conditional(self) -> f64 {
        self.alpha
    }

    /// Weight of the unconditional velocity.
    pub fn unconditional(self) -> f64 {
        1.0 - self.alpha
    }

    /// Whether the unconditional velocity takes part; without it one evaluation per sample is enough.
    #[allow(clippy::float_cmp, reason = "exactly 1 is the one value that drops a term")]
    pub fn needs_unconditional(self) -> bool {
        self.alpha != 1.0
    }
}
