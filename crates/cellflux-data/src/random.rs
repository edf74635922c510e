//! Randomness as a pure function: of the run's seed, what it is for, the step, and the sample within the
//! step.
//!
//! There is no generator whose state could be lost or would have to be saved: a resumed run draws what the
//! uninterrupted one would have drawn, and a sample draws the same whichever thread or device it is on.

use rand_chacha::ChaCha8Rng;

pub use cellflux_flow::random::{below, chance, order, unit};

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
    /// Noise on the path between control and treated image.
    PathNoise = 18,
}

/// The numbers of one sample (by its position among all samples of the step) for one purpose.
pub fn stream(seed: u64, purpose: Purpose, step: u64, sample: u64) -> ChaCha8Rng {
    cellflux_flow::random::stream([seed, purpose as u64, step, sample])
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::rand_core::RngCore as _;

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
}
