//! `cellflux verify`: compares a network with a golden file and says how far apart they are.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use cellflux_bundle::pth::{self, Weights};
use cellflux_bundle::state_dict::StateDict;
use cellflux_bundle::{UNetConfig, folder};
use cellflux_engine::Network;
use cellflux_session::comparison::golden::{Bounds, Golden, Row};

use crate::engine::{DType, EngineArgs, EngineKind};
use crate::files::read;

/// Compare a network with a golden file: every output it holds, as relative errors.
///
/// Exits 1 when an error is above the bound of the engine's precision.
#[derive(clap::Args)]
pub struct Args {
    /// The weights: a .pth (its averaged ones, when it has them), a .safetensors with the public network's
    /// names, or a bundle's folder.
    model: PathBuf,
    /// The golden file: inputs and expected outputs, with `config` and `cfg_scale` in its metadata.
    io: PathBuf,
    #[command(flatten)]
    engine: EngineArgs,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let golden = Golden::parse(&read(&args.io)?).with_context(|| args.io.display().to_string())?;
    let weights = weights(&args.model, golden.config()).with_context(|| args.model.display().to_string())?;
    let bounds = match (args.engine.engine, args.engine.dtype) {
        (EngineKind::Candle, _) => Bounds::CANDLE_F32,
        (EngineKind::Wgpu, DType::F32) => Bounds::WGPU_F32,
        (EngineKind::Wgpu, DType::F16) => Bounds::WGPU_F16,
    };
    let rows = pollster::block_on(async {
        let (height, width) = golden.size();
        let network = Network {
            config: golden.config(),
            weights: &weights,
            size: [height, width],
            images: golden.images(),
        };
        let mut engine = args.engine.open(&network).await?;
        println!("{:24} {:>14} {:>8}", "output", "relative error", "bound");
        anyhow::Ok(golden.verify(&mut engine, bounds, print).await?)
    })?;
    if rows.iter().all(Row::ok) {
        println!("the network matches");
        return Ok(ExitCode::SUCCESS);
    }
    println!("the network differs");
    Ok(ExitCode::FAILURE)
}

/// Reads the weights of this network; the file's first bytes say what kind it is.
fn weights(path: &Path, config: &UNetConfig) -> anyhow::Result<StateDict> {
    if path.is_dir() {
        let weights = folder::read(path)?.weights;
        weights.check(config)?;
        return Ok(weights);
    }
    let bytes = read(path)?;
    if let Some(kind) = pth::other_kind(&bytes) {
        anyhow::bail!("is {kind}");
    }
    if !bytes.starts_with(b"PK\x03\x04") {
        return Ok(StateDict::from_safetensors(&bytes, config)?);
    }
    let imported = pth::read(Cursor::new(bytes), config, Weights::Averaged)?;
    for note in &imported.notes {
        eprintln!("note: {}: {note}", path.display());
    }
    Ok(imported.weights)
}

fn print(row: &Row) {
    let verdict = if row.ok() { "ok" } else { "TOO LARGE" };
    println!(
        "{:24} {:>14.2e} {:>8.0e} {verdict}",
        row.output, row.relative_error, row.bound
    );
}
