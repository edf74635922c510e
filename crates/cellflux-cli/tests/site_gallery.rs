//! The gallery (`tests/browser/gallery`): a site that shows every component. Its pages in a browser are
//! looked at by `tests/browser/gallery.test.mjs`.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests, which may panic as tests may"
)]

#[path = "common/package.rs"]
mod package;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cellflux_site::components::NAMES;
use package::has_package;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn gallery() -> PathBuf {
    repository().join("tests/browser/gallery")
}

#[test]
fn every_component_is_in_the_gallery_and_has_its_row_in_the_documentation() {
    let mut texts = String::new();
    for entry in fs::read_dir(gallery()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "md") {
            texts.push_str(&fs::read_to_string(path).unwrap());
        }
    }
    let documentation = fs::read_to_string(repository().join("docs/publish.md")).unwrap();
    for name in NAMES {
        assert!(texts.contains(&format!("```{{{name}}}")), "{name} is not shown");
        assert!(
            documentation.contains(&format!("\n| `{name}` | ")),
            "docs/publish.md has no row for {name}"
        );
    }
}

#[test]
fn nothing_is_wrong_with_the_gallery() {
    if !has_package() {
        return;
    }
    let output = Command::new(env!("CARGO_BIN_EXE_cellflux"))
        .args(["site", "check"])
        .arg(gallery())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}{errors}");
}
