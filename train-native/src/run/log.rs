//! The run's log: one JSON object per line, and the same numbers as a table and as `TensorBoard` curves.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::checkpoint::write_whole;
use super::table::{self, TABLE};
use super::tensorboard::EventFile;
use crate::TrainError;
use crate::config::Select;
use crate::sheet::Sheet;
use crate::validation::{TIMES, Validation};

/// File name of the log in a run's folder.
pub const LOG: &str = "log.jsonl";

/// What a stretch of training steps measured: means over the steps since the last line.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TrainLine {
    /// Optimiser steps made.
    pub step: u64,
    /// Mean loss.
    pub loss: f64,
    /// Mean loss of predicting no change.
    pub zero: f64,
    /// Norm of the last step's gradient, before clipping.
    pub gradient_norm: f64,
    /// Learning rate of the last step.
    pub rate: f64,
    /// The loss scale, 1 unless the precision is f16.
    pub loss_scale: f64,
    /// Images per second.
    pub images_per_second: f64,
    /// Share of the time spent waiting for data.
    pub waiting: f64,
    /// Seconds of training so far.
    pub seconds: f64,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Line<'a> {
    Train(&'a TrainLine),
    Validation {
        step: u64,
        #[serde(flatten)]
        found: &'a Validation,
        seconds: f64,
    },
    Best {
        step: u64,
        loss: f64,
        before: Option<f64>,
    },
    Selected {
        step: u64,
        by: Select,
        value: f64,
        value_before: Option<f64>,
    },
}

/// Log and event files being written.
#[derive(Debug)]
pub struct Log {
    lines: Appended,
    rows: Appended,
    events: EventFile,
}

/// A file that grows at its end.
#[derive(Debug)]
struct Appended {
    path: PathBuf,
    file: File,
}

impl Appended {
    fn open(path: PathBuf) -> Result<Self, TrainError> {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(TrainError::io(&path))?;
        Ok(Self { path, file })
    }

    fn add(&mut self, text: &str) -> Result<(), TrainError> {
        self.file
            .write_all(text.as_bytes())
            .map_err(TrainError::io(&self.path))
    }
}

impl Log {
    /// Opens the log in the run's `folder`. Lines beyond `step` are dropped: a resumed run writes them again.
    ///
    /// # Errors
    /// [`TrainError::Io`].
    pub fn open(folder: &Path, step: u64) -> Result<Self, TrainError> {
        let path = folder.join(LOG);
        let mut rows = table::header();
        match fs::read_to_string(&path) {
            Ok(text) => {
                let mut kept = String::new();
                for (line, value) in text.lines().filter_map(|line| Some((line, read(line)?))) {
                    if step_of(&value).is_some_and(|at| at <= step) {
                        kept.extend([line, "\n"]);
                        rows.push_str(&table::row(&value));
                    }
                }
                write_whole(&path, ".log-", kept.as_bytes())?;
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(TrainError::io(&path)(error)),
        }
        // Made anew from the lines: a run of an older version has none.
        let table = folder.join(TABLE);
        write_whole(&table, ".log-", rows.as_bytes())?;
        Ok(Self {
            lines: Appended::open(path)?,
            rows: Appended::open(table)?,
            events: EventFile::create(folder)?,
        })
    }

    /// Writes a line about training.
    ///
    /// # Errors
    /// [`TrainError::Io`].
    pub fn train(&mut self, line: &TrainLine) -> Result<(), TrainError> {
        self.line(&Line::Train(line))?;
        self.events.scalars(
            line.step,
            [
                ("loss/train", line.loss),
                ("loss/train_zero_predictor", line.zero),
                ("optimiser/gradient_norm", line.gradient_norm),
                ("optimiser/rate", line.rate),
                ("optimiser/loss_scale", line.loss_scale),
                ("speed/images_per_second", line.images_per_second),
                ("speed/waiting_for_data", line.waiting),
            ],
        )
    }

    /// Writes a line about validation.
    ///
    /// # Errors
    /// [`TrainError::Io`].
    pub fn validation(&mut self, step: u64, found: &Validation, seconds: f64) -> Result<(), TrainError> {
        self.line(&Line::Validation { step, found, seconds })?;
        let names = TIMES.map(|t| format!("validation/t_{t}"));
        let by_time = names.iter().map(String::as_str).zip(found.by_time);
        let whole = [
            ("loss/validation", found.loss),
            ("loss/validation_zero_predictor", found.zero),
        ];
        let condition = found.condition.iter().flat_map(|condition| {
            let other_batch = condition.other_batch_gap;
            [
                ("condition/shuffled_gap", condition.shuffled_gap),
                ("condition/velocity_distance", condition.velocity_distance),
            ]
            .into_iter()
            .chain(other_batch.map(|gap| ("condition/other_batch_gap", gap)))
        });
        let generated = found.generated.iter().flat_map(|generated| {
            let gap_closed = generated.gap_closed;
            let kid = std::iter::once(("generated/kid", generated.kid));
            let ends_apart = generated.ends_apart;
            kid.chain(gap_closed.map(|share| ("generated/gap_closed", share)))
                .chain(ends_apart.map(|share| ("generated/ends_apart", share)))
        });
        let all = by_time.chain(whole).chain(condition).chain(generated);
        self.events.scalars(step, all)
    }

    /// Writes a line about a checkpoint that is kept for its value of what the run selects by, with the best
    /// one before it: of kind `best` for a validation loss, `selected` for what generated cells measure.
    ///
    /// # Errors
    /// [`TrainError::Io`].
    pub fn best(&mut self, step: u64, by: Select, value: f64, before: Option<f64>) -> Result<(), TrainError> {
        self.line(&if by.asks_for_cells() {
            Line::Selected {
                step,
                by,
                value,
                value_before: before,
            }
        } else {
            Line::Best {
                step,
                loss: value,
                before,
            }
        })
    }

    /// Writes a sheet to the event file.
    ///
    /// # Errors
    /// [`TrainError::Io`].
    pub fn sheet(&mut self, step: u64, sheet: &Sheet) -> Result<(), TrainError> {
        self.events
            .picture(step, "samples", (sheet.width, sheet.height), &sheet.png)
    }

    fn line(&mut self, line: &Line) -> Result<(), TrainError> {
        let coded = serde_json::to_string(line).and_then(|text| Ok((text, serde_json::to_value(line)?)));
        let (mut text, value) = coded.map_err(|error| TrainError::Io {
            path: self.lines.path.clone(),
            reason: error.into(),
        })?;
        text.push('\n');
        self.lines.add(&text)?;
        self.rows.add(&table::row(&value))
    }
}

/// A line of the log; none for one that a killed process left half written.
pub(crate) fn read(line: &str) -> Option<serde_json::Value> {
    serde_json::from_str(line).ok()
}

fn step_of(line: &serde_json::Value) -> Option<u64> {
    line.get("step")?.as_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(step: u64) -> TrainLine {
        TrainLine {
            step,
            loss: 0.5,
            zero: 1.0,
            gradient_norm: 0.1,
            rate: 1e-4,
            loss_scale: 1.0,
            images_per_second: 10.0,
            waiting: 0.0,
            seconds: 3.0,
        }
    }

    #[test]
    fn a_resumed_run_goes_on_at_its_checkpoint_s_line() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = Log::open(folder.path(), 0).unwrap();
        for step in 1..=5 {
            log.train(&line(step)).unwrap();
        }
        let path = folder.path().join(LOG);
        let mut torn = fs::read_to_string(&path).unwrap();
        torn.push_str("{\"kind\":\"train\",\"st");
        fs::write(&path, torn).unwrap();
        let mut log = Log::open(folder.path(), 3).unwrap();
        log.train(&line(4)).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let steps: Vec<u64> = text
            .lines()
            .map(|line| step_of(&read(line).unwrap()).unwrap())
            .collect();
        assert_eq!(steps, [1, 2, 3, 4]);
        // The table beside it has the same lines, below its titles.
        let rows = fs::read_to_string(folder.path().join(TABLE)).unwrap();
        let starts: Vec<&str> = rows.lines().map(|row| &row[..8]).collect();
        assert_eq!(
            starts,
            ["kind,ste", "train,1,", "train,2,", "train,3,", "train,4,"]
        );
    }
}
