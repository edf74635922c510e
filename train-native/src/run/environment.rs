//! What a run ran on: a line each time that it is started or goes on.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::config::Config;

/// File name in a run's folder: a JSON object a line.
pub const ENVIRONMENT: &str = "environment.jsonl";

/// What a run ran on from a step on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Steps made before.
    pub from_step: u64,
    /// The day, `YYYY-MM-DD`.
    pub date: String,
    /// The program and its version.
    pub program: String,
    /// candle's version.
    pub candle: String,
    /// Operating system and processor.
    pub system: String,
    /// Threads that the machine of the first process runs at once, where that is known.
    pub threads: Option<usize>,
    /// The config's device.
    pub device: String,
    /// Processes that train together.
    pub processes: usize,
}

impl Environment {
    /// This one.
    pub(super) fn of(config: &Config, processes: usize, from_step: u64) -> Self {
        Self {
            from_step,
            date: cellflux_terminal::today(),
            program: format!("cellflux-train {}", env!("CARGO_PKG_VERSION")),
            candle: env!("CANDLE_VERSION").to_owned(),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            threads: std::thread::available_parallelism().ok().map(usize::from),
            device: config.run.device.to_string(),
            processes,
        }
    }
}

/// Adds a line.
///
/// # Errors
/// [`TrainError::Io`].
pub(super) fn note(folder: &Path, environment: &Environment) -> Result<(), TrainError> {
    let path = folder.join(ENVIRONMENT);
    let line = serde_json::to_string(environment).map_err(|error| TrainError::io(&path)(error.into()))?;
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .and_then(|mut file| writeln!(file, "{line}"))
        .map_err(TrainError::io(&path))
}

/// Every line that can be read, oldest first; none for a run of an older version.
pub fn read(folder: &Path) -> Vec<Environment> {
    let text = fs::read_to_string(folder.join(ENVIRONMENT)).unwrap_or_default();
    let lines = text.lines().filter_map(|line| serde_json::from_str(line).ok());
    lines.collect()
}
