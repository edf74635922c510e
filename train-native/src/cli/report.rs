//! `cellflux-train report`: a run as one page.

use std::path::PathBuf;

use cellflux_train::report;

/// Write a run's `report.html` anew: figures, curves, the newest sheets, config and environment, in one file
/// that needs nothing else. `train` writes it at its end.
#[derive(clap::Args)]
pub struct Args {
    /// The run's folder.
    run: PathBuf,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<()> {
    println!("{}", report::write(&args.run)?.display());
    Ok(())
}
