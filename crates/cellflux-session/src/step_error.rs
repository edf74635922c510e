//! Why a walk does not go on.

use crate::recipe::ADAPTIVE_STEPS;

/// Why a step was not reached. The frames reached before are as they were; the next
/// [`Exploration::advance`](crate::Exploration::advance) tries again from the last of them.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StepError<E> {
    /// The engine failed.
    #[error(transparent)]
    Engine(E),
    /// There is no engine, or not yet, or no longer.
    #[error("no engine is attached, expected one before a step")]
    NoEngine,
    /// The image holds a value that is not finite.
    #[error("the step from t = {t} gives a value that is not finite; try a smaller alpha or more steps")]
    NotFinite {
        /// Time of the last frame.
        t: f64,
    },
    /// The adaptive solver gave up.
    #[error("the adaptive solver rejected {rejected} steps in a row at t = {t}; try larger tolerances")]
    TooManyRejected {
        /// Time of the last frame.
        t: f64,
        /// Trials rejected.
        rejected: usize,
    },
    /// The adaptive solver has not reached the end within the steps that are kept.
    #[error(
        "the adaptive solver has taken {ADAPTIVE_STEPS} steps and has reached t = {t}, expected the end; \
        try larger tolerances"
    )]
    TooManySteps {
        /// Time of the last frame.
        t: f64,
    },
    /// A frame from elsewhere cannot be the one after the last.
    #[error(
        "the step to t = {t} was computed elsewhere and does not go on from the last one, expected a step of \
        the same walk with an image of {values} finite values"
    )]
    ForeignFrame {
        /// Time of the frame that was refused.
        t: f64,
        /// Values of the walk's images.
        values: usize,
    },
}
