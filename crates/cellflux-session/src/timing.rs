//! How long evaluations take, by a clock that the caller reads: a page and a terminal have different clocks.

use serde::Serialize;

/// Work done and the time it took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Timing {
    /// Guided velocities evaluated.
    pub evaluations: u64,
    /// Milliseconds they took, reading back included.
    pub milliseconds: f64,
}

impl Timing {
    /// Adds a step of this many evaluations that took this long. A step without evaluations (it was computed
    /// ahead and is counted already) still adds its time.
    pub fn add(&mut self, evaluations: usize, milliseconds: f64) {
        self.evaluations += evaluations as u64;
        self.milliseconds += milliseconds;
    }

    /// Milliseconds per evaluation, once there was one.
    pub fn per_evaluation(&self) -> Option<f64> {
        (self.evaluations > 0).then(|| self.milliseconds / self.evaluations as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_over_evaluations_not_steps() {
        let mut timing = Timing::default();
        assert_eq!(timing.per_evaluation(), None);
        timing.add(2, 10.0);
        timing.add(4, 50.0);
        assert_eq!(timing.per_evaluation(), Some(10.0));
    }
}
