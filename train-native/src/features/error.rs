//! What can go wrong with features.

use std::path::{Path, PathBuf};

use cellflux_bundle::BundleError;
use cellflux_data::DataError;
use cellflux_image::ImageError;

/// Why features could not be computed or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeatureError {
    /// A value of `--features` that does not name a space.
    #[error("--features {found}: {reason}, expected {expected}")]
    Space {
        /// What was given.
        found: String,
        /// What is wrong with it.
        reason: &'static str,
        /// What may be given.
        expected: &'static str,
    },
    /// Two spaces of one name, whose figures nobody could tell apart.
    #[error(
        "--features {first} and {second}: both are called {name}, expected each name once; evaluate one of \
         them in another folder"
    )]
    Twice {
        /// The first as it was given.
        first: String,
        /// The second.
        second: String,
        /// Their name.
        name: &'static str,
    },
    /// A file or folder could not be read or written.
    #[error("{}: {reason}", path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// A file that does not hold weights, or holds another network's.
    #[error("{}: {reason}", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: Box<BundleError>,
    },
    /// A classifier's folder whose files do not hold what they should.
    #[error("{}: {reason}; make it again with `cellflux-train classify`", path.display())]
    Classifier {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Images or numbers of another shape than expected.
    #[error("{what}: {found}, expected {expected}")]
    Shape {
        /// What has the shape.
        what: &'static str,
        /// What was found.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// A file of features that cannot be used.
    #[error("{}: {reason}", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// What is wrong, where, and what was expected.
        reason: String,
    },
    /// Data from which no classifier can be trained.
    #[error("no classifier can be trained: {0}")]
    Classes(String),
    /// A table that cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A `.npy` file that cannot be read.
    #[error(transparent)]
    Array(#[from] ImageError),
    /// The tensor library failed.
    #[error("candle: {0}")]
    Tensor(#[from] candle_core::Error),
}

impl FeatureError {
    /// An error of the file system at `path`; to be given to `map_err`.
    pub(super) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        |reason| Self::Io {
            path: path.to_path_buf(),
            reason,
        }
    }
}
