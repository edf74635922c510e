//! The output folder: written beside its place first, then swapped in, and never over somebody else's files.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::error::SiteError;

/// Tells a folder that a build wrote from any other.
const MARK: &str = ".cellflux-site";
const MARK_TEXT: &str = "`cellflux site build` wrote this folder and may replace it.\n";

/// A new folder on its way to its place. Dropped without [`Output::finish`], it leaves nothing behind.
#[derive(Debug)]
pub struct Output {
    place: PathBuf,
    /// Beside the place, on the same file system, so that the swap is two renames.
    beside: TempDir,
    content: PathBuf,
}

impl Output {
    /// Prepares a new folder for `place`, which may be absent, empty, or written by an earlier build.
    ///
    /// # Errors
    /// [`SiteError::ForeignOutput`] when it holds anything else, [`SiteError::Io`].
    pub fn new(place: &Path) -> Result<Self, SiteError> {
        refuse_foreign(place)?;
        let parent = match place.parent() {
            Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
            Some(parent) => parent,
            None => return Err(SiteError::ForeignOutput { path: place.into() }),
        };
        fs::create_dir_all(parent).map_err(SiteError::io(parent))?;
        let beside = tempfile::Builder::new()
            .prefix(".site-")
            .tempdir_in(parent)
            .map_err(SiteError::io(parent))?;
        let content = beside.path().join("new");
        fs::create_dir(&content).map_err(SiteError::io(&content))?;
        fs::write(content.join(MARK), MARK_TEXT).map_err(SiteError::io(&content))?;
        Ok(Self {
            place: place.to_owned(),
            beside,
            content,
        })
    }

    /// The folder to write into.
    pub fn folder(&self) -> &Path {
        &self.content
    }

    /// Writes one file, making its folders.
    ///
    /// # Errors
    /// [`SiteError::Io`].
    pub fn write(&self, path: &str, bytes: &[u8]) -> Result<(), SiteError> {
        let target = self.content.join(path);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).map_err(SiteError::io(parent))?;
        }
        fs::write(&target, bytes).map_err(SiteError::io(&target))
    }

    /// Puts the new folder in its place.
    ///
    /// # Errors
    /// [`SiteError::ForeignOutput`] when somebody wrote into the place meanwhile, [`SiteError::Io`]; the old content
    /// is back in its place then.
    pub fn finish(self) -> Result<(), SiteError> {
        refuse_foreign(&self.place)?;
        let old = self.beside.path().join("old");
        let had_old = self.place.exists();
        if had_old {
            fs::rename(&self.place, &old).map_err(SiteError::io(&self.place))?;
        }
        fs::rename(&self.content, &self.place).map_err(|error| {
            if had_old {
                // The first error is the one to report.
                let _ = fs::rename(&old, &self.place);
            }
            SiteError::io(&self.place)(error)
        })
    }
}

fn refuse_foreign(place: &Path) -> Result<(), SiteError> {
    let foreign = || SiteError::ForeignOutput { path: place.into() };
    match fs::read_dir(place) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => Err(foreign()),
        Err(error) => Err(SiteError::io(place)(error)),
        Ok(mut entries) => {
            if entries.next().is_none() || place.join(MARK).is_file() {
                Ok(())
            } else {
                Err(foreign())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(place: &Path, text: &str) -> Result<(), SiteError> {
        let output = Output::new(place)?;
        output.write("a/b.txt", text.as_bytes())?;
        output.finish()
    }

    #[test]
    fn a_second_build_replaces_the_first_and_leaves_nothing_else() {
        let parent = tempfile::tempdir().unwrap();
        let place = parent.path().join("dist");
        build(&place, "one").unwrap();
        fs::write(place.join("stale.txt"), "old").unwrap();
        build(&place, "two").unwrap();
        assert_eq!(fs::read_to_string(place.join("a/b.txt")).unwrap(), "two");
        assert!(!place.join("stale.txt").exists());
        assert_eq!(
            fs::read_dir(parent.path()).unwrap().count(),
            1,
            "only dist is left"
        );
    }

    #[test]
    fn an_empty_folder_is_taken() {
        let place = tempfile::tempdir().unwrap();
        build(place.path(), "one").unwrap();
        assert!(place.path().join("a/b.txt").is_file());
    }

    #[test]
    fn a_folder_or_file_of_somebody_else_is_refused_and_stays() {
        let parent = tempfile::tempdir().unwrap();
        let place = parent.path().join("thesis");
        fs::create_dir(&place).unwrap();
        fs::write(place.join("chapter.tex"), "years of work").unwrap();
        let error = build(&place, "one").unwrap_err();
        assert!(matches!(error, SiteError::ForeignOutput { .. }), "{error}");
        assert!(error.to_string().contains("thesis"), "{error}");
        assert!(build(&place.join("chapter.tex"), "one").is_err());
        assert_eq!(
            fs::read_to_string(place.join("chapter.tex")).unwrap(),
            "years of work"
        );
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_abandoned_build_changes_nothing() {
        let parent = tempfile::tempdir().unwrap();
        let place = parent.path().join("dist");
        build(&place, "one").unwrap();
        let output = Output::new(&place).unwrap();
        output.write("a/b.txt", b"half").unwrap();
        drop(output);
        assert_eq!(fs::read_to_string(place.join("a/b.txt")).unwrap(), "one");
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
    }
}
