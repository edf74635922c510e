//! `cargo xtask lint`: what a change must pass beside the tests.

use anyhow::Result;

use crate::deny;
use crate::shell::{cargo, run, stage};
use crate::third_party;
use crate::toolchain::WasmToolchain;

pub fn lint() -> Result<()> {
    stage("cargo fmt");
    run(cargo("fmt").args(["--all", "--check"]))?;

    stage("Third-party notices");
    third_party::write(&third_party::Options { check: true })?;
    deny::check()?;

    stage("clippy, native");
    run(cargo("clippy")
        .args(["--workspace", "--exclude", "cellflux-wasm", "--all-targets"])
        .args(["--", "--deny", "warnings"]))?;

    // The profile of pkg/, so that nothing is built that a build of the page would not use again.
    stage("clippy, browser");
    let mut clippy = WasmToolchain::find()?.clippy()?;
    run(clippy.args([
        "--package",
        "cellflux-wasm",
        "--lib",
        "--profile",
        "web",
        "--",
        "--deny",
        "warnings",
    ]))
}
