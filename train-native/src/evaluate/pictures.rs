//! Of which cells the pictures in a set's folder are.
//!
//! A picture is taken for the cell of its number. So beside the pictures stands a digest of the list of cells
//! that they were made for, and a run with another list does not take them for its own.

use std::fs::{self, OpenOptions};
use std::path::Path;

use cellflux_bundle::Bundle;
use cellflux_bundle::files;

use super::cells::Partner;
use super::{EvaluateError, written};

/// The digest's file.
pub const FILE: &str = "cells.sha256";
/// The file that a process locks while it removes pictures.
const LOCK: &str = "cells.lock";

/// The digest of a list of cells: for each the images of control and treated cell, the condition and the
/// dose, in the list's order. SHA-256 in hex.
pub fn digest(bundle: &Bundle, partners: &[Partner]) -> String {
    let line = |partner: &Partner| {
        let condition = bundle.manifest.conditions.list.get(partner.condition);
        let id = condition.map_or("", |condition| condition.id.as_str());
        let dose = partner
            .dose_um
            .map_or_else(|| "-".to_owned(), |dose| dose.to_string());
        format!("{} {} {id} {dose}\n", partner.control, partner.treated)
    };
    let lines: Vec<String> = partners.iter().map(line).collect();
    files::digest(lines.concat().as_bytes())
}

/// Makes `folder` the one of the cells with this digest: goes on with pictures of the same cells, and makes
/// the folder where there is none.
///
/// # Errors
/// [`EvaluateError::OtherCells`] for pictures of other cells or without a digest, [`EvaluateError::File`].
pub fn claim(folder: &Path, digest: &str) -> Result<(), EvaluateError> {
    fs::create_dir_all(folder).map_err(EvaluateError::file(folder))?;
    // Pictures are looked for before the digest, which a process that starts at the same time writes first.
    let pictures = numbered(folder)?;
    let found = match stated(folder)? {
        Some(found) if found == digest => return Ok(()),
        Some(_) => "of other cells".to_owned(),
        None => format!("of unknown cells: there is no {FILE}"),
    };
    if pictures.is_empty() {
        return state(folder, digest);
    }
    Err(EvaluateError::OtherCells {
        folder: folder.to_owned(),
        found,
    })
}

/// As [`claim`], but removes numbered pictures of other cells, and gives how many there were.
///
/// # Errors
/// [`EvaluateError::File`] for what cannot be read, locked or removed.
pub fn renew(folder: &Path, digest: &str) -> Result<usize, EvaluateError> {
    fs::create_dir_all(folder).map_err(EvaluateError::file(folder))?;
    if stated(folder)?.is_some_and(|found| found == digest) {
        return Ok(0);
    }
    if numbered(folder)?.is_empty() {
        state(folder, digest)?;
        return Ok(0);
    }
    // Of several processes one removes; the others wait, and find the digest that it wrote.
    let lock = folder.join(LOCK);
    let held = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&lock)
        .map_err(EvaluateError::file(&lock))?;
    held.lock().map_err(EvaluateError::file(&lock))?;
    if stated(folder)?.is_some_and(|found| found == digest) {
        return Ok(0);
    }
    let pictures = numbered(folder)?;
    for name in &pictures {
        let picture = folder.join(name);
        fs::remove_file(&picture).map_err(EvaluateError::file(&picture))?;
    }
    state(folder, digest)?;
    Ok(pictures.len())
}

fn state(folder: &Path, digest: &str) -> Result<(), EvaluateError> {
    written(&folder.join(FILE), format!("{digest}\n").as_bytes())
}

/// The digest that a folder states; `None` where it states none.
fn stated(folder: &Path) -> Result<Option<String>, EvaluateError> {
    let path = folder.join(FILE);
    match fs::read(&path) {
        Ok(text) => Ok(Some(String::from_utf8_lossy(&text).trim().to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(EvaluateError::file(&path)(error)),
    }
}

/// The names of a folder's files that are called as generated cells are, `00000.png` and so on.
fn numbered(folder: &Path) -> Result<Vec<String>, EvaluateError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(EvaluateError::file(folder))? {
        let entry = entry.map_err(EvaluateError::file(folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let number = name.strip_suffix(".png").unwrap_or_default();
        if number.len() >= 5 && number.bytes().all(|digit| digit.is_ascii_digit()) {
            names.push(name);
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_of_the_same_cells_are_kept_and_others_are_refused_or_made_anew() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("generated");
        claim(&folder, "one").unwrap();
        // Without a picture nothing is mistaken.
        claim(&folder, "two").unwrap();
        let (own, another) = (folder.join("00000.png"), folder.join("sheet.png"));
        for picture in [&own, &another] {
            fs::write(picture, b"").unwrap();
        }
        claim(&folder, "two").unwrap();
        let refusal = claim(&folder, "three").unwrap_err().to_string();
        assert!(
            refusal.contains("generated: holds pictures of other cells") && refusal.contains("--out"),
            "{refusal}"
        );
        assert_eq!(renew(&folder, "two").unwrap(), 0);
        assert!(own.is_file());
        assert_eq!(renew(&folder, "three").unwrap(), 1);
        assert!(!own.exists() && another.is_file(), "only its own pictures");
        claim(&folder, "three").unwrap();

        fs::write(&own, b"").unwrap();
        fs::remove_file(folder.join(FILE)).unwrap();
        let refusal = claim(&folder, "three").unwrap_err().to_string();
        assert!(refusal.contains("there is no cells.sha256"), "{refusal}");
        assert_eq!(renew(&folder, "three").unwrap(), 1);
    }
}
