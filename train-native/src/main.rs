//! The `cellflux-train` command. Each subcommand is one file under `cli/`, with its `Args` and its `run`.
//!
//! Exit status: 0 when all is well (also after Ctrl-C or SIGTERM, when a checkpoint has been written), 2 when
//! the command could not do its work.

#[macro_use]
extern crate cellflux_terminal;

mod cli;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use mimalloc::MiMalloc;

/// A training step on a CPU frees feature maps of megabytes and asks for them again: the system's allocator
/// gives such blocks back to the system each time, which then fills them with zeros page by page.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Train the `CellFlux` flow and export the bundle that the page opens.
#[derive(Parser)]
#[command(name = "cellflux-train", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Data(cli::data::Args),
    Train(Box<cli::train::Args>),
    Runs(cli::runs::Args),
    Report(cli::report::Args),
    LrRange(cli::lr_range::Args),
    Sample(cli::sample::Args),
    Export(cli::export::Args),
    StateDict(cli::state_dict::Args),
    Describe(cli::describe::Args),
    Truth(cli::truth::Args),
    Evaluate(Box<cli::evaluate::Args>),
    Compare(cli::compare::Args),
    Classify(cli::classify::Args),
    Bench(cli::bench::Args),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Data(args) => cli::data::run(&args),
        Command::Train(args) => cli::train::run(&args),
        Command::Runs(args) => cli::runs::run(&args),
        Command::Report(args) => cli::report::run(&args),
        Command::LrRange(args) => cli::lr_range::run(&args),
        Command::Sample(args) => cli::sample::run(&args),
        Command::Export(args) => cli::export::run(&args),
        Command::StateDict(args) => cli::state_dict::run(&args),
        Command::Describe(args) => cli::describe::run(&args),
        Command::Truth(args) => cli::truth::run(&args),
        Command::Evaluate(args) => cli::evaluate::run(&args),
        Command::Compare(args) => cli::compare::run(&args),
        Command::Classify(args) => cli::classify::run(&args),
        Command::Bench(args) => cli::bench::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cellflux-train: {}", cellflux_terminal::sentence(&error));
            ExitCode::from(2)
        }
    }
}
