//! The ablations of configs/ablation: every arm that trains has a config that can be read, and
//! starts.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "common/repository.rs"]
mod repository;

use std::path::{Path, PathBuf};

use cellflux_train::config::{Config, Setting};
use cellflux_train::run::interrupt::Interrupt;
use cellflux_train::run::{Ended, Run};
use toml::{Table, Value};

use repository::root;

/// The config of the table's section, and for each arm that trains its name and settings.
fn arms(table: &str, section: &str) -> (PathBuf, Vec<(String, Vec<String>)>) {
    let text = std::fs::read_to_string(root().join("configs/ablation").join(table)).unwrap();
    let table: Table = text.parse().unwrap();
    let config = root().join(table["data"][section]["config"].as_str().unwrap());
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let arms = table["arm"].as_array().unwrap().iter();
    let trained = arms.filter(|arm| arm.get("weights").is_none()).map(|arm| {
        let settings = arm.get("train").and_then(Value::as_array).into_iter().flatten();
        (word(&arm["name"]), settings.map(word).collect())
    });
    (config, trained.collect())
}

/// Two steps of every arm that trains, on little.
fn every_arm_starts((table, count): (&str, usize), section: &str, little: &[String]) {
    let dir = tempfile::tempdir().unwrap();
    let (config, arms) = arms(table, section);
    assert_eq!(arms.len(), count, "{arms:?}");
    let mut whole = None;
    for (name, own) in arms {
        let mut settings = vec![
            Setting::new("run", "folder", dir.path().join(&name).to_str().unwrap()),
            Setting::new("run", "cache", dir.path().join("cache").to_str().unwrap()),
        ];
        settings.extend(
            little
                .iter()
                .chain(&own)
                .map(|setting| setting.parse::<Setting>().unwrap()),
        );
        let config = Config::read(&config, &settings).unwrap_or_else(|error| panic!("{name}: {error}"));
        // An arm that sets what the whole has already would be no ablation.
        match &whole {
            None => whole = Some(what_is_learnt(&config)),
            Some(whole) => assert_ne!(*whole, what_is_learnt(&config), "{name}"),
        }
        let mut run = Run::start(config, |_, _| {}).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            run.train(&Interrupt::default()).unwrap(),
            Ended::Complete,
            "{name}"
        );
        assert_eq!(run.step(), 2, "{name}");
    }
}

/// The config without the place of the run.
fn what_is_learnt(config: &Config) -> Config {
    let mut config = config.clone();
    config.run.folder = PathBuf::new();
    config
}

/// The usual table of arms, and how many of them train.
const USUAL: (&str, usize) = ("arms.toml", 3);

const LITTLE: [&str; 6] = [
    "training.steps=2",
    "training.batch=2",
    "training.warmup_steps=1",
    "run.validation_pairs=2",
    "run.validate_every=0",
    "run.sheet_every=0",
];

#[test]
fn every_arm_on_synthetic_cells_starts() {
    let mut little: Vec<String> = LITTLE.map(str::to_owned).into();
    little.push("data.source.images=120".to_owned());
    every_arm_starts(USUAL, "synthetic", &little);
    every_arm_starts(("condition-arms.toml", 11), "synthetic", &little);
    every_arm_starts(("options-arms.toml", 10), "synthetic", &little);
}

#[test]
fn every_arm_on_real_crops_starts() {
    let folder = root().join("../shared/data/bbbc021-cells");
    let Ok(table) = csv::Reader::from_path(folder.join("metadata.csv")) else {
        eprintln!("skipped: {} is not there", folder.display());
        return;
    };
    // Two small batches are enough to start, and are packed in moments.
    let dir = tempfile::tempdir().unwrap();
    let few = dir.path().join("few.csv");
    two_batches(table, &few);
    let mut little: Vec<String> = LITTLE.map(str::to_owned).into();
    little.push(format!("data.source.table={}", few.display()));
    little.push(format!("data.source.images={}", folder.display()));
    little.push("network.preset=tiny".to_owned());
    every_arm_starts(USUAL, "crops", &little);
    every_arm_starts(USUAL, "crops-large", &little);
}

/// The lines of two batches that have controls and treated cells in both splits.
fn two_batches(mut table: csv::Reader<std::fs::File>, path: &Path) {
    let titles = table.headers().unwrap().clone();
    let batch = titles.iter().position(|title| title == "BATCH").unwrap();
    let mut few = csv::Writer::from_path(path).unwrap();
    few.write_record(&titles).unwrap();
    for row in table.records().map(Result::unwrap) {
        if ["Week1", "Week3"].contains(&&row[batch]) {
            few.write_record(&row).unwrap();
        }
    }
    few.flush().unwrap();
}
