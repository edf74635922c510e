//! `cargo deny`: which licences, sources and versions the crates may have, as deny.toml says.

use anyhow::Result;

use crate::shell::{cargo, run, stage};

/// Checks if cargo-deny is installed; otherwise says how to get it, without failing.
pub fn check() -> Result<()> {
    if which::which("cargo-deny").is_err() {
        eprintln!(
            "cargo-deny is not installed, so deny.toml is not checked: `cargo install --locked cargo-deny`"
        );
        return Ok(());
    }
    stage("cargo deny");
    // Advisories need a database from the network: run `cargo deny check advisories` where there is one.
    run(cargo("deny").args(["--all-features", "check", "bans", "licenses", "sources"]))
}
