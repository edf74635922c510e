//! `cellflux-train data`: look at data before anything is trained on it, and make data to train on.

use std::path::{Path, PathBuf};

use anyhow::Context;
use cellflux_data::fields::{FieldsConfig, cut_fields};
use cellflux_data::synthetic::Design;
use cellflux_data::{
    ConditionTable, ConditionsConfig, DataConfig, Experiment, PackedCache, Pairing, Report, Source,
    read_experiment, write_synthetic,
};
use cellflux_train::config::read_text;
use clap::{Parser, Subcommand};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::progress;

/// Look at data, or make some.
#[derive(Parser)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Read a run's data and print what there is: images, compounds, batches, pairs. Decodes one image.
    Report {
        /// The run's configuration; its sections [data] and [conditions] are read.
        config: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Do what report does, and decode every image into the packed cache that a run uses; prints the values'
    /// range.
    Check {
        /// The run's configuration; its sections [data] and [conditions] are read.
        config: PathBuf,
        /// The cache's folder; built where it is missing or belongs to other inputs.
        #[arg(long)]
        cache: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Cut single-cell crops out of raw fields: illumination corrected, nuclei found, crops that show no
    /// whole cell in focus left out. Writes a folder with images, their table and contact sheets.
    Crops {
        /// What to cut out of what: docs/training-data.md, layout c.
        config: PathBuf,
        /// The folder to write, which must not exist yet.
        #[arg(long)]
        out: PathBuf,
    },
    /// Write the synthetic experiment of a configuration as a folder of images with its table and its truth.
    Synthetic {
        /// The run's configuration, whose [data.source] has layout = "synthetic".
        config: PathBuf,
        /// The folder to write, which must not exist yet.
        #[arg(long)]
        out: PathBuf,
    },
}

/// The sections of a run's configuration that describe the data; the others are not read here.
#[derive(Deserialize)]
struct Sections {
    data: DataConfig,
    #[serde(default)]
    conditions: ConditionsConfig,
}

/// Runs the subcommand.
pub fn run(args: &Args) -> anyhow::Result<()> {
    match &args.command {
        Command::Report { config, json } => show(&read(&sections(config)?)?.1, *json),
        Command::Check { config, cache, json } => {
            let (experiment, report) = read(&sections(config)?)?;
            let cache = PackedCache::open_with(&experiment, cache, progress("images decoded"))?;
            show(&report.with_values(&cache), *json)
        }
        Command::Crops { config, out } => {
            let config: FieldsConfig = from_toml(config)?;
            let report = cut_fields(&config, out, progress("fields read, twice"))?;
            print!("{report}");
            println!("  look at {}", out.join("contact-sheet.png").display());
            Ok(())
        }
        Command::Synthetic { config, out } => {
            let sections = sections(config)?;
            let Source::Synthetic(source) = &sections.data.source else {
                anyhow::bail!(
                    "{}: data.source.layout is not \"synthetic\", expected a synthetic experiment to write",
                    config.display()
                );
            };
            let spec = sections.data.image.spec()?;
            let design = Design::new(source, &spec)?;
            write_synthetic(&design, &spec, out, progress("cells drawn"))?;
            println!(
                "{}: {} images, metadata.csv, truth.csv",
                out.display(),
                source.images
            );
            Ok(())
        }
    }
}

fn sections(path: &Path) -> anyhow::Result<Sections> {
    from_toml(path)
}

fn from_toml<T: DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    let text = read_text(path)?;
    toml::from_str(&text).with_context(|| format!("{}", path.display()))
}

/// Reads, encodes and pairs.
fn read(sections: &Sections) -> anyhow::Result<(Experiment, Report)> {
    let experiment = read_experiment(&sections.data)?;
    let conditions = ConditionTable::build(&experiment, &sections.conditions)?;
    let pairing = Pairing::configured(&experiment, &conditions, &sections.data)?;
    let report = Report::of(&experiment).with_pairing(&pairing);
    Ok((experiment, report))
}

fn show(report: &Report, json: bool) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(report)?);
    } else {
        print!("{report}");
    }
    Ok(())
}
