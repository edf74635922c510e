//! `cargo xtask miri`: undefined behaviour, looked for where bytes from outside are read.
//!
//! Miri interprets the unit tests of the readers' crates, with the unsafe code of other crates that they use.
//! It is about a hundred times slower than a normal run, so tests that process megabytes are skipped
//! (`#[cfg_attr(miri, ignore)]`). `AddressSanitizer`, which watches a compiled program, covers what Miri
//! cannot interpret: the map of a cache file.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::shell::{capture, root, run, scratch, stage};

/// Crates that read files from outside, and whose tests Miri finishes within an hour.
const READERS: [&str; 2] = ["cellflux-table", "cellflux-image"];
/// The tests that map a file.
const MAPPED: &str = "cache::";

#[derive(clap::Args)]
pub struct Options {
    /// Only this of the readers' crates, and no `AddressSanitizer`.
    #[arg(long = "crate")]
    only: Option<String>,
}

/// Runs both, and fails where either finds something.
pub fn miri(options: &Options) -> Result<()> {
    let host = host()?;
    for reader in READERS {
        if options.only.as_deref().is_some_and(|only| only != reader) {
            continue;
        }
        stage(&format!("Miri on the tests of {reader}"));
        run(nightly()
            .args(["miri", "test", "--package", reader, "--lib"])
            // Tests write into temporary folders.
            .env("MIRIFLAGS", "-Zmiri-disable-isolation")
            .env("CARGO_TARGET_DIR", root().join("target/miri")))?;
    }
    if options.only.is_some() {
        return Ok(());
    }
    stage("AddressSanitizer on the trainer's mapped files");
    let tests = || {
        let mut command = nightly();
        // Built for a named target, so that build scripts and macros are not instrumented.
        command
            .args(["test", "--package", "cellflux-data", "--lib"])
            .args(["--target", &host, MAPPED])
            .env("RUSTFLAGS", "-Zsanitizer=address")
            .env("CARGO_TARGET_DIR", scratch().join("address"));
        command
    };
    let listed = capture(tests().args(["--", "--list"]))?;
    if !listed.lines().any(|line| line.ends_with(": test")) {
        bail!("no test of cellflux-data is named {MAPPED}…: name those that map a file in xtask/src/miri.rs");
    }
    run(&mut tests())
}

/// A nightly cargo in the repository's root.
fn nightly() -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", "cargo"]).current_dir(root());
    // The cargo that runs this program names its own compiler.
    for name in ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN"] {
        command.env_remove(name);
    }
    command
}

/// This machine as a target, where the nightly compiler has Miri.
fn host() -> Result<String> {
    const MISSING: &str =
        "Miri is not installed: `rustup toolchain install nightly --component miri --component rust-src`";
    if capture(nightly().args(["miri", "--version"])).is_err() {
        bail!(MISSING);
    }
    let about = capture(Command::new("rustup").args(["run", "nightly", "rustc", "--version", "--verbose"]))
        .context(MISSING)?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not say its host")?.to_owned())
}
