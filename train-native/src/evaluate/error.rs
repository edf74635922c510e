//! What can go wrong while evaluating.

use std::path::{Path, PathBuf};

use cellflux_bundle::BundleError;
use cellflux_data::{DataError, Split};

use crate::TrainError;
use crate::features::FeatureError;

/// Why an evaluation could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluateError {
    /// The split has no treated cell that the bundle can be asked about.
    #[error(
        "the {split} split has no treated cell with a control of its batch whose compound {bundle} knows{}",
        other_names(unknown)
    )]
    NoCells {
        /// The split.
        split: Split,
        /// The bundle's id.
        bundle: String,
        /// Compounds of the split's cells that the bundle lacks.
        unknown: Vec<String>,
    },
    /// The split has too few cells for anything to be measured.
    #[error(
        "the {split} split gives {treated} treated cells that {bundle} knows and {controls} controls of \
         their batches, expected at least {needed} of each; name another --split or a larger --most"
    )]
    FewCells {
        /// The split.
        split: Split,
        /// The bundle's id.
        bundle: String,
        /// Treated cells.
        treated: usize,
        /// Controls.
        controls: usize,
        /// How many of each are needed.
        needed: usize,
    },
    /// The data's images are not what the bundle's network takes.
    #[error(
        "the config's images are {found}, the bundle's are {expected}: evaluate with the config it was \
         trained with"
    )]
    Images {
        /// The config's.
        found: String,
        /// The bundle's.
        expected: String,
    },
    /// A setting is out of range.
    #[error("{setting} is {found}, expected {expected}")]
    Setting {
        /// The flag.
        setting: String,
        /// What it holds.
        found: String,
        /// What it may hold.
        expected: String,
    },
    /// The folder holds the cells of another evaluation.
    #[error(
        "{}: holds the cells of another evaluation ({field} was {before}, is {now}); name another folder \
         with --out",
        folder.display()
    )]
    OtherPlan {
        /// The folder.
        folder: PathBuf,
        /// The first setting that differs.
        field: String,
        /// Its value in the folder.
        before: String,
        /// Its value now.
        now: String,
    },
    /// The folder holds the cells of an evaluation by an earlier version, whose plan lacks a setting.
    #[error(
        "{}: does not state {field}, so the folder holds the cells of an evaluation by an earlier version, \
         and whether they are those that are asked for now is not known; run again with --out and a new \
         folder",
        plan.display()
    )]
    OlderPlan {
        /// The plan's file.
        plan: PathBuf,
        /// The first setting that is missing.
        field: String,
    },
    /// The folder to write holds what no evaluation wrote.
    #[error(
        "{}: holds {found} and is no evaluation's folder, expected a new or an empty one, or that of an \
         evaluation to go on with; name another folder with --out",
        folder.display()
    )]
    NotOurs {
        /// The folder.
        folder: PathBuf,
        /// Something that is in it.
        found: String,
    },
    /// A set's folder holds pictures of other cells.
    #[error(
        "{}: holds pictures {found}, expected those of this evaluation's cells; remove this folder, or name \
         another one with --out",
        folder.display()
    )]
    OtherCells {
        /// The set's folder.
        folder: PathBuf,
        /// Of which cells they are.
        found: String,
    },
    /// A picture is missing or is not what was expected.
    #[error("{}: {reason}", file.display())]
    Picture {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// An image of the experiment is not in its cache.
    #[error("image {number} is not in the packed cache, which is of another experiment")]
    Image {
        /// Its number.
        number: u32,
    },
    /// A file or folder cannot be read or written.
    #[error("{}: {reason}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// A file of the evaluation cannot be understood.
    #[error("{}: {reason}", path.display())]
    Text {
        /// Which one.
        path: PathBuf,
        /// What is wrong, with its place.
        reason: String,
    },
    /// Distances between sets.
    #[error(transparent)]
    Sets(#[from] cellflux_measure::sets::SetError),
    /// Measures of a crop.
    #[error(transparent)]
    Crop(#[from] cellflux_measure::crop::MeasureError),
    /// Features of a space.
    #[error(transparent)]
    Features(#[from] FeatureError),
    /// The experiment.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The network and its walks.
    #[error(transparent)]
    Train(#[from] TrainError),
}

impl EvaluateError {
    /// Makes the error of a file or folder.
    pub(crate) fn file(path: &Path) -> impl Fn(std::io::Error) -> Self {
        move |reason| Self::File {
            path: path.to_owned(),
            reason,
        }
    }
}

fn other_names(names: &[String]) -> String {
    const SHOWN: usize = 12;
    if names.is_empty() {
        return String::new();
    }
    let shown: Vec<&str> = names.iter().take(SHOWN).map(String::as_str).collect();
    let more = names.len().saturating_sub(SHOWN);
    let rest = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("; its cells are of {}{rest}", shown.join(", "))
}
