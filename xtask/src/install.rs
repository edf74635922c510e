//! `cargo xtask install`: the `cellflux` command for authors, who then need neither Rust nor Node.

use anyhow::Result;

use crate::pkg;
use crate::shell::{cargo, run, stage};

/// Builds pkg/ as a published site gets it, then installs the command, which carries it inside itself.
pub fn install() -> Result<()> {
    pkg::build(&pkg::Options { release: true })?;
    stage("Installing the cellflux command");
    run(cargo("install").args(["--path", "crates/cellflux-cli", "--locked"]))
}
