//! The CPU path natively on one thread and on two, in turn with onnxruntime and PyTorch where this machine
//! has them.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::peers::{self, Spread};
use crate::shell::cargo;

/// Evaluations of a turn; the fastest of them counts, as another program on the machine only adds time.
const EVALUATIONS: &str = "3";
const THREADS: [&str; 2] = ["1", "2"];

/// The others: the argument of `peers.py`, the name, and what their Python imports.
const PEERS: [(&str, &str, &str); 2] = [
    ("ort", "onnxruntime", "import numpy, onnxruntime"),
    ("torch", "PyTorch", "import numpy, onnx, onnx2torch, torch"),
];

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

#[derive(Clone)]
enum Kind {
    Ours,
    Peer {
        /// The argument of `peers.py`.
        kind: &'static str,
        python: PathBuf,
        /// The ONNX file.
        model: PathBuf,
    },
}

/// Measures, and prints a table.
pub fn measure() -> Result<()> {
    let mut contestants = Contestant::on_all_threads("CellFlux, native", &Kind::Ours);
    for (kind, what, imports) in PEERS {
        let Some(model) = peers::reference("onnx/bbbc021-tiny-b2.onnx") else {
            eprintln!("{what} is left out: the reference material with its ONNX file is not here");
            continue;
        };
        let Some(python) = peers::python(what, imports) else {
            continue;
        };
        let peer = Kind::Peer { kind, python, model };
        contestants.extend(Contestant::on_all_threads(what, &peer));
    }
    peers::in_turn(
        "Guided evaluations of tiny on the CPU, ours and others' in turn",
        &mut contestants,
        Contestant::take_turn,
    )?;
    print!("{}", table(&contestants));
    Ok(())
}

impl Contestant {
    fn on_all_threads(name: &str, kind: &Kind) -> Vec<Self> {
        let on = |threads| Self {
            name: name.to_owned(),
            threads,
            kind: kind.clone(),
            turns: Vec::new(),
        };
        THREADS.map(on).into()
    }

    fn take_turn(&mut self) -> Result<()> {
        let turn: Turn = match &self.kind {
            Kind::Ours => peers::printed(
                cargo("bench")
                    .args(["--package", "cellflux-tests", "--bench", "cpu", "--"])
                    .args(["--evaluations", EVALUATIONS])
                    .env("RAYON_NUM_THREADS", self.threads),
            ),
            Kind::Peer { kind, python, model } => peers::printed(
                peers::script(python, "peers.py")
                    .arg(kind)
                    .arg(model)
                    .args([self.threads, EVALUATIONS]),
            ),
        }
        .with_context(|| format!("{} was not measured", self.name))?;
        if !turn.version.is_empty() {
            self.name = turn.version;
        }
        let fastest = turn.milliseconds.into_iter().fold(f64::INFINITY, f64::min);
        self.turns.push(fastest);
        Ok(())
    }
}

/// Medians with their spread, and how many times as fast as ours on one thread.
fn table(contestants: &[Contestant]) -> String {
    let spread = |contestant: &Contestant| Spread::of(&contestant.turns);
    let ours = contestants.first().and_then(spread);
    let row = |contestant: &Contestant| {
        let Spread { least, median, most } = spread(contestant)?;
        Some(vec![
            contestant.name.clone(),
            contestant.threads.to_owned(),
            format!("{median:.1}"),
            format!("{least:.1}"),
            format!("{most:.1}"),
            format!("{:.2}", ours?.median / median),
        ])
    };
    let rows: Vec<Vec<String>> = contestants.iter().filter_map(row).collect();
    let titles = [
        "on the CPU, `tiny`, 64x64, batch 2",
        "threads",
        "median ms",
        "least",
        "most",
        "x ours on one thread",
    ];
    peers::table(&titles, &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_states_medians_spread_and_ratios_to_the_first_line() {
        let mut ours = Contestant::on_all_threads("ours", &Kind::Ours);
        for (contestant, turns) in ours.iter_mut().zip([[100.0, 90.0, 130.0], [50.0, 55.0, 49.0]]) {
            contestant.turns = turns.into();
        }
        assert!(table(&ours).ends_with(
            "| ours | 1 | 100.0 | 90.0 | 130.0 | 1.00 |\n| ours | 2 | 50.0 | 49.0 | 55.0 | 2.00 |\n"
        ));
    }
}
