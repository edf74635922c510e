//! Why the lab refuses something, or stops.

use cellflux_flow::FlowError;
use cellflux_measure::sets::SetError;

use crate::pasted::PastedError;

/// Why the lab refused settings or a request, or cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LabError {
    /// A number of the settings that is out of its range.
    #[error("{setting} is {found}, expected {expected}")]
    OutOfRange {
        /// Which setting, by its path in the settings, such as `path.noise`.
        setting: String,
        /// The number.
        found: f64,
        /// The range, in words.
        expected: String,
    },
    /// A list or a text of the settings that is too short or too long.
    #[error("{setting} has {found} {of}, expected {least} to {most}")]
    Count {
        /// Which setting, by its path in the settings.
        setting: String,
        /// What is counted, such as `points`.
        of: &'static str,
        /// How many there are.
        found: usize,
        /// The fewest that the lab takes.
        least: usize,
        /// The most.
        most: usize,
    },
    /// A character that the lab cannot draw.
    #[error("{setting} holds {found:?}, expected letters from A to Z, digits and spaces")]
    NoGlyph {
        /// Which setting, by its path in the settings.
        setting: String,
        /// The character.
        found: char,
    },
    /// A condition or a batch that the settings do not have.
    #[error("{what} {found} does not exist: the settings have {count}, counted from 0")]
    Unknown {
        /// `condition` or `batch`.
        what: &'static str,
        /// The number asked for.
        found: usize,
        /// How many there are.
        count: usize,
    },
    /// A solver without steps to count.
    #[error("solver dopri5 chooses its own steps, expected euler, midpoint, heun2 or rk4")]
    Solver,
    /// An exact field, score or density where none is known in closed form.
    #[error("no exact field is known here: {reason}")]
    NoClosedForm {
        /// Why not, and what would have one.
        reason: &'static str,
    },
    /// A network whose learning has broken down.
    #[error(
        "learning broke down at step {step} with a learning rate of {rate}: take a lower rate, or start again"
    )]
    Diverged {
        /// The step, from 1.
        step: u64,
        /// The learning rate.
        rate: f64,
    },
    /// A walk that left all bounds.
    #[error(
        "a particle left the plane at t = {t}: take more steps, another solver, or let the network learn"
    )]
    Escaped {
        /// The time at which it was no finite number any longer.
        t: f64,
    },
    /// Pasted points that cannot be read.
    #[error(transparent)]
    Pasted(#[from] PastedError),
    /// The flow refused a number.
    #[error(transparent)]
    Flow(#[from] FlowError),
    /// Two sets of points cannot be compared.
    #[error(transparent)]
    Sets(#[from] SetError),
    /// The tensor library failed.
    #[error("candle: {0}")]
    Candle(#[from] candle_core::Error),
}

/// Whether `found` is a number from `least` to `most`.
pub(crate) fn within(setting: &str, found: f64, least: f64, most: f64) -> Result<(), LabError> {
    if (least..=most).contains(&found) {
        return Ok(());
    }
    Err(LabError::OutOfRange {
        setting: setting.to_owned(),
        found,
        expected: format!("a number from {least} to {most}"),
    })
}

/// Whether `found` things are from `least` to `most` many.
pub(crate) fn counted(
    setting: &str,
    of: &'static str,
    found: usize,
    least: usize,
    most: usize,
) -> Result<(), LabError> {
    if (least..=most).contains(&found) {
        return Ok(());
    }
    Err(LabError::Count {
        setting: setting.to_owned(),
        of,
        found,
        least,
        most,
    })
}
