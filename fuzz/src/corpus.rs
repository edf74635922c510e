//! The inputs that are kept in `corpus/TARGET/`: seeds, and what was answered in a new way or wrongly.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::{Outcome, Target};

/// The folder of a target.
pub fn folder(target: &Target) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target.name)
}

/// The inputs of a target by file name; none where there is no folder.
///
/// # Errors
/// Where a file cannot be read.
pub fn read(target: &Target) -> Result<BTreeMap<String, Vec<u8>>> {
    let folder = folder(target);
    let mut inputs = BTreeMap::new();
    if !folder.is_dir() {
        return Ok(inputs);
    }
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry.context("cannot list the corpus")?.path();
        let content = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        inputs.insert(name, content);
    }
    Ok(inputs)
}

/// A name for an input: a digest, the same for the same bytes.
pub fn name(input: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    input.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// The kind of an answer: its sentence without numbers, names and what is quoted.
pub fn kind(outcome: &Outcome) -> String {
    let Err(sentence) = outcome else {
        return "taken".into();
    };
    let mut kind = String::new();
    let mut quoted = false;
    for c in sentence.chars() {
        match c {
            '"' | '`' => quoted = !quoted,
            c if quoted || !c.is_ascii_alphabetic() && c != ' ' => {}
            c => kind.push(c),
        }
    }
    kind.truncate(160);
    kind
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_quotes_do_not_make_a_new_kind_of_answer() {
        let kind = |text: &str| kind(&Err(text.into()));
        assert_eq!(kind("7 bytes, expected 9"), kind("1024 bytes, expected 10"));
        assert_eq!(kind("\"a\" is no key"), kind("\"b1\" is no key"));
        assert_ne!(kind("too short"), kind("too long"));
    }
}
