//! `cellflux-train classify`: a classifier of modes of action, whose last hidden layer is a space of
//! features.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, bail};
use cellflux_data::{PackedCache, read_experiment};
use cellflux_train::config::{Config, DeviceChoice, Setting};
use cellflux_train::features::moa::{About, Settings, train};

use super::progress;

/// Train a small network to tell which mode of action a cell shows, on the training cells of a config's
/// data, and score it on the validation cells.
///
/// Writes `moa.safetensors` and `moa.json`, and prints how many cells of each class are recognised.
#[derive(clap::Args)]
pub struct Args {
    /// The run's configuration; only its section [data] is read.
    #[arg(long)]
    config: PathBuf,
    /// The folder to write: absent or empty.
    #[arg(long)]
    out: PathBuf,
    /// The folder of decoded images; by default `cache` in the folder that is written.
    #[arg(long)]
    cache: Option<PathBuf>,
    /// Optimiser steps.
    #[arg(
        long,
        default_value_t = Settings::default().steps,
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    steps: u64,
    /// Decides every random choice.
    #[arg(long, default_value_t = Settings::default().seed)]
    seed: u64,
    /// cpu, cuda or cuda:N.
    #[arg(long, default_value = "cpu")]
    device: DeviceChoice,
    /// One value that overrides the config, as in training.
    #[arg(long = "set", value_name = "SECTION.KEY=VALUE")]
    settings: Vec<Setting>,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let config = Config::read(&args.config, &args.settings)?;
    let device = args.device.open()?;
    fs::create_dir_all(&args.out).with_context(|| args.out.display().to_string())?;
    let made = fs::read_dir(&args.out).with_context(|| args.out.display().to_string())?;
    if made.count() > 0 {
        bail!(
            "{} is not empty, expected an absent or empty folder",
            args.out.display()
        );
    }
    let experiment = read_experiment(&config.data)?;
    let cache = args.cache.clone().unwrap_or_else(|| args.out.join("cache"));
    let cache = PackedCache::open_with(&experiment, &cache, progress("images packed"))?;
    let settings = Settings {
        steps: args.steps,
        seed: args.seed,
        ..Settings::default()
    };
    let classifier = train(
        &experiment,
        &cache,
        &config.data,
        &settings,
        &device,
        progress("steps"),
    )?;
    classifier.save(&args.out)?;
    print(classifier.about());
    Ok(())
}

fn print(about: &About) {
    println!("| class | training cells | validation cells | recognised |");
    println!("|---|---|---|---|");
    for (class, training) in about.validation.classes.iter().zip(&about.training.cells) {
        println!(
            "| {} | {training} | {} | {} |",
            class.class,
            class.cells,
            class
                .recall
                .map_or("no cell".to_owned(), |recall| format!("{:.0} %", 100.0 * recall))
        );
    }
    println!(
        "balanced accuracy {:.1} %, accuracy {:.1} %, of {} validation cells; trained in {:.0} s",
        100.0 * about.validation.balanced_accuracy,
        100.0 * about.validation.accuracy,
        about.validation.cells,
        about.seconds
    );
}
