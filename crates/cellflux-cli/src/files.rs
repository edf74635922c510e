//! Reading and writing files with errors that name them.

use std::fs;
use std::path::Path;

use anyhow::Context;

/// A file's bytes.
pub fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    cellflux_files::read(path).with_context(|| format!("{} could not be read", path.display()))
}

/// Writes a file.
pub fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    fs::write(path, bytes).with_context(|| format!("{} could not be written", path.display()))
}
