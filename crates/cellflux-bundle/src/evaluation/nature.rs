//! What the cells are that generated ones are compared with: photographed, or drawn by a program.

use std::fmt;

use super::{MeasuredData, RowKind};

/// What the cells of an evaluation's data are, and the word for it, which only this type knows: a sentence
/// takes it from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// Photographed with a microscope.
    Real,
    /// Drawn by a program: no cell was imaged.
    Drawn,
}

impl Nature {
    /// That of cells which were drawn, or were not.
    pub const fn of(drawn: bool) -> Self {
        if drawn { Self::Drawn } else { Self::Real }
    }

    /// The word that stands before `cells` and `controls`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Drawn => "drawn",
        }
    }

    /// The word at the start of a sentence or heading.
    pub const fn capital(self) -> &'static str {
        match self {
            Self::Real => "Real",
            Self::Drawn => "Drawn",
        }
    }
}

impl fmt::Display for Nature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl MeasuredData {
    /// What its cells are.
    pub fn nature(&self) -> Nature {
        Nature::of(self.drawn)
    }
}

impl RowKind {
    /// Its name in tables for people beside cells of this nature. In `evaluation.json` the cells that others
    /// are compared with are always of the kind `real`.
    pub fn name(self, nature: Nature) -> &'static str {
        match self {
            Self::Real => nature.word(),
            Self::Copied => "copied",
            Self::Generated => "generated",
            Self::Shuffled => "shuffled",
            Self::OtherBatch => "other-batch",
            Self::Untreated => "untreated",
            Self::NoiseStart => "noise-start",
            Self::External => "external",
        }
    }
}
