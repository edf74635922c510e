//! What the lab draws at random, and with which numbers.
//!
//! Every draw is a function of the seed, of what it is for, of the step and of its number within the step,
//! so that a lesson's link shows everyone the same lab, whatever was clicked before.

use cellflux_flow::random;
use rand_chacha::ChaCha8Rng;

/// What numbers are drawn for; each purpose has numbers of its own, so that a change in one leaves the others
/// as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Initial weights; the step is the layer.
    Weights = 1,
    /// A pair of source and target; the step is the training step.
    Pair = 2,
    /// The time of a pair and whether its condition is dropped; the step is the training step.
    Time = 3,
    /// Particles that are walked; the step is the batch.
    Particles = 4,
    /// Points of a target that are shown or compared; the step is the batch.
    Targets = 5,
    /// Sources of a reflow's pairs; the step is the condition.
    Reflow = 6,
    /// Which pair of a reflow a step learns from; the step is the training step.
    Choice = 7,
}

/// The numbers of one draw.
pub(crate) fn stream(seed: u32, purpose: Purpose, step: u64, number: u64) -> ChaCha8Rng {
    random::stream([seed.into(), purpose as u64, step, number])
}
