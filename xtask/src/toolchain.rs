//! Finding a toolchain that builds for `wasm32-unknown-unknown`.
//!
//! Rustup's target is used where it is installed or can be downloaded. Elsewhere Debian's packages of a newer
//! Rust build the target's standard library from source.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::debian;
use crate::shell::{capture, cargo, root, run, scratch, stage};

const TARGET: &str = "wasm32-unknown-unknown";

/// Debian's packages for the toolchain; a separate one holds its clippy.
const DEBIAN_PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld-22"];
const DEBIAN_CLIPPY: &str = "rust-web-clippy";
const DEBIAN_LINKER: &str = "/usr/bin/wasm-ld-22";

/// A toolchain that can build for the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WasmToolchain {
    /// The toolchain that runs this program has the target.
    Installed,
    /// Debian's rustc and cargo, building the standard library too.
    Debian,
}

impl WasmToolchain {
    /// Finds a toolchain, installing one where that is possible.
    ///
    /// `XTASK_WASM_TOOLCHAIN=debian` skips rustup, so that the second way can be tested where the first one
    /// works.
    pub fn find() -> Result<Self> {
        let debian_wanted = std::env::var_os("XTASK_WASM_TOOLCHAIN").is_some_and(|name| name == "debian");
        if !debian_wanted && (target_is_installed() || rustup_adds_target()) {
            return Ok(Self::Installed);
        }
        if !debian_is_installed() {
            debian::install(
                &DEBIAN_PACKAGES,
                "to build for the browser, install the WebAssembly target: `rustup target add \
                wasm32-unknown-unknown`",
            )?;
        }
        if debian_is_installed() {
            return Ok(Self::Debian);
        }
        bail!(
            "Debian's packages {} do not hold the Rust sources and wasm-ld-22 as expected",
            DEBIAN_PACKAGES.join(", ")
        )
    }

    /// A cargo command for the target, in a target folder of its own: the two toolchains and the native
    /// builds never wait for each other's locks or rebuild each other's outputs.
    pub fn cargo(self, subcommand: &str) -> Command {
        match self {
            Self::Installed => {
                let mut command = cargo(subcommand);
                command
                    .args(["--target", TARGET])
                    .arg("--target-dir")
                    .arg(self.target_folder());
                command
            }
            Self::Debian => {
                let mut command = debian_cargo("/usr/bin/cargo");
                command.arg(subcommand);
                self.for_debian_target(&mut command);
                command
            }
        }
    }

    /// A clippy command for the target.
    pub fn clippy(self) -> Result<Command> {
        match self {
            Self::Installed => Ok(self.cargo("clippy")),
            Self::Debian => {
                if !Path::new("/usr/bin/clippy-driver").exists() {
                    debian::install(
                        &[DEBIAN_CLIPPY],
                        "to lint for the browser, install Debian's rust-web-clippy",
                    )?;
                }
                // Started by its path: `cargo clippy` would find rustup's cargo-clippy first.
                let mut command = debian_cargo("/usr/bin/cargo-clippy");
                command.arg("clippy").env("CARGO", "/usr/bin/cargo");
                self.for_debian_target(&mut command);
                Ok(command)
            }
        }
    }

    /// The module that a build of the library `name` leaves behind.
    pub fn module(self, profile: &str, name: &str) -> PathBuf {
        self.target_folder()
            .join(TARGET)
            .join(profile)
            .join(name)
            .with_extension("wasm")
    }

    fn target_folder(self) -> PathBuf {
        root().join(match self {
            Self::Installed => "target/wasm",
            Self::Debian => "target/wasm-debian",
        })
    }

    fn for_debian_target(self, command: &mut Command) {
        command
            .args(["-Zbuild-std=std,panic_abort", "--target", TARGET])
            .arg("--target-dir")
            .arg(self.target_folder());
    }
}

fn debian_cargo(program: &str) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(root())
        .env("RUSTC", "/usr/bin/rustc")
        // Building the standard library is an unstable option, which this switch opens on a stable compiler.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", DEBIAN_LINKER)
        // Rustup's proxy points this at its own toolchain.
        .env_remove("LD_LIBRARY_PATH")
        .env_remove("RUSTUP_TOOLCHAIN");
    command
}

fn target_is_installed() -> bool {
    let folder = capture(
        Command::new("rustc")
            .args(["--print", "target-libdir", "--target", TARGET])
            .current_dir(root()),
    );
    folder.is_ok_and(|folder| Path::new(&folder).is_dir())
}

/// Asks rustup for the target; a failure is remembered, so that a machine without access to downloads waits
/// for it only once.
fn rustup_adds_target() -> bool {
    let failed = scratch().join("rustup-cannot-add-the-wasm-target");
    if failed.exists() || which::which("rustup").is_err() {
        return false;
    }
    stage("Adding the WebAssembly target with rustup");
    if run(Command::new("rustup")
        .args(["target", "add", TARGET])
        .current_dir(root()))
    .is_ok()
        && target_is_installed()
    {
        return true;
    }
    // If the note cannot be written, the next run only takes a second longer.
    let _ = std::fs::create_dir_all(scratch()).and_then(|()| std::fs::write(&failed, ""));
    false
}

fn debian_is_installed() -> bool {
    ["/usr/bin/cargo", DEBIAN_LINKER]
        .iter()
        .all(|path| Path::new(path).exists())
        && capture(
            Command::new("/usr/bin/rustc")
                .args(["--print", "sysroot"])
                .env_remove("LD_LIBRARY_PATH"),
        )
        .is_ok_and(|sysroot| {
            Path::new(&sysroot)
                .join("lib/rustlib/src/rust/library/std")
                .is_dir()
        })
}
