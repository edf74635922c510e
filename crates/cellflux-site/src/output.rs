//! The output folder: written beside its place first, then swapped in. Files that no build wrote stay in it.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use cellflux_files::Workplace;
use walkdir::WalkDir;

use crate::error::SiteError;
use crate::fingerprint::is_digest;
use crate::shortened::shortened;

/// Marks a folder as written by a build, and lists what the build wrote, one path per line below the first.
pub(crate) const MARK: &str = ".cellflux-site";
const MARK_TEXT: &str =
    "`cellflux site build` wrote these files and may replace them. Other files in this folder stay.";

/// Pages and other files of a site whose names hold no digest, for folders whose mark holds no list.
const PLAIN_NAMES: [&str; 10] = [
    MARK,
    ".nojekyll",
    "404.html",
    "embed.html",
    "explorer.d.ts",
    "explorer.js",
    "index.html",
    "robots.txt",
    "service_worker.js",
    "sitemap.xml",
];

/// How many files an error names.
const NAMED: usize = 5;

/// A new folder that is not in its place yet. Dropped without [`Output::finish`], it leaves nothing behind.
#[derive(Debug)]
pub struct Output {
    work: Workplace,
    written: BTreeSet<String>,
}

impl Output {
    /// Prepares a new folder for `place`, which may be absent, empty, or written by an earlier build. A link
    /// is followed: the folder that it leads to is the place.
    ///
    /// # Errors
    /// [`SiteError::ForeignOutput`] when it holds anything else, [`SiteError::Swap`] while another build
    /// writes it, [`SiteError::Io`].
    pub fn new(place: &Path) -> Result<Self, SiteError> {
        let work = Workplace::take(place)?;
        // Checked after that, since a killed build's folder may have been put back.
        refuse_foreign(work.place())?;
        Ok(Self {
            work,
            written: BTreeSet::from([MARK.to_owned()]),
        })
    }

    /// Writes one file, making its folders.
    ///
    /// # Errors
    /// [`SiteError::Io`].
    pub fn write(&mut self, path: &str, bytes: &[u8]) -> Result<(), SiteError> {
        let target = self.work.content().join(path);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).map_err(SiteError::io(parent))?;
        }
        fs::write(&target, bytes).map_err(SiteError::io(&target))?;
        self.written.insert(path.to_owned());
        Ok(())
    }

    /// Puts the new folder in its place, with what the old one held beside an earlier build's files.
    ///
    /// # Errors
    /// [`SiteError::ForeignOutput`] when somebody wrote into the place meanwhile, [`SiteError::WouldReplace`]
    /// for a file that no build wrote where this one has another, [`SiteError::Io`]; the place is as it was
    /// then.
    pub fn finish(self) -> Result<(), SiteError> {
        refuse_foreign(self.work.place())?;
        let content = self.work.content();
        let paths: Vec<&str> = self.written.iter().map(String::as_str).collect();
        let mark = content.join(MARK);
        fs::write(&mark, format!("{MARK_TEXT}\n{}\n", paths.join("\n"))).map_err(SiteError::io(&mark))?;
        keep(self.work.place(), &content)?;
        Ok(self.work.swap()?)
    }
}

/// Brings what no build wrote from the old folder into the new one: as a second name of the same file where
/// the file system allows, so that it is in both until the swap is done.
fn keep(old: &Path, new: &Path) -> Result<(), SiteError> {
    let Some(mark) = fs::read_to_string(old.join(MARK)).ok() else {
        return Ok(());
    };
    let listed: BTreeSet<&str> = mark.lines().skip(1).collect();
    let has_list = !listed.is_empty();
    let is_ours = |path: &str| {
        if has_list {
            listed.contains(path)
        } else {
            PLAIN_NAMES.contains(&path) || path.split('/').any(has_digest)
        }
    };
    let mut replaced = Vec::new();
    for entry in WalkDir::new(old).min_depth(1) {
        let entry = entry.map_err(|error| SiteError::io(old)(error.into()))?;
        let Ok(inside) = entry.path().strip_prefix(old) else {
            continue;
        };
        let path = inside.to_string_lossy().replace('\\', "/");
        let target = new.join(inside);
        if entry.file_type().is_dir() {
            let of_a_build = if has_list {
                listed.iter().any(|file| file.starts_with(&format!("{path}/")))
            } else {
                let first = path.split('/').next().unwrap_or_default();
                ["web", "pkg", "bundles", "recorded"].contains(&first)
            };
            if !of_a_build {
                fs::create_dir_all(&target).map_err(SiteError::io(&target))?;
            }
        } else if !is_ours(&path) {
            if target.exists() {
                if fs::read(&target).ok() != fs::read(entry.path()).ok() {
                    replaced.push(path);
                }
                continue;
            }
            if let Some(parent) = target.parent() {
                fs::create_dir_all(parent).map_err(SiteError::io(parent))?;
            }
            fs::hard_link(entry.path(), &target)
                .or_else(|_| fs::copy(entry.path(), &target).map(|_| ()))
                .map_err(SiteError::io(entry.path()))?;
        }
    }
    if replaced.is_empty() {
        return Ok(());
    }
    Err(SiteError::WouldReplace {
        path: old.into(),
        files: shortened(&replaced, NAMED),
    })
}

/// Whether a name is one that a build makes from a file's content: with ten hexadecimal digits after a
/// hyphen.
fn has_digest(name: &str) -> bool {
    name.rsplit_once('-')
        .is_some_and(|(_, rest)| is_digest(rest.split('.').next().unwrap_or_default()))
}

fn refuse_foreign(place: &Path) -> Result<(), SiteError> {
    let foreign = || SiteError::ForeignOutput { path: place.into() };
    match fs::read_dir(place) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotADirectory => Err(foreign()),
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
        let mut output = Output::new(place)?;
        output.write("a/b.txt", text.as_bytes())?;
        output.write(&format!("{text}.txt"), b"")?;
        output.finish()
    }

    #[test]
    fn a_second_build_replaces_the_first_and_leaves_nothing_else() {
        let parent = tempfile::tempdir().unwrap();
        let place = parent.path().join("dist");
        build(&place, "one").unwrap();
        build(&place, "two").unwrap();
        assert_eq!(fs::read_to_string(place.join("a/b.txt")).unwrap(), "two");
        assert!(place.join("two.txt").is_file() && !place.join("one.txt").exists());
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
        let mut output = Output::new(&place).unwrap();
        output.write("a/b.txt", b"half").unwrap();
        drop(output);
        assert_eq!(fs::read_to_string(place.join("a/b.txt")).unwrap(), "one");
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_build_did_not_write_stays_and_a_file_in_the_way_stops_it() {
        let parent = tempfile::tempdir().unwrap();
        let place = parent.path().join("dist");
        build(&place, "one").unwrap();
        fs::create_dir_all(place.join(".git/refs/tags")).unwrap();
        fs::write(place.join(".git/HEAD"), "ref: refs/heads/gh-pages").unwrap();
        fs::write(place.join("CNAME"), "cells.example.org").unwrap();
        fs::write(place.join("a/notes.txt"), "mine").unwrap();
        build(&place, "two").unwrap();
        build(&place, "three").unwrap();
        assert_eq!(fs::read_to_string(place.join("a/b.txt")).unwrap(), "three");
        assert_eq!(
            fs::read_to_string(place.join(".git/HEAD")).unwrap(),
            "ref: refs/heads/gh-pages"
        );
        assert!(
            place.join(".git/refs/tags").is_dir(),
            "git needs its empty folders"
        );
        assert_eq!(
            fs::read_to_string(place.join("CNAME")).unwrap(),
            "cells.example.org"
        );
        assert_eq!(fs::read_to_string(place.join("a/notes.txt")).unwrap(), "mine");

        fs::write(place.join("four.txt"), "mine").unwrap();
        let error = build(&place, "four").unwrap_err();
        assert!(error.to_string().contains("four.txt"), "{error}");
        assert_eq!(fs::read_to_string(place.join("four.txt")).unwrap(), "mine");
        assert_eq!(fs::read_to_string(place.join("a/b.txt")).unwrap(), "three");
    }

    #[test]
    fn of_a_folder_whose_mark_lists_nothing_all_but_a_builds_own_names_stays() {
        let parent = tempfile::tempdir().unwrap();
        let place = parent.path().join("dist");
        fs::create_dir_all(place.join("web")).unwrap();
        fs::write(
            place.join(MARK),
            "`cellflux site build` wrote this folder and may replace it.\n",
        )
        .unwrap();
        for file in ["CNAME", "index.html", "web/page-0123456789.js"] {
            fs::write(place.join(file), file).unwrap();
        }
        build(&place, "one").unwrap();
        assert!(place.join("CNAME").is_file());
        assert!(!place.join("index.html").exists() && !place.join("web").exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_one_and_the_folder_that_it_leads_to_is_written() {
        let parent = tempfile::tempdir().unwrap();
        let (real, link) = (parent.path().join("real"), parent.path().join("dist"));
        fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        build(&link, "one").unwrap();
        build(&link, "two").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(real.join("a/b.txt")).unwrap(), "two");
        let nowhere = parent.path().join("nowhere");
        std::os::unix::fs::symlink(parent.path().join("absent"), &nowhere).unwrap();
        assert!(
            build(&nowhere, "one")
                .unwrap_err()
                .to_string()
                .contains("nowhere")
        );
    }
}
