//! A process that is killed, or whose disk is full, never leaves a broken newest checkpoint.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use candle_core::{Device, Tensor};
use cellflux_train::config::Precision;
use cellflux_train::run::checkpoint::{self, Checkpoint, CheckpointFolder, Progress};
use cellflux_train::step::{FlatState, LossScale};

/// The variable that tells the process to be killed its folder.
const FOLDER: &str = "CELLFLUX_TEST_CHECKPOINTS";
/// Kills.
const ROUNDS: u64 = 50;
/// Parameters: a few hundred kilobytes per file, so that a kill often happens during a write.
const PARAMETERS: usize = 40_000;

fn checkpoint(step: u64) -> Checkpoint {
    let tensor = |shift: f32| Tensor::full(step as f32 + shift, PARAMETERS, &Device::Cpu).unwrap();
    Checkpoint {
        progress: Progress {
            step,
            updates: step,
            scale: LossScale::new(Precision::F32),
            seconds: 0.0,
            metrics: std::collections::BTreeMap::default(),
            config: String::new(),
            command: String::new(),
            device: String::new(),
            checksum: 0,
        },
        state: FlatState {
            weights: tensor(0.0),
            first: tensor(0.25),
            second: tensor(0.5),
            averaged: tensor(0.75),
        },
    }
}

/// The newest checkpoint's step; every number of it must be the one that was written.
fn newest(folder: &Path) -> Option<u64> {
    let path = checkpoint::list(folder).unwrap().pop()?;
    let read = Checkpoint::load(&path, &Device::Cpu).unwrap();
    let step = read.progress.step;
    let values = read.state.averaged.to_vec1::<f32>().unwrap();
    assert!(values.len() == PARAMETERS && values.iter().all(|&v| (v - step as f32 - 0.75).abs() < 1e-3));
    Some(step)
}

#[test]
#[ignore = "the process that the tests below kill"]
fn writes_checkpoints_until_killed() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).expect("started by the tests below"));
    let checkpoints = CheckpointFolder::open(&folder, 2).unwrap();
    for step in newest(&folder).unwrap_or(0) + 1.. {
        checkpoints.save(&checkpoint(step)).unwrap();
    }
}

fn child(command: &mut Command, folder: &Path) -> Child {
    command
        .env(FOLDER, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

const ARGUMENTS: [&str; 4] = [
    "--exact",
    "writes_checkpoints_until_killed",
    "--ignored",
    "--nocapture",
];

#[test]
fn fifty_kills_at_random_moments_leave_a_whole_newest_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let mut before = 0;
    let mut progressed = 0;
    for round in 0..ROUNDS {
        let mut process = child(
            Command::new(std::env::current_exe().unwrap()).args(ARGUMENTS),
            folder.path(),
        );
        // A different moment each round, from before the first write to a few dozen writes.
        let moment = round.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48;
        std::thread::sleep(Duration::from_micros(8_000 + moment));
        process.kill().unwrap();
        process.wait().unwrap();
        let now = newest(folder.path()).unwrap_or(0);
        assert!(
            now >= before,
            "round {round}: the newest checkpoint is of step {now}, was {before}"
        );
        progressed += u64::from(now > before);
        before = now;
    }
    // Otherwise the kills came before anything was written, and nothing was tested.
    assert!(
        progressed >= ROUNDS / 5,
        "only {progressed} of {ROUNDS} rounds wrote anything"
    );
}

#[test]
fn a_full_disk_is_an_error_and_the_last_checkpoint_stays() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = CheckpointFolder::open(folder.path(), 2).unwrap();
    checkpoints.save(&checkpoint(7)).unwrap();
    // A process whose files cannot grow beyond a few kilobytes: writes fail in the middle, as on a full disk.
    let limited = "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\"";
    let process = child(
        Command::new("sh")
            .args(["-c", limited])
            .arg(std::env::current_exe().unwrap())
            .args(ARGUMENTS),
        folder.path(),
    );
    let output = process.wait_with_output().unwrap();
    assert!(!output.status.success());
    assert_eq!(newest(folder.path()), Some(7));
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("step-000000008"), "{said}");
}
