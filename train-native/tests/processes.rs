//! The command as several processes that meet through sockets: one is killed, one's disk is full.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;
#[path = "common/config_file.rs"]
mod config_file;

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use config_file::write_config;

/// A port that is free now.
fn port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Starts `command`, which ends in `cellflux-train`'s name, as process `rank` of two that train in `out`.
fn started(command: &mut Command, rank: usize, port: u16, config: &Path, out: &Path, more: &[&str]) -> Child {
    command
        .args(["train", "--processes", "sockets", "--config"])
        .arg(config)
        .arg("--out")
        .arg(out)
        .args(more)
        .env("RANK", rank.to_string())
        .env("WORLD_SIZE", "2")
        .env("MASTER_ADDR", "127.0.0.1")
        .env("MASTER_PORT", port.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_cellflux-train"))
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn two_processes_train_and_one_of_them_writes_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (config, out, port) = (write_config(folder.path()), folder.path().join("run"), port());
    let both = [0, 1].map(|rank| started(&mut command(), rank, port, &config, &out, &[]));
    for (rank, process) in both.into_iter().enumerate() {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        let told = String::from_utf8_lossy(&output.stdout).contains("6 steps made");
        assert_eq!(told, rank == 0);
    }
    let names = [
        "log.jsonl",
        "log.csv",
        "environment.jsonl",
        "report.html",
        "config.toml",
    ];
    for name in names {
        assert!(out.join(name).is_file(), "{name}");
    }
    let environment = std::fs::read_to_string(out.join("environment.jsonl")).unwrap();
    assert!(environment.contains("\"processes\":2"), "{environment}");
    // The page shows what was trained, in one file.
    let report = std::fs::read_to_string(out.join("report.html")).unwrap();
    for part in ["<svg class=\"drawing\"", "Losses", "[training]", "6 of 6"] {
        assert!(report.contains(part), "{part}");
    }
    assert!(!report.contains("<script") && !report.contains("src=\"http"));
}

#[test]
fn a_killed_process_ends_the_other_with_its_rank_and_the_last_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let (config, out, port) = (write_config(folder.path()), folder.path().join("run"), port());
    let settings = ["--set", "run.validate_every=0", "--set", "run.keep=1000"];
    let more = [&["--steps", "100000"][..], &settings].concat();
    let [mut first, mut second] =
        [0, 1].map(|rank| started(&mut command(), rank, port, &config, &out, &more));
    let begin = Instant::now();
    // Two checkpoints, so that one is whole.
    while !out.join("checkpoints/step-000000002.safetensors").exists() {
        assert!(begin.elapsed() < Duration::from_mins(5), "no step was made");
        for process in [&mut first, &mut second] {
            assert!(process.try_wait().unwrap().is_none(), "a process ended by itself");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    second.kill().unwrap();
    second.wait().unwrap();
    let output = first.wait_with_output().unwrap();
    let said = said(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("rank 1 of 2 is gone") && said.contains("the last good checkpoint is"),
        "{said}"
    );
}

#[test]
fn a_full_disk_in_one_process_is_said_by_both() {
    let folder = tempfile::tempdir().unwrap();
    let (config, out, port) = (write_config(folder.path()), folder.path().join("run"), port());
    // Files cannot grow beyond a quarter of a megabyte: enough for the images, too little for a checkpoint.
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 512; exec \"$0\" \"$@\""])
        .arg(env!("CARGO_BIN_EXE_cellflux-train"));
    let more = ["--set", "run.validate_every=0"];
    let first = started(&mut limited, 0, port, &config, &out, &more);
    let second = started(&mut command(), 1, port, &config, &out, &more);
    for (process, expected) in [
        (first, "step-000000001.safetensors"),
        (second, "rank 0 of 2 stopped"),
    ] {
        let output = process.wait_with_output().unwrap();
        let said = said(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.contains(expected) && said.contains("step-000000001.safetensors"),
            "{said}"
        );
    }
}

#[test]
fn a_launcher_s_process_that_was_told_of_no_others_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (config, out) = (write_config(folder.path()), folder.path().join("run"));
    let refused = command()
        .args(["train", "--config"])
        .arg(&config)
        .arg("--out")
        .arg(&out)
        .env("WORLD_SIZE", "4")
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        said(&refused).contains("--processes nccl or sockets"),
        "{}",
        said(&refused)
    );
    assert!(!out.exists());
}

#[test]
fn runs_are_listed_and_a_range_of_rates_is_tried() {
    let folder = tempfile::tempdir().unwrap();
    let config = write_config(folder.path());
    let none = command().arg("runs").arg(folder.path()).output().unwrap();
    assert_eq!(none.status.code(), Some(2));
    assert!(said(&none).contains("no run here"), "{}", said(&none));

    let train = command()
        .args(["train", "--config"])
        .arg(&config)
        .arg("--out")
        .arg(folder.path().join("first"))
        .output()
        .unwrap();
    assert!(train.status.success(), "{}", said(&train));
    let listed = command()
        .arg("runs")
        .arg(folder.path())
        .arg("--json")
        .output()
        .unwrap();
    let listed: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed[0]["step"], 6);
    assert!(listed[0]["best"]["loss"].as_f64().unwrap() > 0.0);
    let shown = command().arg("runs").arg(folder.path()).output().unwrap();
    assert!(String::from_utf8_lossy(&shown.stdout).contains("6/6"));

    let out = folder.path().join("rates");
    let tried = command()
        .args([
            "lr-range", "--steps", "4", "--from", "1e-5", "--to", "1e-4", "--config",
        ])
        .arg(&config)
        .arg("--out")
        .arg(&out)
        .output()
        .unwrap();
    assert!(tried.status.success(), "{}", said(&tried));
    let table = std::fs::read_to_string(out.join("lr-range.csv")).unwrap();
    assert_eq!(table.lines().count(), 5, "{table}");
    assert!(out.join("lr-range.html").is_file());
}
