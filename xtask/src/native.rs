//! The native tests of every crate, in one cargo build, and the `cellflux` command from the same build.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::crates;
use crate::shell::{cargo, root, run, shown, stage};
use crate::tally::Tally;

/// `cargo test` of one selection of packages, for the tests and for the commands, so that cargo uses one set
/// of features and builds every dependency once. The page's modules run in a browser only; xtask has been
/// built by itself already.
fn selected() -> Command {
    let mut command = cargo("test");
    command
        .arg("--workspace")
        .args(crates::of_page("--exclude"))
        .args(["--exclude", "xtask"]);
    command
}

/// Builds the `cellflux` command in the tests' profile and returns its path.
pub fn build_cli() -> Result<PathBuf> {
    stage("Building the cellflux command");
    build_beside("verify", "cellflux")
}

/// Builds the `cellflux` command for a demo from a fresh clone, and returns its path: without what only tests
/// need, and with little optimisation of what a site's build hardly runs (`profile.demo` in `Cargo.toml`).
pub fn build_cli_alone() -> Result<PathBuf> {
    stage("Building the cellflux command");
    run(cargo("build").args([
        "--package",
        "cellflux-cli",
        "--bin",
        "cellflux",
        "--profile",
        "demo",
    ]))?;
    built("demo", "cellflux")
}

/// Builds the `cellflux-train` command in the tests' profile, as [`build_cli`] does.
pub fn build_trainer() -> Result<PathBuf> {
    build_beside("resuming", "cellflux-train")
}

/// Builds the `cellflux-train` command as it is published, for measurements.
pub fn build_fast_trainer() -> Result<PathBuf> {
    stage("Building the cellflux-train command");
    run(cargo("build").args(["--release", "--package", "cellflux-train"]))?;
    let name = format!("cellflux-train{}", std::env::consts::EXE_SUFFIX);
    Ok(target_folder()?.join("release").join(name))
}

/// Builds the program of the fuzz targets as [`build_cli`] does.
pub fn build_fuzz() -> Result<PathBuf> {
    build_beside("corpus", "cellflux-fuzz")
}

/// Builds the command of the package that has this integration test.
fn build_beside(test: &str, command: &str) -> Result<PathBuf> {
    // Cargo builds a package's command for its integration tests. Built in this way, it has the features that
    // the tests' own dependencies switch on; a plain `cargo build` would compile half of the tree a second
    // time.
    run(selected().args(["--no-run", "--test", test]))?;
    built("debug", command)
}

/// The command that cargo left in this folder of its target folder.
fn built(profile: &str, command: &str) -> Result<PathBuf> {
    let name = format!("{command}{}", std::env::consts::EXE_SUFFIX);
    let path = target_folder()?.join(profile).join(name);
    if !path.is_file() {
        bail!("cargo built no {}", path.display());
    }
    Ok(path)
}

/// Runs the native tests whose names contain `filter`, passing their output on while it is counted.
pub fn test(filter: Option<&str>) -> Result<Tally> {
    stage("Native tests");
    let mut tally = Tally::default();
    let mut own = cargo("test");
    own.args(["--package", "xtask"]);
    for mut command in [own, selected()] {
        tally.add(counted(command.arg("--no-fail-fast").args(filter))?);
    }
    Ok(tally)
}

/// Runs the tests that evaluate whole bundles several times, which others leave out.
pub fn long_evaluations() -> Result<Tally> {
    stage("Whole evaluations");
    counted(selected().args(["--test", "evaluating", "--", "--ignored"]))
}

/// Runs the tests of the workspace's packages whose names contain `filter`, with these variables of the
/// environment.
pub fn counted_tests(filter: &str, variables: &[(&str, &OsStr)]) -> Result<Tally> {
    counted(
        selected()
            .arg("--no-fail-fast")
            .arg(filter)
            .envs(variables.iter().copied()),
    )
}

/// Runs a command of libtest's, passing its output on while the tests are counted.
pub fn counted(command: &mut Command) -> Result<Tally> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{}`", shown(command)))?;
    let mut tally = Tally::default();
    if let Some(stdout) = child.stdout.take() {
        let mut lines = BufReader::new(stdout);
        let mut line = Vec::new();
        while lines
            .read_until(b'\n', &mut line)
            .context("cannot read the tests' output")?
            > 0
        {
            std::io::stdout()
                .write_all(&line)
                .context("cannot pass the tests' output on")?;
            tally.add_rust_summary(&String::from_utf8_lossy(&line));
            line.clear();
        }
    }
    let status = child.wait().context("cannot wait for the tests")?;
    // A build that fails or a test that ends its process leaves no count behind.
    tally.settle(&shown(command), status.success());
    Ok(tally)
}

/// Where cargo builds.
pub fn target_folder() -> Result<PathBuf> {
    let text = crate::shell::capture(cargo("metadata").args(["--no-deps", "--format-version", "1"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&text).context("cannot read `cargo metadata`")?;
    let folder = metadata
        .get("target_directory")
        .and_then(serde_json::Value::as_str);
    Ok(folder.map_or_else(|| root().join("target"), PathBuf::from))
}
