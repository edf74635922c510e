//! `cellflux-train lr-range`: which learning rates train.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, bail};
use cellflux_train::config::{Config, DeviceChoice, Setting};
use cellflux_train::rate_range::{PAGE, Range, test};

use super::progress;

/// Train a few steps with a learning rate that rises from very small to too large, and say where the loss
/// falls fastest and where it is lowest (the range test of Smith 2017, "Cyclical learning rates for training
/// neural networks").
///
/// Writes `lr-range.csv` and `lr-range.html`. Nothing of it is a run: the weights are thrown away.
#[derive(clap::Args)]
pub struct Args {
    /// The run's configuration.
    #[arg(long)]
    config: PathBuf,
    /// The weights to start from, as in `train`.
    #[arg(long, value_name = "CHECKPOINT")]
    init: Option<PathBuf>,
    /// The first learning rate.
    #[arg(long, default_value_t = 1e-6)]
    from: f64,
    /// The last one.
    #[arg(long, default_value_t = 1e-1)]
    to: f64,
    /// Steps.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(2..=100_000))]
    steps: u64,
    /// cpu, cuda or cuda:N (run.device).
    #[arg(long)]
    device: Option<DeviceChoice>,
    /// One value that overrides the config, as in training.
    #[arg(long = "set", value_name = "SECTION.KEY=VALUE")]
    settings: Vec<Setting>,
    /// The folder to write: absent or empty.
    #[arg(long)]
    out: PathBuf,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let mut config = Config::read(&args.config, &args.settings)?;
    if let Some(device) = args.device {
        config.run.device = device;
    }
    fs::create_dir_all(&args.out).with_context(|| args.out.display().to_string())?;
    let made = fs::read_dir(&args.out).with_context(|| args.out.display().to_string())?;
    if made.count() > 0 {
        bail!(
            "{} is not empty, expected an absent or empty folder",
            args.out.display()
        );
    }
    config.run.folder.clone_from(&args.out);
    let range = Range {
        from: args.from,
        to: args.to,
        steps: args.steps,
    };
    let found = test(
        config,
        args.init.as_deref(),
        range,
        progress("images packed"),
        progress("steps"),
    )?;
    found.write(&args.out)?;
    println!("{}", found.words());
    println!("{}", args.out.join(PAGE).display());
    Ok(())
}
