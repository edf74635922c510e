//! Debian's packages: the one system on which a chore installs what it needs itself.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::shell::{capture, run, stage};

/// Installs Debian packages where that is possible (Debian or a relative of it, as root); elsewhere fails
/// with the one sentence `otherwise`.
pub fn install(packages: &[&str], otherwise: &str) -> Result<()> {
    if !Path::new("/usr/bin/apt-get").exists() {
        bail!("{otherwise}");
    }
    if !is_root() {
        bail!(
            "{otherwise} (as root: `apt-get install --no-install-recommends {}`)",
            packages.join(" ")
        );
    }
    stage(&format!("Installing {} with apt-get", packages.join(", ")));
    run(apt_get().args(["-qq", "update"]))?;
    run(apt_get()
        .args(["-qq", "install", "-y", "--no-install-recommends"])
        .args(packages))
}

fn apt_get() -> Command {
    let mut command = Command::new("/usr/bin/apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn is_root() -> bool {
    capture(Command::new("id").arg("-u")).is_ok_and(|id| id == "0")
}
