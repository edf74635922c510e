//! The `cellflux` command. Each subcommand is one file, with its `Args` and its `run`.
//!
//! Exit status: 0 when all is well, 1 when `verify` measured an error above its bound, 2 when the command
//! could not do its work.

mod engine;
mod files;
mod import;
mod run;
mod site;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Import, check, run and publish trained `CellFlux` models.
#[derive(Parser)]
#[command(name = "cellflux", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Import(import::Args),
    Run(run::Args),
    Site(site::Args),
    Verify(verify::Args),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Import(args) => import::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Site(args) => site::run(&args),
        Command::Verify(args) => verify::run(&args),
    };
    result.unwrap_or_else(|error| {
        eprintln!("cellflux: {error:#}");
        ExitCode::from(2)
    })
}
