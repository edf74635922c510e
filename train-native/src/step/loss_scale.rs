//! The factor on the loss that keeps small gradients above the smallest f16 number.

use serde::{Deserialize, Serialize};

use crate::config::Precision;

/// Doubled after this many steps without overflow.
const GROWTH_INTERVAL: u32 = 2000;
/// No larger than this, so that the scaled loss itself stays a number in f32.
const LARGEST: f64 = 16_777_216.0;

/// An adaptive loss scale: halved by a step whose gradient overflows, which is skipped; doubled after
/// `GROWTH_INTERVAL` steps without one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LossScale {
    factor: f64,
    good_steps: u32,
    adaptive: bool,
}

impl LossScale {
    /// 65,536 at first for f16, always 1 for formats with the range of f32.
    pub fn new(precision: Precision) -> Self {
        let adaptive = precision == Precision::F16;
        Self {
            factor: if adaptive { 65_536.0 } else { 1.0 },
            good_steps: 0,
            adaptive,
        }
    }

    /// What the loss is multiplied, and the gradient divided, by.
    pub fn factor(&self) -> f64 {
        self.factor
    }

    /// Whether an overflow is to be expected and skipped.
    pub fn is_adaptive(&self) -> bool {
        self.adaptive
    }

    /// Records whether a step's gradient was finite.
    pub fn update(&mut self, finite: bool) {
        if !self.adaptive {
            return;
        }
        if !finite {
            self.factor /= 2.0;
            self.good_steps = 0;
            return;
        }
        self.good_steps += 1;
        if self.good_steps == GROWTH_INTERVAL {
            self.factor = (2.0 * self.factor).min(LARGEST);
            self.good_steps = 0;
        }
    }

    /// Whether too many steps in a row have overflowed for any scale to help.
    pub fn is_hopeless(&self) -> bool {
        self.adaptive && self.factor < 1.0 / 1024.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::float_cmp, reason = "powers of two")]
    fn overflow_halves_and_patience_doubles() {
        let mut scale = LossScale::new(Precision::F16);
        scale.update(false);
        assert_eq!(scale.factor(), 32_768.0);
        for _ in 0..GROWTH_INTERVAL {
            assert_eq!(scale.factor(), 32_768.0);
            scale.update(true);
        }
        assert_eq!(scale.factor(), 65_536.0);
        for _ in 0..40 {
            scale.update(false);
        }
        assert!(scale.is_hopeless());
    }

    #[test]
    #[allow(clippy::float_cmp, reason = "untouched")]
    fn formats_with_the_range_of_f32_are_not_scaled() {
        for precision in [Precision::F32, Precision::Bf16] {
            let mut scale = LossScale::new(precision);
            scale.update(false);
            assert_eq!((scale.factor(), scale.is_hopeless()), (1.0, false));
        }
    }
}
