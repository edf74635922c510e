//! A whole bundle in memory: read from files that arrive in any order, or packed to be written.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    check,
    conditions::{ConditionVectors, Conditions},
    config::UNetConfig,
    error::BundleError,
    evaluation::Evaluation,
    files::{self, FileEntry, VerifiedFile, shard_path},
    gallery::{Gallery, Trajectory},
    limits,
    manifest::{Manifest, Model, VERSION},
    provenance::Provenance,
    quantise::WeightDtype,
    sampling::{FlowSource, Sampling, TrainedNoise},
    shard::{ShardReader, write_shards},
    state_dict::StateDict,
};

/// A trained model: what its manifest says, its weights, its condition vectors.
#[derive(Clone, Debug, PartialEq)]
pub struct Bundle {
    /// The manifest, valid.
    pub manifest: Manifest,
    /// The weights: exactly the tensors of `manifest.model.config`.
    pub weights: StateDict,
    /// The condition vectors, in the order of `manifest.conditions.list`.
    pub vectors: ConditionVectors,
}

impl Bundle {
    /// The vector `[condition_dim]` that the network takes for a condition at a dose.
    ///
    /// # Errors
    /// [`BundleError::Field`] for an id that the bundle does not have, or a dose where the model takes none
    /// (or the other way round).
    pub fn condition(&self, id: &str, dose_um: Option<f64>) -> Result<Vec<f32>, BundleError> {
        let conditions = &self.manifest.conditions;
        let row = conditions
            .position(id)
            .and_then(|position| self.vectors.row(position))
            .ok_or_else(|| BundleError::field("condition", check::shown(id), "the id of a condition"))?;
        let mut vector = row.to_vec();
        vector.extend(conditions.dose.features(dose_um)?);
        Ok(vector)
    }

    /// The bundle as its author brought it, to be packed again: in another storage, or in other shards.
    /// `assets` are its files that are neither weights nor condition vectors. An evaluation measured the
    /// weights as they were stored, so it is left out ([`Packed::carry`]), as are quick weights
    /// ([`Packed::carry_quick`]).
    pub fn into_draft(self, assets: BTreeMap<String, Vec<u8>>) -> Draft {
        let manifest = self.manifest;
        Draft {
            id: manifest.id,
            title: manifest.title,
            description: manifest.description,
            config: manifest.model.config,
            weights: self.weights,
            dtype: manifest.model.dtype,
            image: manifest.image,
            conditions: manifest.conditions,
            vectors: self.vectors,
            source: manifest.source,
            sampling: manifest.sampling,
            trained_noise: manifest.trained_noise,
            gallery: manifest.gallery,
            trajectories: manifest.trajectories,
            provenance: manifest.provenance,
            assets,
        }
    }
}

/// Reads a bundle: the manifest first, then its required files in any order. There is no input or output in
/// it, so that a page can feed it from the network and a command from a folder.
#[derive(Debug)]
pub struct BundleReader {
    manifest: Manifest,
    shards: ShardReader,
    vectors: Option<ConditionVectors>,
    missing: BTreeSet<String>,
}

impl BundleReader {
    /// Checks the manifest. Nothing as large as the weights is allocated yet.
    ///
    /// # Errors
    /// As [`Manifest::from_json`].
    pub fn new(manifest: &[u8]) -> Result<Self, BundleError> {
        let manifest = Manifest::from_json(manifest)?;
        let shards = ShardReader::new(&manifest.model.config, manifest.model.dtype)?;
        let missing = manifest
            .required_files()
            .into_iter()
            .map(|entry| entry.path.clone())
            .collect();
        Ok(Self {
            manifest,
            shards,
            vectors: None,
            missing,
        })
    }

    /// The manifest; [`Manifest::required_files`] are the files to bring.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Paths of the required files that have not come yet.
    pub fn missing(&self) -> impl Iterator<Item = &str> {
        self.missing.iter().map(String::as_str)
    }

    /// The condition vectors, once [`files::CONDITIONS`] has come: a page can offer the choices before the
    /// weights are there.
    pub fn vectors(&self) -> Option<&ConditionVectors> {
        self.vectors.as_ref()
    }

    /// Takes a required file that was checked against its entry (by [`crate::files::Download`] or
    /// [`VerifiedFile::check`]) and reads what it holds.
    ///
    /// # Errors
    /// [`BundleError::UnlistedFile`] for a file that is not a required one or came already, otherwise what is
    /// wrong with its tensors. The reader cannot be used after that.
    pub fn accept(&mut self, file: &VerifiedFile) -> Result<(), BundleError> {
        if !self.missing.remove(file.path()) {
            return Err(BundleError::UnlistedFile {
                file: file.path().to_owned(),
            });
        }
        if file.path() != files::CONDITIONS {
            return self.shards.accept(file.path(), file.bytes());
        }
        let conditions = &self.manifest.conditions;
        let width = conditions.stored_width(self.manifest.model.config.condition_dim);
        let vectors = ConditionVectors::from_safetensors(file.bytes(), conditions.list.len(), width)?;
        vectors.check_encoder(&conditions.encoder)?;
        self.vectors = Some(vectors);
        Ok(())
    }

    /// The bundle, once every required file has come.
    ///
    /// # Errors
    /// [`BundleError::MissingFile`] or [`BundleError::MissingTensor`] naming what has not.
    pub fn finish(self) -> Result<Bundle, BundleError> {
        if let Some(file) = self.missing.into_iter().next() {
            return Err(BundleError::MissingFile { file });
        }
        let vectors = self.vectors.ok_or_else(|| BundleError::MissingFile {
            file: files::CONDITIONS.into(),
        })?;
        Ok(Bundle {
            weights: self.shards.finish()?,
            vectors,
            manifest: self.manifest,
        })
    }
}

/// What an author brings to a bundle; [`Draft::pack`] does the counting, cutting and hashing.
#[derive(Clone, Debug)]
pub struct Draft {
    /// As [`Manifest::id`].
    pub id: String,
    /// As [`Manifest::title`].
    pub title: String,
    /// As [`Manifest::description`].
    pub description: String,
    /// The network.
    pub config: UNetConfig,
    /// Its weights.
    pub weights: StateDict,
    /// How to store them.
    pub dtype: WeightDtype,
    /// As [`Manifest::image`].
    pub image: cellflux_image::ImageSpec,
    /// As [`Manifest::conditions`].
    pub conditions: Conditions,
    /// The vectors of `conditions.list`, in its order.
    pub vectors: ConditionVectors,
    /// As [`Manifest::source`].
    pub source: FlowSource,
    /// As [`Manifest::sampling`].
    pub sampling: Sampling,
    /// As [`Manifest::trained_noise`].
    pub trained_noise: Option<TrainedNoise>,
    /// As [`Manifest::gallery`].
    pub gallery: Gallery,
    /// As [`Manifest::trajectories`].
    pub trajectories: Vec<Trajectory>,
    /// As [`Manifest::provenance`].
    pub provenance: Provenance,
    /// Content of the other files that the manifest names (crops, drawings, strips), by path.
    pub assets: BTreeMap<String, Vec<u8>>,
}

/// A bundle ready to be written: every file by path, the manifest included.
#[derive(Clone, Debug)]
pub struct Packed {
    /// The manifest.
    pub manifest: Manifest,
    /// Content of every file by path, [`files::MANIFEST`] included.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Packed {
    /// Puts an evaluation of these weights and condition vectors into the manifest, in place of the one that
    /// is there.
    ///
    /// # Errors
    /// As [`Manifest::validate`]: for figures of other weights or vectors, and for conditions that the bundle
    /// lacks.
    pub fn attach(&mut self, evaluation: Evaluation) -> Result<(), BundleError> {
        let mut manifest = self.manifest.clone();
        manifest.evaluation = Some(evaluation);
        self.files.insert(files::MANIFEST.into(), manifest.to_json()?);
        self.manifest = manifest;
        Ok(())
    }

    /// Takes over the evaluation of the bundle that this one was packed from, and says whether it did:
    /// figures belong to weights, not to shards, so they are left out where the weights changed (fewer bytes,
    /// another scale), where the network is given other vectors, and where there were none.
    ///
    /// # Errors
    /// As [`Packed::published`] and [`Packed::attach`].
    pub fn carry(&mut self, from: &Bundle) -> Result<bool, BundleError> {
        let Some(evaluation) = &from.manifest.evaluation else {
            return Ok(false);
        };
        let published = self.published()?;
        let (own, measured) = (&published.manifest.conditions, &from.manifest.conditions);
        let ids = own.list.iter().map(|condition| &condition.id);
        let same = published.weights == from.weights
            && published.vectors == from.vectors
            && own.dose == measured.dose
            && ids.eq(measured.list.iter().map(|condition| &condition.id));
        if !same {
            return Ok(false);
        }
        let vectors = self.manifest.vectors_digest()?;
        self.attach(Evaluation {
            weights: Some(self.manifest.weights_digest()?),
            // What was not stated of the cells that were measured is not known now.
            vectors: evaluation.vectors.is_some().then_some(vectors),
            ..evaluation.clone()
        })?;
        Ok(true)
    }

    /// Recommends another sampling. An evaluation of cells that were sampled otherwise is taken out: its
    /// figures would stand beside pictures that it did not measure.
    ///
    /// # Errors
    /// As [`Manifest::validate`], for settings out of range.
    pub fn recommend(&mut self, sampling: Sampling) -> Result<(), BundleError> {
        let mut manifest = self.manifest.clone();
        manifest.evaluation = manifest
            .evaluation
            .filter(|evaluation| evaluation.sampling == sampling);
        manifest.sampling = sampling;
        self.files.insert(files::MANIFEST.into(), manifest.to_json()?);
        self.manifest = manifest;
        Ok(())
    }

    /// The bundle as its readers get it, with the weights as they are stored.
    ///
    /// # Errors
    /// Those of [`BundleReader`].
    pub fn published(&self) -> Result<Bundle, BundleError> {
        let file = |path: &str| self.files.get(path).cloned().unwrap_or_default();
        let mut reader = BundleReader::new(&file(files::MANIFEST))?;
        for entry in self.manifest.required_files() {
            reader.accept(&VerifiedFile::check(entry, file(&entry.path))?)?;
        }
        reader.finish()
    }
}

impl Draft {
    /// Makes the files of the bundle. The same draft gives the same bytes.
    ///
    /// # Errors
    /// What [`write_shards`] and [`Manifest::validate`] refuse, and vectors that do not fit the conditions.
    pub fn pack(self) -> Result<Packed, BundleError> {
        self.pack_in_shards(limits::SHARD_BYTES)
    }

    /// As [`Draft::pack`], with shards of at most `limit` bytes.
    ///
    /// # Errors
    /// As [`Draft::pack`].
    pub fn pack_in_shards(self, limit: usize) -> Result<Packed, BundleError> {
        let width = self.conditions.stored_width(self.config.condition_dim);
        let shape = [self.conditions.list.len(), width];
        if [self.vectors.len(), self.vectors.width()] != shape {
            return Err(BundleError::Shape {
                tensor: "condition vectors".into(),
                found: vec![self.vectors.len(), self.vectors.width()],
                expected: shape.to_vec(),
            });
        }
        self.vectors.check_encoder(&self.conditions.encoder)?;
        let shards = write_shards(&self.weights, &self.config, self.dtype, limit)?;
        let model = Model {
            parameters: self.weights.parameter_count() as u64,
            config: self.config,
            dtype: self.dtype,
            shards: shards.len(),
        };
        let mut contents = self.assets;
        contents.insert(files::CONDITIONS.into(), self.vectors.to_safetensors()?);
        let count = shards.len();
        for (index, shard) in shards.into_iter().enumerate() {
            contents.insert(shard_path(index, count), shard);
        }
        let manifest = Manifest {
            version: VERSION,
            id: self.id,
            title: self.title,
            description: self.description,
            model,
            quick_weights: None,
            image: self.image,
            conditions: self.conditions,
            source: self.source,
            sampling: self.sampling,
            trained_noise: self.trained_noise,
            gallery: self.gallery,
            trajectories: self.trajectories,
            evaluation: None,
            provenance: self.provenance,
            files: contents
                .iter()
                .map(|(path, content)| FileEntry::of(path, content))
                .collect(),
        };
        contents.insert(files::MANIFEST.into(), manifest.to_json()?);
        Ok(Packed {
            manifest,
            files: contents,
        })
    }
}
