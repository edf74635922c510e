//! `cellflux-train export`: a run becomes a bundle.

use std::path::PathBuf;

use anyhow::{Context, bail};
use candle_core::Device;
use cellflux_bundle::folder;
use cellflux_bundle::quantise::WeightDtype;
use cellflux_bundle::sampling::Sampling;
use cellflux_flow::solver::Solver;
use cellflux_flow::time_grid::GridKind;
use cellflux_train::export::{Options, export};
use cellflux_train::run::checkpoint::Checkpoint;
use cellflux_train::run::open;

use super::progress;

/// Write the averaged weights of a run's checkpoint as a bundle, with its conditions, sample cells and provenance.
#[derive(clap::Args)]
pub struct Args {
    /// The run's folder.
    run: PathBuf,
    /// The checkpoint; by default the run's newest.
    #[arg(long)]
    checkpoint: Option<PathBuf>,
    /// How to store the weights: f32, f16 or int8.
    #[arg(long, default_value = "f16")]
    dtype: WeightDtype,
    /// Control cells to put in, spread over the batches.
    #[arg(long, default_value_t = 8)]
    controls: usize,
    /// The recommended solver.
    #[arg(long, default_value = "heun2")]
    solver: Solver,
    /// The recommended time grid.
    #[arg(long, default_value = "edm")]
    grid: GridKind,
    /// The recommended number of steps.
    #[arg(long, default_value_t = 20)]
    steps: usize,
    /// The recommended guidance.
    #[arg(long, default_value_t = 1.2)]
    alpha: f64,
    /// The recommended source noise; by default the training's where it has some.
    #[arg(long)]
    noise: Option<f64>,
    /// The bundle's folder: new, empty, or with --replace an earlier bundle.
    #[arg(long)]
    out: PathBuf,
    /// Replace the bundle that is there.
    #[arg(long)]
    replace: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let (material, newest) = open(&args.run, progress("images packed"))?;
    let path = match (&args.checkpoint, newest) {
        (Some(path), _) => path.clone(),
        (None, Some(path)) => path,
        (None, None) => bail!("{} holds no checkpoint", args.run.display()),
    };
    let checkpoint = Checkpoint::load(&path, &Device::Cpu)?;
    let training = &material.config.training;
    let trained_noise = if training.noise_probability > 0.0 {
        training.noise
    } else {
        0.0
    };
    let options = Options {
        dtype: args.dtype,
        controls: args.controls,
        sampling: Sampling {
            solver: args.solver,
            grid: args.grid,
            steps: args.steps,
            alpha: args.alpha,
            noise: args.noise.unwrap_or(trained_noise),
            ..Sampling::default()
        },
    };
    let made = export(&material, &checkpoint, &options)?;
    for note in &made.notes {
        eprintln!("note: {note}");
    }
    let packed = made.draft.pack().context("the bundle cannot be packed")?;
    folder::write(&packed, &args.out, args.replace)?;
    let bytes: usize = packed.files.values().map(Vec::len).sum();
    let manifest = &packed.manifest;
    println!(
        "{}: {} parameters as {}, {} conditions, {} controls, {} treated, {bytes} bytes in {} files",
        args.out.display(),
        manifest.model.parameters,
        manifest.model.dtype,
        manifest.conditions.list.len(),
        manifest.gallery.controls.len(),
        manifest.gallery.treated.len(),
        packed.files.len(),
    );
    Ok(())
}
