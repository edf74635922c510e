//! A built site as an archive to deposit: a zip with what Zenodo, citation managers and research-data
//! repositories read of it. The same site gives the same bytes.

mod citation;
mod ro_crate;
mod zenodo;

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use cellflux_bundle::Manifest;
use cellflux_bundle::date::is_date;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

use crate::config::{Config, Project};
use crate::digests;
use crate::error::SiteError;

/// What the archive says of the work, checked.
struct About<'a> {
    config: &'a Config,
    /// `YYYY-MM-DD`.
    date: &'a str,
    /// The licences of the models, each once.
    licences: Vec<String>,
}

impl About<'_> {
    /// A sentence or two; the title where the author wrote none.
    fn description(&self) -> &str {
        if self.config.description.is_empty() {
            self.config.title.get_ref()
        } else {
            &self.config.description
        }
    }

    /// The models' licence by its SPDX identifier, where all have one.
    fn spdx(&self) -> Option<&str> {
        match self.licences.as_slice() {
            [one] if is_spdx(one) => Some(one.as_str()),
            _ => None,
        }
    }
}

/// Whether a licence is named by an identifier, which has no blanks and a version or a well-known name.
pub fn is_spdx(licence: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '+');
    licence.chars().all(plain)
        && (licence.contains(|c: char| c.is_ascii_digit()) || matches!(licence, "MIT" | "ISC" | "Unlicense"))
}

/// The built site in `folder` as a zip archive.
///
/// # Errors
/// [`SiteError::At`] for a project that does not say what a deposit must say: authors and a whole date.
/// [`SiteError::Part`] for a list of digests or a bundle's manifest that cannot be read, [`SiteError::Io`].
pub fn archive(project: &Project, folder: &Path) -> Result<Vec<u8>, SiteError> {
    let read = |path: &str| {
        let file = folder.join(path);
        fs::read(&file).map_err(SiteError::io(&file))
    };
    // What a build did not write, such as `.git`, is no part of the work.
    let list = read(digests::PATH)?;
    let listed = digests::read(&list).map_err(|problem| SiteError::Part {
        path: digests::PATH.to_owned(),
        problem,
    })?;
    let mut files = BTreeMap::from([(digests::PATH.to_owned(), list)]);
    for path in listed.files.into_keys() {
        let content = read(&path)?;
        files.insert(path, content);
    }
    let about = about(project, &files)?;
    let crate_metadata = ro_crate::metadata(&about, &files);
    for (path, content) in [
        (".zenodo.json", zenodo::metadata(&about)),
        ("CITATION.cff", citation::metadata(&about)),
        ("ro-crate-metadata.json", crate_metadata),
    ] {
        // A static file of the author's own says it better.
        files.entry(path.to_owned()).or_insert(content.into_bytes());
    }
    zipped(&files).map_err(|error| SiteError::Io {
        path: folder.to_owned(),
        reason: error.into(),
    })
}

fn about<'a>(project: &'a Project, files: &BTreeMap<String, Vec<u8>>) -> Result<About<'a>, SiteError> {
    let config = &project.config;
    let wrong = |problem: &str| project.source.wrong(&(0..0), problem);
    if config.anonymous {
        return Err(wrong(
            "`anonymous = true`, expected a page with its authors: a deposit names them",
        ));
    }
    if config.authors.is_empty() {
        return Err(wrong(
            "no [[author]], expected at least one: a deposit names its authors",
        ));
    }
    let date = match &config.date {
        Some(date) if is_date(date.get_ref(), 3) => date.get_ref(),
        Some(date) => {
            return Err(project.source.wrong(
                &date.span(),
                format!("date {:?}, expected YYYY-MM-DD for a deposit", date.get_ref()),
            ));
        }
        None => return Err(wrong("no `date`, expected YYYY-MM-DD for a deposit")),
    };
    let mut licences: Vec<String> = Vec::new();
    for (path, content) in files {
        if path.starts_with("bundles/") && path.ends_with("/manifest.json") {
            let manifest = Manifest::from_json(content).map_err(|error| SiteError::Part {
                path: path.clone(),
                problem: error.to_string(),
            })?;
            let licence = manifest.provenance.licence;
            if !licences.contains(&licence) {
                licences.push(licence);
            }
        }
    }
    Ok(About {
        config,
        date,
        licences,
    })
}

/// Files as a zip archive without anything of this computer or of now.
fn zipped(files: &BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>, zip::result::ZipError> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644)
        .system(System::Unix);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, content) in files {
        archive.start_file(path, options)?;
        archive.write_all(content)?;
    }
    Ok(archive.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_is_an_identifier_or_words() {
        for licence in ["CC0-1.0", "CC-BY-4.0", "MIT", "Apache-2.0"] {
            assert!(is_spdx(licence), "{licence}");
        }
        for licence in ["CC BY 4.0", "proprietary", "see LICENSE", "MIT OR Apache-2.0"] {
            assert!(!is_spdx(licence), "{licence}");
        }
    }

    #[test]
    fn an_archive_holds_its_files_and_is_the_same_again() {
        let files = BTreeMap::from([("a/b.txt".to_owned(), b"abc".to_vec()), ("c".to_owned(), vec![])]);
        let first = zipped(&files).unwrap();
        assert_eq!(first, zipped(&files).unwrap());
        let read = zip::ZipArchive::new(Cursor::new(first)).unwrap();
        let names: Vec<String> = read.file_names().flatten().map(|name| name.to_string()).collect();
        assert_eq!(names, ["a/b.txt", "c"]);
    }
}
