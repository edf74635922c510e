//! `cargo xtask bench`: measurements, in cargo's bench profile.

use anyhow::Result;

use crate::shell::{cargo, run};

#[derive(clap::Args)]
pub struct Options {
    /// What to measure: `unet`.
    name: String,
    /// Passed on to the measurement.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

pub fn bench(options: &Options) -> Result<()> {
    run(cargo("bench")
        .args(["--package", "cellflux-tests", "--bench", &options.name, "--"])
        .args(&options.arguments))
}
