//! `cellflux verify` as it is called from a shell.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, which may panic as tests may"
)]

#[path = "common/golden.rs"]
mod golden;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use golden::golden;

fn verify(model: &Path, io: &Path, options: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cellflux"))
        .arg("verify")
        .args([model, io])
        .args(options)
        .output()
        .unwrap()
}

#[test]
fn the_network_that_made_a_golden_file_matches_it() {
    let output = verify(&golden("model.safetensors"), &golden("io.safetensors"), &[]);
    let table = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{table}");
    for name in [
        "velocity_conditional",
        "traj_rk4",
        "traj_reverse_heun2",
        "x1_dopri5",
    ] {
        assert!(table.contains(name), "{table}");
    }
}

#[test]
fn a_checkpoint_of_the_public_trainer_is_verified_as_it_is() {
    let checkpoint =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/pth/checkpoint-ema.pth");
    if !checkpoint.is_file() {
        println!("skipped: {} is not there", checkpoint.display());
        return;
    }
    let output = verify(&checkpoint, &golden("io.safetensors"), &[]);
    let table = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{table}");
    assert!(table.contains("the network matches"), "{table}");
}

#[test]
fn another_network_exits_1_and_says_which_output_differs() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model.safetensors");
    let mut bytes = fs::read(golden("model.safetensors")).unwrap();
    // The data's last bytes belong to f16 weights; a changed exponent keeps them finite.
    let end = bytes.len();
    for byte in bytes[end - 2000..].iter_mut().skip(1).step_by(2) {
        *byte ^= 0x04;
    }
    fs::write(&model, bytes).unwrap();
    let output = verify(&model, &golden("io.safetensors"), &[]);
    let table = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{table}");
    assert!(table.contains("TOO LARGE"), "{table}");
}

#[test]
fn what_cannot_be_compared_exits_2_and_names_the_reason() {
    let (model, io) = (golden("model.safetensors"), golden("io.safetensors"));
    let cases: [(&Path, &Path, &[&str], &str); 5] = [
        (Path::new("absent.safetensors"), &io, &[], "absent.safetensors"),
        // Weights are not a golden file: they hold no config.
        (&model, &model, &[], "config"),
        // A golden file is not a network.
        (&io, &io, &[], "mol_embed_transform.weight"),
        (&model, &io, &["--dtype", "f16"], "--dtype f16"),
        (&model, &io, &["--tune"], "--tune needs --engine wgpu"),
    ];
    for (model, io, options, reason) in cases {
        let output = verify(model, io, options);
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains(reason), "{reason}: {message}");
    }
}

#[test]
fn a_bundle_folder_is_verified_as_its_checkpoint_is() {
    let folder = tempfile::tempdir().unwrap();
    let (config, table) = (
        folder.path().join("config.json"),
        folder.path().join("compounds.csv"),
    );
    let io = fs::read(golden("io.safetensors")).unwrap();
    let network = cellflux_bundle::state_dict::config_from_safetensors(&io).unwrap();
    fs::write(&config, serde_json::to_string(&network).unwrap()).unwrap();
    fs::write(&table, "name,smiles\nDMSO,CS(=O)C\n").unwrap();
    let bundle = folder.path().join("bundle");
    let imported = Command::new(env!("CARGO_BIN_EXE_cellflux"))
        .arg("import")
        .arg(golden("model.safetensors"))
        .args(["--size", "32", "--config"])
        .arg(&config)
        .arg("--compounds")
        .arg(&table)
        .arg("--out")
        .arg(&bundle)
        .output()
        .unwrap();
    assert!(imported.status.success(), "{imported:?}");
    let output = verify(&bundle, &golden("io.safetensors"), &[]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let page = folder.path().join("page.pth");
    fs::write(&page, "<!DOCTYPE html><html></html>").unwrap();
    let refused = verify(&page, &golden("io.safetensors"), &[]);
    let message = String::from_utf8(refused.stderr).unwrap();
    assert!(
        message.contains("page.pth") && message.contains("an HTML page"),
        "{message}"
    );
}
