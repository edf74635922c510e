//! `cellflux verify`: compares a network with a golden file and says how far apart they are.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};

use crate::engine::{DType, EngineKind};

/// Compare a network with a golden file: every output it holds, as relative errors.
///
/// Exits 1 when an error is above the bound of the engine's precision.
#[derive(clap::Args)]
pub struct Args {
    /// The weights, named as the public network names them.
    model: PathBuf,
    /// The golden file: inputs and expected outputs, with config and `cfg_scale` in its metadata.
    io: PathBuf,
    /// The engine to check.
    #[arg(long, value_enum, default_value = "candle")]
    engine: EngineKind,
    /// The precision to check it in.
    #[arg(long, value_enum, default_value = "f32")]
    dtype: DType,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let _weights = std::fs::read(&args.model).with_context(|| format!("{}", args.model.display()))?;
    let _golden = std::fs::read(&args.io).with_context(|| format!("{}", args.io.display()))?;
    bail!("{:?} {:?} is not wired yet", args.engine, args.dtype)
}
