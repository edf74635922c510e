//! The trainer's tests under `mpirun`, with an MPI of the machine or Debian's.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::debian;
use crate::native;
use crate::shell::{cargo, root, stage};
use crate::tally::Tally;

const NEEDED: &str = "the tests of several processes need mpirun, mpicc and libclang: install Open MPI with \
    its headers (openmpi-bin, libopenmpi-dev) and libclang-dev";

/// Builds the trainer with MPI and runs its tests with two processes.
pub fn test() -> Result<Tally> {
    let is_there = |program: &str| which::which(program).is_ok();
    if !is_there("mpirun") || !is_there("mpicc") || !has_libclang() {
        debian::install(&["openmpi-bin", "libopenmpi-dev", "libclang-dev"], NEEDED)?;
    }
    stage("Two processes under mpirun");
    native::counted(
        cargo("test")
            .args(["--package", "cellflux-train", "--features", "mpi"])
            .args(["--test", "mpirun", "--no-fail-fast", "--", "--test-threads", "1"])
            // In a target folder of its own, since other builds have other features.
            .env("CARGO_TARGET_DIR", root().join("target/mpi")),
    )
}

/// Whether bindgen will find libclang.
fn has_libclang() -> bool {
    if std::env::var_os("LIBCLANG_PATH").is_some() {
        return true;
    }
    let below = |folder: &str| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect()
    };
    let is_library = |path: &Path| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with("libclang") && name.contains(".so"))
    };
    let of_llvm = below("/usr/lib")
        .into_iter()
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("llvm-"))
        })
        .flat_map(|path| below(&path.join("lib").to_string_lossy()));
    ["/usr/lib", "/usr/lib64", "/usr/local/lib"]
        .into_iter()
        .flat_map(below)
        .chain(of_llvm)
        .any(|path| is_library(&path))
}
