//! Takes candle's version from the lock file, for the manifests of bundles.

use std::path::Path;

fn main() {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    println!("cargo:rerun-if-changed={}", lock.display());
    let text = std::fs::read_to_string(lock).unwrap_or_default();
    let version = text
        .split("[[package]]")
        .find(|package| package.contains("name = \"candle-core\"\n"))
        .and_then(|package| package.split("version = \"").nth(1)?.split('"').next());
    // Outside of the workspace there is no lock file to ask.
    println!(
        "cargo:rustc-env=CANDLE_VERSION={}",
        version.unwrap_or("not known")
    );
}
