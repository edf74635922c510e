//! What one process writes into a run's folder.

use std::io::ErrorKind;
use std::path::Path;

use super::checkpoint::{self, CheckpointFolder};
use super::environment::{self, Environment};
use super::lock::RunLock;
use super::log::Log;
use super::{CHECKPOINTS, CONFIG, MISSING};
use crate::TrainError;
use crate::material::Material;
use crate::ranks::Ranks;
use cellflux_data::Experiment;

/// A run's folder, being written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) checkpoints: CheckpointFolder,
    pub(super) log: Log,
    _lock: RunLock,
}

impl Written {
    /// The folder of the run of `material` after `step` steps, which `lock` holds: writes the config and what
    /// it runs on, and drops what a log has beyond that step.
    ///
    /// # Errors
    /// [`TrainError::Io`].
    pub(super) fn open(
        material: &Material,
        ranks: &Ranks,
        step: u64,
        lock: RunLock,
    ) -> Result<Self, TrainError> {
        let config = &material.config;
        let folder = &config.run.folder;
        let checkpoints = CheckpointFolder::open(&folder.join(CHECKPOINTS), config.run.keep)?;
        checkpoint::write_whole(&folder.join(CONFIG), ".config-", config.to_toml()?.as_bytes())?;
        name_missing(folder, &material.experiment)?;
        environment::note(folder, &Environment::of(config, ranks.size(), step))?;
        Ok(Self {
            checkpoints,
            log: Log::open(folder, step)?,
            _lock: lock,
        })
    }
}

/// Names every image that is missing: the printed report has only the first of them.
fn name_missing(folder: &Path, experiment: &Experiment) -> Result<(), TrainError> {
    let path = folder.join(MISSING);
    let names = &experiment.left_out().missing.names;
    if !names.is_empty() {
        let mut text = names.join("\n");
        text.push('\n');
        return checkpoint::write_whole(&path, ".missing-", text.as_bytes());
    }
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(TrainError::io(&path)(error)),
        _ => Ok(()),
    }
}
