//! `cargo xtask install`: the `cellflux` command for authors, who then need neither Rust nor Node.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::pkg;
use crate::shell::{cargo, run, stage};

#[derive(clap::Args)]
pub struct Options {
    /// The folder whose bin/ gets the command; cargo's own when not given.
    #[arg(long)]
    root: Option<PathBuf>,
}

/// Builds pkg/ as a published site gets it, then installs the command, which carries it inside itself.
pub fn install(options: &Options) -> Result<()> {
    pkg::build(&pkg::Options { release: true })?;
    stage("Installing the cellflux command");
    let mut command = cargo("install");
    command.args(["--path", "crates/cellflux-cli", "--locked"]);
    if let Some(folder) = &options.root {
        // The chore's own folder may differ from the root, where cargo runs.
        command
            .arg("--root")
            .arg(std::path::absolute(folder).context("cannot resolve --root")?);
    }
    run(&mut command)
}
