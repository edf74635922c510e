//! The learning rate of a step.

use crate::config::{RateSchedule, TrainingConfig};

/// The rate of step `step`, counted from 1: linear warm-up, then constant, or half a cosine that reaches 0 at
/// the last step.
pub fn learning_rate(config: &TrainingConfig, step: u64) -> f64 {
    let warmup = config.warmup_steps;
    let factor = if step <= warmup {
        step as f64 / warmup as f64
    } else {
        match config.schedule {
            RateSchedule::Constant => 1.0,
            RateSchedule::Cosine => {
                let length = config.steps.saturating_sub(warmup).max(1);
                let passed = (step - warmup).min(length) as f64 / length as f64;
                0.5 * (1.0 + (std::f64::consts::PI * passed).cos())
            }
        }
    };
    config.learning_rate * factor
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(schedule: RateSchedule) -> impl Fn(u64) -> f64 {
        let config = TrainingConfig {
            steps: 110,
            warmup_steps: 10,
            learning_rate: 2.0,
            schedule,
            ..TrainingConfig::default()
        };
        move |step| learning_rate(&config, step)
    }

    #[test]
    #[allow(clippy::float_cmp, reason = "exact by construction")]
    fn the_rate_rises_then_stays_or_falls_to_zero() {
        let constant = rates(RateSchedule::Constant);
        assert_eq!(
            (constant(1), constant(5), constant(10), constant(99)),
            (0.2, 1.0, 2.0, 2.0)
        );
        let cosine = rates(RateSchedule::Cosine);
        assert_eq!((cosine(10), cosine(110)), (2.0, 0.0));
        assert!((cosine(60) - 1.0).abs() < 1e-12);
        assert_eq!(cosine(1000), 0.0);
        let without = TrainingConfig::default();
        assert_eq!(learning_rate(&without, 1), 1e-4);
    }
}
