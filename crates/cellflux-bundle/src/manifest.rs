//! The manifest, version 1: everything about a model except its numbers, checked before anything is
//! allocated.

use std::collections::{HashMap, HashSet};

use cellflux_image::ImageSpec;
use serde::{Deserialize, Serialize};

use crate::{
    check::{self, ensure},
    conditions::{Conditions, DoseFeatures},
    config::UNetConfig,
    error::BundleError,
    evaluation::Evaluation,
    files::{self, FileEntry, shard_path},
    gallery::{Gallery, Trajectory},
    limits,
    provenance::Provenance,
    quantise::WeightDtype,
    quick_weights::{self, QuickWeights},
    sampling::{FlowSource, Sampling, TrainedNoise},
    topology::Topology,
};

/// The format version that this crate reads and writes.
pub const VERSION: u32 = 1;

/// `manifest.json`. A value that came through [`Manifest::from_json`] is valid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Format version, [`VERSION`].
    pub version: u32,
    /// Name of the bundle in links and commands.
    pub id: String,
    /// Name to show.
    pub title: String,
    /// A sentence or two about the model.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The network.
    pub model: Model,
    /// The weights once more in fewer bytes, for a page to walk with until the full ones have come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quick_weights: Option<QuickWeights>,
    /// The images it works on.
    pub image: ImageSpec,
    /// The perturbations it knows.
    pub conditions: Conditions,
    /// What its flow starts from at t = 0.
    #[serde(default, skip_serializing_if = "FlowSource::is_control")]
    pub source: FlowSource,
    /// The sampling that its author recommends.
    pub sampling: Sampling,
    /// The source noise that it was trained with; none where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trained_noise: Option<TrainedNoise>,
    /// Control crops and real treated cells.
    #[serde(default)]
    pub gallery: Gallery,
    /// Trajectories computed beforehand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trajectories: Vec<Trajectory>,
    /// What generated cells measure beside real ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluation: Option<Evaluation>,
    /// Data, citation, licence, training.
    pub provenance: Provenance,
    /// Every file of the bundle except the manifest.
    pub files: Vec<FileEntry>,
}

/// The network section of a manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// The network's configuration.
    pub config: UNetConfig,
    /// How the weights are stored.
    pub dtype: WeightDtype,
    /// Number of parameters; must be the configuration's.
    pub parameters: u64,
    /// Number of weight shards, named by [`shard_path`].
    pub shards: usize,
}

impl Manifest {
    /// Parses and checks a manifest.
    ///
    /// # Errors
    /// [`BundleError::Size`] above [`limits::MANIFEST_BYTES`], [`BundleError::Json`] for text that is not a
    /// manifest, [`BundleError::Version`] for another version, and otherwise as [`Manifest::validate`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, BundleError> {
        let manifest: Self =
            check::versioned(files::MANIFEST, bytes, VERSION, |found| BundleError::Version {
                found,
                known: VERSION,
            })?;
        manifest.validate()?;
        Ok(manifest)
    }

    /// The manifest as indented JSON with a final newline.
    ///
    /// # Errors
    /// As [`Manifest::validate`]: an invalid manifest is not written.
    pub fn to_json(&self) -> Result<Vec<u8>, BundleError> {
        self.validate()?;
        let mut text = serde_json::to_vec_pretty(self).map_err(|error| BundleError::Json {
            file: files::MANIFEST.into(),
            reason: error.to_string(),
        })?;
        text.push(b'\n');
        Ok(text)
    }

    /// Checks every field, and the fields against each other: channel counts, vector widths, sizes that the
    /// network can halve, ids that exist, files that are listed, weights that have as many bytes as their
    /// number needs.
    ///
    /// # Errors
    /// [`BundleError::Version`], [`BundleError::Config`], [`BundleError::Image`],
    /// [`BundleError::UnlistedFile`] or [`BundleError::Field`], naming the first field with an impossible
    /// value.
    pub fn validate(&self) -> Result<(), BundleError> {
        if self.version != VERSION {
            return Err(BundleError::Version {
                found: self.version.to_string(),
                known: VERSION,
            });
        }
        check::id("id", &self.id)?;
        check::label("title", &self.title)?;
        check::text("description", &self.description)?;
        self.validate_model()?;
        let config = &self.model.config;
        self.image.validate()?;
        ensure(
            self.image.channels.len() == config.in_channels,
            "length of image.channels",
            self.image.channels.len(),
            format!("{} as model.config.in_channels", config.in_channels),
        )?;
        config.validate_size(self.image.height, self.image.width)?;
        self.conditions.validate(config.condition_dim)?;
        self.sampling.validate("sampling")?;
        if let Some(noise) = &self.trained_noise {
            noise.validate("trained_noise")?;
        }
        self.validate_gallery()?;
        self.provenance.validate()?;
        self.validate_files()?;
        self.validate_evaluation()
    }

    /// What the weights are, in 64 hexadecimal digits: the digest of the shards' digests in order. The
    /// figures of an evaluation belong to these weights alone.
    ///
    /// # Errors
    /// [`BundleError::UnlistedFile`] where a shard is not listed.
    pub fn weights_digest(&self) -> Result<String, BundleError> {
        let digests = (0..self.model.shards)
            .map(|index| Ok(self.file(&shard_path(index, self.model.shards))?.sha256.as_str()))
            .collect::<Result<Vec<_>, BundleError>>()?;
        Ok(files::digest(digests.join("\n").as_bytes()))
    }

    /// What the network is given for each condition, in 64 hexadecimal digits: the digest of lines joined by
    /// line breaks, which are the digest of `conditions.safetensors`, the dose features (`none`, or `log1p`
    /// with the bits of mean and scale in 16 hexadecimal digits each), and the conditions' ids in order. The
    /// figures of an evaluation belong to these vectors under these ids.
    ///
    /// # Errors
    /// [`BundleError::UnlistedFile`] where the condition vectors are not listed.
    pub fn vectors_digest(&self) -> Result<String, BundleError> {
        let dose = match self.conditions.dose {
            DoseFeatures::None => "none".to_owned(),
            DoseFeatures::Log1p { mean, scale } => {
                format!("log1p {:016x} {:016x}", mean.to_bits(), scale.to_bits())
            }
        };
        let vectors = self.file(files::CONDITIONS)?.sha256.as_str();
        let ids = self.conditions.list.iter().map(|condition| condition.id.as_str());
        let lines: Vec<&str> = [vectors, dose.as_str()].into_iter().chain(ids).collect();
        Ok(files::digest(lines.join("\n").as_bytes()))
    }

    /// The entry of a file.
    ///
    /// # Errors
    /// [`BundleError::UnlistedFile`] when the bundle has none of this path.
    pub fn file(&self, path: &str) -> Result<&FileEntry, BundleError> {
        self.files
            .iter()
            .find(|entry| entry.path == path)
            .ok_or_else(|| BundleError::UnlistedFile { file: path.into() })
    }

    /// The files without which the network cannot run, condition vectors first, then the shards in order; the
    /// sum of their `bytes` is what a progress bar counts to.
    pub fn required_files(&self) -> Vec<&FileEntry> {
        let shards = (0..self.model.shards).map(|index| shard_path(index, self.model.shards));
        std::iter::once(files::CONDITIONS.to_owned())
            .chain(shards)
            .filter_map(|path| self.file(&path).ok())
            .collect()
    }

    /// The shards of the quick weights, in order; none in a bundle without them.
    pub fn quick_files(&self) -> Vec<&FileEntry> {
        let count = self.quick_weights.map_or(0, |quick| quick.shards);
        (0..count)
            .filter_map(|index| self.file(&quick_weights::shard_path(index, count)).ok())
            .collect()
    }

    fn validate_model(&self) -> Result<(), BundleError> {
        let model = &self.model;
        model.config.validate()?;
        let parameters = Topology::new(&model.config).parameter_count(&model.config) as u64;
        ensure(
            model.parameters == parameters,
            "model.parameters",
            model.parameters,
            format!("{parameters}, which model.config has"),
        )?;
        // A shard is at least one byte, so there are no more of them than files may be.
        ensure(
            (1..=limits::FILES).contains(&model.shards),
            "model.shards",
            model.shards,
            format!("1 to {}", limits::FILES),
        )
    }

    fn validate_gallery(&self) -> Result<(), BundleError> {
        let conditions: HashSet<&str> = self
            .conditions
            .list
            .iter()
            .map(|condition| condition.id.as_str())
            .collect();
        let known = |field: String, id: &str| {
            ensure(
                conditions.contains(id),
                field,
                check::shown(id),
                "the id of a condition in conditions.list",
            )
        };
        let mut examples = HashSet::new();
        for (index, (field, example)) in self.gallery.examples().enumerate() {
            example.validate(&field)?;
            if index < self.gallery.controls.len() && self.conditions.control().is_none() {
                check::id(format!("{field}.condition"), &example.condition)?;
            } else {
                known(format!("{field}.condition"), &example.condition)?;
            }
            ensure(
                examples.insert(example.id.as_str()),
                format!("{field}.id"),
                format!("{:?}, which an earlier example has", example.id),
                "an id of its own",
            )?;
        }
        for (index, trajectory) in self.trajectories.iter().enumerate() {
            let field = format!("trajectories[{index}]");
            trajectory.validate(&field)?;
            known(format!("{field}.condition"), &trajectory.condition)?;
            ensure(
                examples.contains(trajectory.start.as_str()),
                format!("{field}.start"),
                check::shown(&trajectory.start),
                "the id of an example in gallery",
            )?;
        }
        Ok(())
    }

    fn validate_evaluation(&self) -> Result<(), BundleError> {
        let Some(evaluation) = &self.evaluation else {
            return Ok(());
        };
        evaluation.validate("evaluation.")?;
        let weights = self.weights_digest()?;
        ensure(
            evaluation.weights.as_deref() == Some(weights.as_str()),
            "evaluation.weights",
            check::shown(evaluation.weights.as_deref().unwrap_or("absent")),
            format!("{weights}, which the weight shards have; figures of other weights do not belong here"),
        )?;
        if let Some(found) = &evaluation.vectors {
            let vectors = self.vectors_digest()?;
            ensure(
                *found == vectors,
                "evaluation.vectors",
                check::shown(found),
                format!("{vectors}, which the conditions have; figures of other vectors do not belong here"),
            )?;
        }
        for (index, condition) in evaluation.conditions.iter().enumerate() {
            ensure(
                self.conditions.list.iter().any(|known| known.id == condition.id),
                format!("evaluation.conditions[{index}].id"),
                check::shown(&condition.id),
                "the id of a condition in conditions.list",
            )?;
        }
        Ok(())
    }

    fn validate_files(&self) -> Result<(), BundleError> {
        ensure(
            self.files.len() <= limits::FILES,
            "length of files",
            self.files.len(),
            format!("at most {}", limits::FILES),
        )?;
        let mut folded = HashMap::new();
        for (index, entry) in self.files.iter().enumerate() {
            let field = format!("files[{index}]");
            entry.validate(&field)?;
            // Some file systems fold case, and one file must not overwrite another there.
            if let Some(earlier) = folded.insert(entry.path.to_ascii_lowercase(), index) {
                return Err(BundleError::field(
                    format!("{field}.path"),
                    format!("{:?}, which files[{earlier}] has, ignoring case", entry.path),
                    "a path of its own",
                ));
            }
        }
        let listed: HashSet<&str> = self.files.iter().map(|entry| entry.path.as_str()).collect();
        let require = |path: &str| {
            if listed.contains(path) {
                return Ok(());
            }
            Err(BundleError::UnlistedFile { file: path.into() })
        };
        require(files::CONDITIONS)?;
        for index in 0..self.model.shards {
            require(&shard_path(index, self.model.shards))?;
        }
        let structures = self
            .conditions
            .list
            .iter()
            .filter_map(|condition| condition.structure.as_deref());
        let pictures = self
            .gallery
            .examples()
            .map(|(_, example)| example.file.as_str())
            .chain(
                self.trajectories
                    .iter()
                    .map(|trajectory| trajectory.strip.as_str()),
            );
        for path in structures.chain(pictures) {
            require(path)?;
        }
        self.validate_weight_bytes()?;
        let Some(quick) = &self.quick_weights else {
            return Ok(());
        };
        let parameters = Topology::new(&self.model.config).parameters(&self.model.config);
        quick.validate(self.model.dtype, &parameters, &self.files)
    }

    /// The shards must add up to the configuration's weights, and there must be no others.
    fn validate_weight_bytes(&self) -> Result<(), BundleError> {
        let shards: Vec<&FileEntry> = self.files.iter().filter(|entry| entry.is_shard()).collect();
        ensure(
            shards.len() == self.model.shards,
            "number of weights-*.safetensors in files",
            shards.len(),
            format!("{} as model.shards", self.model.shards),
        )?;
        let found: u64 = shards.iter().map(|entry| entry.bytes).sum();
        let parameters = Topology::new(&self.model.config).parameters(&self.model.config);
        let low = parameters
            .iter()
            .map(|parameter| self.model.dtype.stored_bytes(&parameter.shape))
            .sum::<u64>();
        let high = low + (self.model.shards * (limits::TENSOR_HEADER_BYTES + 8)) as u64;
        ensure(
            (low..=high).contains(&found),
            "total bytes of the weight shards in files",
            found,
            format!(
                "{low} to {high} for {} parameters stored as {}",
                self.model.parameters, self.model.dtype
            ),
        )
    }
}
