//! The `cellflux` command. Each subcommand is one file, with its `Args` and its `run`.
//!
//! Exit status: 0 when all is well; 1 when `verify` measured an error above its bound, and when `site`,
//! `verify-site` or `bundle` found something wrong with what they were given; 2 when another
//! command could not do its work.
//! `bundle diff` exits 1 when the bundles differ and 2 when it could not compare them.

#[macro_use]
extern crate cellflux_terminal;

mod bundle;
mod engine;
mod figures;
mod files;
mod import;
mod measure;
mod run;
mod site;
mod tiles;
mod typed_compound;
mod verify;
mod verify_site;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

/// Import, check, run, measure and publish trained `CellFlux` models.
#[derive(Parser)]
#[command(name = "cellflux", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Bundle(bundle::Args),
    /// Print the completions of a shell, for example `cellflux completions bash >
    /// ~/.local/share/bash-completion/completions/cellflux`.
    Completions {
        /// The shell.
        shell: Shell,
    },
    Import(import::Args),
    Measure(measure::Args),
    Run(run::Args),
    Site(site::Args),
    Verify(verify::Args),
    VerifySite(verify_site::Args),
}

fn main() -> ExitCode {
    quieten_vulkan();
    let command = Cli::parse().command;
    // The author can put right what `site` and `bundle` refuse, and scripts recognise it by this status.
    let failure = match &command {
        // 1 says that two bundles differ.
        Command::Bundle(args) if args.compares() => 2,
        Command::Site(_) | Command::Bundle(_) => 1,
        _ => 2,
    };
    let result = match command {
        Command::Bundle(args) => bundle::run(&args),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "cellflux", &mut script);
            print!("{}", String::from_utf8_lossy(&script));
            Ok(ExitCode::SUCCESS)
        }
        Command::Import(args) => import::run(&args),
        Command::Measure(args) => measure::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Site(args) => site::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::VerifySite(args) => verify_site::run(&args),
    };
    result.unwrap_or_else(|error| {
        eprintln!("cellflux: {}", cellflux_terminal::sentence(&error));
        ExitCode::from(failure)
    })
}

/// Without `XDG_RUNTIME_DIR`, which servers and containers lack, a Vulkan driver that looks for a display
/// prints an error although nothing is wrong. Any folder will do.
#[cfg(target_os = "linux")]
#[allow(
    unsafe_code,
    reason = "the process has one thread yet, so nothing reads the environment meanwhile"
)]
fn quieten_vulkan() {
    const NAME: &str = "XDG_RUNTIME_DIR";
    if std::env::var_os(NAME).is_none() {
        // SAFETY: called first in `main`, before any other thread exists.
        unsafe { std::env::set_var(NAME, std::env::temp_dir()) };
    }
}

#[cfg(not(target_os = "linux"))]
fn quieten_vulkan() {}
