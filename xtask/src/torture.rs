//! `cargo xtask torture`: the commands that write, killed at random moments, on a full disk and in read-only
//! folders.
//!
//! Each command turns an input into an output folder. Before a round the folder holds the output of one
//! input; then the command makes that of the other input and something goes wrong. Afterwards the folder must
//! be one of the two, whole, and the command must work again. Only files are looked at, never how a command
//! writes them.

mod harm;
mod writers;

use std::fmt::Write;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::native;
use crate::shell::{scratch, stage};
use harm::Harm;
use writers::Writer;

#[derive(clap::Args)]
pub struct Options {
    /// Kills of each command; the other harms happen a tenth as often.
    #[arg(long, default_value_t = 20)]
    pub rounds: usize,
    /// Decides the moments of the kills.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// What one harm did to one command.
struct Row {
    writer: &'static str,
    harm: &'static str,
    rounds: usize,
    /// The folder was as before.
    old: usize,
    /// The folder was as the command would have left it.
    new: usize,
    troubles: Vec<String>,
}

/// Runs every harm against every command, prints the table, and fails when anything was lost.
pub fn torture(options: &Options) -> Result<()> {
    let (cellflux, trainer) = (native::build_cli()?, native::build_trainer()?);
    let home = scratch().join("torture");
    let _ = std::fs::remove_dir_all(&home);
    std::fs::create_dir_all(&home).context("cannot make target/xtask/torture")?;
    let mut random = options.seed;
    let mut rows = Vec::new();
    for writer in writers::all(&cellflux, &trainer, &home)? {
        for harm in [Harm::Kill, Harm::NoRoom, Harm::ReadOnly] {
            stage(&format!("{}: {}", writer.name, harm.name()));
            let rounds = match harm {
                Harm::Kill => options.rounds,
                _ => options.rounds.div_ceil(10),
            };
            rows.push(rounds_of(&writer, harm, rounds, &mut random)?);
        }
    }
    println!("\n{}", table(&rows));
    let troubles: Vec<&String> = rows.iter().flat_map(|row| &row.troubles).collect();
    for trouble in &troubles {
        println!("{trouble}");
    }
    stage("Lost devices");
    let lost = native::counted_tests("lost", &[])?;
    println!("\nlost devices, in the GPU engine's and the session's tests: {lost}");
    if !troubles.is_empty() || !lost.is_good() {
        bail!("{} outputs were not whole", troubles.len());
    }
    Ok(())
}

fn rounds_of(writer: &Writer, harm: Harm, rounds: usize, random: &mut u64) -> Result<Row> {
    let mut row = Row {
        writer: writer.name,
        harm: harm.name(),
        rounds: 0,
        old: 0,
        new: 0,
        troubles: Vec::new(),
    };
    let old = writer.reference(0)?;
    let new = writer.reference(1)?;
    let mut takes = writer.duration;
    for round in 0..rounds {
        writer.restore(0)?;
        // Knuth's MMIX generator; the upper bits are good enough for moments.
        *random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let moment = (*random >> 40) as f64 / (1_u64 << 24) as f64;
        let said = harm.during(&mut writer.command(1), &writer.output, takes, moment)?;
        row.rounds += 1;
        let found = writer.content()?;
        if writer.same(&found, &old) {
            row.old += 1;
        } else if writer.same(&found, &new) {
            row.new += 1;
        } else {
            row.troubles.push(format!(
                "{}, {}, round {round} at {moment:.3}: the output is neither the old nor the new one ({}); \
                {said}",
                writer.name,
                harm.name(),
                writers::difference(&found, &old, &new)
            ));
        }
        // Leftovers must not disturb the next run.
        let start = Instant::now();
        let output = writer.command(1).output().context("cannot start a command")?;
        // The next kill falls within the time that the command takes now, whatever else the machine does.
        takes = start.elapsed();
        if !output.status.success() {
            row.troubles.push(format!(
                "{}, {}, round {round}: the next run fails: {}",
                writer.name,
                harm.name(),
                String::from_utf8_lossy(&output.stderr).trim()
            ));
        } else if !writer.same(&writer.content()?, &new) {
            row.troubles.push(format!(
                "{}, {}, round {round}: the next run is not whole",
                writer.name,
                harm.name()
            ));
        }
        for left in writer.leftovers()? {
            row.troubles.push(format!(
                "{}, {}, round {round}: left behind: {left}",
                writer.name,
                harm.name()
            ));
        }
    }
    Ok(row)
}

/// The rows as a Markdown table, as docs/security.md shows it.
fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| command | harm | rounds | old output whole | new output whole | troubles \
        |\n|---|---|---:|---:|---:|---:|\n",
    );
    for row in rows {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} |",
            row.writer,
            row.harm,
            row.rounds,
            row.old,
            row.new,
            row.troubles.len()
        );
    }
    text.trim_end().to_owned()
}
