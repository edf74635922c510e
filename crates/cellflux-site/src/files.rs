//! Files that an author brings: pictures, videos, fonts, papers. Each goes into `files/` under a name with its digest.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::SiteError;
use crate::fingerprint::{digest, named};
use crate::model::LARGEST_FILE;
use crate::source::Place;

/// The author's files that pages refer to.
#[derive(Debug, Default)]
pub struct AuthorFiles {
    /// Content by address.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The files read, for watching.
    pub read: Vec<PathBuf>,
}

impl AuthorFiles {
    /// Takes a file and gives its address, relative to the page.
    ///
    /// # Errors
    /// [`SiteError::At`] for a file that is not there or larger than hosts take.
    pub fn add(&mut self, file: &Path, at: &Place) -> Result<String, SiteError> {
        let content = fs::read(file).map_err(|error| at.wrong(format!("{}: {error}", file.display())))?;
        if content.len() as u64 > LARGEST_FILE {
            return Err(at.wrong(format!(
                "{} is {:.1} MiB, expected at most 24: several hosts refuse larger files",
                file.display(),
                content.len() as f64 / f64::from(1 << 20)
            )));
        }
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or("file");
        let plain: String = name
            .chars()
            .map(|c| {
                if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') {
                    c
                } else {
                    '-'
                }
            })
            .collect();
        self.read.push(file.to_owned());
        Ok(self.add_made(&format!("files/{}", plain.trim_start_matches('.')), content))
    }

    /// Takes content that the build made; `path` is its name without a digest.
    pub fn add_made(&mut self, path: &str, content: Vec<u8>) -> String {
        let address = named(path, &digest(&content));
        self.files.insert(address.clone(), content);
        address
    }
}
