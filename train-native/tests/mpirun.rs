//! The command under `mpirun`; `cargo xtask test --extended` installs Open MPI and runs these.
#![cfg(all(unix, feature = "mpi"))]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;
#[path = "common/config_file.rs"]
mod config_file;

use std::path::Path;
use std::process::{Command, Output};

use candle_core::Device;
use cellflux_train::run::checkpoint;

use config_file::write_config;

const TRAINER: &str = env!("CARGO_BIN_EXE_cellflux-train");

fn mpirun() -> Command {
    let mut command = Command::new("mpirun");
    command
        .arg("--oversubscribe")
        // In a container that root runs, Open MPI refuses without these.
        .env("OMPI_ALLOW_RUN_AS_ROOT", "1")
        .env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
    command
}

/// `train` of a config into `out`, with more arguments.
fn train(config: &Path, out: &Path, more: &[&str]) -> Vec<String> {
    let mut arguments: Vec<String> = ["train", "--config"].map(String::from).into();
    arguments.push(config.to_str().unwrap().to_owned());
    arguments.push("--out".to_owned());
    arguments.push(out.to_str().unwrap().to_owned());
    arguments.extend(more.iter().map(|&text| text.to_owned()));
    arguments
}

fn said(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn losses(folder: &Path) -> Vec<f64> {
    let log = std::fs::read_to_string(folder.join("log.jsonl")).unwrap();
    log.lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|line| line["loss"].as_f64().unwrap())
        .collect()
}

#[test]
fn two_processes_under_mpirun_make_the_steps_of_one() {
    let folder = tempfile::tempdir().unwrap();
    let config = write_config(folder.path());
    let settings = ["--batch", "4", "--set", "network.dropout=0.0"];
    for accumulate in ["training.accumulate=1", "training.accumulate=2"] {
        let places = ["alone", "two"].map(|name| folder.path().join(format!("{name}-{accumulate}")));
        let [alone, two] = &places;
        let settings = [&settings[..], &["--set", accumulate]].concat();
        let one = Command::new(TRAINER)
            .args(train(&config, alone, &settings))
            .output()
            .unwrap();
        assert!(one.status.success(), "{}", said(&one));
        let both = mpirun()
            .args(["-n", "2", TRAINER])
            .args(train(&config, two, &settings))
            .args(["--processes", "mpi"])
            .output()
            .unwrap();
        assert!(both.status.success(), "{}", said(&both));
        let (found, expected) = (losses(two), losses(alone));
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            // Sums of f32 in another order, through six updates.
            assert!((found - expected).abs() < 1e-4 * expected, "{found} {expected}");
        }
    }
}

#[test]
fn different_configs_are_refused_under_mpirun() {
    let folder = tempfile::tempdir().unwrap();
    let (config, out) = (write_config(folder.path()), folder.path().join("run"));
    let both = mpirun()
        .args(["-n", "1", TRAINER])
        .args(train(&config, &out, &["--processes", "mpi"]))
        .args([":", "-n", "1", TRAINER])
        .args(train(&config, &out, &["--processes", "mpi", "--seed", "9"]))
        .output()
        .unwrap();
    assert!(!both.status.success());
    let said = said(&both);
    assert!(
        said.contains("rank 1 of 2 has another config than rank 0: run.seed was 5 and is 9"),
        "{said}"
    );
    assert!(!out.exists());
}

#[test]
fn a_process_that_dies_under_mpirun_ends_the_other_and_the_run_goes_on_from_its_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let (config, out) = (write_config(folder.path()), folder.path().join("run"));
    let endless = train(
        &config,
        &out,
        &[
            "--processes",
            "mpi",
            "--steps",
            "100000",
            "--set",
            "run.keep=1000",
        ],
    );
    // Kills the second process as soon as there are two checkpoints, so that one is whole.
    let killing = "\"$@\" & pid=$!; while [ ! -e \"$0\" ]; do sleep 0.05; done; kill -9 $pid; wait $pid";
    let both = mpirun()
        .args(["-n", "1", TRAINER])
        .args(&endless)
        .args([":", "-n", "1", "sh", "-c", killing])
        .arg(out.join("checkpoints/step-000000002.safetensors"))
        .arg(TRAINER)
        .args(&endless)
        .output()
        .unwrap();
    assert!(!both.status.success(), "{}", said(&both));
    let newest = checkpoint::list(&out.join("checkpoints")).unwrap().pop().unwrap();
    let step = checkpoint::Checkpoint::load(&newest, &Device::Cpu)
        .unwrap()
        .progress
        .step;
    let more = (step + 1).to_string();
    let again = Command::new(TRAINER)
        .args(["train", "--steps", &more, "--resume"])
        .arg(&out)
        .output()
        .unwrap();
    assert!(again.status.success(), "{}", said(&again));
}

#[test]
fn cells_are_sampled_by_two_processes_as_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let (config, run) = (write_config(folder.path()), folder.path().join("run"));
    let trained = Command::new(TRAINER)
        .args(train(&config, &run, &[]))
        .output()
        .unwrap();
    assert!(trained.status.success(), "{}", said(&trained));
    let sample = |command: &mut Command, name: &str| {
        let out = folder.path().join(name);
        let output = command
            .arg("sample")
            .arg(&run)
            .args(["--pairs", "40", "--steps", "2", "--out"])
            .arg(&out)
            .args(if name == "two" {
                &["--processes", "mpi"][..]
            } else {
                &[]
            })
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", said(&output));
        std::fs::read_to_string(out.join("samples.csv")).unwrap()
    };
    let one = sample(&mut Command::new(TRAINER), "one");
    let two = sample(mpirun().args(["-n", "2", TRAINER]), "two");
    assert_eq!(one, two);
}
