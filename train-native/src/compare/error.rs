//! What can go wrong while comparing.

use std::path::PathBuf;

use cellflux_bundle::BundleError;
use cellflux_measure::sets::SetError;

use crate::evaluate::EvaluateError;

/// Why evaluations could not be compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompareError {
    /// There are fewer than two.
    #[error("one evaluation alone is compared with nothing: name at least two folders that `evaluate` wrote")]
    Few,
    /// A folder is named a second time.
    #[error("{name} is named twice: name each evaluation once, and give the folders different names")]
    Twice {
        /// Its name.
        name: String,
    },
    /// Two evaluations are of different splits.
    #[error(
        "{name} is of the {found} split, {first} of the {expected} split: compare evaluations of one split"
    )]
    Split {
        /// The evaluation.
        name: String,
        /// Its split.
        found: String,
        /// The first evaluation.
        first: String,
        /// Its split.
        expected: String,
    },
    /// Two evaluations are of different images.
    #[error("{name} measured images of {found}, {first} of {expected}: compare evaluations of images alike")]
    Images {
        /// The evaluation.
        name: String,
        /// Its images.
        found: String,
        /// The first evaluation.
        first: String,
        /// Its images.
        expected: String,
    },
    /// A file of an evaluation is missing, damaged or not what it should be.
    #[error("{}: {reason}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The figures.
    #[error("{}: {source}", path.display())]
    Evaluation {
        /// The file.
        path: PathBuf,
        /// What is wrong with them.
        source: BundleError,
    },
    /// Measuring again.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// Distances between sets.
    #[error(transparent)]
    Sets(#[from] SetError),
}
