//! The targets as one plain program: `cellflux-fuzz hunt png --seconds 60`, `cellflux-fuzz read png FILE`.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use cellflux_fuzz::{Target, corpus, hunt, seeds, targets};
use clap::{Parser, Subcommand};

/// Hostile inputs for every reader; `cargo xtask fuzz` runs it target by target.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Print the targets' names and what they read.
    List,
    /// Change the corpus at random for a time; the last line is what it came to, as JSON.
    Hunt {
        /// The target.
        #[arg(value_parser = target)]
        target: &'static Target,
        /// For how long.
        #[arg(long, default_value_t = 10.0)]
        seconds: f64,
        /// Where the changes start from.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Where findings go.
        #[arg(long)]
        folder: PathBuf,
        /// Keep what is answered in a new way in the corpus.
        #[arg(long)]
        keep: bool,
    },
    /// Hand one file to a target and print the answer.
    Read {
        /// The target.
        #[arg(value_parser = target)]
        target: &'static Target,
        /// The file.
        file: PathBuf,
    },
    /// Write the seeds into the corpus again.
    Seeds,
    /// Leave one input for each kind of answer, the smallest, and every seed.
    Minimise,
}

fn target(name: &str) -> Result<&'static Target, String> {
    targets::named(name).ok_or_else(|| format!("no target is called {name}"))
}

fn main() -> Result<()> {
    match Cli::parse().command {
        Command::List => {
            for target in &targets::ALL {
                println!("{}\t{}", target.name, target.reads);
            }
        }
        Command::Hunt {
            target,
            seconds,
            seed,
            folder,
            keep,
        } => {
            let settings = hunt::Settings {
                time: Duration::try_from_secs_f64(seconds).context("--seconds")?,
                seed,
                folder,
                keep,
            };
            let kept = hunt::hunt(target, &settings)?;
            let findings: Vec<_> = kept
                .findings
                .iter()
                .map(|(failure, file)| serde_json::json!({ "failure": failure, "file": file }))
                .collect();
            let line = serde_json::json!({
                "cases": kept.cases, "taken": kept.taken, "answers": kept.answers,
                "slowest_s": kept.slowest_s, "peak_mib": peak_mib(), "findings": findings,
            });
            println!("{line}");
        }
        Command::Read { target, file } => {
            let input = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            match target.try_input(&input) {
                Ok(()) => println!("taken"),
                Err(sentence) => println!("refused: {sentence}"),
            }
        }
        Command::Seeds => seeds::write()?,
        Command::Minimise => {
            for target in &targets::ALL {
                minimise(target)?;
            }
        }
    }
    Ok(())
}

/// The most memory that this process held, where the system tells.
fn peak_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}

fn minimise(target: &Target) -> Result<()> {
    let mut smallest = std::collections::BTreeMap::<String, (usize, String)>::new();
    let inputs = corpus::read(target)?;
    for (name, input) in &inputs {
        let kind = corpus::kind(&target.try_input(input));
        let better = smallest
            .get(&kind)
            .is_none_or(|(length, _)| input.len() < *length);
        if better {
            smallest.insert(kind, (input.len(), name.clone()));
        }
    }
    let kept: Vec<&String> = smallest.values().map(|(_, name)| name).collect();
    for name in inputs
        .keys()
        .filter(|name| !name.contains('-') && !kept.contains(name))
    {
        std::fs::remove_file(corpus::folder(target).join(name)).context("cannot remove an input")?;
    }
    Ok(())
}
