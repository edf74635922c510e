//! The section `quick_weights` of a manifest: how a bundle stores its weights once more, in fewer bytes, and
//! what its files must then be.

use serde::{Deserialize, Serialize};

use crate::{
    check::ensure,
    error::BundleError,
    files::{FileEntry, has_extension},
    limits,
    quantise::WeightDtype,
    topology::Parameter,
};

/// How a bundle stores its weights once more, in fewer bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuickWeights {
    /// How they are stored: a format that takes fewer bytes than the model's own.
    pub dtype: WeightDtype,
    /// Number of their shards, named by [`shard_path`].
    pub shards: usize,
}

/// The path of quick shard `index`, counted from 0, of `count`: `quick-0001-of-0002.safetensors`. Readers
/// that do not know quick weights take no file of this name for a weight shard.
pub fn shard_path(index: usize, count: usize) -> String {
    format!("quick-{:04}-of-{count:04}.safetensors", index + 1)
}

/// Whether this is the path of a quick shard, by its name.
pub fn is_shard(path: &str) -> bool {
    path.starts_with("quick-") && has_extension(path, "safetensors")
}

impl QuickWeights {
    /// Checks the section of a bundle whose own weights, of these `parameters`, are stored as `full`: fewer
    /// bytes than those, shards that are all in `files`, small enough, as many as are named, and together of
    /// the size of the network's weights.
    pub(crate) fn validate(
        &self,
        full: WeightDtype,
        parameters: &[Parameter],
        files: &[FileEntry],
    ) -> Result<(), BundleError> {
        let bytes = |dtype: WeightDtype| -> u64 {
            parameters
                .iter()
                .map(|parameter| dtype.stored_bytes(&parameter.shape))
                .sum()
        };
        let low = bytes(self.dtype);
        ensure(
            low < bytes(full),
            "quick_weights.dtype",
            self.dtype,
            format!("a format that takes fewer bytes than {full}, as model.dtype"),
        )?;
        ensure(
            (1..=limits::FILES).contains(&self.shards),
            "quick_weights.shards",
            self.shards,
            format!("1 to {}", limits::FILES),
        )?;
        let named = files.iter().filter(|entry| is_shard(&entry.path)).count();
        ensure(
            named == self.shards,
            "number of quick-*.safetensors in files",
            named,
            format!("{} as quick_weights.shards", self.shards),
        )?;
        let mut found = 0_u64;
        for index in 0..self.shards {
            let path = shard_path(index, self.shards);
            let Some(entry) = files.iter().find(|entry| entry.path == path) else {
                return Err(BundleError::UnlistedFile { file: path });
            };
            ensure(
                entry.bytes <= limits::SHARD_BYTES as u64,
                format!("bytes of {}", entry.path),
                entry.bytes,
                format!("at most {}", limits::SHARD_BYTES),
            )?;
            found += entry.bytes;
        }
        let high = low + self.shards as u64 * (limits::TENSOR_HEADER_BYTES as u64 + 8);
        ensure(
            (low..=high).contains(&found),
            "total bytes of the quick shards in files",
            found,
            format!(
                "{low} to {high} for the network's parameters stored as {}",
                self.dtype
            ),
        )
    }
}
