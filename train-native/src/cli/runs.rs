//! `cellflux-train runs`: runs with their best figures.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;
use cellflux_train::summary::{Lowest, Summary, runs_below};

/// List the runs in a folder and below it with their best figures, the best first: the lowest validation loss
/// over that of predicting no change.
#[derive(clap::Args)]
pub struct Args {
    /// The folder.
    folder: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let mut runs = Vec::new();
    for folder in runs_below(&args.folder)? {
        match Summary::read(&folder) {
            Ok(summary) => runs.push(summary),
            // One run that cannot be read does not hide the others.
            Err(error) => eprintln!("note: {} is left out: {error}", folder.display()),
        }
    }
    let share = |run: &Summary| run.best.map_or(f64::INFINITY, |best| best.of_zero);
    runs.sort_by(|a, b| share(a).total_cmp(&share(b)));
    if args.json {
        println!("{}", serde_json::to_string_pretty(&runs)?);
        return Ok(());
    }
    if runs.is_empty() {
        bail!(
            "{}: no run here or up to four folders below, expected folders with config.toml and log.jsonl",
            args.folder.display()
        );
    }
    print(&runs);
    Ok(())
}

fn print(runs: &[Summary]) {
    println!(
        "{:>10} {:>8} {:>8} {:>6} {:>15} {:>10}  {:>14}  run",
        "best loss", "of zero", "at step", "pairs", "steps", "last loss", "time"
    );
    for run in runs {
        let steps = match run.steps {
            Some(steps) => format!("{}/{steps}", run.step),
            None => run.step.to_string(),
        };
        let last = run
            .last
            .map_or_else(|| "-".to_owned(), |last| format!("{:.5}", last.loss));
        let time = humantime::format_duration(Duration::from_secs(run.seconds as u64)).to_string();
        println!(
            "{} {steps:>15} {last:>10}  {time:>14}  {}",
            best(run.best),
            run.folder.display()
        );
    }
    println!(
        "Losses, and shares of the loss of predicting no change, compare on the same validation pairs only."
    );
}

fn best(best: Option<Lowest>) -> String {
    match best {
        None => format!("{:>10} {:>8} {:>8} {:>6}", "-", "-", "-", "-"),
        Some(Lowest {
            step,
            loss,
            of_zero,
            pairs,
        }) => {
            let (loss, share) = (format!("{loss:.5}"), format!("{:.1} %", 100.0 * of_zero));
            format!("{loss:>10} {share:>8} {step:>8} {pairs:>6}")
        }
    }
}
