//! Everything that is read before the first step: the experiment, its conditions, pairs and packed images,
//! the network's shape. Whatever is wrong with any of it is reported here, before hours are spent.

use std::sync::Arc;

use cellflux_bundle::UNetConfig;
use cellflux_image::ImageSpec;

use crate::TrainError;
use crate::config::Config;
use crate::ranks::{Ranks, Share};
use cellflux_data::{
    ConditionTable, Draw, Experiment, HostBatch, Loader, PackedCache, Pair, Pairing, Split, fixed_batches,
    read_experiment,
};

/// What a run learns from, checked.
#[derive(Debug)]
pub struct Material {
    /// The resolved configuration.
    pub config: Config,
    /// The images and what is known about them.
    pub experiment: Experiment,
    /// A vector for every perturbation.
    pub conditions: Arc<ConditionTable>,
    /// Which control goes with which treated image.
    pub pairing: Arc<Pairing>,
    /// The decoded images.
    pub cache: Arc<PackedCache>,
    /// The network for these images and conditions.
    pub network: UNetConfig,
}

/// A sample's treatment and experimental batch, by their names in the table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Named<'a> {
    /// The compound's name.
    pub compound: &'a str,
    /// Dose in micromolar, where known.
    pub dose_um: Option<f64>,
    /// The batch's name.
    pub batch: &'a str,
}

impl std::fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.compound)?;
        if let Some(dose) = self.dose_um {
            write!(f, ", {dose} \u{b5}M")?;
        }
        write!(f, ", batch {}", self.batch)
    }
}

impl Material {
    /// Reads and checks everything, and builds the packed cache if it is not there.
    ///
    /// # Errors
    /// [`TrainError::Data`] naming file, row and column; [`TrainError::Network`] for an impossible network,
    /// or one that is impossible at the images' size.
    pub fn read(mut config: Config, progress: impl Fn(usize, usize)) -> Result<Self, TrainError> {
        let experiment = read_experiment(&config.data)?;
        let conditions = ConditionTable::build(&experiment, &config.conditions)?;
        let spec = experiment.spec();
        let network = config.network.unet(spec.channels.len(), conditions.width())?;
        network.validate_size(spec.height, spec.width)?;
        if config.training.transpose > 0.0 && spec.height != spec.width {
            return Err(TrainError::value(
                "training.transpose",
                config.training.transpose,
                format!(
                    "0, since images of {} x {} px are not square",
                    spec.height, spec.width
                ),
            ));
        }
        let pairing = Pairing::configured(&experiment, &conditions, &config.data)?;
        pairing.require(Split::Train)?;
        pairing.require(Split::Validation)?;
        config.training.steps = config.training.steps_for(pairing.len(Split::Train));
        let cache = PackedCache::open_with(&experiment, &config.run.cache_folder(), progress)?;
        Ok(Self {
            conditions: Arc::new(conditions),
            pairing: Arc::new(pairing),
            cache: Arc::new(cache),
            network,
            experiment,
            config,
        })
    }

    /// The images.
    pub fn spec(&self) -> &ImageSpec {
        self.experiment.spec()
    }

    /// Numbers in an image.
    pub fn values(&self) -> usize {
        self.spec().len()
    }

    /// The training batches of a process, as `share` says, from after `step` steps on.
    ///
    /// # Errors
    /// [`TrainError::Data`].
    pub fn loader(&self, share: &Share, step: u64) -> Result<Loader, TrainError> {
        let draw = Draw {
            batch: share.batch(),
            ..self.draw(Split::Train)
        };
        let prefetch = self.config.data.prefetch;
        let positions = share.positions(step);
        Ok(Loader::start(
            &self.cache,
            &self.pairing,
            draw,
            positions,
            prefetch,
        )?)
    }

    /// Fixed batches of a split, those that fall to one of several processes, each with its first sample's
    /// number: every sample once, or `limit` evenly spread ones.
    pub fn fixed(
        &self,
        split: Split,
        limit: Option<usize>,
        ranks: &Ranks,
    ) -> impl Iterator<Item = Result<(usize, HostBatch), TrainError>> {
        let limit = limit.unwrap_or(usize::MAX);
        let draw = self.draw(split);
        fixed_batches(&self.cache, &self.pairing, draw, limit)
            .enumerate()
            .skip(ranks.rank())
            .step_by(ranks.size())
            .map(move |(number, batch)| match batch {
                Ok(batch) => Ok((number * draw.batch, batch)),
                Err(error) => Err(TrainError::from(error)),
            })
    }

    /// Every sample of a split once, each with the control that the fixed batches give it.
    pub fn pairs(&self, split: Split) -> impl Iterator<Item = Pair> + Clone {
        let samples = 0..self.pairing.len(split);
        samples.filter_map(move |sample| {
            self.pairing
                .pair(split, sample, self.config.run.seed, sample as u64)
        })
    }

    /// What was done to a pair's treated cell, and in which experimental batch.
    pub fn named(&self, pair: Pair) -> Named<'_> {
        let experiment = &self.experiment;
        let entry = experiment.entries().get(pair.treated as usize);
        let compound = entry.and_then(|entry| experiment.compounds().get(entry.compound as usize));
        let batch = entry.and_then(|entry| experiment.batches().get(entry.batch as usize));
        Named {
            compound: compound.map_or("", |compound| &compound.name),
            dose_um: entry.and_then(|entry| entry.dose_um),
            batch: batch.map_or("", |batch| batch),
        }
    }

    fn draw(&self, split: Split) -> Draw {
        Draw {
            split,
            batch: self.config.training.batch,
            seed: self.config.run.seed,
        }
    }
}
