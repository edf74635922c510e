//! Whether a checkpoint belongs to a config: everything that decides what is learnt must be the same.

use std::path::Path;

use toml::{Table, Value};

use crate::TrainError;
use crate::config::{Config, RateSchedule};

/// Keys of `[run]` that decide what is learnt.
const LEARNT: [&str; 1] = ["seed"];

/// Compares the config with which a checkpoint was written with the one that is to go on.
///
/// `[about]` and most of `[run]` may change, and so may the number of steps or epochs where the learning rate
/// does not depend on it.
///
/// # Errors
/// [`TrainError::Checkpoint`] naming the first keys that differ.
pub(super) fn check(path: &Path, written: &str, now: &Config) -> Result<(), TrainError> {
    let refuse = |reason: String| TrainError::Checkpoint {
        path: path.to_path_buf(),
        reason,
    };
    let written: Table = written
        .parse()
        .map_err(|error: toml::de::Error| refuse(error.to_string()))?;
    let now_text = now.to_toml()?;
    let current: Table = now_text
        .parse()
        .map_err(|error: toml::de::Error| refuse(error.to_string()))?;
    let mut differences = Vec::new();
    compare(
        "",
        &Value::Table(deciding(written, now)),
        &Value::Table(deciding(current, now)),
        &mut differences,
    );
    if differences.is_empty() {
        return Ok(());
    }
    differences.truncate(4);
    Err(refuse(format!(
        "it was written with another config: {}; expected the run's own, or a new run.folder",
        differences.join(", ")
    )))
}

/// The part of a config that decides what is learnt.
fn deciding(mut config: Table, now: &Config) -> Table {
    config.remove("about");
    if let Some(Value::Table(run)) = config.get_mut("run") {
        run.retain(|key, _| LEARNT.contains(&key));
    }
    if let Some(Value::Table(data)) = config.get_mut("data") {
        data.remove("prefetch");
    }
    if let Some(Value::Table(training)) = config.get_mut("training") {
        training.remove("preset");
        training.remove("explosion");
        if now.training.schedule == RateSchedule::Constant {
            training.remove("steps");
            training.remove("epochs");
        }
    }
    if let Some(Value::Table(network)) = config.get_mut("network") {
        network.remove("preset");
    }
    config
}

fn compare(at: &str, written: &Value, now: &Value, differences: &mut Vec<String>) {
    if let (Value::Table(written), Value::Table(now)) = (written, now) {
        let mut keys: Vec<&String> = written.keys().chain(now.keys()).collect();
        keys.sort();
        keys.dedup();
        for key in keys {
            let place = if at.is_empty() {
                key.clone()
            } else {
                format!("{at}.{key}")
            };
            match (written.get(key), now.get(key)) {
                (Some(written), Some(now)) => compare(&place, written, now, differences),
                (written, now) => differences.push(difference(&place, written, now)),
            }
        }
    } else if written != now {
        differences.push(difference(at, Some(written), Some(now)));
    }
}

fn difference(place: &str, written: Option<&Value>, now: Option<&Value>) -> String {
    let shown = |value: Option<&Value>| value.map_or_else(|| "absent".to_owned(), ToString::to_string);
    format!("{place} was {} and is {}", shown(written), shown(now))
}
