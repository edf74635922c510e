//! A bundle as a folder on disk. Not for the browser, which has no file system.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    io::Read,
    path::{Path, PathBuf},
};

use cellflux_files::Workplace;

use crate::{
    bundle::{Bundle, BundleReader, Packed},
    error::BundleError,
    files::{self, FileEntry, VerifiedFile, check_path},
    limits,
    manifest::Manifest,
    quick::QuickReader,
    state_dict::StateDict,
};

/// Reads and checks the manifest of the bundle in `folder`.
///
/// # Errors
/// [`BundleError::NotABundle`], [`BundleError::Io`], or as [`Manifest::from_json`].
pub fn read_manifest(folder: &Path) -> Result<Manifest, BundleError> {
    Manifest::from_json(&manifest_bytes(folder)?)
}

/// Reads the bundle in `folder`: manifest, condition vectors and weights, everything checked.
///
/// # Errors
/// [`BundleError::NotABundle`], [`BundleError::Io`], or as [`BundleReader`].
pub fn read(folder: &Path) -> Result<Bundle, BundleError> {
    let mut reader = BundleReader::new(&manifest_bytes(folder)?)?;
    let entries: Vec<FileEntry> = reader.manifest().required_files().into_iter().cloned().collect();
    for entry in entries {
        reader.accept(&read_entry(folder, &entry)?)?;
    }
    reader.finish()
}

/// Reads and checks the quick weights of the bundle in `folder`, of which this is the manifest: nothing for a
/// bundle without them.
///
/// # Errors
/// [`BundleError::Io`], [`BundleError::Size`], [`BundleError::Hash`], or as [`QuickReader`].
pub fn read_quick(folder: &Path, manifest: &Manifest) -> Result<Option<StateDict>, BundleError> {
    let Some(mut reader) = QuickReader::new(manifest)? else {
        return Ok(None);
    };
    for entry in manifest.quick_files() {
        reader.accept(&read_entry(folder, entry)?)?;
    }
    reader.weights().map(Some)
}

/// Reads any file of a bundle and checks it against its entry in the manifest.
///
/// # Errors
/// [`BundleError::UnlistedFile`], [`BundleError::Io`], [`BundleError::Size`] or [`BundleError::Hash`].
pub fn read_file(folder: &Path, manifest: &Manifest, path: &str) -> Result<Vec<u8>, BundleError> {
    Ok(read_entry(folder, manifest.file(path)?)?.into_bytes())
}

/// Reads and checks every file that the manifest lists, except the weights, the quick ones included, and the
/// condition vectors.
///
/// # Errors
/// As [`read_file`].
pub fn read_assets(folder: &Path, manifest: &Manifest) -> Result<BTreeMap<String, Vec<u8>>, BundleError> {
    let required: Vec<&str> = manifest
        .required_files()
        .into_iter()
        .chain(manifest.quick_files())
        .map(|entry| entry.path.as_str())
        .collect();
    manifest
        .files
        .iter()
        .filter(|entry| !required.contains(&entry.path.as_str()))
        .map(|entry| Ok((entry.path.clone(), read_entry(folder, entry)?.into_bytes())))
        .collect()
}

/// Reads the bundle in `folder` byte for byte, every file checked, so that it can be written again with
/// another manifest.
///
/// # Errors
/// As [`read_manifest`] and [`read_file`].
pub fn read_packed(folder: &Path) -> Result<Packed, BundleError> {
    let bytes = manifest_bytes(folder)?;
    let manifest = Manifest::from_json(&bytes)?;
    let mut content = BTreeMap::from([(files::MANIFEST.to_owned(), bytes)]);
    for entry in &manifest.files {
        content.insert(entry.path.clone(), read_entry(folder, entry)?.into_bytes());
    }
    Ok(Packed {
        manifest,
        files: content,
    })
}

/// Writes a bundle to `folder`: beside it first, then in one step into its place, so that there is never half
/// a bundle, and after a kill the old one or the new one, whole. The folder may exist if it is empty or, with
/// `replace`, if it holds a bundle and nothing that the bundle does not list.
///
/// # Errors
/// [`BundleError::Io`] or [`BundleError::Place`]; nothing is left behind then, and the folder is as it was.
pub fn write(packed: &Packed, folder: &Path, replace: bool) -> Result<(), BundleError> {
    let work = Workplace::take(folder)?;
    // After it, since the folder of a command that was killed may have been put back.
    may_take(work.place(), replace)?;
    let content = work.content();
    for (path, bytes) in &packed.files {
        if path != files::MANIFEST {
            check_path("path", path)?;
        }
        let target = content.join(path);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).map_err(|error| io_error(parent, error))?;
        }
        fs::write(&target, bytes).map_err(|error| io_error(&target, error))?;
    }
    // Again, since somebody may have written into the place meanwhile.
    may_take(work.place(), replace)?;
    Ok(work.swap()?)
}

/// Whether a bundle may take this place: it is free, empty, or holds a bundle that is to be replaced.
fn may_take(place: &Path, replace: bool) -> Result<(), BundleError> {
    let mut entries = match fs::read_dir(place) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => {
            return Err(occupied(place, "is a file, expected a new or empty folder"));
        }
        other => other.map_err(|error| io_error(place, error))?,
    };
    if entries.next().is_none() {
        Ok(())
    } else if !place.join(files::MANIFEST).is_file() {
        Err(occupied(
            place,
            "holds other files, expected a new or empty folder",
        ))
    } else if !replace {
        Err(occupied(
            place,
            "holds a bundle already, expected a new or empty folder, or --replace",
        ))
    } else {
        check_nothing_else(place)
    }
}

fn occupied(folder: &Path, reason: impl Into<String>) -> BundleError {
    io_error(
        folder,
        std::io::Error::new(std::io::ErrorKind::AlreadyExists, reason.into()),
    )
}

/// A folder is replaced only when its manifest is a bundle's and lists every file in it: anything else there
/// belongs to somebody.
fn check_nothing_else(folder: &Path) -> Result<(), BundleError> {
    let refuse = |reason: String| occupied(folder, reason);
    let manifest = Manifest::from_json(&manifest_bytes(folder)?).map_err(|error| {
        refuse(format!(
            "is not replaced: its manifest.json is not a bundle's ({error}); expected a bundle, or a new or \
            empty folder"
        ))
    })?;
    let listed: HashSet<&str> = manifest
        .files
        .iter()
        .map(|entry| entry.path.as_str())
        .chain([files::MANIFEST])
        .collect();
    let mut others = Vec::new();
    let mut waiting = vec![(folder.to_owned(), String::new())];
    while let Some((here, prefix)) = waiting.pop() {
        for entry in fs::read_dir(&here).map_err(|error| io_error(&here, error))? {
            let entry = entry.map_err(|error| io_error(&here, error))?;
            let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
            let kind = entry
                .file_type()
                .map_err(|error| io_error(&entry.path(), error))?;
            if kind.is_dir() {
                waiting.push((entry.path(), format!("{path}/")));
            } else if !kind.is_file() || !listed.contains(path.as_str()) {
                others.push(path);
            }
        }
    }
    if others.is_empty() {
        return Ok(());
    }
    others.sort();
    let more = others.len().saturating_sub(MOST_NAMED);
    others.truncate(MOST_NAMED);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    Err(refuse(format!(
        "is not replaced: it holds {}{more}, which the bundle does not list; move that elsewhere, or name \
        another folder",
        others.join(", ")
    )))
}

/// Files that an error names.
const MOST_NAMED: usize = 5;

fn manifest_bytes(folder: &Path) -> Result<Vec<u8>, BundleError> {
    let manifest = folder.join(files::MANIFEST);
    read_at_most(&manifest, limits::MANIFEST_BYTES as u64).map_err(|error| match fs::metadata(folder) {
        Ok(about) if !about.is_dir() => BundleError::NotABundle { found: "is a file" },
        Ok(_) if !manifest.exists() => BundleError::NotABundle {
            found: "has no manifest.json",
        },
        Err(reason) if reason.kind() == std::io::ErrorKind::NotFound => BundleError::NotABundle {
            found: "is not there",
        },
        _ => error,
    })
}

fn read_entry(folder: &Path, entry: &FileEntry) -> Result<VerifiedFile, BundleError> {
    VerifiedFile::check(entry, read_at_most(&folder.join(&entry.path), entry.bytes)?)
}

/// Reads a file, but no more than one byte beyond `limit`, which is enough to see that it is too long.
fn read_at_most(path: &Path, limit: u64) -> Result<Vec<u8>, BundleError> {
    let file = cellflux_files::open(path).map_err(|error| io_error(path, error))?;
    let mut bytes = Vec::new();
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| io_error(path, error))?;
    Ok(bytes)
}

fn io_error(path: &Path, source: std::io::Error) -> BundleError {
    BundleError::Io {
        path: PathBuf::from(path).display().to_string(),
        source,
    }
}
