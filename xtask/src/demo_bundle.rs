//! `cargo xtask demo-bundle`: the bundle that the repository ships, from the checkpoint and the tables beside
//! it.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::native;
use crate::shell::{root, run, stage};
use crate::site::{self, DEMO_BUNDLE};

#[derive(clap::Args)]
pub struct Options {
    /// The checkpoint; by default bbbc021-tiny-tuned of the reference material beside the repository.
    #[arg(long)]
    checkpoint: Option<PathBuf>,
}

pub fn make(options: &Options) -> Result<()> {
    let checkpoint = match &options.checkpoint {
        Some(path) => std::path::absolute(path).context("cannot resolve --checkpoint")?,
        None => site::shared()
            .context("no reference material beside the repository: name the checkpoint with --checkpoint")?
            .join("reference/checkpoints/bbbc021-tiny-tuned.safetensors"),
    };
    let cli = native::build_cli()?;
    stage("Importing the demo bundle");
    let source = format!("{DEMO_BUNDLE}.source");
    run(Command::new(&cli)
        .current_dir(root())
        .arg("import")
        .arg(checkpoint)
        .args(["--compounds", &format!("{source}/compounds.csv")])
        .args(["--about", &format!("{source}/about.json")])
        .args(["--dtype", "f16", "--strict", "--out", DEMO_BUNDLE, "--replace"]))?;
    // What `cellflux-train evaluate` found; refused for other weights.
    run(Command::new(&cli)
        .current_dir(root())
        .args(["bundle", "attach-evaluation", DEMO_BUNDLE])
        .arg(format!("{source}/evaluation.json"))
        .args(["--out", DEMO_BUNDLE, "--replace"]))
}
