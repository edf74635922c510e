//! Checkpoints: what a run needs to go on, in one file that is either whole or not there.
//!
//! A checkpoint is a safetensors file with the four tensors of [`FlatState`] and, in its metadata, the
//! resolved config, the step and the loss scale. It is written under a temporary name, synchronised to the
//! disk and then renamed, so that neither a killed process nor a full disk leaves half a file under a
//! checkpoint's name. Random numbers and the order of the data are functions of seed and step, so that only
//! the step has to be saved for them.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};
use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::step::{FlatState, LossScale};

/// The beginning of a temporary file's name.
const TEMPORARY: &str = ".checkpoint-";
/// File name of the checkpoint that the run selects.
const BEST: &str = "best.safetensors";
/// The metadata's one key.
const PROGRESS: &str = "progress";
/// Names of the tensors, in the order of [`tensors`].
const NAMES: [&str; 4] = ["weights", "first", "second", "averaged"];

/// How far a run had come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// Optimiser steps made.
    pub step: u64,
    /// Updates of the weights: steps minus those that overflowed.
    pub updates: u64,
    /// The loss scale.
    pub scale: LossScale,
    /// Seconds of training, over all the run's processes.
    pub seconds: f64,
    /// Measured qualities by name, from the last validation.
    pub metrics: std::collections::BTreeMap<String, f64>,
    /// The resolved config as TOML.
    pub config: String,
    /// The command that started the run.
    pub command: String,
    /// What it ran on.
    pub device: String,
    /// CRC-32C of the tensors' bytes in the order of their names in this module.
    pub checksum: u32,
}

/// A checkpoint in memory.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// How far the run had come; the checksum is filled in when it is written.
    pub progress: Progress,
    /// The optimiser's state.
    pub state: FlatState,
}

/// A run's folder of checkpoints.
#[derive(Clone, Debug)]
pub struct CheckpointFolder {
    path: PathBuf,
    keep: usize,
}

fn tensors(state: &FlatState) -> [&Tensor; 4] {
    [&state.weights, &state.first, &state.second, &state.averaged]
}

impl CheckpointFolder {
    /// The folder at `path`, in which the newest `keep` checkpoints stay. Makes it, and removes what a killed
    /// process left half written.
    ///
    /// # Errors
    /// [`TrainError::Io`].
    pub fn open(path: &Path, keep: usize) -> Result<Self, TrainError> {
        fs::create_dir_all(path).map_err(TrainError::io(path))?;
        for entry in fs::read_dir(path).map_err(TrainError::io(path))? {
            let entry = entry.map_err(TrainError::io(path))?;
            if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
                fs::remove_file(entry.path()).map_err(TrainError::io(path))?;
            }
        }
        Ok(Self {
            path: path.to_path_buf(),
            keep: keep.max(1),
        })
    }

    /// Writes a checkpoint and removes those that are too old; returns its path.
    ///
    /// # Errors
    /// [`TrainError::Io`] (for example a full disk); then every earlier checkpoint is still there.
    pub fn save(&self, checkpoint: &Checkpoint) -> Result<PathBuf, TrainError> {
        let path = self
            .path
            .join(format!("step-{:09}.safetensors", checkpoint.progress.step));
        let bytes = checkpoint.to_bytes(&path)?;
        write_whole(&path, TEMPORARY, &bytes)?;
        let all = self.list()?;
        for old in all.iter().rev().skip(self.keep) {
            fs::remove_file(old).map_err(TrainError::io(old))?;
        }
        Ok(path)
    }

    /// Writes the checkpoint with the lowest validation loss so far, in place of the one before it; returns
    /// its path.
    ///
    /// # Errors
    /// As [`CheckpointFolder::save`].
    pub fn save_best(&self, checkpoint: &Checkpoint) -> Result<PathBuf, TrainError> {
        let path = self.path.join(BEST);
        let bytes = checkpoint.to_bytes(&path)?;
        write_whole(&path, TEMPORARY, &bytes)?;
        Ok(path)
    }

    /// Paths of all checkpoints, oldest first.
    ///
    /// # Errors
    /// [`TrainError::Io`].
    pub fn list(&self) -> Result<Vec<PathBuf>, TrainError> {
        list(&self.path)
    }
}

/// How far the run of this folder of checkpoints had come at its lowest validation loss; none where no such
/// checkpoint can be read.
pub fn best(folder: &Path) -> Option<Progress> {
    progress(&folder.join(BEST))
}

/// How far the run had come at a checkpoint; none where it cannot be read.
pub fn progress(path: &Path) -> Option<Progress> {
    let bytes = fs::read(path).ok()?;
    read_progress(&bytes).ok()
}

/// Paths of the checkpoints in a folder, oldest first; none where there is no folder.
///
/// # Errors
/// [`TrainError::Io`].
pub fn list(folder: &Path) -> Result<Vec<PathBuf>, TrainError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(TrainError::io(folder))?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(TrainError::io(folder))?.path();
        if let Some(step) = step_of(&path) {
            found.push((step, path));
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

/// Reads the checkpoint at `asked`, or without one the newest in `folder`. Asked for by name, `last` is the
/// newest, and `best` the one that the run selects, where it keeps one.
///
/// # Errors
/// As [`Checkpoint::load`]; [`TrainError::Damaged`] naming the newest whole checkpoint if the newest is
/// damaged; [`TrainError::Checkpoint`] where there is none.
pub fn load(
    folder: &Path,
    asked: Option<&Path>,
    device: &Device,
) -> Result<(PathBuf, Checkpoint), TrainError> {
    match asked {
        Some(name) if name == Path::new("last") => {}
        Some(name) if name == Path::new("best") => {
            let path = folder.join(BEST);
            if !path.is_file() {
                return Err(TrainError::Checkpoint {
                    path,
                    reason:
                        "there is none: a run keeps it with run.select = \"validation-loss\", \"kid\" or \
                        \"gap-closed\", from its first validation on; `--checkpoint last` is the newest"
                            .into(),
                });
            }
            let checkpoint = Checkpoint::load(&path, device)?;
            return Ok((path, checkpoint));
        }
        Some(path) => return Ok((path.to_path_buf(), Checkpoint::load(path, device)?)),
        None => {}
    }
    let mut all = list(folder)?;
    let Some(newest) = all.pop() else {
        return Err(TrainError::Checkpoint {
            path: folder.to_path_buf(),
            reason: "there is no checkpoint here, expected one to go on from".into(),
        });
    };
    match Checkpoint::load(&newest, device) {
        Ok(checkpoint) => Ok((newest, checkpoint)),
        Err(error) => Err(TrainError::Damaged {
            reason: match error {
                TrainError::Checkpoint { reason, .. } => reason,
                TrainError::Io { reason, .. } => reason.to_string(),
                other => other.to_string(),
            },
            path: newest,
            good: all
                .into_iter()
                .rev()
                .find(|path| Checkpoint::load(path, &Device::Cpu).is_ok()),
        }),
    }
}

/// Renames the checkpoints in `folder` that are newer than `step`, so that no run goes on from them or
/// removes them. Returns their new paths.
///
/// # Errors
/// [`TrainError::Io`].
pub(super) fn set_newer_aside(folder: &Path, step: u64) -> Result<Vec<PathBuf>, TrainError> {
    let mut aside = Vec::new();
    for path in list(folder)? {
        if step_of(&path).is_some_and(|own| own > step) {
            let mut name = path.clone().into_os_string();
            name.push(".set-aside");
            let new = PathBuf::from(name);
            fs::rename(&path, &new).map_err(TrainError::io(&path))?;
            aside.push(new);
        }
    }
    Ok(aside)
}

/// The checkpoint that a run in this folder of checkpoints has written, if any: the newest, or else the best.
///
/// # Errors
/// [`TrainError::Io`].
pub(super) fn any(folder: &Path) -> Result<Option<PathBuf>, TrainError> {
    let best = folder.join(BEST);
    Ok(list(folder)?.pop().or_else(|| best.is_file().then_some(best)))
}

/// The step in a checkpoint's name.
fn step_of(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    name.strip_prefix("step-")?
        .strip_suffix(".safetensors")?
        .parse()
        .ok()
}

/// Writes a file that is either whole or not there: under a name that begins with `temporary`, synchronised,
/// renamed.
///
/// # Errors
/// [`TrainError::Io`]; nothing is left behind then.
pub fn write_whole(path: &Path, temporary: &str, bytes: &[u8]) -> Result<(), TrainError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(temporary);
    // As for any file that a program writes: the user's mask decides, not the privacy of temporary files.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder).map_err(TrainError::io(folder))?;
    file.write_all(bytes).map_err(TrainError::io(path))?;
    file.as_file().sync_all().map_err(TrainError::io(path))?;
    file.persist(path).map_err(|error| TrainError::Io {
        path: path.to_path_buf(),
        reason: error.error,
    })?;
    // The new name is on the disk only when the folder is.
    #[cfg(unix)]
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(TrainError::io(folder))?;
    Ok(())
}

impl Checkpoint {
    fn to_bytes(&self, path: &Path) -> Result<Vec<u8>, TrainError> {
        let values = tensors(&self.state)
            .into_iter()
            .map(|tensor| {
                let values: Vec<f32> = tensor.to_vec1()?;
                Ok(values.iter().flat_map(|value| value.to_le_bytes()).collect())
            })
            .collect::<Result<Vec<Vec<u8>>, TrainError>>()?;
        let refuse = |reason: String| TrainError::Checkpoint {
            path: path.to_path_buf(),
            reason,
        };
        let progress = Progress {
            checksum: checksum(&values),
            ..self.progress.clone()
        };
        let progress = serde_json::to_string(&progress).map_err(|error| refuse(error.to_string()))?;
        let views = NAMES
            .iter()
            .zip(&values)
            .map(|(name, bytes)| Ok((*name, TensorView::new(Dtype::F32, vec![bytes.len() / 4], bytes)?)))
            .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()
            .map_err(|error| refuse(error.to_string()))?;
        let metadata = HashMap::from([(PROGRESS.to_owned(), progress)]);
        serialize(views, Some(metadata)).map_err(|error| refuse(error.to_string()))
    }

    /// Reads the checkpoint at `path`, tensors on `device`.
    ///
    /// # Errors
    /// [`TrainError::Io`], or [`TrainError::Checkpoint`] for a file that no run wrote, or that has changed
    /// since.
    pub fn load(path: &Path, device: &Device) -> Result<Self, TrainError> {
        let refuse = |reason: String| TrainError::Checkpoint {
            path: path.to_path_buf(),
            reason,
        };
        let bytes = fs::read(path).map_err(TrainError::io(path))?;
        let progress = read_progress(&bytes).map_err(refuse)?;
        let file = SafeTensors::deserialize(&bytes).map_err(|error| refuse(error.to_string()))?;
        let values = NAMES
            .iter()
            .map(|name| {
                let view = file.tensor(name).map_err(|error| refuse(error.to_string()))?;
                if view.dtype() != Dtype::F32 || view.shape().len() != 1 {
                    return Err(refuse(format!(
                        "{name} is {:?} {:?}, expected f32 with one axis",
                        view.dtype(),
                        view.shape()
                    )));
                }
                Ok(view.data().to_vec())
            })
            .collect::<Result<Vec<_>, _>>()?;
        if checksum(&values) != progress.checksum {
            return Err(refuse(
                "its numbers are not those that were written (CRC-32C differs)".into(),
            ));
        }
        let mut tensors = values.iter().map(|bytes| {
            let count = bytes.len() / 4;
            Ok(Tensor::from_raw_buffer(bytes, DType::F32, &[count], device)?)
        });
        let mut next = || {
            tensors
                .next()
                .unwrap_or_else(|| Err(refuse("it holds too few tensors".into())))
        };
        let state = FlatState {
            weights: next()?,
            first: next()?,
            second: next()?,
            averaged: next()?,
        };
        Ok(Self { progress, state })
    }
}

fn checksum(values: &[Vec<u8>]) -> u32 {
    values
        .iter()
        .fold(0, |sum, bytes| crc32c::crc32c_append(sum, bytes))
}

/// Whether these are the bytes of a run's checkpoint, whole or not.
pub(super) fn is_of_run(bytes: &[u8]) -> bool {
    read_progress(bytes).is_ok()
}

fn read_progress(bytes: &[u8]) -> Result<Progress, String> {
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| error.to_string())?;
    let text = header
        .metadata()
        .as_ref()
        .and_then(|metadata| metadata.get(PROGRESS))
        .ok_or_else(|| format!("it has no {PROGRESS:?} in its metadata, expected a file that a run wrote"))?;
    serde_json::from_str(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Precision;

    fn checkpoint(step: u64) -> Checkpoint {
        let tensor = |shift: f32| Tensor::new(&[step as f32 + shift, 0.25, -1.0], &Device::Cpu).unwrap();
        Checkpoint {
            progress: Progress {
                step,
                updates: step,
                scale: LossScale::new(Precision::F16),
                seconds: 1.5,
                metrics: [("validation_loss".to_owned(), 0.25)].into(),
                config: "x = 1\n".into(),
                command: "cellflux-train train".into(),
                device: "cpu".into(),
                checksum: 0,
            },
            state: FlatState {
                weights: tensor(0.0),
                first: tensor(0.1),
                second: tensor(0.2),
                averaged: tensor(0.3),
            },
        }
    }

    #[test]
    fn a_checkpoint_comes_back_bit_by_bit_and_only_the_newest_stay() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = CheckpointFolder::open(folder.path(), 2).unwrap();
        for step in [1, 2, 10] {
            checkpoints.save(&checkpoint(step)).unwrap();
        }
        let kept = checkpoints.list().unwrap();
        assert_eq!(kept.len(), 2);
        let read = Checkpoint::load(&kept[1], &Device::Cpu).unwrap();
        let expected = checkpoint(10);
        assert_eq!(read.progress.step, 10);
        assert_eq!(
            Progress {
                checksum: 0,
                ..read.progress
            },
            expected.progress
        );
        for (read, expected) in tensors(&read.state).into_iter().zip(tensors(&expected.state)) {
            assert_eq!(read.to_vec1::<f32>().unwrap(), expected.to_vec1::<f32>().unwrap());
        }
    }

    #[test]
    fn a_damaged_or_foreign_file_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let checkpoints = CheckpointFolder::open(folder.path(), 2).unwrap();
        let path = checkpoints.save(&checkpoint(3)).unwrap();
        let good = fs::read(&path).unwrap();
        let mut flipped = good.clone();
        *flipped.last_mut().unwrap() ^= 1;
        let foreign = serialize(Vec::<(&str, TensorView)>::new(), None).unwrap();
        for (bytes, expected) in [
            (flipped, "CRC-32C differs"),
            (good[..good.len() - 4].to_vec(), ""),
            (foreign, "expected a file that a run wrote"),
            (b"{}".to_vec(), ""),
        ] {
            fs::write(&path, bytes).unwrap();
            let message = Checkpoint::load(&path, &Device::Cpu).unwrap_err().to_string();
            assert!(
                message.contains("step-000000003") && message.contains(expected),
                "{message}"
            );
        }
    }

    #[test]
    fn what_a_killed_process_left_is_removed_and_other_files_stay() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".checkpoint-abc", "notes.txt", "step-x.safetensors"] {
            fs::write(folder.path().join(name), b"x").unwrap();
        }
        let checkpoints = CheckpointFolder::open(folder.path(), 1).unwrap();
        assert_eq!(checkpoints.list().unwrap(), Vec::<PathBuf>::new());
        assert!(!folder.path().join(".checkpoint-abc").exists());
        assert!(folder.path().join("notes.txt").exists());
    }
}
