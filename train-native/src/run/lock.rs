//! One process at a time trains in a run's folder: two would write each other's log and remove each other's
//! checkpoints.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::Path;

use crate::TrainError;

/// File name of the lock in a run's folder. The file stays when the process ends; the system then frees the
/// lock, however the process ended.
const LOCK: &str = "run.lock";

/// A run's folder, held by this process.
#[derive(Debug)]
pub(super) struct RunLock {
    // Freed when it is closed.
    _file: File,
}

impl RunLock {
    /// Takes the run's folder, and makes it where it is missing.
    ///
    /// # Errors
    /// [`TrainError::Busy`] naming the process that holds it, [`TrainError::Io`].
    pub(super) fn take(folder: &Path) -> Result<Self, TrainError> {
        fs::create_dir_all(folder).map_err(TrainError::io(folder))?;
        let path = folder.join(LOCK);
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(TrainError::io(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = fs::read_to_string(&path).unwrap_or_default();
                return Err(TrainError::Busy {
                    folder: folder.to_path_buf(),
                    process: holder.trim().parse().ok(),
                });
            }
            Err(TryLockError::Error(reason)) => return Err(TrainError::io(&path)(reason)),
        }
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(TrainError::io(&path))?;
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_held_by_one_and_free_when_that_ends() {
        let folder = tempfile::tempdir().unwrap();
        let held = RunLock::take(folder.path()).unwrap();
        let message = RunLock::take(folder.path()).unwrap_err().to_string();
        let process = format!("process {} trains in this folder", std::process::id());
        assert!(message.contains(&process), "{message}");
        drop(held);
        RunLock::take(folder.path()).unwrap();
    }
}
