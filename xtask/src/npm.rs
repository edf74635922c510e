//! Node and its packages, installed as a folder's lock file says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::debian;
use crate::shell::{capture, run, scratch, stage};

/// The first version of Node whose test runner writes two reports at once.
const NODE_MAJOR: u32 = 18;

/// Finds Node and npm, installing them where that is possible; `what` needs them.
pub fn node(what: &str) -> Result<()> {
    let missing = || format!("{what} needs Node {NODE_MAJOR} or newer with npm: install it from nodejs.org");
    if which::which("node").is_err() || which::which("npm").is_err() {
        debian::install(&["nodejs", "npm"], &missing())?;
    }
    let version = capture(Command::new("node").arg("--version")).with_context(missing)?;
    let major = version
        .trim_start_matches('v')
        .split('.')
        .next()
        .and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < NODE_MAJOR) {
        bail!("{} (found {version})", missing());
    }
    Ok(())
}

/// The `node_modules` of `folder`, installed as its lock file says, once per lock file; `what` needs it.
pub fn packages(folder: &Path, what: &str) -> Result<PathBuf> {
    let lock_file = folder.join("package-lock.json");
    let lock =
        fs::read_to_string(&lock_file).with_context(|| format!("cannot read {}", lock_file.display()))?;
    let modules = folder.join("node_modules");
    let installed = modules.join(".installed-lock.json");
    if fs::read_to_string(&installed).is_ok_and(|text| text == lock) {
        return Ok(modules);
    }
    stage(&format!("Installing {}'s npm packages", folder.display()));
    let npm = which::which("npm").context("npm is not on the path")?;
    run(Command::new(npm)
        .current_dir(folder)
        .args(["ci", "--no-audit", "--no-fund", "--loglevel=error", "--cache"])
        .arg(scratch().join("npm")))
    .with_context(|| format!("{what} needs the packages of {}", lock_file.display()))?;
    fs::write(&installed, lock).with_context(|| format!("cannot write into {}", modules.display()))?;
    Ok(modules)
}
