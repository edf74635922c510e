//! Commands whose reader leaves early, as `cellflux-train ... | head` does, end quietly, with their work
//! done.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::path::Path;
use std::process::{Command, Output};

/// Runs the command with a standard output that nobody reads, and with `errors_too` also a standard error
/// that nobody reads.
fn unread(arguments: &[&str], errors_too: bool) -> Output {
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_cellflux-train"));
    command.args(arguments);
    if errors_too {
        command.stderr(writer.try_clone().unwrap());
    }
    command.stdout(writer);
    drop(reader);
    command.output().unwrap()
}

/// The same, for a command that must succeed without a word.
fn quiet(arguments: &[&str]) {
    let output = unread(arguments, false);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!errors.contains("panicked"), "{arguments:?}: {errors}");
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {errors}");
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_reader_that_leaves_early_ends_the_command_without_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (config, run, bundle) = (at("run.toml"), at("run"), at("bundle"));
    let (cache, synthetic, samples) = (at("cache"), at("synthetic"), at("samples"));
    std::fs::write(&config, common::CONFIG).unwrap();
    let (config, run, bundle) = (text(&config), text(&run), text(&bundle));

    quiet(&["--help"]);
    quiet(&["data", "report", config]);
    quiet(&["data", "report", config, "--json"]);
    quiet(&["data", "check", config, "--cache", text(&cache)]);
    quiet(&["data", "synthetic", config, "--out", text(&synthetic)]);
    assert!(synthetic.join("truth.csv").exists());

    // A run whose output nobody reads makes all its steps.
    let train = ["train", "--config", config, "--steps", "2", "--out", run];
    let output = unread(&train, true);
    assert_eq!(output.status.code(), Some(0));
    let checkpoints = std::fs::read_dir(Path::new(run).join("checkpoints")).unwrap();
    assert_eq!(checkpoints.count(), 2);

    quiet(&["export", run, "--out", bundle]);
    quiet(&["describe", bundle, "--config", config]);
    let sample = [
        "--pairs",
        "4",
        "--rows",
        "2",
        "--steps",
        "1",
        "--out",
        text(&samples),
    ];
    quiet(&[&["sample", run][..], &sample].concat());
    assert!(samples.join("samples.csv").exists());
}

#[test]
fn truth_without_a_reader_still_writes_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("truth.json");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (bundle, config) = (
        root.join("web/bundles/synthetic-tiny"),
        root.join("configs/synthetic-tiny.toml"),
    );
    let truth = [
        "truth",
        text(&bundle),
        "--config",
        text(&config),
        "--cells",
        "1",
        "--steps",
        "1",
    ];
    quiet(&truth);
    quiet(&[&truth[..], &["--json", text(&json)]].concat());
    let answers: Vec<serde_json::Value> = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
    assert!(answers.len() > 1);
}

#[test]
fn bench_without_a_reader_still_measures_every_case() {
    let folder = tempfile::tempdir().unwrap();
    let json = folder.path().join("bench.json");
    let bench = [
        "bench", "train", "tiny:1", "tiny:2", "--device", "cpu", "--side", "16",
    ];
    let short = [
        "--precision",
        "f32",
        "--warmup",
        "0",
        "--steps",
        "1",
        "--json",
        text(&json),
    ];
    quiet(&[&bench[..], &short].concat());
    let reports: Vec<serde_json::Value> = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
    assert_eq!(reports.len(), 2);

    // The exit status of a check is its answer, so it too compares everything: what it found is in the file.
    let json = folder.path().join("check.json");
    quiet(&["bench", "check", "--device", "cpu", "--json", text(&json)]);
    let findings: Vec<serde_json::Value> = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
    assert!(
        findings.iter().any(|finding| finding["precision"] == "f32")
            && findings.last().unwrap()["precision"] == "f16",
        "{findings:?}"
    );
}
