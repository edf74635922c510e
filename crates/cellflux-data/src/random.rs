//! Randomness as a pure function: of the run's seed, what it is for, the step, and the sample within the
//! step.
//!
//! There is no generator whose state could be lost or would have to be saved: a resumed run draws what the
//! uninterrupted one would have drawn, and a sample draws the same whichever thread or device it is on.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// What numbers are drawn for; each purpose has streams of its own, so that a change in one leaves the others
/// as they are.
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
    /// The order of an epoch's samples; the step is the epoch.
    Order = 9,
    /// The control of a treated image; the step is the draw's number.
    Control = 10,
    /// A synthetic cell; the step is its number.
    Cell = 11,
    /// A synthetic plate; the step is its number.
    Plate = 12,
    /// Which cells an evaluation uses where it does not use all; the step is the condition.
    EvaluatedCells = 13,
    /// The condition or control that an evaluation exchanges; the step is the cell.
    Exchanged = 14,
    /// A class, a cell of it and its augmentation, for the classifier of modes of action.
    Class = 15,
    /// Whether a draw's target is a control, and which; the step is the draw's number.
    ControlTarget = 16,
    /// The compound of a balanced draw and the cell of it; the step is the draw's number.
    Compound = 17,
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

/// A uniform whole number below `end`; 0 for an `end` of 0. Numbers from the last, incomplete multiple of
/// `end` are drawn again.
pub fn below(numbers: &mut ChaCha8Rng, end: u64) -> u64 {
    if end == 0 {
        return 0;
    }
    let whole = u64::MAX - u64::MAX % end;
    loop {
        let drawn = numbers.next_u64();
        if drawn < whole {
            return drawn % end;
        }
    }
}

/// The numbers below `count` in random order (Fisher and Yates).
pub fn order(count: usize, numbers: &mut ChaCha8Rng) -> Vec<u32> {
    let mut order: Vec<u32> = (0..count as u32).collect();
    for last in (1..count).rev() {
        order.swap(last, below(numbers, last as u64 + 1) as usize);
    }
    order
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

    #[test]
    fn every_number_below_the_end_is_equally_likely() {
        let mut numbers = stream(1, Purpose::Control, 0, 0);
        let mut counts = [0u32; 7];
        for _ in 0..70_000 {
            counts[below(&mut numbers, 7) as usize] += 1;
        }
        // Each count is binomial with mean 10,000 and standard deviation 93; five of those.
        assert!(
            counts.iter().all(|&count| count.abs_diff(10_000) < 465),
            "{counts:?}"
        );
        assert_eq!(below(&mut numbers, 0), 0);
        assert_eq!(below(&mut numbers, 1), 0);
    }

    #[test]
    fn an_order_holds_every_number_once_and_streams_differ() {
        let drawn = order(1000, &mut stream(5, Purpose::Order, 3, 0));
        let mut sorted = drawn.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..1000).collect::<Vec<u32>>());
        assert_eq!(drawn, order(1000, &mut stream(5, Purpose::Order, 3, 0)));
        for (seed, purpose, number) in [
            (6, Purpose::Order, 3),
            (5, Purpose::Control, 3),
            (5, Purpose::Order, 4),
        ] {
            assert_ne!(drawn, order(1000, &mut stream(seed, purpose, number, 0)));
        }
    }
}
