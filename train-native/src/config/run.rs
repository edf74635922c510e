//! `[run]`: seed, device, and what is written how often.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::TrainError;

/// What a run uses and writes; only the seed changes what is learnt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RunConfig {
    /// The run's folder.
    pub folder: PathBuf,
    /// Where the packed cache of the images is kept; by default `cache` in the run's folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<PathBuf>,
    /// Decides every random choice.
    pub seed: u64,
    /// Where tensors live.
    pub device: DeviceChoice,
    /// Which operations the network runs on.
    pub ops: OpsChoice,
    /// Only algorithms that give the same bits in every run, on a GPU too.
    pub deterministic: bool,
    /// Steps between two lines of the log.
    pub log_every: u64,
    /// Steps between two validations; 0 for only the last.
    pub validate_every: u64,
    /// Validation pairs; 0 for all.
    pub validation_pairs: usize,
    /// Whether validation also measures how much the network uses its condition, which takes three times as
    /// long.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub condition_use: bool,
    /// Steps between two sample sheets; 0 for none.
    pub sheet_every: u64,
    /// Rows of a sample sheet: pairs of the validation set, from as many conditions as possible.
    pub sheet_rows: usize,
    /// Steps between two checkpoints; 0 for only the last.
    pub checkpoint_every: u64,
    /// Checkpoints kept, the newest.
    pub keep: usize,
    /// Cells that are generated at each validation where [`RunConfig::select`] asks for them, at least 8.
    pub generated_cells: usize,
    /// Which checkpoint is the run's result.
    #[serde(skip_serializing_if = "Select::is_last")]
    pub select: Select,
}

/// Which checkpoint is a run's result: the one that `export` takes unless asked for another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Select {
    /// The newest.
    #[default]
    Last,
    /// The one with the lowest validation loss, which is kept beside the newest.
    ValidationLoss,
    /// Likewise the one whose generated validation cells have the lowest kernel distance from the real ones
    /// ([`Generated::kid`](crate::generated::Generated::kid)).
    Kid,
    /// Likewise the one whose generated validation cells close most of the gap from controls to treated cells
    /// ([`Generated::gap_closed`](crate::generated::Generated::gap_closed)).
    GapClosed,
}

impl Select {
    /// Whether a best checkpoint is kept beside the newest.
    pub fn keeps_best(self) -> bool {
        self != Self::Last
    }

    /// Whether cells are generated for it.
    pub fn asks_for_cells(self) -> bool {
        matches!(self, Self::Kid | Self::GapClosed)
    }

    /// Whether a value of what it selects by is better than another.
    pub fn is_better(self, value: f64, than: f64) -> bool {
        match self {
            Self::GapClosed => value > than,
            Self::Last | Self::ValidationLoss | Self::Kid => value < than,
        }
    }

    /// What it selects by and which value is the best, in words.
    pub fn in_words(self) -> (&'static str, &'static str) {
        match self {
            Self::Last => ("step", "newest"),
            Self::ValidationLoss => ("validation loss", "lowest"),
            Self::Kid => ("KID of generated cells", "lowest"),
            Self::GapClosed => ("gap closed by generated cells", "highest"),
        }
    }

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
    fn is_last(&self) -> bool {
        *self == Self::Last
    }
}

/// Where tensors live, written `cpu`, `cuda` or `cuda:N`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DeviceChoice {
    /// The CPU.
    #[default]
    Cpu,
    /// A CUDA GPU by its number.
    Cuda(usize),
}

/// Which operations the network runs on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OpsChoice {
    /// candle's own.
    Candle,
    /// This project's, with their own backward pass.
    #[default]
    Fused,
}

impl Default for RunConfig {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("runs/run"),
            cache: None,
            seed: 0,
            device: DeviceChoice::default(),
            ops: OpsChoice::default(),
            deterministic: false,
            log_every: 10,
            validate_every: 1000,
            validation_pairs: 512,
            condition_use: false,
            sheet_every: 1000,
            sheet_rows: 8,
            checkpoint_every: 1000,
            keep: 3,
            generated_cells: 128,
            select: Select::Last,
        }
    }
}

impl RunConfig {
    pub(super) fn validate(&self) -> Result<(), TrainError> {
        if self.log_every == 0 {
            return Err(TrainError::value("run.log_every", 0, "at least 1"));
        }
        if self.keep == 0 {
            return Err(TrainError::value("run.keep", 0, "at least 1"));
        }
        if self.generated_cells < 8 {
            return Err(TrainError::value(
                "run.generated_cells",
                self.generated_cells,
                "at least 8",
            ));
        }
        Ok(())
    }

    /// The folder of the packed cache.
    pub fn cache_folder(&self) -> PathBuf {
        self.cache.clone().unwrap_or_else(|| self.folder.join("cache"))
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(0) => f.write_str("cuda"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
        }
    }
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?}, expected cpu, cuda or cuda:N");
        match text.split_once(':') {
            None if text == "cpu" => Ok(Self::Cpu),
            None if text == "cuda" => Ok(Self::Cuda(0)),
            Some(("cuda", index)) => Ok(Self::Cuda(index.parse().map_err(|_| wrong())?)),
            _ => Err(wrong()),
        }
    }
}

impl TryFrom<String> for DeviceChoice {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<DeviceChoice> for String {
    fn from(device: DeviceChoice) -> Self {
        device.to_string()
    }
}
