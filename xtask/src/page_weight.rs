//! How large a module of the page is, compressed as a visitor downloads it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::npm;
use crate::shell::capture;

/// Compresses a file as a host does once for all visitors: brotli, best quality. Node is needed for a release
/// build anyway.
const COMPRESS: &str = "const { readFileSync } = require('fs'); const { brotliCompressSync, constants } = \
    require('zlib'); const bytes = readFileSync(process.argv[1]); const { BROTLI_PARAM_QUALITY, \
    BROTLI_PARAM_SIZE_HINT } = constants; const params = { [BROTLI_PARAM_QUALITY]: 11, \
    [BROTLI_PARAM_SIZE_HINT]: bytes.length }; console.log(brotliCompressSync(bytes, { params }).length);";

/// Prints the compressed size of the module `what` of `package`.
///
/// # Errors
/// When it is larger than `most`, with advice on where to look.
pub fn check(module: &Path, what: &str, package: &str, most: u64) -> Result<()> {
    npm::node("weighing the module, which compresses it,")?;
    let bytes = std::fs::metadata(module)
        .with_context(|| format!("cannot read {}", module.display()))?
        .len();
    let compressed: u64 = capture(Command::new("node").args(["-e", COMPRESS]).arg(module))?
        .parse()
        .context("node did not say how large the compressed module is")?;
    println!("WebAssembly of the {what}: {bytes} bytes, {compressed} with brotli, at most {most}");
    if compressed > most {
        bail!(
            "{} is {compressed} bytes with brotli, expected at most {most}: see `profile.web-release` in \
            Cargo.toml for what is compiled small, and the newest dependencies of {package} for what came in",
            module.display()
        );
    }
    Ok(())
}
