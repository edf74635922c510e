//! Pictures that were made elsewhere, by another program, for the same cells.

use std::path::{Path, PathBuf};

use cellflux_bundle::evaluation::RowKind;
use cellflux_bundle::limits;
use cellflux_image::ImageSpec;

use super::EvaluateError;
use super::generate::{file_name, read_images};
use super::question::Images;
use super::report::tensor_name;

/// What stands behind a folder's name in tables.
const SUFFIX: &str = " (images from elsewhere)";

/// The name of each folder, by which its row is told apart.
///
/// # Errors
/// [`EvaluateError::Setting`] for a folder whose name is not one line that fits a row, and for two of one
/// name.
pub fn names(folders: &[PathBuf]) -> Result<Vec<String>, EvaluateError> {
    let most = limits::LABEL_CHARS - SUFFIX.len();
    let wrong = |found: String, expected: String| EvaluateError::Setting {
        setting: "--generated".into(),
        found,
        expected,
    };
    let mut names: Vec<String> = Vec::with_capacity(folders.len());
    for folder in folders {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let fits =
            !name.trim().is_empty() && name.chars().count() <= most && !name.chars().any(char::is_control);
        if !fits {
            return Err(wrong(
                format!("{:?}", folder.to_string_lossy()),
                format!("a folder whose own name is one line of 1 to {most} characters; rename it"),
            ));
        }
        // A space and an underscore are the same in the names of tensors.
        let same = names
            .iter()
            .position(|other| tensor_name(other) == tensor_name(&name));
        if let Some(other) = same.and_then(|at| folders.get(at)) {
            return Err(wrong(
                format!("{} after {}", folder.display(), other.display()),
                "folders of different names, which their rows have; rename one of them".into(),
            ));
        }
        names.push(name.into_owned());
    }
    Ok(names)
}

/// Reads the pictures of as many cells from each folder.
///
/// # Errors
/// As [`names`], and [`EvaluateError::Picture`] for pictures that are missing, damaged, or of another size.
pub fn read(folders: &[PathBuf], spec: &ImageSpec, cells: usize) -> Result<Vec<Images>, EvaluateError> {
    let named = names(folders)?.into_iter().zip(folders);
    named
        .map(|(name, folder)| {
            Ok(Images {
                kind: RowKind::External,
                name: format!("{name}{SUFFIX}"),
                folder: name,
                starts: None,
                images: pictures(folder, spec, cells)?,
            })
        })
        .collect()
}

fn pictures(folder: &Path, spec: &ImageSpec, cells: usize) -> Result<Vec<u8>, EvaluateError> {
    let files = (0..cells).map(|number| folder.join(file_name(number)));
    let missing: Vec<PathBuf> = files.clone().filter(|file| !file.is_file()).collect();
    if let Some(first) = missing.first() {
        return Err(EvaluateError::Picture {
            file: folder.to_owned(),
            reason: format!(
                "{} of {cells} pictures are missing, the first is {}; cells.csv, which `evaluate` writes \
                 without --generated, lists them all",
                missing.len(),
                first.display()
            ),
        });
    }
    read_images(spec, files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(folders: &[&str]) -> String {
        let folders: Vec<PathBuf> = folders.iter().map(PathBuf::from).collect();
        names(&folders).unwrap_err().to_string()
    }

    #[test]
    fn folders_are_told_apart_by_their_names() {
        let folders = ["a/one", "b/two/"].map(PathBuf::from);
        assert_eq!(names(&folders).unwrap(), ["one", "two"]);
        for folders in [["a/one", "b/one"], ["a b", "a_b"]] {
            let refusal = refused(&folders);
            assert!(
                refusal.contains("--generated is") && refusal.contains(folders[0]),
                "{refusal}"
            );
        }
        for folder in ["/", "..", "a\nb", " ", &"x".repeat(177)] {
            let refusal = refused(&[folder]);
            assert!(refusal.contains("one line of 1 to 176 characters"), "{refusal}");
        }
    }
}
