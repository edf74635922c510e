//! `cargo xtask fuzz`: hostile inputs for every reader, target by target, with a table at the end.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::native;
use crate::shell::{capture, scratch, stage};

/// The exit status with which the fuzz program says that a case took too long (`cellflux_fuzz::hunt::HUNG`).
const HUNG: i32 = 124;
/// The largest amount of memory for a target, in KiB: 4 GiB.
const MEMORY_KIB: u64 = 4 << 20;

#[derive(clap::Args)]
pub struct Options {
    /// How long in all, divided among the targets.
    #[arg(long, default_value_t = 5.0)]
    pub minutes: f64,
    /// Only this target; `cargo run -p cellflux-fuzz -- list` names them.
    #[arg(long)]
    pub target: Option<String>,
    /// Where random changes start from.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Keep inputs that get a new kind of answer in fuzz/corpus.
    #[arg(long)]
    pub keep: bool,
}

impl Options {
    /// Every target, for a time in all.
    pub fn minutes(minutes: f64) -> Self {
        Self {
            minutes,
            target: None,
            seed: 1,
            keep: false,
        }
    }
}

/// What one target came to.
#[derive(Debug, Default)]
struct Row {
    target: String,
    cases: u64,
    taken: u64,
    answers: usize,
    slowest_s: f64,
    peak_mib: f64,
    findings: Vec<Finding>,
}

#[derive(Clone, Debug, Deserialize)]
struct Finding {
    failure: String,
    file: PathBuf,
}

/// The last line of a hunt.
#[derive(Deserialize)]
struct Catch {
    cases: u64,
    taken: u64,
    answers: usize,
    slowest_s: f64,
    peak_mib: Option<f64>,
    findings: Vec<Finding>,
}

/// Hunts on every target, prints the table, and fails when anything was found.
pub fn fuzz(options: &Options) -> Result<()> {
    stage("Building the fuzz targets");
    let program = native::build_fuzz()?;
    let list = capture(Command::new(&program).arg("list"))?;
    let mut names: Vec<&str> = list.lines().filter_map(|line| line.split('\t').next()).collect();
    if let Some(wanted) = &options.target {
        names.retain(|name| name == wanted);
        if names.is_empty() {
            bail!("no target is called {wanted}; there are:\n{list}");
        }
    }
    let minutes = Duration::try_from_secs_f64(options.minutes * 60.0).context("--minutes")?;
    let each = minutes / names.len().max(1) as u32;
    let mut rows = Vec::new();
    for name in names {
        stage(&format!("{name}, {:.0} s", each.as_secs_f64()));
        rows.push(hunt(&program, name, each, options)?);
    }
    println!("\n{}", table(&rows));
    let findings: Vec<&Finding> = rows.iter().flat_map(|row| &row.findings).collect();
    for Finding { failure, file } in &findings {
        println!("found: {failure}: {}", file.display());
    }
    if !findings.is_empty() {
        bail!("{} findings", findings.len());
    }
    Ok(())
}

/// Hunts on one target for a time. A reader that ends the process is a finding; the hunt goes on with other
/// changes.
fn hunt(program: &PathBuf, name: &str, time: Duration, options: &Options) -> Result<Row> {
    let folder = scratch().join("fuzz");
    fs::create_dir_all(&folder).context("cannot make target/xtask/fuzz")?;
    let mut row = Row {
        target: name.into(),
        ..Row::default()
    };
    let start = Instant::now();
    let mut seed = options.seed;
    while let Some(left) = time
        .checked_sub(start.elapsed())
        .filter(|left| left.as_millis() > 200)
    {
        let mut command = limited(program);
        command
            .args(["hunt", name, "--seconds", &left.as_secs_f64().to_string()])
            .args(["--seed", &seed.to_string(), "--folder"])
            .arg(&folder);
        if options.keep {
            command.arg("--keep");
        }
        let output = command
            .stderr(Stdio::null())
            .output()
            .context("cannot start the fuzz program")?;
        let text = String::from_utf8_lossy(&output.stdout);
        if output.status.success() {
            let line = text.lines().last().unwrap_or_default();
            row.add(serde_json::from_str(line).with_context(|| format!("a hunt said {line:?}"))?);
        } else {
            let failure = if output.status.code() == Some(HUNG) {
                format!("{name} took too long for one input")
            } else {
                format!("{name} ended the process ({})", output.status)
            };
            let current = folder.join(format!("{name}.current"));
            let file = folder.join(format!("{name}-{seed}-{}", start.elapsed().as_millis()));
            fs::rename(&current, &file).with_context(|| format!("{failure}, and its input is not there"))?;
            row.findings.push(Finding { failure, file });
            if row.findings.len() > 10 {
                break;
            }
        }
        seed += 1000;
    }
    Ok(row)
}

/// The program under a limit of memory, where the shell can set one.
fn limited(program: &PathBuf) -> Command {
    if cfg!(target_os = "linux") {
        let mut command = Command::new("sh");
        command
            .args(["-c", &format!("ulimit -v {MEMORY_KIB}; exec \"$0\" \"$@\"")])
            .arg(program);
        command
    } else {
        Command::new(program)
    }
}

impl Row {
    fn add(&mut self, caught: Catch) {
        self.cases += caught.cases;
        self.taken += caught.taken;
        self.answers = self.answers.max(caught.answers);
        self.slowest_s = self.slowest_s.max(caught.slowest_s);
        self.peak_mib = self.peak_mib.max(caught.peak_mib.unwrap_or_default());
        for finding in caught.findings {
            if self.findings.iter().all(|known| known.failure != finding.failure) {
                self.findings.push(finding);
            }
        }
    }
}

/// The rows as a Markdown table, as docs/security.md shows it.
fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| target | cases | taken | kinds of answers | slowest case (s) | peak memory (MiB) | findings |\n\
         |---|---:|---:|---:|---:|---:|---:|\n",
    );
    for row in rows {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {:.2} | {:.0} | {} |",
            row.target,
            row.cases,
            row.taken,
            row.answers,
            row.slowest_s,
            row.peak_mib,
            row.findings.len()
        );
    }
    let cases: u64 = rows.iter().map(|row| row.cases).sum();
    let findings: usize = rows.iter().map(|row| row.findings.len()).sum();
    text + &format!("| all | {cases} |  |  |  |  | {findings} |")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_adds_cases_and_findings_up_and_names_a_failure_once() {
        let caught = |cases| Catch {
            cases,
            taken: 1,
            answers: 2,
            slowest_s: 0.5,
            peak_mib: None,
            findings: vec![Finding {
                failure: "a.rs:1".into(),
                file: "x".into(),
            }],
        };
        let mut row = Row {
            target: "png".into(),
            ..Row::default()
        };
        row.add(caught(10));
        row.add(caught(5));
        let table = table(&[row]);
        assert!(table.contains("| png | 15 | 2 | 2 | 0.50 | 0 | 1 |"), "{table}");
        assert!(table.ends_with("| all | 15 |  |  |  |  | 1 |"), "{table}");
    }
}
