//! What measurements share that set PyTorch and onnxruntime beside ours: a Python that has them, rounds in
//! which all take turns, and the tables.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::de::DeserializeOwned;

use crate::shell::{root, shown, stage};
use crate::{python, site};

/// Rounds in which all take their turn.
pub const ROUNDS: usize = 5;

/// Where the scripts of the others are.
const FOLDER: &str = "tests/cpu-bench";

/// The packages with which training was compared, and the others by name.
pub const REQUIREMENTS: &str = "tests/cpu-bench/requirements.txt";

/// A Python in which `imports` succeeds. Where there is none, a sentence says that `what` is left out.
pub fn python(what: &str, imports: &str) -> Option<PathBuf> {
    let found = python::having(imports);
    if found.is_none() {
        eprintln!(
            "{what} is left out: `{imports}` succeeds in no Python here. Install what {REQUIREMENTS} lists, \
             and name that Python in CELLFLUX_PYTHON."
        );
    }
    found
}

/// A call of one of the scripts.
pub fn script(python: &Path, name: &str) -> Command {
    let mut command = Command::new(python);
    command
        .arg(root().join(FOLDER).join(name))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// A file or folder of the reference material, which `CELLFLUX_SHARED` or a folder beside the repository
/// holds; none where it is not there.
pub fn reference(path: &str) -> Option<PathBuf> {
    let named = std::env::var_os("CELLFLUX_SHARED").map(PathBuf::from);
    let found = named.or_else(site::shared)?.join("reference").join(path);
    found.exists().then_some(found)
}

/// Lets all take their turn in each round: what else the machine does then slows all alike.
pub fn in_turn<C>(what: &str, all: &mut [C], turn: impl Fn(&mut C) -> Result<()>) -> Result<()> {
    for round in 1..=ROUNDS {
        stage(&format!("{what}, round {round} of {ROUNDS}"));
        for contestant in &mut *all {
            turn(contestant)?;
        }
    }
    Ok(())
}

/// What a program has measured: the last line that it prints is JSON.
pub fn printed<T: DeserializeOwned>(command: &mut Command) -> Result<T> {
    let output = command
        .output()
        .with_context(|| format!("cannot start `{}`", shown(command)))?;
    if !output.status.success() {
        bail!(
            "`{}` failed ({}): {}",
            shown(command),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.trim_end().lines().last().unwrap_or_default();
    serde_json::from_str(line)
        .with_context(|| format!("`{}` printed {line:?}, expected what it measured", shown(command)))
}

/// What rounds were like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    pub least: f64,
    pub median: f64,
    pub most: f64,
}

impl Spread {
    /// Of these rounds; of an even number the median is the larger one in the middle. None of no round.
    pub fn of(rounds: &[f64]) -> Option<Self> {
        let mut sorted = rounds.to_vec();
        sorted.sort_by(f64::total_cmp);
        Some(Self {
            least: *sorted.first()?,
            median: *sorted.get(sorted.len() / 2)?,
            most: *sorted.last()?,
        })
    }
}

/// A table in Markdown. The columns but the first are numbers.
pub fn table(titles: &[&str], rows: &[Vec<String>]) -> String {
    let numbers = "---:|".repeat(titles.len().saturating_sub(1));
    let mut lines = vec![format!("| {} |", titles.join(" | ")), format!("|---|{numbers}")];
    lines.extend(rows.iter().map(|row| format!("| {} |", row.join(" | "))));
    lines.push(String::new());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_have_a_median_with_the_least_and_the_most_and_none_have_none() {
        let expected = Spread {
            least: 90.0,
            median: 100.0,
            most: 130.0,
        };
        assert_eq!(Spread::of(&[100.0, 90.0, 130.0]), Some(expected));
        assert_eq!(Spread::of(&[]), None);
    }

    #[test]
    fn a_table_has_its_numbers_on_the_right() {
        let found = table(&["what", "ms"], &[vec!["ours".into(), "1.5".into()]]);
        assert_eq!(found, "| what | ms |\n|---|---:|\n| ours | 1.5 |\n");
    }

    #[test]
    fn every_contestant_takes_as_many_turns_as_there_are_rounds_and_a_failure_ends_them() {
        let mut turns = [0, 0];
        in_turn("Counting", &mut turns, |count| {
            *count += 1;
            Ok(())
        })
        .unwrap();
        assert_eq!(turns, [ROUNDS; 2]);
        assert!(in_turn("Failing", &mut turns, |_| bail!("it fails")).is_err());
    }
}
