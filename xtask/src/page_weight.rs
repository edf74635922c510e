//! What the explorer's WebAssembly weighs on its way to a visitor.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::npm;
use crate::shell::capture;

/// The most bytes that a published page's module may take, compressed as hosts do it.
const BOUND: u64 = 700_000;

/// Compresses a file as a host does once for all visitors: brotli, best quality. Node is needed for a release
/// build anyway.
const COMPRESS: &str = "const { readFileSync } = require('fs'); const { brotliCompressSync, constants } = require('zlib'); \
    const bytes = readFileSync(process.argv[1]); \
    console.log(brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } }).length);";

/// Says what the module weighs compressed.
///
/// # Errors
/// When it is heavier than a page may be, with what to look at.
pub fn check(module: &Path) -> Result<()> {
    npm::node("weighing the module, which compresses it,")?;
    let bytes = std::fs::metadata(module)
        .with_context(|| format!("cannot read {}", module.display()))?
        .len();
    let compressed: u64 = capture(Command::new("node").args(["-e", COMPRESS]).arg(module))?
        .parse()
        .context("node did not say how large the compressed module is")?;
    println!("the explorer's WebAssembly: {bytes} bytes, {compressed} with brotli, at most {BOUND}");
    if compressed > BOUND {
        bail!(
            "{} is {compressed} bytes with brotli, expected at most {BOUND}: see `profile.web-release` in Cargo.toml for what is \
             compiled small, and the newest dependencies of cellflux-wasm for what came in",
            module.display()
        );
    }
    Ok(())
}
