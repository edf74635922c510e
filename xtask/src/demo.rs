//! `cargo xtask demo`: from a fresh clone to the page in a browser.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::shell::{root, run, stage, where_time_went};
use crate::{native, pkg, site};

#[derive(clap::Args)]
pub struct Options {
    /// Do not open a browser.
    #[arg(long)]
    no_open: bool,
    /// The port on 127.0.0.1.
    #[arg(long, default_value_t = 8321)]
    port: u16,
    /// Link-time optimisation and wasm-opt: what a published site gets.
    #[arg(long)]
    release: bool,
    /// A bundle to show in place of the repository's own, for example one that `cellflux-train export`
    /// wrote.
    #[arg(long)]
    bundle: Option<PathBuf>,
    /// A folder of real single-cell crops (BBBC021, with its metadata.csv) to offer beside the synthetic
    /// samples.
    #[arg(long)]
    data: Option<PathBuf>,
}

pub fn demo(options: &Options) -> Result<()> {
    pkg::build(&pkg::Options {
        release: options.release,
    })?;
    let cli = native::build_cli_alone()?;
    let dist = root().join("dist");
    match &options.bundle {
        None => site::build(&cli, options.data.as_deref(), &dist)?,
        Some(bundle) => {
            // The command runs in the root; the name is relative to the chore's own folder.
            let bundle = std::path::absolute(bundle).context("cannot resolve --bundle")?;
            site::build_from(&cli, &site::page_of(&bundle)?, options.data.as_deref(), &dist)?;
        }
    }
    println!(
        "\nWhere the time went, after this chore itself was built:\n{}",
        where_time_went()
    );
    stage("Ready");
    let mut command = Command::new(&cli);
    command
        .current_dir(root())
        .args(["site", "serve", "dist", "--port"])
        .arg(options.port.to_string());
    if !options.no_open {
        command.arg("--open");
    }
    run(&mut command)
}
