//! The files of a site: while it is built, and in its folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::error::SiteError;
use crate::fingerprint;

/// Every file of the site by address.
#[derive(Default)]
pub(crate) struct Files {
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Files {
    /// Takes content under this address.
    pub fn add(&mut self, path: &str, content: Vec<u8>) {
        self.files.insert(path.to_owned(), content);
    }

    /// Takes content under `path` with a digest, and gives this address.
    pub fn add_named(&mut self, path: &str, content: Vec<u8>) -> String {
        fingerprint::add_named(&mut self.files, path, content)
    }

    /// Takes other files.
    pub fn extend(&mut self, files: &BTreeMap<String, Vec<u8>>) {
        self.files.extend(
            files
                .iter()
                .map(|(path, content)| (path.clone(), content.clone())),
        );
    }

    /// What is at an address; nothing where no file is.
    pub fn content(&self, path: &str) -> &[u8] {
        self.files.get(path).map(Vec::as_slice).unwrap_or_default()
    }

    /// Bytes of the files at these addresses together.
    pub fn bytes(&self, paths: impl Iterator<Item = String>) -> u64 {
        paths
            .filter_map(|path| self.files.get(&path))
            .map(|content| content.len() as u64)
            .sum()
    }
}

/// Every file of the site in a folder: its address, and where it lies. A folder's files follow each other by
/// their names.
///
/// # Errors
/// [`SiteError::Io`] for a folder that cannot be read.
pub(crate) fn in_folder(folder: &Path) -> Result<Vec<(String, PathBuf)>, SiteError> {
    let mut found = Vec::new();
    for entry in WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.map_err(|error| SiteError::io(folder)(error.into()))?;
        let (true, Ok(inside)) = (entry.file_type().is_file(), entry.path().strip_prefix(folder)) else {
            continue;
        };
        let address = inside.to_string_lossy().replace('\\', "/");
        found.push((address, entry.path().to_owned()));
    }
    Ok(found)
}
