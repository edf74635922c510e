//! Reads candle's version from the lock file, for the manifests of bundles.

use std::path::Path;

fn main() {
    // In the repository the lock file is the workspace's; in a package it is the package's own.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let places = ["../Cargo.lock", "Cargo.lock"].map(|place| folder.join(place));
    let lock = places.iter().find(|place| place.is_file());
    if let Some(lock) = lock {
        println!("cargo:rerun-if-changed={}", lock.display());
    }
    let text = lock
        .and_then(|lock| std::fs::read_to_string(lock).ok())
        .unwrap_or_default();
    let version = text
        .split("[[package]]")
        .find(|package| package.contains("name = \"candle-core\"\n"))
        .and_then(|package| package.split("version = \"").nth(1)?.split('"').next());
    println!(
        "cargo:rustc-env=CANDLE_VERSION={}",
        version.unwrap_or("not known")
    );
}
