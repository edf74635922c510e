//! Pythons that are on this machine already, and what they have.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shell::scratch;

/// Whether `imports`, a statement, succeeds in this Python.
pub fn works(python: &Path, imports: &str) -> bool {
    let tried = Command::new(python).args(["-c", imports]).output();
    tried.is_ok_and(|output| output.status.success())
}

/// The first Python in which `imports` succeeds: the one that `CELLFLUX_PYTHON` names, one below `target/`,
/// or the system's.
pub fn having(imports: &str) -> Option<PathBuf> {
    let named = std::env::var_os("CELLFLUX_PYTHON").map(PathBuf::from);
    let below = ["torch-bench", "torch"].map(|home| scratch().join(home).join("bin/python"));
    let systems = ["python3", "/usr/bin/python3"].map(PathBuf::from);
    named
        .into_iter()
        .chain(below)
        .chain(systems)
        .find(|python| works(python, imports))
}
