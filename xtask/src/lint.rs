//! `cargo xtask lint`: what a change must pass beside the tests.

use std::process::Command;

use anyhow::Result;

use crate::shell::{cargo, root, run, stage};
use crate::toolchain::WasmToolchain;
use crate::{browser, container, crates, deny, line_length, npm, package, pkg, third_party, workflows};

pub fn lint() -> Result<()> {
    stage("cargo fmt");
    run(cargo("fmt").args(["--all", "--check"]))?;
    line_length::check()?;

    stage("Third-party notices");
    third_party::write(&third_party::Options { check: true })?;
    deny::check()?;

    stage("clippy, native");
    run(cargo("clippy")
        .arg("--workspace")
        .args(crates::of_page("--exclude"))
        .arg("--all-targets")
        .args(["--", "--deny", "warnings"]))?;

    documentation()?;

    // The profile of pkg/, so that a build of the page can use everything that is built here.
    stage("clippy, browser");
    let mut clippy = WasmToolchain::find()?.clippy()?;
    run(clippy.args(crates::of_page("--package")).args([
        "--lib",
        "--profile",
        "web",
        "--",
        "--deny",
        "warnings",
    ]))?;
    // Last of what needs cargo: by now it has a copy of the registry's index.
    package::check()?;
    workflows::check()?;
    container::check()?;
    page()
}

/// The crates' documentation: broken links and similar faults are errors.
fn documentation() -> Result<()> {
    stage("rustdoc");
    // With an example among the targets, cargo takes the features that tests ask for, as clippy above did:
    // the libraries alone would have candle, wgpu and others checked a second time. cellflux-train is both a
    // library and a command; its documentation is the library's.
    run(cargo("doc")
        .arg("--workspace")
        .args(crates::of_page("--exclude"))
        .arg("--no-deps")
        .args(["--lib", "--examples", "--bin", "cellflux", "--bin", "xtask"])
        .env("RUSTDOCFLAGS", "--deny warnings"))
}

/// The page's types, which are comments in its modules (`web/tsconfig.json`), and a few rules
/// (`tests/browser/eslint.config.mjs`). Where npm cannot install them, a sentence says so; everything else
/// was checked.
fn page() -> Result<()> {
    stage("The page's types and rules");
    let what = "the page's lint";
    let packages = npm::node(what).and_then(|()| npm::packages(&browser::folder(), what));
    let modules = match packages {
        Ok(modules) => modules,
        Err(error) => {
            eprintln!("{error:#}; the page's types and rules are not checked");
            return Ok(());
        }
    };
    // The types of what the worker calls are in pkg/.
    pkg::build(&pkg::Options { release: false })?;
    let node = || {
        let mut node = Command::new("node");
        node.current_dir(root());
        node
    };
    run(node()
        .arg(modules.join("typescript/bin/tsc"))
        .args(["--project", "web/tsconfig.json"]))?;
    run(node()
        .arg(modules.join("eslint/bin/eslint.js"))
        .args(["--config", "tests/browser/eslint.config.mjs"])
        .args([
            "web",
            "tests/browser",
            "tests/browser-bench",
            "tests/library",
            "python",
        ]))
}
