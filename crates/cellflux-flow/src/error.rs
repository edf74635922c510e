//! What can be wrong with the description of a flow.

/// Why a time grid, a path or a name was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FlowError {
    /// A grid without a single step.
    #[error("time grid: {found} times, expected at least 2")]
    TooFewTimes {
        /// How many times there were.
        found: usize,
    },
    /// A time outside the flow.
    #[error("time grid: time {index} is {found}, expected a number from 0 to 1")]
    TimeOutside {
        /// Position in the grid.
        index: usize,
        /// The time.
        found: f64,
    },
    /// A grid with equal times or a change of direction.
    #[error("time grid: time {index} is {found}, expected times that only rise or only fall")]
    NotMonotone {
        /// Position of the first time that breaks the order.
        index: usize,
        /// The time.
        found: f64,
    },
    /// A pair of images of different sizes.
    #[error("probability path: x1 has {found} values, expected {expected} as x0")]
    Length {
        /// Values of `x1`.
        found: usize,
        /// Values of `x0`.
        expected: usize,
    },
    /// A timestep embedding of an odd or empty width.
    #[error("timestep embedding: width is {found}, expected an even number above 0")]
    Width {
        /// The width asked for.
        found: usize,
    },
    /// A name that no solver has.
    #[error("solver is {found:?}, expected euler, midpoint, heun2, rk4 or dopri5")]
    UnknownSolver {
        /// The name.
        found: String,
    },
    /// A name that no time grid has.
    #[error("time grid is {found:?}, expected uniform, edm or cosine")]
    UnknownGrid {
        /// The name.
        found: String,
    },
}
