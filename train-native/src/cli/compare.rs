//! `cellflux-train compare`: several evaluations in one table.

use std::path::PathBuf;

use cellflux_train::compare::{CompareError, Evaluated, compare, table};

/// Put evaluations beside each other: every figure with its interval, and differences to the first one on the
/// same draws of the same cells of the data.
///
/// Writes `compare.md` and `compare.csv`.
#[derive(clap::Args)]
pub struct Args {
    /// Folders that `evaluate` wrote; the others are compared with the first.
    #[arg(required = true, num_args = 2..)]
    evaluations: Vec<PathBuf>,
    /// The folder to write.
    #[arg(long)]
    out: PathBuf,
}

/// Runs the command.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let mut evaluated: Vec<Evaluated> = Vec::with_capacity(args.evaluations.len());
    for folder in &args.evaluations {
        let read = Evaluated::read(folder)?;
        if evaluated.iter().any(|other| other.name == read.name) {
            return Err(CompareError::Twice { name: read.name }.into());
        }
        evaluated.push(read);
    }
    let comparison = compare(&evaluated)?;
    table::write(&args.out, &comparison)?;
    for (name, reason) in &comparison.unpaired {
        eprintln!("note: {name} has no differences: {reason}");
    }
    println!("{}", args.out.join(table::REPORT).display());
    Ok(())
}
