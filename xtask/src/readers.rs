//! The tests of the data's readers that are cargo features: Parquet, OME-Zarr and WebDataset.

use anyhow::Result;

use crate::native;
use crate::shell::{cargo, root, stage};
use crate::tally::Tally;

/// Builds the data crate with all its readers and runs its tests.
pub fn test() -> Result<Tally> {
    stage("Readers of Parquet, OME-Zarr and WebDataset");
    native::counted(
        cargo("test")
            .args(["--package", "cellflux-data", "--all-features", "--no-fail-fast"])
            // In a target folder of its own, since other builds have other features.
            .env("CARGO_TARGET_DIR", root().join("target/readers")),
    )
}
