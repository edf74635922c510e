//! A folder that takes the place of another in one step.
//!
//! The new content is written in a workplace beside the place, on the same file system: `.site-NAME`, whose `lock` one process
//! holds. Killed at any moment, a build leaves the old folder or the new one in the place, whole; what lies in a workplace that
//! nobody holds is put back or cleared away by the next build.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::error::SiteError;

/// The file in a workplace that its process holds, and by which a workplace is known.
const LOCK: &str = "lock";
const LOCK_TEXT: &str =
    "A build of a site works here. Nothing in this folder is needed once no build runs.\n";

/// The one build of a place.
#[derive(Debug)]
pub struct Workplace {
    folder: PathBuf,
    place: PathBuf,
    /// Locked until this value is dropped.
    _lock: File,
}

impl Workplace {
    /// Takes the workplace of a place whose parent exists, and clears away what a killed build left there.
    ///
    /// # Errors
    /// [`SiteError::Busy`] while another build writes the same place, [`SiteError::Exists`] for a folder of somebody else's
    /// under the workplace's name, [`SiteError::Io`].
    pub fn take(place: &Path) -> Result<Self, SiteError> {
        let mut name = std::ffi::OsString::from(".site-");
        name.push(place.file_name().unwrap_or_default());
        let folder = place.with_file_name(name);
        let io = |error| SiteError::io(&folder)(error);
        loop {
            let is_ours = folder.join(LOCK).is_file();
            match fs::create_dir(&folder) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(io(error)),
                Err(_) if !is_ours && fs::read_dir(&folder).map_err(io)?.next().is_some() => {
                    return Err(SiteError::Exists { path: folder });
                }
                _ => {}
            }
            let path = folder.join(LOCK);
            let mut lock = match File::options().create(true).append(true).open(&path) {
                // The build before has just cleared it away.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                other => other.map_err(io)?,
            };
            match lock.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(SiteError::Busy { path: place.into() }),
                Err(TryLockError::Error(error)) => return Err(io(error)),
            }
            // Between opening and locking, the build before may have cleared the file away.
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

    /// The folder to fill.
    pub fn content(&self) -> PathBuf {
        self.folder.join("new")
    }

    fn old(&self) -> PathBuf {
        self.folder.join("old")
    }

    /// Puts back what a killed build had moved aside, and clears away the rest.
    fn recover(&self) -> Result<(), SiteError> {
        if self.old().exists() && !self.place.exists() {
            fs::rename(self.old(), &self.place).map_err(SiteError::io(&self.place))?;
        }
        for left in [self.content(), self.old()] {
            match fs::remove_dir_all(&left) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(SiteError::io(&left)(error)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Puts the filled folder in its place, and removes what stood there.
    ///
    /// # Errors
    /// [`SiteError::Io`]; the place is as it was then.
    pub fn swap(self) -> Result<(), SiteError> {
        let io = |error| SiteError::io(&self.place)(error);
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

    /// Where the system cannot exchange two folders: between the two renames the next build finds the old one.
    fn rename_twice(&self) -> Result<(), SiteError> {
        fs::rename(&self.place, self.old()).map_err(SiteError::io(&self.place))?;
        fs::rename(self.content(), &self.place).map_err(|error| {
            // The first error is the one to report; if this one fails too, the next build puts the folder back.
            let _ = fs::rename(self.old(), &self.place);
            SiteError::io(&self.place)(error)
        })
    }
}

impl Drop for Workplace {
    fn drop(&mut self) {
        // The only copy of the old folder is never cleared away; `recover` puts it back.
        if self.place.exists() || !self.old().exists() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn exchange(a: &Path, b: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE)?)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// Whether the system or the file system does not know how to exchange: `ENOSYS`, `ENOTSUP`, `EINVAL`.
fn is_unknown(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::InvalidInput)
}

/// Whether a path still leads to an open file.
#[cfg(unix)]
fn is_same(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), fs::metadata(path)) {
        (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
        _ => false,
    }
}

/// Open files cannot be removed there.
#[cfg(not(unix))]
fn is_same(_: &File, _: &Path) -> bool {
    true
}

/// Has everything in a folder reach the disk, so that after a power failure the swap does not lead to empty files.
fn sync(folder: &Path) -> io::Result<()> {
    for entry in WalkDir::new(folder).contents_first(true) {
        let entry = entry?;
        if entry.file_type().is_dir() || entry.file_type().is_file() {
            sync_one(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn sync_one(path: &Path) -> io::Result<()> {
    match File::open(path) {
        // A file that was kept and that only others may read is on the disk already.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
        file => file?.sync_all(),
    }
}

/// Folders cannot be opened there, and files only for writing.
#[cfg(not(unix))]
fn sync_one(_: &Path) -> io::Result<()> {
    Ok(())
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
    fn a_second_build_of_a_place_is_refused_by_a_sentence_until_the_first_has_ended() {
        let parent = tempfile::tempdir().unwrap();
        let place = place(parent.path(), "old");
        let first = Workplace::take(&place).unwrap();
        let error = Workplace::take(&place).unwrap_err();
        assert!(matches!(error, SiteError::Busy { .. }), "{error}");
        assert!(error.to_string().contains("another build"), "{error}");
        drop(first);
        Workplace::take(&place).unwrap();
    }

    #[test]
    fn what_a_killed_build_had_moved_aside_is_put_back_and_its_leavings_are_cleared_away() {
        let parent = tempfile::tempdir().unwrap();
        let place = parent.path().join("dist");
        let left = parent.path().join(".site-dist");
        fs::create_dir_all(left.join("old")).unwrap();
        fs::create_dir_all(left.join("new/half")).unwrap();
        fs::write(left.join("old/a"), "years of work").unwrap();
        fs::write(left.join(LOCK), LOCK_TEXT).unwrap();
        drop(Workplace::take(&place).unwrap());
        assert_eq!(fs::read_to_string(place.join("a")).unwrap(), "years of work");
        assert!(!left.exists());
    }

    #[test]
    fn a_folder_of_somebody_else_under_the_workplaces_name_stays() {
        let parent = tempfile::tempdir().unwrap();
        let left = parent.path().join(".site-dist");
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
