//! The content of a line of the log: means over its steps, and the time they took.

use std::time::{Duration, Instant};

use super::log::TrainLine;

/// Means since the last line of the log, and the time it took.
#[derive(Debug)]
pub(super) struct Clock {
    before: f64,
    started: Instant,
    lap: Instant,
    pub(super) lap_images: u64,
    waited: Duration,
    loss: f64,
    zero: f64,
    steps: u64,
    norm: f64,
}

impl Clock {
    pub(super) fn new(before: f64) -> Self {
        let now = Instant::now();
        Self {
            before,
            started: now,
            lap: now,
            lap_images: 0,
            waited: Duration::ZERO,
            loss: 0.0,
            zero: 0.0,
            steps: 0,
            norm: 0.0,
        }
    }

    pub(super) fn restart(&mut self, waited: Duration) {
        *self = Self {
            waited,
            ..Self::new(self.before)
        };
    }

    pub(super) fn seconds(&self) -> f64 {
        self.before + self.started.elapsed().as_secs_f64()
    }

    pub(super) fn add(&mut self, loss: f64, zero: f64, norm: f64) {
        self.loss += loss;
        self.zero += zero;
        self.steps += 1;
        self.norm = norm;
    }

    /// The line for the steps since the last one, and a new lap.
    pub(super) fn line(&mut self, step: u64, rate: f64, loss_scale: f64, waited: Duration) -> TrainLine {
        let lap = self.lap.elapsed().as_secs_f64().max(1e-9);
        let share = 1.0 / self.steps.max(1) as f64;
        let line = TrainLine {
            step,
            loss: self.loss * share,
            zero: self.zero * share,
            gradient_norm: self.norm,
            rate,
            loss_scale,
            images_per_second: self.lap_images as f64 / lap,
            waiting: (waited.saturating_sub(self.waited)).as_secs_f64() / lap,
            seconds: self.seconds(),
        };
        self.lap = Instant::now();
        self.lap_images = 0;
        self.waited = waited;
        (self.loss, self.zero, self.steps) = (0.0, 0.0, 0);
        line
    }
}
