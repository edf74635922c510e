//! One image of an experiment, and what was done to it.

use cellflux_bundle::perturbation::Perturbation;
use serde::Serialize;

/// The part that an image plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// Weights are fitted to it.
    Train,
    /// Measures progress.
    Validation,
    /// Measures the result.
    Test,
    /// Treated with a compound that training never sees, whatever its row says.
    HeldOut,
}

impl Split {
    /// All of them, in the order in which they are reported.
    pub const ALL: [Self; 4] = [Self::Train, Self::Validation, Self::Test, Self::HeldOut];
}

impl std::fmt::Display for Split {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
            Self::HeldOut => "held-out",
        })
    }
}

/// One image.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its path below the folder of images; for synthetic cells their name.
    pub image: Box<str>,
    /// Its line in the table; the header is line 1.
    pub line: u32,
    /// The part it plays.
    pub split: Split,
    /// Whether it is treated; a control otherwise.
    pub treated: bool,
    /// What was done to it: a position in [`crate::Experiment::compounds`].
    pub compound: u32,
    /// Where it was imaged: a position in [`crate::Experiment::batches`].
    pub batch: u32,
    /// Its plate, where the table says: a position in [`crate::Experiment::plates`].
    pub plate: Option<u32>,
    /// Its well, where the table says: a position in [`crate::Experiment::wells`].
    pub well: Option<u32>,
    /// Its field of view, where the table says: a position in [`crate::Experiment::fields`]. Cells of one
    /// field share light, focus and neighbours, so they are not independent of each other.
    pub field: Option<u32>,
    /// Dose in micromolar, where known.
    pub dose_um: Option<f64>,
}

/// A compound, gene or other perturbation; the control is one too.
#[derive(Clone, Debug, PartialEq)]
pub struct Compound {
    /// Its name in the table.
    pub name: String,
    /// What it does to cells, as `[data]` says; a table of vectors may know better.
    pub kind: Perturbation,
    /// Its structure, where known.
    pub smiles: Option<String>,
    /// Its mode of action, where known.
    pub mode_of_action: Option<String>,
    /// Whether control images have its name.
    pub control: bool,
    /// Whether training never sees it.
    pub held_out: bool,
    /// The first line that names it; its structure's, where it has one.
    pub line: u32,
}
