//! The small run's config as a file.

use std::path::{Path, PathBuf};

use crate::common::CONFIG;

/// Writes it into `folder`.
pub fn write_config(folder: &Path) -> PathBuf {
    let path = folder.join("run.toml");
    std::fs::write(&path, CONFIG).unwrap();
    path
}
