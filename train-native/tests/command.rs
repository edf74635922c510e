//! The command itself: signals, exit status, messages.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;
#[path = "common/config_file.rs"]
mod config_file;

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use candle_core::Device;
use cellflux_train::run::checkpoint::{self, Checkpoint};

use config_file::write_config;

fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cellflux-train"));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap()
}

fn newest_step(run: &Path) -> Option<u64> {
    let path = checkpoint::list(&run.join("checkpoints")).unwrap().pop()?;
    Some(Checkpoint::load(&path, &Device::Cpu).unwrap().progress.step)
}

/// Starts a run of `config`, sends it `signal` once it has made a step, and returns the step of the
/// checkpoint that it left.
fn interrupted(config: &Path, out: &Path, signal: &str) -> Option<u64> {
    let mut process = command()
        .args(["train", "--steps", "100000", "--set", "run.checkpoint_every=0"])
        .args(["--set", "run.validate_every=0", "--config"])
        .arg(config)
        .arg("--out")
        .arg(out)
        .spawn()
        .unwrap();
    let log = out.join("log.jsonl");
    let begin = Instant::now();
    while std::fs::read_to_string(&log).is_ok_and(|text| text.is_empty()) || !log.exists() {
        assert!(begin.elapsed() < Duration::from_mins(5), "no step was made");
        assert!(process.try_wait().unwrap().is_none(), "the run ended by itself");
        std::thread::sleep(Duration::from_millis(20));
    }
    let sent = Command::new("kill")
        .args([signal, &process.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
    let output = process.wait_with_output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    newest_step(out)
}

#[test]
fn ctrl_c_writes_a_checkpoint_and_ends_well() {
    let folder = tempfile::tempdir().unwrap();
    let (config, out) = (write_config(folder.path()), folder.path().join("run"));
    assert!(interrupted(&config, &out, "-INT").is_some_and(|step| step > 0));
}

#[test]
fn sigterm_writes_a_checkpoint_and_ends_well_and_resume_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let (config, out) = (write_config(folder.path()), folder.path().join("run"));
    let step = interrupted(&config, &out, "-TERM").unwrap();

    let more = (step + 1).to_string();
    let output = run(command().args(["train", "--steps", &more, "--resume"]).arg(&out));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(newest_step(&out), Some(step + 1));

    // And the bundle made from it is accepted by its reader.
    let bundle = folder.path().join("bundle");
    let output = run(command().arg("export").arg(&out).arg("--out").arg(&bundle));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let read = cellflux_bundle::folder::read(&bundle).unwrap();
    let training = read.manifest.provenance.training.unwrap();
    assert_eq!(training.steps, step + 1);
    assert!(
        training
            .command
            .starts_with("cellflux-train train --steps 100000"),
        "{}",
        training.command
    );
    let gallery = &read.manifest.gallery;
    assert!(!gallery.controls.is_empty());
    // One true answer for each of the seven compounds.
    assert_eq!(gallery.treated.len(), 7 * gallery.controls.len());
    for example in gallery.controls.iter().chain(&gallery.treated) {
        let manifest = cellflux_bundle::folder::read_manifest(&bundle).unwrap();
        cellflux_bundle::folder::read_file(&bundle, &manifest, &example.file).unwrap();
    }
}

#[test]
fn wrong_arguments_are_named_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (config, out) = (write_config(folder.path()), folder.path().join("run"));
    for (arguments, expected) in [
        (["--set", "training.bach=3"], "bach"),
        (["--device", "cuda"], "device cuda"),
        (["--set", "data.source.layout=\"foldr\""], "foldr"),
        (["--set", "data.image.height=17"], "17"),
        (["--config", "absent.toml"], "absent.toml"),
    ] {
        let mut command = command();
        command.arg("train").arg("--out").arg(&out).args(arguments);
        if arguments[0] != "--config" {
            command.arg("--config").arg(&config);
        }
        let output = run(&mut command);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(expected), "{arguments:?}: {said}");
        assert!(newest_step(&out).is_none() && !out.join("config.toml").exists());
    }
}

#[test]
fn bf16_on_a_cpu_is_refused_in_a_sentence_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (config, out) = (write_config(folder.path()), folder.path().join("run"));
    let on_a_cpu = ["--device", "cpu", "--precision", "bf16"];
    let train = command()
        .args(["train", "--steps", "1", "--config"])
        .arg(&config)
        .arg("--out")
        .arg(&out)
        .args(on_a_cpu)
        .output()
        .unwrap();
    let bench = command()
        .args(["bench", "train", "tiny:1", "--side", "16", "--steps", "1"])
        .args(on_a_cpu)
        .output()
        .unwrap();
    for refused in [train, bench] {
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{said}");
        assert!(
            said.contains("device cpu: candle multiplies no bf16 matrices on a CPU; use --precision f32"),
            "{said}"
        );
        assert!(!said.contains(" 0: "), "a sentence, no list of calls: {said}");
    }
    assert!(!out.exists());
}

#[test]
fn a_check_on_a_cpu_finds_no_difference_and_says_what_it_leaves_out() {
    let check = run(command().args(["bench", "check", "--device", "cpu"]));
    let said = String::from_utf8_lossy(&check.stdout).into_owned();
    let errors = String::from_utf8_lossy(&check.stderr).into_owned();
    assert_eq!(check.status.code(), Some(0), "{said}{errors}");
    assert!(said.contains("Bf16 is left out"), "{said}");
    for precision in ["F32", "F16"] {
        let compared = said.matches(&format!("ok    {precision} ")).count();
        assert!(compared >= 20, "{precision}: {said}");
    }
}
