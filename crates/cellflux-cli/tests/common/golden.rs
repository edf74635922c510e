//! The golden network.

use std::path::{Path, PathBuf};

/// A file of the golden network `micro`.
pub fn golden(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/fixtures/micro")
        .join(file)
}
