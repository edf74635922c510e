//! Quick weights: the network once more in fewer bytes, so that a page can walk while the full weights come.
//!
//! The section is optional, and a reader may ignore it: what the network computes is what the full weights
//! say. A walk under quick weights is close to it, and is named as one.

use serde::{Deserialize, Serialize};

use crate::{
    bundle::{Bundle, Packed},
    check::ensure,
    conditions::ConditionVectors,
    error::BundleError,
    files::{self, FileEntry, VerifiedFile},
    limits,
    manifest::Manifest,
    quantise::WeightDtype,
    shard::{ShardReader, write_shards},
    state_dict::StateDict,
    topology::Topology,
};

/// How a bundle stores its weights once more, in fewer bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuickWeights {
    /// How they are stored: a format that takes fewer bytes than the model's own.
    pub dtype: WeightDtype,
    /// Number of their shards, named by [`shard_path`].
    pub shards: usize,
}

/// The path of quick shard `index`, counted from 0, of `count`: `quick-0001-of-0002.safetensors`. Readers that
/// do not know quick weights take no file of this name for a weight shard.
pub fn shard_path(index: usize, count: usize) -> String {
    format!("quick-{:04}-of-{count:04}.safetensors", index + 1)
}

/// Whether this is the path of a quick shard, by its name.
pub fn is_shard(path: &str) -> bool {
    path.starts_with("quick-") && files::has_extension(path, "safetensors")
}

impl QuickWeights {
    /// Checks the section against the manifest that it stands in: fewer bytes than the model's own weights,
    /// shards that are all listed, small enough, as many as are named, and together of the size of the
    /// network's weights.
    pub(crate) fn validate(&self, manifest: &Manifest) -> Result<(), BundleError> {
        let model = &manifest.model;
        let parameters = Topology::new(&model.config).parameters(&model.config);
        let bytes = |dtype: WeightDtype| -> u64 {
            parameters
                .iter()
                .map(|parameter| dtype.stored_bytes(&parameter.shape))
                .sum()
        };
        let low = bytes(self.dtype);
        ensure(
            low < bytes(model.dtype),
            "quick_weights.dtype",
            self.dtype,
            format!(
                "a format that takes fewer bytes than {}, as model.dtype",
                model.dtype
            ),
        )?;
        ensure(
            (1..=limits::FILES).contains(&self.shards),
            "quick_weights.shards",
            self.shards,
            format!("1 to {}", limits::FILES),
        )?;
        let named = manifest
            .files
            .iter()
            .filter(|entry| is_shard(&entry.path))
            .count();
        ensure(
            named == self.shards,
            "number of quick-*.safetensors in files",
            named,
            format!("{} as quick_weights.shards", self.shards),
        )?;
        let mut found = 0_u64;
        for index in 0..self.shards {
            let entry = manifest.file(&shard_path(index, self.shards))?;
            ensure(
                entry.bytes <= limits::SHARD_BYTES as u64,
                format!("bytes of {}", entry.path),
                entry.bytes,
                format!("at most {}", limits::SHARD_BYTES),
            )?;
            found += entry.bytes;
        }
        let high = low + (self.shards * (limits::TENSOR_HEADER_BYTES + 8)) as u64;
        ensure(
            (low..=high).contains(&found),
            "total bytes of the quick shards in files",
            found,
            format!(
                "{low} to {high} for {} parameters stored as {}",
                model.parameters, self.dtype
            ),
        )
    }
}

impl Manifest {
    /// The shards of the quick weights, in order; none in a bundle without them.
    pub fn quick_files(&self) -> Vec<&FileEntry> {
        let count = self.quick_weights.map_or(0, |quick| quick.shards);
        (0..count)
            .filter_map(|index| self.file(&shard_path(index, count)).ok())
            .collect()
    }
}

/// Reads the quick weights of a bundle, shard by shard in any order.
#[derive(Debug)]
pub struct QuickReader {
    shards: ShardReader,
    missing: Vec<String>,
}

impl QuickReader {
    /// Expects the quick weights of this manifest; nothing for a bundle without them.
    ///
    /// # Errors
    /// [`BundleError::Config`] for an impossible configuration.
    pub fn new(manifest: &Manifest) -> Result<Option<Self>, BundleError> {
        let Some(quick) = manifest.quick_weights else {
            return Ok(None);
        };
        let missing = manifest.quick_files().into_iter();
        Ok(Some(Self {
            shards: ShardReader::new(&manifest.model.config, quick.dtype)?,
            missing: missing.map(|entry| entry.path.clone()).collect(),
        }))
    }

    /// Paths of the shards that have not come yet.
    pub fn missing(&self) -> impl Iterator<Item = &str> {
        self.missing.iter().map(String::as_str)
    }

    /// Takes a shard that was checked against its entry and reads what it holds.
    ///
    /// # Errors
    /// [`BundleError::UnlistedFile`] for a file that is no quick shard or came already, otherwise what is
    /// wrong with its tensors. The reader cannot be used after that.
    pub fn accept(&mut self, file: &VerifiedFile) -> Result<(), BundleError> {
        let Some(position) = self.missing.iter().position(|path| path == file.path()) else {
            return Err(BundleError::UnlistedFile {
                file: file.path().to_owned(),
            });
        };
        self.missing.swap_remove(position);
        self.shards.accept(file.path(), file.bytes())
    }

    /// The bundle with the quick weights in place of its own, once every shard has come. Its manifest is that
    /// of the bundle, whose `model.dtype` these weights do not have.
    ///
    /// # Errors
    /// [`BundleError::MissingFile`] or [`BundleError::MissingTensor`] naming what has not come.
    pub fn finish(self, manifest: &Manifest, vectors: &ConditionVectors) -> Result<Bundle, BundleError> {
        Ok(Bundle {
            manifest: manifest.clone(),
            weights: self.weights()?,
            vectors: vectors.clone(),
        })
    }

    /// The quick weights, once every shard has come.
    ///
    /// # Errors
    /// [`BundleError::MissingFile`] or [`BundleError::MissingTensor`] naming what has not come.
    pub fn weights(self) -> Result<StateDict, BundleError> {
        if let Some(file) = self.missing.into_iter().next() {
            return Err(BundleError::MissingFile { file });
        }
        self.shards.finish()
    }
}

impl Packed {
    /// Adds quick weights to the bundle, in place of those that it has: its weights once more, stored as
    /// `dtype`, in shards of at most `limit` bytes. The weights themselves, and what was measured of them,
    /// stay as they are.
    ///
    /// # Errors
    /// [`BundleError::Field`] where `dtype` does not take fewer bytes than the bundle's own, and what
    /// [`write_shards`] and [`Packed::published`] refuse.
    pub fn add_quick(&mut self, dtype: WeightDtype, limit: usize) -> Result<(), BundleError> {
        let weights = self.published()?.weights;
        let shards = write_shards(&weights, &self.manifest.model.config, dtype, limit)?;
        let count = shards.len();
        let mut contents = self.files.clone();
        contents.retain(|path, _| !is_shard(path));
        for (index, shard) in shards.into_iter().enumerate() {
            contents.insert(shard_path(index, count), shard);
        }
        let mut manifest = self.manifest.clone();
        manifest.quick_weights = Some(QuickWeights { dtype, shards: count });
        manifest.files = contents
            .iter()
            .filter(|(path, _)| *path != files::MANIFEST)
            .map(|(path, content)| FileEntry::of(path, content))
            .collect();
        contents.insert(files::MANIFEST.into(), manifest.to_json()?);
        self.manifest = manifest;
        self.files = contents;
        Ok(())
    }

    /// Adds quick weights as the bundle has them from which this one was packed, where they still take fewer
    /// bytes than its own. Says whether it did.
    ///
    /// # Errors
    /// As [`Packed::add_quick`].
    pub fn carry_quick(&mut self, from: &Manifest, limit: usize) -> Result<bool, BundleError> {
        let Some(quick) = from.quick_weights else {
            return Ok(false);
        };
        let smaller = quick.dtype.bits() < self.manifest.model.dtype.bits();
        if smaller {
            self.add_quick(quick.dtype, limit)?;
        }
        Ok(smaller)
    }

    /// The bundle with its quick weights in place of its own, as a page walks first; nothing without them.
    ///
    /// # Errors
    /// Those of [`QuickReader`] and of [`Packed::published`].
    pub fn published_quick(&self) -> Result<Option<Bundle>, BundleError> {
        let Some(mut reader) = QuickReader::new(&self.manifest)? else {
            return Ok(None);
        };
        for entry in self.manifest.quick_files() {
            let bytes = self.files.get(&entry.path).cloned().unwrap_or_default();
            reader.accept(&VerifiedFile::check(entry, bytes)?)?;
        }
        let vectors = self.published()?.vectors;
        reader.finish(&self.manifest, &vectors).map(Some)
    }
}
