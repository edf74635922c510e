//! What can go wrong while training.

use std::path::{Path, PathBuf};

use cellflux_bundle::BundleError;
use cellflux_bundle::config::ConfigError;
use cellflux_candle::CandleError;
use cellflux_flow::error::FlowError;
use cellflux_image::ImageError;

use cellflux_data::DataError;
use cellflux_terminal::shell::quoted;

use crate::features::FeatureError;

/// Why a run could not start, go on or be exported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A file or folder could not be read or written.
    #[error("{}: {reason}", path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// The configuration is not TOML, has an unknown key or a value of another type.
    #[error("{origin}: {reason}")]
    ConfigText {
        /// The file, or the flag.
        origin: String,
        /// What is wrong, with its place.
        reason: String,
    },
    /// A value of the configuration is out of range.
    #[error("config: {field} is {found}, expected {expected}")]
    ConfigValue {
        /// Section and key.
        field: String,
        /// What it holds.
        found: String,
        /// What it may hold.
        expected: String,
    },
    /// The network's configuration describes no network.
    #[error(transparent)]
    Network(#[from] ConfigError),
    /// A checkpoint cannot be used.
    #[error("checkpoint {}: {reason}", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong with it and what was expected.
        reason: String,
    },
    /// Generated cells of a validation that cannot be measured.
    #[error("the generated cells of a validation cannot be measured, which run.select asks for: {reason}")]
    Generated {
        /// Why.
        reason: String,
    },
    /// Another process trains in the run's folder.
    #[error(
        "{}: {} trains in this folder already; wait until it ends, or stop it with Ctrl-C, which writes a \
        checkpoint",
        folder.display(),
        process.map_or_else(|| "another process".to_owned(), |id| format!("process {id}"))
    )]
    Busy {
        /// The run's folder.
        folder: PathBuf,
        /// The other process's number, where it is known.
        process: Option<u32>,
    },
    /// The newest checkpoint of a run cannot be read.
    #[error("checkpoint {}: {reason}; {}", path.display(), before(good.as_deref()))]
    Damaged {
        /// The newest checkpoint.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
        /// The newest one that can be read.
        good: Option<PathBuf>,
    },
    /// The requested device is not there, or cannot do what was asked.
    #[error("device {wanted}: {reason}")]
    Device {
        /// What was asked for.
        wanted: String,
        /// Why it cannot be had.
        reason: String,
    },
    /// A micro-batch does not fit the device's memory.
    #[error("a batch of {batch} does not fit the GPU's memory; {advice}")]
    Memory {
        /// Pairs a micro-batch.
        batch: usize,
        /// What fits.
        advice: String,
    },
    /// The loss is not a number, or far above that of predicting no change at all.
    #[error("step {step}: {what}; {kept}. {advice}", kept = kept(last_good.as_deref()))]
    Diverged {
        /// The optimiser step.
        step: u64,
        /// What was seen.
        what: String,
        /// The last checkpoint written before that.
        last_good: Option<PathBuf>,
        /// What to try.
        advice: &'static str,
    },
    /// A process of several that train together has failed or ended.
    #[error(
        "{} {reason}; {kept}",
        rank.map_or_else(|| "another process".to_owned(), |rank| format!("rank {rank} of {size}")),
        kept = kept(last_good.as_deref())
    )]
    Rank {
        /// Which one, from 0, where that is known.
        rank: Option<usize>,
        /// How many there are.
        size: usize,
        /// What became of it.
        reason: String,
        /// The last checkpoint written before that.
        last_good: Option<PathBuf>,
    },
    /// Several processes cannot be joined, or do not agree.
    #[error("several processes: {reason}")]
    Ranks {
        /// What is wrong, what was expected and what to do.
        reason: String,
    },
    /// The data could not be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The network could not be built or evaluated.
    #[error(transparent)]
    Candle(#[from] CandleError),
    /// The tensor library failed.
    #[error("candle: {0}")]
    Tensor(#[from] candle_core::Error),
    /// The bundle could not be packed or written.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// A picture could not be coded.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// Features could not be computed or read.
    #[error(transparent)]
    Features(#[from] FeatureError),
    /// The flow refused a number.
    #[error(transparent)]
    Flow(#[from] FlowError),
}

fn kept(last_good: Option<&Path>) -> String {
    match last_good {
        Some(path) => format!("the last good checkpoint is {}", path.display()),
        None => "no checkpoint was written before that".to_owned(),
    }
}

fn before(good: Option<&Path>) -> String {
    match good {
        Some(path) => format!(
            "the newest whole one is {}: `--checkpoint {}` goes on with it",
            path.display(),
            quoted(path)
        ),
        None => "no other checkpoint of this run can be read".to_owned(),
    }
}

impl TrainError {
    /// An error of the file system at `path`; to be given to `map_err`.
    pub fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        |reason| Self::Io {
            path: path.to_path_buf(),
            reason,
        }
    }

    /// A value of the configuration that is out of range.
    pub fn value(
        field: impl Into<String>,
        found: impl std::fmt::Display,
        expected: impl Into<String>,
    ) -> Self {
        Self::ConfigValue {
            field: field.into(),
            found: found.to_string(),
            expected: expected.into(),
        }
    }
}
