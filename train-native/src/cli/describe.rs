//! `cellflux-train describe`: what the training's config says of a bundle's conditions, put into its
//! manifest.

use std::path::PathBuf;

use anyhow::Context;
use cellflux_bundle::files::MANIFEST;
use cellflux_bundle::folder;
use cellflux_train::config::{Config, Setting};
use cellflux_train::export::describe;
use cellflux_train::run::checkpoint::write_whole;

/// Put into a bundle's manifest what an older export did not write: where the flow starts, and of each
/// condition whether it was a training target and in which batches its cells are. Nothing else in the bundle
/// changes.
#[derive(clap::Args)]
pub struct Args {
    /// The bundle's folder.
    bundle: PathBuf,
    /// The config with which it was trained.
    #[arg(long)]
    config: PathBuf,
    /// One value that overrides the config, as in training.
    #[arg(long = "set", value_name = "SECTION.KEY=VALUE")]
    settings: Vec<Setting>,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let config = Config::read(&args.config, &args.settings)?;
    let mut manifest = folder::read_manifest(&args.bundle)?;
    describe(&mut manifest, &config)?;
    let json = manifest.to_json().context("the manifest cannot be written")?;
    write_whole(&args.bundle.join(MANIFEST), ".manifest-", &json)?;
    for condition in &manifest.conditions.list {
        println!(
            "{:28} {} batches, {}",
            condition.name,
            condition.batches.len(),
            if condition.target == Some(true) {
                "a target"
            } else {
                "no target"
            }
        );
    }
    Ok(())
}
