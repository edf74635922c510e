//! `cellflux-train state-dict`: a checkpoint for other programs, each parameter under its own name.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use candle_core::Device;
use cellflux_train::run::checkpoint::write_whole;
use cellflux_train::run::{CHECKPOINTS, checkpoint, named_state, open};

use super::progress;

/// Write a run's checkpoint as a safetensors file that PyTorch opens: every parameter under its public name,
/// as `weights.NAME`, `averaged.NAME`, `first.NAME` and `second.NAME`. A run does not go on from it.
#[derive(clap::Args)]
pub struct Args {
    /// The run's folder.
    run: PathBuf,
    /// The checkpoint: `best`, `last` or a file; by default the one that `export` takes.
    #[arg(long, value_name = "best|last|FILE")]
    checkpoint: Option<PathBuf>,
    /// The file to write, which must be new.
    #[arg(long)]
    out: PathBuf,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let out = std::path::absolute(&args.out).context("--out names no file")?;
    if out.exists() {
        bail!("{}: exists already, expected a new file", args.out.display());
    }
    let material = open(&args.run, &[], progress("images packed"))?;
    let keeps_best = material.config.run.select.keeps_best();
    let selected = keeps_best.then_some(Path::new("best"));
    let asked = args.checkpoint.as_deref().or(selected);
    let (path, checkpoint) = checkpoint::load(&args.run.join(CHECKPOINTS), asked, &Device::Cpu)?;
    let bytes = named_state(&material.network, &checkpoint, &out)?;
    write_whole(&out, ".state-dict-", &bytes)?;
    println!(
        "{}: {} of step {}, {} bytes",
        args.out.display(),
        path.display(),
        checkpoint.progress.step,
        bytes.len()
    );
    Ok(())
}
