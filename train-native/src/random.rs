//! Randomness as a pure function: of the run's seed, what it is for, the step, and the sample within the step.
//!
//! There is no generator whose state could be lost or would have to be saved: a resumed run draws what the uninterrupted
//! one would have drawn, and a sample draws the same whichever thread or device it is on.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// What numbers are drawn for; each purpose has streams of its own, so that a change in one leaves the others as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Initial weights; the step is 0 and the sample is the parameter's position.
    Weights = 1,
    /// Flips, transposition and dequantisation of the control image.
    ControlView = 2,
    /// The same of the treated image.
    TreatedView = 3,
    /// The time t.
    Time = 4,
    /// Whether there is source noise, and the noise.
    SourceNoise = 5,
    /// Whether the condition is dropped.
    Condition = 6,
    /// The key of the network's dropout masks.
    Dropout = 7,
    /// Source noise of validation and sheets.
    Evaluation = 8,
}

/// The numbers of one sample (by its position among all samples of the step) for one purpose.
pub fn stream(seed: u64, purpose: Purpose, step: u64, sample: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    for (part, value) in key.chunks_exact_mut(8).zip([seed, purpose as u64, step, sample]) {
        part.copy_from_slice(&value.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

/// A uniform number in `[0, 1)`.
pub fn unit(numbers: &mut ChaCha8Rng) -> f64 {
    (numbers.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// True with this probability.
pub fn chance(numbers: &mut ChaCha8Rng, probability: f64) -> bool {
    unit(numbers) < probability
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_of_another_seed_purpose_step_or_sample_differ() {
        let first = |seed, purpose, step, sample| stream(seed, purpose, step, sample).next_u64();
        let base = first(1, Purpose::Time, 2, 3);
        assert_eq!(base, first(1, Purpose::Time, 2, 3));
        for other in [
            first(2, Purpose::Time, 2, 3),
            first(1, Purpose::Condition, 2, 3),
            first(1, Purpose::Time, 3, 3),
            first(1, Purpose::Time, 2, 4),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn a_chance_comes_as_often_as_it_says() {
        let mut numbers = stream(0, Purpose::Condition, 0, 0);
        let hits = (0..10_000).filter(|_| chance(&mut numbers, 0.2)).count() as f64;
        // Five standard errors of 10,000 tries.
        assert!((hits / 1e4 - 0.2).abs() < 5.0 * (0.16f64 / 1e4).sqrt());
        assert!(!chance(&mut numbers, 0.0) && chance(&mut numbers, 1.0));
    }
}
