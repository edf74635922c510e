//! `cargo xtask install`: the `cellflux` command for authors, who then need neither Rust nor Node.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::pkg;
use crate::shell::{cargo, run, stage, where_time_went};
use crate::third_party;

#[derive(clap::Args)]
pub struct Options {
    /// The folder whose bin/ gets the command; cargo's own when not given.
    #[arg(long)]
    root: Option<PathBuf>,
}

/// Builds pkg/ as a published site gets it, then installs the command, which embeds it.
pub fn install(options: &Options) -> Result<()> {
    pkg::build(&pkg::Options { release: true })?;
    stage("Installing the cellflux command");
    let mut command = cargo("install");
    command.args([
        "--path",
        "crates/cellflux-cli",
        "--locked",
        "--profile",
        "installed",
    ]);
    if let Some(folder) = &options.root {
        // The chore's own folder may differ from the root, where cargo runs.
        command
            .arg("--root")
            .arg(std::path::absolute(folder).context("cannot resolve --root")?);
    }
    run(&mut command)?;
    let notices = installed_in(options)?.join("share/doc/cellflux");
    std::fs::create_dir_all(&notices).with_context(|| format!("cannot make {}", notices.display()))?;
    // Most licences of the crates inside must accompany the compiled code.
    std::fs::write(notices.join("THIRD_PARTY.txt"), third_party::texts_for_command()?)
        .with_context(|| format!("cannot write into {}", notices.display()))?;
    println!(
        "\nWhere the time went, after this chore itself was built:\n{}",
        where_time_went()
    );
    Ok(())
}

/// The folder whose bin/ got the command.
fn installed_in(options: &Options) -> Result<PathBuf> {
    if let Some(folder) = &options.root {
        return Ok(folder.clone());
    }
    let named = ["CARGO_INSTALL_ROOT", "CARGO_HOME"]
        .iter()
        .find_map(std::env::var_os);
    match named {
        Some(folder) => Ok(folder.into()),
        None => Ok(std::env::home_dir()
            .context("there is no home folder")?
            .join(".cargo")),
    }
}
