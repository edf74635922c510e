//! Quick weights: the network once more in fewer bytes, so that a page can walk while the full weights come.
//!
//! The section is optional, and a reader may ignore it: what the network computes is what the full weights
//! say. A walk under quick weights is close to it, and is named as one.

use crate::{
    bundle::{Bundle, Packed},
    conditions::ConditionVectors,
    error::BundleError,
    files::{self, FileEntry, VerifiedFile},
    manifest::Manifest,
    quantise::WeightDtype,
    shard::{ShardReader, write_shards},
    state_dict::StateDict,
};

pub use crate::quick_weights::{QuickWeights, is_shard, shard_path};

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
