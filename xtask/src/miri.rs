//! `cargo xtask miri`: undefined behaviour, looked for where bytes from outside are read.
//!
//! Miri interprets the unit tests of the readers' crates, with the unsafe code of other crates that they use.
//! It is about a hundred times slower than a normal run, so tests that process megabytes are skipped
//! (`#[cfg_attr(miri, ignore)]`). `AddressSanitizer`, which watches a compiled program, covers what Miri
//! cannot interpret: the map of a cache file.

use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::native;
use crate::shell::{capture, root, scratch, shown, stage};

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

/// Runs both, and fails where either finds something or has no test to run.
pub fn miri(options: &Options) -> Result<()> {
    let host = host()?;
    if let Some(only) = options.only.as_deref().filter(|only| !READERS.contains(only)) {
        bail!(
            "--crate {only}: Miri runs the tests of {}, and of no other crate",
            READERS.join(" and ")
        );
    }
    for reader in READERS {
        if options.only.as_deref().is_some_and(|only| only != reader) {
            continue;
        }
        stage(&format!("Miri on the tests of {reader}"));
        pass(
            nightly()
                .args(["miri", "test", "--package", reader, "--lib", "--"])
                // Drawn cells take square roots by inline assembly, which Miri cannot interpret; they read
                // nothing from outside.
                .args(["--skip", "synthetic::"])
                // Tests write into temporary folders.
                .env("MIRIFLAGS", "-Zmiri-disable-isolation")
                // Miri is too slow for a property's usual 256 random cases.
                .env("PROPTEST_CASES", "2")
                .env("CARGO_TARGET_DIR", root().join("target/miri")),
        )?;
    }
    if options.only.is_some() {
        return Ok(());
    }
    stage("AddressSanitizer on the trainer's mapped files");
    // Built for a named target, so that build scripts and macros are not instrumented.
    pass(
        nightly()
            .args([
                "test",
                "--package",
                "cellflux-data",
                "--lib",
                "--target",
                &host,
                MAPPED,
            ])
            .env("RUSTFLAGS", "-Zsanitizer=address")
            .env("CARGO_TARGET_DIR", scratch().join("address")),
    )
}

/// Runs tests, of which there must be one at least: a name that no test has any longer would pass unseen.
fn pass(command: &mut Command) -> Result<()> {
    let tally = native::counted(command)?;
    if !tally.is_good() {
        bail!(
            "`{}`: {tally}, expected at least one test and no failure",
            shown(command)
        );
    }
    Ok(())
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
