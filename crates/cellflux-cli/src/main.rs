//! The `cellflux` command. Each subcommand is one file, with its `Args` and its `run`.
//!
//! Exit status: 0 when all is well; 1 when `verify` measured an error above its bound, and when `site` or `bundle` found
//! something wrong with what they were given; 2 when another command could not do its work.

mod bundle;
mod engine;
mod files;
mod import;
mod run;
mod site;
mod tiles;
mod verify;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

/// Import, check, run and publish trained `CellFlux` models.
#[derive(Parser)]
#[command(name = "cellflux", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Bundle(bundle::Args),
    /// Print the completions of a shell, for example `cellflux completions bash > ~/.local/share/bash-completion/completions/cellflux`.
    Completions {
        /// The shell.
        shell: Shell,
    },
    Import(import::Args),
    Run(run::Args),
    Site(site::Args),
    Verify(verify::Args),
}

fn main() -> ExitCode {
    let command = Cli::parse().command;
    // What `site` and `bundle` refuse is the author's to put right, and scripts tell it by this status.
    let failure = match command {
        Command::Site(_) | Command::Bundle(_) => 1,
        _ => 2,
    };
    let result = match command {
        Command::Bundle(args) => bundle::run(&args),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "cellflux", &mut std::io::stdout());
            Ok(ExitCode::SUCCESS)
        }
        Command::Import(args) => import::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Site(args) => site::run(&args),
        Command::Verify(args) => verify::run(&args),
    };
    result.unwrap_or_else(|error| {
        eprintln!("cellflux: {error:#}");
        ExitCode::from(failure)
    })
}
