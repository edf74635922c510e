//! A Python with torch and safetensors, in which tests write the files that PyTorch users have.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::debian;
use crate::python::works;
use crate::shell::{run, scratch, stage};

/// The packages that write the documented golden file, and those that they need without naming them.
const PACKAGES: [&str; 2] = ["safetensors==0.6.2", "packaging==25.0"];
const NEEDED: &str = "the tests of PyTorch's files need python3 with torch, numpy and venv; install them";

/// The Python of a virtual environment below `target/`, made at the first call.
pub fn python() -> Result<PathBuf> {
    let home = scratch().join("torch");
    let python = home.join("bin/python");
    let imports = "import numpy, torch, safetensors.torch";
    if works(&python, imports) {
        return Ok(python);
    }
    if !works(
        Path::new("/usr/bin/python3"),
        "import numpy, torch, venv, ensurepip",
    ) {
        debian::install(&["python3-torch", "python3-numpy", "python3-venv"], NEEDED)?;
    }
    stage("Making a Python environment with torch and safetensors");
    // torch is the system's: in the package index it comes only with gigabytes of CUDA runtime.
    run(Command::new("/usr/bin/python3")
        .args(["-m", "venv", "--clear", "--system-site-packages"])
        .arg(&home))?;
    run(Command::new(&python)
        .args(["-m", "pip", "install", "--quiet"])
        .args(PACKAGES))?;
    run(Command::new(&python).args(["-c", imports]))?;
    Ok(python)
}
