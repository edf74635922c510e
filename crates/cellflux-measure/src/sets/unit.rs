//! What a bootstrap resamples as one piece.

use std::fmt::{Display, Formatter};

/// What is resampled as one piece: from the smallest unit that keeps neighbours together to the largest, and
/// single cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// One position of the microscope in a well.
    Field,
    /// One well of a plate.
    Well,
    /// One plate.
    Plate,
    /// Each cell by itself. Cells of one field are taken as independent, which they are not: the interval is
    /// too narrow; say so beside it.
    Cell,
}

impl Display for Unit {
    fn fmt(&self, out: &mut Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Field => "field of view",
            Self::Well => "well",
            Self::Plate => "plate",
            Self::Cell => "cell",
        })
    }
}
