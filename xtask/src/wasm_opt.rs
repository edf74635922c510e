//! Shrinking and speeding up a WebAssembly module with Binaryen's `wasm-opt`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::debian;
use crate::shell::run;

const HOW_TO_INSTALL: &str = "a release build needs `wasm-opt`: install Binaryen (`apt-get install binaryen`, `brew install binaryen` or `npm install -g binaryen`)";

/// The features that rustc's output uses; older versions of the tool do not read them from the module.
const FEATURES: [&str; 7] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
];

/// Finds `wasm-opt`, installing it where that is possible.
pub fn find() -> Result<PathBuf> {
    if let Ok(path) = which::which("wasm-opt") {
        return Ok(path);
    }
    debian::install(&["binaryen"], HOW_TO_INSTALL)?;
    which::which("wasm-opt").context(HOW_TO_INSTALL)
}

/// Rewrites `module` in place, optimised for speed.
pub fn optimise(tool: &Path, module: &Path) -> Result<()> {
    let smaller = module.with_extension("wasm.opt");
    run(Command::new(tool)
        .arg("-O3")
        .args(FEATURES)
        .arg(module)
        .arg("-o")
        .arg(&smaller))?;
    std::fs::rename(&smaller, module).with_context(|| format!("cannot replace {}", module.display()))
}
