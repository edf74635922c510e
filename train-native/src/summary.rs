//! What a run's folder says of the run: how far it came, and its best figures.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use crate::TrainError;
use crate::config::Config;
use crate::run::CONFIG;
use crate::run::log::{self, LOG};

/// How deep below a folder runs are looked for.
const DEPTH: usize = 4;

/// A run, as its folder tells it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Its folder.
    pub folder: PathBuf,
    /// Steps in its log.
    pub step: u64,
    /// Steps that its config asks for; none where they follow from epochs.
    pub steps: Option<u64>,
    /// Seconds of training.
    pub seconds: f64,
    /// The last mean loss of training.
    pub train_loss: Option<f64>,
    /// The lowest validation loss.
    pub best: Option<Lowest>,
    /// The last one.
    pub last: Option<Lowest>,
}

/// A validation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Lowest {
    /// The step.
    pub step: u64,
    /// The loss.
    pub loss: f64,
    /// The loss over that of predicting no change.
    pub of_zero: f64,
    /// Validation pairs.
    pub pairs: u64,
}

/// The lines of a run's log, oldest first; those of a killed process that are half written are left out.
///
/// # Errors
/// [`TrainError::Io`].
pub fn lines(folder: &Path) -> Result<Vec<Value>, TrainError> {
    let path = folder.join(LOG);
    let text = fs::read_to_string(&path).map_err(TrainError::io(&path))?;
    Ok(text.lines().filter_map(log::read).collect())
}

/// The number at a place of a line.
pub(crate) fn number(line: &Value, place: &str) -> Option<f64> {
    line.pointer(place)?.as_f64()
}

/// Whether a line is of this kind.
pub(crate) fn is_kind(line: &Value, kind: &str) -> bool {
    line.get("kind").and_then(Value::as_str) == Some(kind)
}

impl Summary {
    /// That of a run's folder.
    ///
    /// # Errors
    /// [`TrainError::Io`] where there is no log, and what [`Config::read`] refuses.
    pub fn read(folder: &Path) -> Result<Self, TrainError> {
        let config = Config::read(&folder.join(CONFIG), &[])?;
        Ok(Self::of(folder, &config, &lines(folder)?))
    }

    /// That of a run with this config and log.
    pub(crate) fn of(folder: &Path, config: &Config, lines: &[Value]) -> Self {
        let validation = |line: &Value| {
            let whole = |place: &str| line.pointer(place)?.as_u64();
            let loss = number(line, "/loss")?;
            is_kind(line, "validation").then_some(Lowest {
                step: whole("/step")?,
                loss,
                of_zero: loss / number(line, "/zero")?,
                pairs: whole("/pairs")?,
            })
        };
        let validations = || lines.iter().filter_map(validation);
        let last = |place: &str| lines.iter().rev().find_map(|line| number(line, place));
        let trained = lines.iter().rev().find(|line| is_kind(line, "train"));
        Self {
            folder: folder.to_owned(),
            step: last("/step").unwrap_or(0.0) as u64,
            steps: config.training.epochs.is_none().then_some(config.training.steps),
            seconds: last("/seconds").unwrap_or(0.0),
            train_loss: trained.and_then(|line| number(line, "/loss")),
            best: validations().min_by(|a, b| a.loss.total_cmp(&b.loss)),
            last: validations().next_back(),
        }
    }
}

/// The folders of all runs in `folder` or below it, in the order of their names.
///
/// # Errors
/// [`TrainError::Io`] where `folder` cannot be listed; folders below it that cannot are passed over.
pub fn runs_below(folder: &Path) -> Result<Vec<PathBuf>, TrainError> {
    let mut found = Vec::new();
    if is_run(folder) {
        found.push(folder.to_owned());
    } else {
        fs::read_dir(folder).map_err(TrainError::io(folder))?;
        look(folder, DEPTH, &mut found);
    }
    found.sort();
    Ok(found)
}

fn is_run(folder: &Path) -> bool {
    folder.join(CONFIG).is_file() && folder.join(LOG).is_file()
}

fn look(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        // Links could lead in a circle.
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let path = entry.path();
        if is_run(&path) {
            found.push(path);
        } else if depth > 1 {
            look(&path, depth - 1, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        let text = r#"
            [data.source]
            layout = "synthetic"
            seed = 1
            images = 100
            [data.image]
            preset = "bbbc021"
            height = 32
            width = 32
            [conditions.encoder]
            kind = "one-hot"
            [training]
            steps = 40
        "#;
        Config::from_text("test", text, &[]).unwrap()
    }

    #[test]
    fn the_lowest_and_the_last_validation_are_found_and_how_far_the_run_came() {
        let lines = [
            r#"{"kind":"validation","step":10,"loss":0.4,"zero":0.8,"pairs":7,"seconds":2.0}"#,
            r#"{"kind":"validation","step":20,"loss":0.2,"zero":0.8,"pairs":7,"seconds":3.0}"#,
            r#"{"kind":"best","step":20,"loss":0.2,"before":0.4}"#,
            r#"{"kind":"validation","step":30,"loss":0.3,"zero":0.8,"pairs":7,"seconds":5.0}"#,
            r#"{"kind":"train","step":31,"loss":0.25,"zero":0.9,"seconds":6.5}"#,
        ]
        .map(|line| log::read(line).unwrap());
        let found = Summary::of(Path::new("runs/x"), &config(), &lines);
        let at = |step, loss: f64| Lowest {
            step,
            loss,
            of_zero: loss / 0.8,
            pairs: 7,
        };
        let expected = Summary {
            folder: "runs/x".into(),
            step: 31,
            steps: Some(40),
            seconds: 6.5,
            train_loss: Some(0.25),
            best: Some(at(20, 0.2)),
            last: Some(at(30, 0.3)),
        };
        assert_eq!(found, expected);
        let empty = Summary::of(Path::new("runs/x"), &config(), &[]);
        assert_eq!((empty.step, empty.best), (0, None));
    }

    #[test]
    fn runs_are_found_below_a_folder_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        for (name, files) in [
            ("b", vec![CONFIG, LOG]),
            ("a/deep", vec![CONFIG, LOG]),
            ("c", vec![CONFIG]),
            ("b/inside", vec![CONFIG, LOG]),
        ] {
            let place = folder.path().join(name);
            fs::create_dir_all(&place).unwrap();
            for file in files {
                fs::write(place.join(file), "").unwrap();
            }
        }
        let found = runs_below(folder.path()).unwrap();
        assert_eq!(found, [folder.path().join("a/deep"), folder.path().join("b")]);
        assert_eq!(
            runs_below(&folder.path().join("b")).unwrap(),
            [folder.path().join("b")]
        );
        let absent = runs_below(&folder.path().join("absent")).unwrap_err();
        assert!(absent.to_string().contains("absent"), "{absent}");
    }
}
