//! What others' validators say of what the command writes. `cargo xtask test --extended` names a Python that
//! has bioimageio.spec and roc-validator in `CELLFLUX_VALIDATORS`; without it these tests say that they are
//! skipped.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, which may panic as tests may"
)]

#[path = "common/package.rs"]
mod package;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use package::has_package;

fn python() -> Option<PathBuf> {
    let python = std::env::var_os("CELLFLUX_VALIDATORS").map(PathBuf::from);
    if python.is_none() {
        println!("skipped: CELLFLUX_VALIDATORS names no Python with bioimageio.spec and roc-validator");
    }
    python
}

fn bundle() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/bundles/synthetic-tiny")
}

fn cellflux(home: &Path, arguments: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_cellflux"))
        .current_dir(home)
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
}

fn said(output: &Output) -> String {
    [&output.stdout, &output.stderr]
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .concat()
}

#[test]
fn a_validator_of_the_bioimage_model_zoo_takes_an_export() {
    let Some(python) = python() else { return };
    let home = tempfile::tempdir().unwrap();
    let bundle = bundle();
    cellflux(
        home.path(),
        &[
            "bundle",
            "export",
            bundle.to_str().unwrap(),
            "--bioimageio",
            "zoo",
        ],
    );
    let script = "import sys\nfrom bioimageio.spec import load_description\n\
        summary = load_description(sys.argv[1]).validation_summary\nsummary.display()\n\
        assert summary.status != 'failed', summary.status\n";
    let output = Command::new(python)
        .args(["-c", script])
        .arg(home.path().join("zoo/rdf.yaml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn a_validator_of_ro_crates_takes_an_archive() {
    let Some(python) = python() else { return };
    if !has_package() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let text = format!(
        "title = \"A page\"\ndescription = \"A page of a test.\"\ndate = \"2026-07-13\"\n[[author]]\nname = \
         \"Ada Example\"\naffiliations = [\"A University\"]\n[[bundle]]\npath = '{}'\n",
        bundle().display()
    );
    fs::write(home.path().join("site.toml"), text).unwrap();
    cellflux(home.path(), &["site", "build", "--zenodo", "page.zip"]);
    let script = "import sys, zipfile\nzipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])\n";
    let crate_folder = home.path().join("crate");
    let unpacked = Command::new(&python)
        .args(["-c", script])
        .arg(home.path().join("page.zip"))
        .arg(&crate_folder)
        .output()
        .unwrap();
    assert!(unpacked.status.success(), "{}", said(&unpacked));
    let output = Command::new(python.with_file_name("rocrate-validator"))
        .args([
            "-y",
            "validate",
            "--no-paging",
            "--profile-identifier",
            "ro-crate-1.1",
            "--requirement-severity",
            "REQUIRED",
        ])
        .arg(&crate_folder)
        .output()
        .unwrap();
    if said(&output).contains("URLError") {
        println!("skipped: the validator reads the context of RO-Crate from w3id.org, which is not reached");
        return;
    }
    assert!(output.status.success(), "{}", said(&output));
}
