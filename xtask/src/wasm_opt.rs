//! Shrinking and speeding up a WebAssembly module with Binaryen's `wasm-opt`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::npm;
use crate::shell::{root, run};

/// The features that rustc's and wasm-bindgen's output uses.
const FEATURES: [&str; 8] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
];

/// Finds `wasm-opt` in the pinned npm package: a system's own may be too old to read the module (Debian 12's
/// does not know `table.fill`), and another version would make another page.
pub fn find() -> Result<PathBuf> {
    let what = "a release build, which runs Binaryen's wasm-opt,";
    npm::node(what)?;
    Ok(npm::packages(&root().join("xtask/binaryen"), what)?.join("binaryen/bin/wasm-opt"))
}

/// Rewrites `module` in place, optimised for speed. Takes a minute or two.
pub fn optimise(tool: &Path, module: &Path) -> Result<()> {
    let smaller = module.with_extension("wasm.opt");
    run(Command::new("node")
        .arg(tool)
        .arg("-O3")
        .args(FEATURES)
        .arg(module)
        .arg("-o")
        .arg(&smaller))?;
    std::fs::rename(&smaller, module).with_context(|| format!("cannot replace {}", module.display()))
}
