//! Adam and `AdamW` with the average of the weights, over flat tensors.

use candle_core::Tensor;
use cellflux_fused::adamw::{FlatState, Update};

use crate::TrainError;
use crate::config::{OptimiserKind, TrainingConfig};

/// The optimiser of one run.
#[derive(Debug)]
pub struct Optimiser {
    state: FlatState,
    updates: u64,
    betas: [f64; 2],
    epsilon: f64,
    weight_decay: f64,
    clip: Option<f64>,
    average: Average,
}

/// How the average of the weights forgets.
#[derive(Clone, Copy, Debug)]
enum Average {
    /// Exponentially, with this decay in the end.
    Exponential(f64),
    /// As a power function of the number of updates, with this exponent.
    Power(f64),
}

impl Average {
    fn new(config: &TrainingConfig) -> Self {
        match config.ema {
            None => Self::Exponential(config.ema_decay),
            Some(power) => Self::Power(power.gamma()),
        }
    }

    /// The decay at the n-th update, counted from 1.
    fn decay(self, updates: u64) -> f64 {
        match self {
            Self::Exponential(limit) => ema_decay(limit, updates),
            Self::Power(gamma) => power_decay(gamma, updates),
        }
    }
}

/// Decay of the average at the n-th update: `min(limit, (1 + n) / (10 + n))`, so that a short run's average
/// is not mostly its start.
pub fn ema_decay(limit: f64, updates: u64) -> f64 {
    let n = updates as f64;
    limit.min((1.0 + n) / (10.0 + n))
}

/// Decay of a power function average at the n-th update, `(1 - 1 / n)^(gamma + 1)` (Karras et al. 2024):
/// the first update's weights take the place of the start.
pub fn power_decay(gamma: f64, updates: u64) -> f64 {
    (1.0 - 1.0 / updates.max(1) as f64).powf(gamma + 1.0)
}

impl Optimiser {
    /// Starts from `weights` `[P]`, f32.
    ///
    /// # Errors
    /// [`TrainError::Tensor`] when there is no memory for the state.
    pub fn new(config: &TrainingConfig, weights: Tensor) -> Result<Self, TrainError> {
        let state = FlatState {
            first: weights.zeros_like()?,
            second: weights.zeros_like()?,
            averaged: weights.copy()?,
            weights,
        };
        Ok(Self::resume(config, state, 0))
    }

    /// Goes on from `state` after `updates` updates.
    pub fn resume(config: &TrainingConfig, state: FlatState, updates: u64) -> Self {
        Self {
            state,
            updates,
            betas: config.betas,
            epsilon: config.epsilon,
            weight_decay: match config.optimiser {
                OptimiserKind::Adamw => config.weight_decay,
                OptimiserKind::Adam => 0.0,
            },
            clip: config.clip,
            average: Average::new(config),
        }
    }

    /// The state after the last update.
    pub fn state(&self) -> &FlatState {
        &self.state
    }

    /// Updates made.
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// The norm of a gradient, as a scalar on the device.
    ///
    /// # Errors
    /// [`TrainError::Tensor`] when candle fails.
    pub fn norm(gradient: &Tensor) -> Result<Tensor, TrainError> {
        Ok(gradient.sqr()?.sum_all()?.sqrt()?)
    }

    /// One update along `gradient` `[P]`, whose norm is `norm`.
    ///
    /// # Errors
    /// [`TrainError::Tensor`] when candle fails.
    pub fn step(&mut self, gradient: &Tensor, norm: &Tensor, rate: f64) -> Result<(), TrainError> {
        let clipped;
        let gradient = match self.clip {
            None => gradient,
            Some(limit) => {
                // Stays on the device: nobody waits for the norm.
                let factor = (norm.recip()? * limit)?.minimum(1.0)?;
                clipped = gradient.broadcast_mul(&factor)?;
                &clipped
            }
        };
        self.updates += 1;
        let correction = |beta: f64| 1.0 - beta.powi(i32::try_from(self.updates).unwrap_or(i32::MAX));
        let update = Update {
            rate,
            betas: self.betas,
            corrections: self.betas.map(correction),
            epsilon: self.epsilon,
            weight_decay: self.weight_decay,
            average: self.average.decay(self.updates),
        };
        self.state = self.state.updated(gradient, &update)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PowerAverage;
    use candle_core::Device;
    use proptest::prelude::*;

    /// One number's optimiser in f64, written from the papers.
    struct Scalar {
        weight: f64,
        first: f64,
        second: f64,
        averaged: f64,
    }

    impl Scalar {
        fn step(&mut self, config: &TrainingConfig, gradient: f64, n: i32) {
            let [b1, b2] = config.betas;
            self.first = b1 * self.first + (1.0 - b1) * gradient;
            self.second = b2 * self.second + (1.0 - b2) * gradient * gradient;
            let m = self.first / (1.0 - b1.powi(n));
            let s = self.second / (1.0 - b2.powi(n));
            let rate = config.learning_rate;
            self.weight -= rate * config.weight_decay * self.weight;
            self.weight -= rate * m / (s.sqrt() + config.epsilon);
            let decay = f64::min(config.ema_decay, f64::from(1 + n) / f64::from(10 + n));
            self.averaged = decay * self.averaged + (1.0 - decay) * self.weight;
        }
    }

    proptest! {
        #[test]
        fn updates_are_those_of_the_papers(
            weight in -2.0f32..2.0,
            gradients in prop::collection::vec(-3.0f32..3.0, 1..30),
            weight_decay in prop::sample::select(vec![0.0, 0.01, 0.3]),
        ) {
            let config = TrainingConfig { learning_rate: 0.01, weight_decay, ..TrainingConfig::default() };
            let start = Tensor::new(&[weight, -weight], &Device::Cpu).unwrap();
            let mut optimiser = Optimiser::new(&config, start).unwrap();
            let start = f64::from(weight);
            let mut scalar = Scalar { weight: start, first: 0.0, second: 0.0, averaged: start };
            for (n, &g) in gradients.iter().enumerate() {
                let gradient = Tensor::new(&[g, -g], &Device::Cpu).unwrap();
                let norm = Optimiser::norm(&gradient).unwrap();
                optimiser.step(&gradient, &norm, config.learning_rate).unwrap();
                scalar.step(&config, f64::from(g), n as i32 + 1);
            }
            let pairs = [
                (&optimiser.state().weights, scalar.weight),
                (&optimiser.state().averaged, scalar.averaged),
            ];
            for (found, expected) in pairs {
                let found: Vec<f32> = found.to_vec1().unwrap();
                // Thirty updates of f32, each of which rounds a number of up to 2 by 1e-7.
                prop_assert!((f64::from(found[0]) - expected).abs() < 1e-5);
                prop_assert!((f64::from(found[1]) + expected).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn a_long_gradient_is_shortened_and_a_short_one_is_not() {
        let config = TrainingConfig {
            clip: Some(1.0),
            ..TrainingConfig::default()
        };
        let first_moment = |gradient: [f32; 2]| -> Vec<f32> {
            let weights = Tensor::zeros(2, candle_core::DType::F32, &Device::Cpu).unwrap();
            let mut optimiser = Optimiser::new(&config, weights).unwrap();
            let gradient = Tensor::new(&gradient, &Device::Cpu).unwrap();
            optimiser
                .step(&gradient, &Optimiser::norm(&gradient).unwrap(), 1e-4)
                .unwrap();
            optimiser.state().first.to_vec1().unwrap()
        };
        // The first moment is a tenth of the gradient that was used.
        for (gradient, used) in [([30.0, 40.0], [0.6, 0.8]), ([0.3, 0.4], [0.3, 0.4])] {
            for (found, used) in first_moment(gradient).iter().zip(used) {
                assert!((found - 0.1 * used).abs() < 1e-7, "{found} {used}");
            }
        }
        assert!(
            first_moment([0.0, 0.0])
                .iter()
                .all(|m| m.abs() < f32::MIN_POSITIVE)
        );
    }

    /// The average of weights that are 1 at one update and 0 at all others, after `updates` of them: how much
    /// that update counts.
    fn counts(average: Average, update: u64, updates: u64) -> f64 {
        (1..=updates).fold(0.0, |sum, n| {
            let decay = average.decay(n);
            decay * sum + (1.0 - decay) * f64::from(u8::from(n == update))
        })
    }

    #[test]
    fn a_power_average_weighs_updates_by_the_power_of_their_number_and_is_as_wide_as_asked() {
        // (n^2 - (n - 1)^2) / 3^2 for gamma = 1.
        for (update, expected) in [(1, 1.0 / 9.0), (2, 3.0 / 9.0), (3, 5.0 / 9.0)] {
            let found = counts(Average::Power(1.0), update, 3);
            assert!((found - expected).abs() < 1e-12, "{update}: {found}");
        }
        let updates = 500;
        for power in [0.05, 0.1, 0.2] {
            let config = TrainingConfig {
                ema: Some(PowerAverage { power }),
                ..TrainingConfig::default()
            };
            let average = Average::new(&config);
            let (mut sum, mut mean, mut square) = (0.0, 0.0, 0.0);
            for update in 1..=updates {
                let weight = counts(average, update, updates);
                let at = update as f64 / updates as f64;
                sum += weight;
                mean += weight * at;
                square += weight * at * at;
            }
            let width = (square - mean * mean).sqrt();
            assert!((sum - 1.0).abs() < 1e-9, "{sum}");
            // Updates are 1/500 apart.
            assert!((width - power).abs() < 2e-3, "{power}: {width}");
        }
    }

    #[test]
    fn the_first_power_average_is_the_first_update_s_weights_and_the_next_lies_between() {
        let config = TrainingConfig {
            ema: Some(PowerAverage { power: 0.1 }),
            weight_decay: 0.0,
            ..TrainingConfig::default()
        };
        let start = Tensor::new(&[1.0f32, -1.0], &Device::Cpu).unwrap();
        let mut optimiser = Optimiser::new(&config, start).unwrap();
        let gradient = Tensor::new(&[0.5f32, 0.5], &Device::Cpu).unwrap();
        let norm = Optimiser::norm(&gradient).unwrap();
        let values = |tensor: &Tensor| tensor.to_vec1::<f32>().unwrap();
        optimiser.step(&gradient, &norm, 0.1).unwrap();
        let first = values(&optimiser.state().weights);
        assert_eq!(first, values(&optimiser.state().averaged));
        optimiser.step(&gradient, &norm, 0.1).unwrap();
        let second = values(&optimiser.state().weights);
        let decay = power_decay(PowerAverage { power: 0.1 }.gamma(), 2);
        for ((found, first), second) in values(&optimiser.state().averaged).iter().zip(first).zip(second) {
            let expected = decay * f64::from(first) + (1.0 - decay) * f64::from(second);
            assert!((f64::from(*found) - expected).abs() < 1e-6, "{found} {expected}");
        }
    }

    #[test]
    #[allow(clippy::float_cmp, reason = "small fractions")]
    fn the_average_s_decay_warms_up() {
        assert_eq!(ema_decay(0.999, 0), 0.1);
        assert_eq!(ema_decay(0.999, 8), 0.5);
        assert_eq!(ema_decay(0.999, 1_000_000), 0.999);
    }
}
