//! The folder beside a place in which its new content is written.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::error::SwapError;
use crate::exchange::{exchange, is_same, is_unknown, sync, sync_one};

/// The file in a workplace that its process holds locked; it marks the folder as a workplace.
const LOCK: &str = "lock";
const NEW: &str = "new";
const OLD: &str = "old";
const LOCK_TEXT: &str =
    "A cellflux command writes a folder here. Nothing in this folder is needed once no command runs.\n";

/// The one writer of a place, and the folder in which it writes. Dropped without [`Workplace::swap`], it
/// leaves nothing behind.
#[derive(Debug)]
pub struct Workplace {
    folder: PathBuf,
    place: PathBuf,
    /// Locked until this value is dropped.
    _lock: File,
}

impl Workplace {
    /// Takes the workplace of a place, makes the place's parent, and clears away what a killed command left
    /// there. A link is followed: the folder that it leads to is the place.
    ///
    /// # Errors
    /// [`SwapError::Busy`] while another process writes the same place, [`SwapError::Taken`] for a folder of
    /// that name that is not a workplace, [`SwapError::Nameless`], [`SwapError::Dangling`],
    /// [`SwapError::NotAFolder`], [`SwapError::Io`].
    pub fn take(place: &Path) -> Result<Self, SwapError> {
        // A link is followed: what it leads to is replaced, not the link.
        let place = &match place.canonicalize() {
            Ok(place) => place,
            Err(error) if error.kind() == ErrorKind::NotFound && !place.is_symlink() => {
                std::path::absolute(place).map_err(SwapError::io(place))?
            }
            Err(error) => {
                return Err(match fs::read_link(place) {
                    Ok(target) => SwapError::Dangling {
                        path: place.to_owned(),
                        target,
                    },
                    Err(_) => SwapError::io(place)(error),
                });
            }
        };
        if fs::metadata(place).is_ok_and(|about| !about.is_dir()) {
            return Err(SwapError::NotAFolder { path: place.clone() });
        }
        if std::env::current_dir().is_ok_and(|current| current == **place) {
            return Err(SwapError::Current { path: place.clone() });
        }
        let (Some(parent), Some(own)) = (place.parent(), place.file_name()) else {
            return Err(SwapError::Nameless { path: place.clone() });
        };
        fs::create_dir_all(parent).map_err(SwapError::io(parent))?;
        let mut name = std::ffi::OsString::from(".writing-");
        name.push(own);
        let folder = place.with_file_name(name);
        let io = |error| SwapError::io(&folder)(error);
        loop {
            match fs::create_dir(&folder) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(io(error)),
                Err(_) if !is_ours(&folder) => return Err(SwapError::Taken { path: folder }),
                _ => {}
            }
            let path = folder.join(LOCK);
            let mut lock = match File::options().create(true).append(true).open(&path) {
                // The command before has just cleared it away.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                other => other.map_err(io)?,
            };
            match lock.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(SwapError::Busy { path: place.clone() }),
                Err(TryLockError::Error(error)) => return Err(io(error)),
            }
            // Between opening and locking, the command before may have cleared the file away.
            if !is_same(&lock, &path) {
                continue;
            }
            lock.write_all(LOCK_TEXT.as_bytes()).map_err(io)?;
            let workplace = Self {
                folder: folder.clone(),
                place: place.to_owned(),
                _lock: lock,
            };
            workplace.recover()?;
            fs::create_dir(workplace.content()).map_err(io)?;
            return Ok(workplace);
        }
    }

    /// The place, absolute, links resolved.
    pub fn place(&self) -> &Path {
        &self.place
    }

    /// The folder to fill.
    pub fn content(&self) -> PathBuf {
        self.folder.join(NEW)
    }

    fn old(&self) -> PathBuf {
        self.folder.join(OLD)
    }

    /// Puts back what a killed command had moved aside, and clears away the rest.
    fn recover(&self) -> Result<(), SwapError> {
        if self.old().exists() && !self.place.exists() {
            fs::rename(self.old(), &self.place).map_err(SwapError::io(&self.place))?;
        }
        for left in [self.content(), self.old()] {
            match fs::remove_dir_all(&left) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(SwapError::io(&left)(error)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Puts the filled folder in its place, and removes what stood there.
    ///
    /// # Errors
    /// [`SwapError::Io`]; the place is as it was then.
    pub fn swap(self) -> Result<(), SwapError> {
        let io = |error| SwapError::io(&self.place)(error);
        sync(&self.content()).map_err(io)?;
        if self.place.exists() {
            match exchange(&self.content(), &self.place) {
                Ok(()) => {}
                Err(error) if is_unknown(&error) => self.rename_twice()?,
                Err(error) => return Err(io(error)),
            }
        } else {
            fs::rename(self.content(), &self.place).map_err(io)?;
        }
        if let Some(parent) = self.place.parent() {
            sync_one(parent).map_err(io)?;
        }
        Ok(())
    }

    /// Where the system cannot exchange two folders: between the two renames the next command finds the old
    /// one.
    fn rename_twice(&self) -> Result<(), SwapError> {
        fs::rename(&self.place, self.old()).map_err(SwapError::io(&self.place))?;
        fs::rename(self.content(), &self.place).map_err(|error| {
            // The first error is the one to report; if this one fails too, the next command puts the folder
            // back.
            let _ = fs::rename(self.old(), &self.place);
            SwapError::io(&self.place)(error)
        })
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        // The only copy of the old folder is never cleared away; `recover` puts it back.
        if self.place.exists() || !self.old().exists() {
            // The lock last: it marks the folder as a workplace if a kill leaves it half cleared.
            let _ = fs::remove_dir_all(self.content());
            let _ = fs::remove_dir_all(self.old());
            let _ = fs::remove_file(self.folder.join(LOCK));
            let _ = fs::remove_dir(&self.folder);
        }
    }
}

/// Whether a folder holds only what a workplace does; a folder that is just being cleared away may be gone by
/// now.
fn is_ours(folder: &Path) -> bool {
    let Ok(mut entries) = fs::read_dir(folder) else {
        return true;
    };
    folder.join(LOCK).is_file()
        || entries.all(|entry| {
            entry.is_ok_and(|entry| [NEW, OLD, LOCK].iter().any(|name| entry.file_name() == *name))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(parent: &Path, text: &str) -> PathBuf {
        let place = parent.join("dist");
        fs::create_dir(&place).unwrap();
        fs::write(place.join("a"), text).unwrap();
        place
    }

    #[test]
    fn a_second_writer_of_a_place_is_refused_by_a_sentence_until_the_first_has_ended() {
        let parent = tempfile::tempdir().unwrap();
        let place = place(parent.path(), "old");
        let first = Workplace::take(&place).unwrap();
        let error = Workplace::take(&place).unwrap_err();
        assert!(matches!(error, SwapError::Busy { .. }), "{error}");
        assert!(error.to_string().contains("another command"), "{error}");
        drop(first);
        Workplace::take(&place).unwrap();
    }

    #[test]
    fn a_place_that_is_a_file_or_a_link_to_nowhere_is_refused_by_a_sentence() {
        let parent = tempfile::tempdir().unwrap();
        let file = parent.path().join("file");
        fs::write(&file, "mine").unwrap();
        let message = Workplace::take(&file).unwrap_err().to_string();
        assert!(message.contains("is a file, expected a folder"), "{message}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
        #[cfg(unix)]
        {
            let link = parent.path().join("link");
            std::os::unix::fs::symlink("nowhere", &link).unwrap();
            let message = Workplace::take(&link).unwrap_err().to_string();
            assert!(
                message.contains("is a link to nowhere, which is not there"),
                "{message}"
            );
        }
    }

    #[test]
    fn what_a_killed_command_had_moved_aside_is_put_back_and_its_leavings_are_cleared_away() {
        let parent = tempfile::tempdir().unwrap();
        let place = parent.path().join("dist");
        let left = parent.path().join(".writing-dist");
        fs::create_dir_all(left.join("old")).unwrap();
        fs::create_dir_all(left.join("new/half")).unwrap();
        fs::write(left.join("old/a"), "years of work").unwrap();
        fs::write(left.join(LOCK), LOCK_TEXT).unwrap();
        drop(Workplace::take(&place).unwrap());
        assert_eq!(fs::read_to_string(place.join("a")).unwrap(), "years of work");
        assert!(!left.exists());
    }

    #[test]
    fn a_workplace_that_a_kill_left_without_its_lock_is_cleared_away() {
        let parent = tempfile::tempdir().unwrap();
        let place = place(parent.path(), "whole");
        let left = parent.path().join(".writing-dist");
        fs::create_dir_all(left.join("new/half")).unwrap();
        drop(Workplace::take(&place).unwrap());
        assert_eq!(fs::read_to_string(place.join("a")).unwrap(), "whole");
        assert!(!left.exists());
    }

    #[test]
    fn a_folder_of_somebody_else_under_the_workplaces_name_stays() {
        let parent = tempfile::tempdir().unwrap();
        let left = parent.path().join(".writing-dist");
        fs::create_dir(&left).unwrap();
        fs::write(left.join("thesis.tex"), "years").unwrap();
        assert!(Workplace::take(&parent.path().join("dist")).is_err());
        assert!(left.join("thesis.tex").is_file());
    }

    #[test]
    fn without_an_exchange_the_old_folder_comes_back_when_the_second_rename_fails() {
        let parent = tempfile::tempdir().unwrap();
        let place = place(parent.path(), "old");
        let work = Workplace::take(&place).unwrap();
        // Nothing to put in its place: the second rename fails.
        fs::remove_dir(work.content()).unwrap();
        assert!(work.rename_twice().is_err());
        assert_eq!(fs::read_to_string(place.join("a")).unwrap(), "old");
    }
}
