//! The CPU path natively on one thread and on two, in turn with onnxruntime and PyTorch where this machine
//! has them.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::shell::{capture, cargo, root, stage};
use crate::site;

/// Rounds in which all take their turn.
const ROUNDS: usize = 5;
/// Evaluations of a turn; the fastest of them counts, as another program on the machine only adds time.
const EVALUATIONS: &str = "3";
const THREADS: [&str; 2] = ["1", "2"];

/// What a turn prints.
#[derive(Deserialize)]
struct Turn {
    #[serde(default)]
    version: String,
    milliseconds: Vec<f64>,
}

/// A program on a number of threads.
struct Contestant {
    name: String,
    threads: &'static str,
    kind: Kind,
    turns: Vec<f64>,
}

enum Kind {
    Ours,
    /// An argument of `peers.py`, and the ONNX file.
    Peer(&'static str, PathBuf),
}

/// Measures, and prints a table.
pub fn measure() -> Result<()> {
    stage("Guided evaluations of tiny on the CPU, ours and others' in turn");
    let mut contestants = Vec::new();
    for threads in THREADS {
        contestants.push(Contestant::new("CellFlux, native".into(), threads, Kind::Ours));
    }
    for (kind, what, imports) in [
        ("ort", "onnxruntime", "import numpy, onnxruntime"),
        ("torch", "PyTorch", "import numpy, onnx, onnx2torch, torch"),
    ] {
        let Some(model) = model() else {
            println!("{what} is left out: the reference material with its ONNX file is not here");
            continue;
        };
        if capture(python().args(["-c", imports])).is_err() {
            println!("{what} is left out: `{imports}` fails in {}", interpreter());
            continue;
        }
        for threads in THREADS {
            contestants.push(Contestant::new(
                what.into(),
                threads,
                Kind::Peer(kind, model.clone()),
            ));
        }
    }
    for _ in 0..ROUNDS {
        for contestant in &mut contestants {
            contestant.take_turn()?;
        }
    }
    print!("{}", table(&contestants));
    Ok(())
}

impl Contestant {
    fn new(name: String, threads: &'static str, kind: Kind) -> Self {
        Self {
            name,
            threads,
            kind,
            turns: Vec::new(),
        }
    }

    fn take_turn(&mut self) -> Result<()> {
        let said = match &self.kind {
            Kind::Ours => capture(
                cargo("bench")
                    .args(["--package", "cellflux-tests", "--bench", "cpu", "--"])
                    .args(["--evaluations", EVALUATIONS])
                    .env("RAYON_NUM_THREADS", self.threads),
            )?,
            Kind::Peer(kind, model) => capture(
                python()
                    .arg(root().join("tests/cpu-bench/peers.py"))
                    .arg(kind)
                    .arg(model)
                    .args([self.threads, EVALUATIONS]),
            )?,
        };
        let line = said.lines().last().unwrap_or_default();
        let turn: Turn = serde_json::from_str(line)
            .with_context(|| format!("{} printed {line:?}, expected its milliseconds", self.name))?;
        if !turn.version.is_empty() {
            self.name = turn.version;
        }
        let fastest = turn.milliseconds.into_iter().fold(f64::INFINITY, f64::min);
        self.turns.push(fastest);
        Ok(())
    }

    /// The least, the middle and the most milliseconds of its turns.
    fn spread(&self) -> Option<[f64; 3]> {
        let mut turns = self.turns.clone();
        turns.sort_by(f64::total_cmp);
        let middle = turns.get(turns.len() / 2)?;
        Some([*turns.first()?, *middle, *turns.last()?])
    }
}

/// Medians with their spread, and how many times as fast as ours on one thread.
fn table(contestants: &[Contestant]) -> String {
    let mut lines = vec![
        "| on the CPU, `tiny`, 64x64, batch 2 | threads | median ms | least | most | x ours on one thread |"
            .to_owned(),
        "|---|---:|---:|---:|---:|---:|".to_owned(),
    ];
    let first = contestants.first().and_then(Contestant::spread);
    for contestant in contestants {
        let (Some([least, median, most]), Some([_, ours, _])) = (contestant.spread(), first) else {
            continue;
        };
        lines.push(format!(
            "| {} | {} | {median:.1} | {least:.1} | {most:.1} | {:.2} |",
            contestant.name,
            contestant.threads,
            ours / median
        ));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn interpreter() -> String {
    std::env::var("CELLFLUX_PYTHON").unwrap_or_else(|_| "python3".into())
}

fn python() -> Command {
    Command::new(interpreter())
}

/// The network as ONNX.
fn model() -> Option<PathBuf> {
    let file = site::shared()?.join("reference/onnx/bbbc021-tiny-b2.onnx");
    file.is_file().then_some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_states_medians_spread_and_ratios_to_the_first_line() {
        let of = |name: &str, threads, turns: &[f64]| Contestant {
            turns: turns.to_vec(),
            ..Contestant::new(name.into(), threads, Kind::Ours)
        };
        let found = table(&[
            of("ours", "1", &[100.0, 90.0, 130.0]),
            of("ours", "2", &[50.0, 55.0, 49.0]),
        ]);
        assert!(found.ends_with(
            "| ours | 1 | 100.0 | 90.0 | 130.0 | 1.00 |\n| ours | 2 | 50.0 | 49.0 | 55.0 | 2.00 |\n"
        ));
    }
}
