//! What can be wrong with a figure, as one sentence each.

/// Why a figure could not be drawn or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrintError {
    /// There is nothing to show.
    #[error("the figure has nothing to show, expected at least one picture or chart")]
    Empty,
    /// A column or a legend names a picture that is not there.
    #[error("picture {picture} of the figure is missing: there are {pictures}, counted from 0")]
    Missing {
        /// The picture that is named.
        picture: usize,
        /// How many there are.
        pictures: usize,
    },
    /// A picture whose bytes are not its pixels, or whose size is not the first panel's.
    #[error("picture {picture} of the figure is {found}, expected {expected}")]
    Size {
        /// The picture, counted from 0.
        picture: usize,
        /// Its size and bytes.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// More dots than are drawn; this is found before memory is reserved for them.
    #[error("the figure would have {found} dots, at most {allowed} are drawn; show fewer steps")]
    TooLarge {
        /// Dots that it would have.
        found: usize,
        /// The limit.
        allowed: usize,
    },
    /// More of something than is drawn.
    #[error("the figure has {found} {what}, at most {allowed} are drawn")]
    Many {
        /// What there is too much of.
        what: &'static str,
        /// How much there is.
        found: usize,
        /// The limit.
        allowed: usize,
    },
    /// A name that is none of the widths.
    #[error("the width is {found:?}, expected double or single")]
    Width {
        /// The name.
        found: String,
    },
    /// The font of this crate, which its tests read.
    #[error("the embedded font could not be read, which is a fault of this program")]
    Font,
    /// The writer refused.
    #[error("could not write the PNG: {reason}")]
    Write {
        /// The writer's words.
        reason: String,
    },
}
