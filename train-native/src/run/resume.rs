//! Whether a checkpoint belongs to a config: everything that decides what is learnt must be the same.

use std::path::Path;

use toml::{Table, Value};

use crate::TrainError;
use crate::config::{Config, RateSchedule, Setting};

/// Keys of `[run]` that decide what is learnt.
const LEARNT: [&str; 1] = ["seed"];

/// Keys of `[training]` that may change while a run goes on, where that is asked for by name. The others
/// decide which samples a step sees or what the network learns from them.
const CHANGEABLE: [&str; 7] = [
    "clip",
    "epochs",
    "learning_rate",
    "schedule",
    "steps",
    "warmup_steps",
    "weight_decay",
];

/// Refuses changes that no run can make while it goes on.
///
/// # Errors
/// [`TrainError::ConfigText`] naming the key and those that may change.
pub(super) fn check_changes(changes: &[Setting]) -> Result<(), TrainError> {
    let may_change = |change: &&Setting| {
        let key = change.place().filter(|(section, _)| *section == "training");
        key.is_some_and(|(_, key)| CHANGEABLE.contains(&key))
    };
    match changes.iter().find(|change| !may_change(change)) {
        None => Ok(()),
        Some(other) => Err(TrainError::ConfigText {
            origin: format!("--change {}", other.name()),
            reason: format!(
                "it cannot change while a run goes on, expected one of training.{}; a new run can start \
                from this one's weights with --init",
                CHANGEABLE.join(", training.")
            ),
        }),
    }
}

/// The command of a run that goes on at `step` with `changes`.
pub(super) fn command(command: &str, step: u64, changes: &[Setting]) -> String {
    if changes.is_empty() {
        return command.to_owned();
    }
    let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
    format!("{command}; after step {step} with {}", changes.join(", "))
}

/// Compares the config with which a checkpoint was written with the one that is to go on.
///
/// `[about]` and most of `[run]` may change, and so may the number of steps or epochs where the learning rate
/// does not depend on it. What `changes` name may differ too.
///
/// # Errors
/// [`TrainError::Checkpoint`] naming the first keys that differ.
pub(super) fn check(path: &Path, written: &str, now: &Config, changes: &[Setting]) -> Result<(), TrainError> {
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
        &Value::Table(deciding(written, now, changes)),
        &Value::Table(deciding(current, now, changes)),
        &mut differences,
    );
    if differences.is_empty() {
        return Ok(());
    }
    let by_name = differences
        .iter()
        .filter_map(|difference| difference.place.strip_prefix("training."))
        .find(|key| CHANGEABLE.contains(key))
        .map(|key| format!("; --change training.{key}=VALUE goes on with another one on purpose"))
        .unwrap_or_default();
    let words: Vec<String> = differences.into_iter().take(4).map(|found| found.words).collect();
    Err(refuse(format!(
        "it was written with another config: {}; expected the run's own, or a new run.folder{by_name}",
        words.join(", ")
    )))
}

/// A key that two configs differ in.
struct Difference {
    /// Section and key.
    place: String,
    /// What it was and what it is.
    words: String,
}

/// The part of a config that decides what is learnt.
fn deciding(mut config: Table, now: &Config, changes: &[Setting]) -> Table {
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
        for (_, key) in changes.iter().filter_map(Setting::place) {
            training.remove(key);
            // A change to epochs takes the place of steps, and the other way round.
            if ["steps", "epochs"].contains(&key) {
                training.remove("steps");
                training.remove("epochs");
            }
        }
    }
    if let Some(Value::Table(network)) = config.get_mut("network") {
        network.remove("preset");
    }
    config
}

fn compare(at: &str, written: &Value, now: &Value, differences: &mut Vec<Difference>) {
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

/// What differs between two configs, the first four keys in words.
pub(super) fn differences(one: &Value, other: &Value) -> Vec<String> {
    let mut differences = Vec::new();
    compare("", one, other, &mut differences);
    differences.into_iter().take(4).map(|found| found.words).collect()
}

fn difference(place: &str, written: Option<&Value>, now: Option<&Value>) -> Difference {
    let shown = |value: Option<&Value>| value.map_or_else(|| "absent".to_owned(), ToString::to_string);
    Difference {
        place: place.to_owned(),
        words: format!("{place} was {} and is {}", shown(written), shown(now)),
    }
}
