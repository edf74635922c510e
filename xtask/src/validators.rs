//! A Python with the validators of others' formats, which tests ask about what the command writes.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::shell::{run, scratch, stage};

/// Of the BioImage Model Zoo, and of RO-Crate.
const PACKAGES: [&str; 2] = ["bioimageio.spec==0.5.14.3", "roc-validator==0.13.0"];

/// The Python of a virtual environment below `target/`, made at the first call.
pub fn python() -> Result<PathBuf> {
    let home = scratch().join("validators");
    let python = home.join("bin/python");
    let imports = "import bioimageio.spec, rocrate_validator";
    let tried = Command::new(&python).args(["-c", imports]).output();
    if tried.is_ok_and(|output| output.status.success()) {
        return Ok(python);
    }
    stage("Making a Python environment with bioimageio.spec and roc-validator");
    run(Command::new("/usr/bin/python3")
        .args(["-m", "venv", "--clear"])
        .arg(&home))?;
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet"])
        .args(PACKAGES))?;
    run(Command::new(&python).args(["-c", imports]))?;
    Ok(python)
}
