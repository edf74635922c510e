//! `cellflux-train train`: a run from its config.

use std::path::PathBuf;

use cellflux_train::config::{Config, Setting};

/// Train a flow as the config says, and write the run's folder.
#[derive(clap::Args)]
pub struct Args {
    /// The run's configuration (TOML); docs/training.md describes it.
    #[arg(long)]
    config: PathBuf,
    /// One value over the config, for example `--set training.batch=64`.
    #[arg(long = "set", value_name = "SECTION.KEY=VALUE")]
    settings: Vec<Setting>,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let config = Config::read(&args.config, &args.settings)?;
    print!("{}", config.to_toml()?);
    Ok(())
}
