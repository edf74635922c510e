//! `cellflux-train train`: a run from its config, or the rest of one.

use std::path::PathBuf;

use anyhow::Context;
use cellflux_data::Report;
use cellflux_terminal::{said, shell};
use cellflux_train::config::{Config, DeviceChoice, Setting};
use cellflux_train::ranks::{Ranks, Through};
use cellflux_train::report;
use cellflux_train::run::interrupt::Interrupt;
use cellflux_train::run::{CONFIG, Ended, Run};

use super::progress;

/// Train a flow as the config says, and write the run's folder: config, log, `TensorBoard` events, sheets,
/// checkpoints, a report.
///
/// Ctrl-C and SIGTERM write a checkpoint and end cleanly; a second one ends at once.
#[derive(clap::Args)]
pub struct Args {
    /// The run's configuration (TOML); docs/training.md describes it. With --resume, the run's own unless
    /// given.
    #[arg(long, required_unless_present = "resume")]
    config: Option<PathBuf>,
    /// Go on with the run in this folder from its newest checkpoint.
    #[arg(long, value_name = "FOLDER", conflicts_with = "out")]
    resume: Option<PathBuf>,
    /// The checkpoint to go on from, if not the newest: a file or `best`. Newer ones of the run are set
    /// aside.
    #[arg(long, value_name = "FILE", requires = "resume")]
    checkpoint: Option<PathBuf>,
    /// What may be another value from here on, by name, for example `--change training.learning_rate=1e-5`: a
    /// resumed run that differs otherwise is refused.
    #[arg(long = "change", value_name = "SECTION.KEY=VALUE", requires = "resume")]
    changes: Vec<Setting>,
    /// Start from these weights, with a fresh optimiser: a .pth, a .safetensors, a bundle's folder, a run's
    /// folder or one of its checkpoints, of the same network.
    #[arg(long, value_name = "CHECKPOINT", conflicts_with = "resume")]
    init: Option<PathBuf>,
    /// The run's folder (run.folder).
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Optimiser steps (training.steps).
    #[arg(long)]
    steps: Option<u64>,
    /// Passes over the training pairs, in place of steps (training.epochs).
    #[arg(long, conflicts_with = "steps")]
    epochs: Option<f64>,
    /// Pairs per micro-batch (training.batch).
    #[arg(long)]
    batch: Option<u64>,
    /// Decides every random choice (run.seed).
    #[arg(long)]
    seed: Option<u64>,
    /// cpu, cuda or cuda:N (run.device).
    #[arg(long)]
    device: Option<DeviceChoice>,
    /// f32, bf16 or f16 (training.precision).
    #[arg(long)]
    precision: Option<String>,
    /// candle or fused (run.ops).
    #[arg(long)]
    ops: Option<String>,
    /// control or noise (training.source).
    #[arg(long)]
    source: Option<String>,
    /// Draw noise and dropped conditions once per batch, as the public code does (`training.per_batch`).
    #[arg(long)]
    per_batch: bool,
    /// Only algorithms that give the same bits in every run (run.deterministic).
    #[arg(long)]
    deterministic: bool,
    /// What joins the processes that a launcher started: alone, sockets, mpi, mpi-cuda or nccl. They share
    /// each step of the config.
    #[arg(long, default_value_t = Through::Alone)]
    processes: Through,
    /// One value that overrides the config, for example `--set training.clip=1.0`.
    #[arg(long = "set", value_name = "SECTION.KEY=VALUE")]
    settings: Vec<Setting>,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<()> {
    said::go_on_unread();
    let ranks = args.processes.join()?;
    ranks.together(|| train(args, &ranks))
}

fn train(args: &Args, ranks: &Ranks) -> anyhow::Result<()> {
    let mut run = opened(args, ranks)?;
    if ranks.is_first() {
        told(&run);
    }
    let ended = run.train(&Interrupt::listen()?)?;
    if ranks.is_first() {
        report::write(&run.material().config.run.folder)?;
    }
    if ended == Ended::Complete && ranks.is_first() {
        println!("{} steps made", run.step());
        if let Some(best) = run.best() {
            let (what, which) = run.material().config.run.select.in_words();
            println!(
                "the {which} {what}, {:.5}, is that of step {}: `cellflux-train export` takes it",
                best.value, best.step
            );
        }
    }
    Ok(())
}

/// The run that the command line names, new or to go on with.
fn opened(args: &Args, ranks: &Ranks) -> anyhow::Result<Run> {
    let settings = settings(args)?;
    let Some(folder) = &args.resume else {
        let path = args.config.as_deref().context("--config is missing")?;
        let config = Config::read(path, &settings)?;
        let mut run = Run::start_among(ranks, config, args.init.as_deref(), progress("images packed"))?;
        run.started_by(command());
        if let Some(init) = args.init.as_ref().filter(|_| ranks.is_first()) {
            println!("started from {}: {}", init.display(), run.notes().join("; "));
        }
        return Ok(run);
    };
    let own = folder.join(CONFIG);
    let settings = [settings, args.changes.clone()].concat();
    let config = Config::read(args.config.as_deref().unwrap_or(&own), &settings)?;
    let run = Run::resume_among(
        ranks,
        (folder, args.checkpoint.as_deref()),
        config,
        &args.changes,
        progress("images packed"),
    )?;
    for path in run.set_aside() {
        println!("set aside, as it is newer: {}", path.display());
    }
    Ok(run)
}

/// Says what the run learns from.
fn told(run: &Run) {
    let material = run.material();
    let report = Report::of(&material.experiment);
    println!(
        "{}",
        report
            .with_pairing(&material.pairing)
            .with_values(&material.cache)
    );
    println!(
        "{} parameters, from step {}",
        run.averaged().elem_count(),
        run.step()
    );
}

/// The command line as it was given, the program's own path left out.
fn command() -> String {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    shell::command(std::iter::once("cellflux-train").chain(arguments.iter().map(String::as_str)))
}

fn settings(args: &Args) -> anyhow::Result<Vec<Setting>> {
    let number = |value: u64| i64::try_from(value).context("a number is too large for TOML");
    let mut settings = Vec::new();
    let mut put = |section, key, value: toml::Value| settings.push(Setting::new(section, key, value));
    if let Some(out) = &args.out {
        let out = out.to_str().context("--out: the folder's name is not UTF-8")?;
        put("run", "folder", out.into());
    }
    for (section, key, value) in [
        ("training", "steps", args.steps),
        ("training", "batch", args.batch),
        ("run", "seed", args.seed),
    ] {
        if let Some(value) = value {
            put(section, key, number(value)?.into());
        }
    }
    if let Some(epochs) = args.epochs {
        put("training", "epochs", epochs.into());
    }
    for (section, key, value) in [
        ("training", "precision", args.precision.clone()),
        ("training", "source", args.source.clone()),
        ("run", "ops", args.ops.clone()),
        ("run", "device", args.device.map(String::from)),
    ] {
        if let Some(value) = value {
            put(section, key, value.into());
        }
    }
    for (section, key, value) in [
        ("training", "per_batch", args.per_batch),
        ("run", "deterministic", args.deterministic),
    ] {
        if value {
            put(section, key, true.into());
        }
    }
    settings.extend(args.settings.iter().cloned());
    Ok(settings)
}
