//! From a checkpoint to the bundle that the page opens.

use std::collections::{BTreeMap, HashMap};

use candle_core::Tensor;
use cellflux_bundle::conditions::{Conditions, slug};
use cellflux_bundle::gallery::{CropSplit, Example, Gallery};
use cellflux_bundle::limits::BATCHES;
use cellflux_bundle::manifest::Manifest;
use cellflux_bundle::provenance::{DataSet, Provenance, Training};
use cellflux_bundle::quantise::WeightDtype;
use cellflux_bundle::sampling::{FlowSource, Sampling, TrainedNoise};
use cellflux_bundle::state_dict::StateDict;
use cellflux_bundle::tensor::Values;
use cellflux_bundle::{Draft, UNetConfig};
use cellflux_chem::Molecule;
use cellflux_image::coded_png;
use cellflux_image::synthetic::Cell;
use cellflux_terminal::today;

use crate::TrainError;
use crate::condition_layer;
use crate::config::{AboutConfig, Config, SourceNoise, TrainingConfig};
use crate::material::Material;
use crate::run::checkpoint::Checkpoint;
use crate::step::named_parameters;
use cellflux_data::synthetic::{Design, LICENCE};
use cellflux_data::{
    ConditionTable, DataError, Entry, Pairing, Split, conditions_for_bundle, read_experiment,
};

/// What goes into a bundle beside the weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// How the weights are stored.
    pub dtype: WeightDtype,
    /// Control crops, spread over the batches.
    pub controls: usize,
    /// How the bundle's author recommends to sample.
    pub sampling: Sampling,
}

/// A bundle's draft, and what a person should know about it.
#[derive(Debug)]
pub struct Export {
    /// To be packed and written.
    pub draft: Draft,
    /// What was left out, and why.
    pub notes: Vec<String>,
}

/// Makes the draft of a bundle from a checkpoint's averaged weights.
///
/// Synthetic experiments add each control's true answers: the same cell drawn under each compound at its
/// highest dose. Crops of other data are put in only where `[about]` states the licence under which they may
/// be shown.
///
/// # Errors
/// [`TrainError::Bundle`] for weights that are not the network's, [`TrainError::Data`] for data that has
/// changed since then.
pub fn export(material: &Material, checkpoint: &Checkpoint, options: &Options) -> Result<Export, TrainError> {
    let config = &material.config;
    let about = &config.about;
    let (mut conditions, vectors) =
        conditions_for_bundle(&material.conditions, &material.experiment, &material.pairing)?;
    let mut notes = Vec::new();
    for condition in &mut conditions.list {
        if condition.batches.len() > BATCHES {
            notes.push(format!(
                "{}: its {} batches are left out, since a bundle holds at most {BATCHES}",
                condition.name,
                condition.batches.len()
            ));
            condition.batches.clear();
        }
    }
    let mut assets = BTreeMap::new();
    draw_structures(&mut conditions, &mut assets, &mut notes);
    let mut crops = Crops {
        material,
        conditions: &conditions,
        gallery: Gallery::default(),
        assets,
    };
    match (&config.data.source, &about.crops_licence) {
        (cellflux_data::Source::Synthetic(design), _) => {
            crops.synthetic(&Design::new(design, material.spec())?, options.controls)?;
        }
        (_, Some(licence)) => crops.real(about, licence, options.controls)?,
        (_, None) => notes.push(
            "no crop of the data is in the bundle, since about.crops_licence states none; cellflux site \
            build --data can add them to a site"
                .to_owned(),
        ),
    }
    let Crops { gallery, assets, .. } = crops;
    let title = about.title.clone();
    let draft = Draft {
        id: about.id.clone().unwrap_or_else(|| slug(&title)),
        title,
        description: about.description.clone(),
        config: material.network.clone(),
        weights: weights(
            &material.network,
            &checkpoint.state.averaged,
            config.conditions.scale,
        )?,
        dtype: options.dtype,
        image: material.spec().clone(),
        conditions,
        vectors,
        source: config.training.source,
        sampling: options.sampling.clone(),
        trained_noise: trained_noise(&config.training),
        gallery,
        trajectories: Vec::new(),
        provenance: provenance(material, checkpoint),
        assets,
    };
    Ok(Export { draft, notes })
}

/// Puts into a bundle's manifest what its training's config decides and an earlier export did not write: the
/// start of the flow, and for each condition whether it was a target, whether training saw it, at which
/// doses, and its batches.
///
/// # Errors
/// [`TrainError::Data`] for data that cannot be read, [`TrainError::ConfigValue`] for a config whose
/// conditions are not the bundle's.
pub fn describe(manifest: &mut Manifest, config: &Config) -> Result<(), TrainError> {
    let experiment = read_experiment(&config.data)?;
    let table = ConditionTable::build(&experiment, &config.conditions)?;
    let pairing = Pairing::configured(&experiment, &table, &config.data)?;
    let (conditions, _) = conditions_for_bundle(&table, &experiment, &pairing)?;
    let ids = |conditions: &Conditions| -> Vec<String> {
        conditions
            .list
            .iter()
            .map(|condition| condition.id.clone())
            .collect()
    };
    let (found, expected) = (ids(&conditions), ids(&manifest.conditions));
    if found != expected {
        return Err(TrainError::value(
            "conditions",
            found.join(", "),
            format!("the bundle's, {}", expected.join(", ")),
        ));
    }
    for (condition, own) in manifest.conditions.list.iter_mut().zip(conditions.list) {
        condition.kind = own.kind;
        condition.batches = if own.batches.len() > BATCHES {
            Vec::new()
        } else {
            own.batches
        };
        (condition.split, condition.target) = (own.split, own.target);
        // Of a bundle that lists other doses nothing is said.
        condition.trained_doses_um = own
            .trained_doses_um
            .filter(|trained| trained.iter().all(|dose_um| condition.doses_um.contains(dose_um)));
    }
    manifest.source = config.training.source;
    manifest.trained_noise = trained_noise(&config.training);
    Ok(())
}

/// The averaged weights `[P]` by name, for condition vectors as they are: training multiplied them by
/// `scale`.
fn weights(config: &UNetConfig, averaged: &Tensor, scale: f64) -> Result<StateDict, TrainError> {
    let mut flat: Vec<f32> = averaged.to_vec1()?;
    condition_layer::multiply(config, &mut flat, scale);
    let count = flat.len();
    let flat = Tensor::from_vec(flat, count, averaged.device())?;
    let tensors = named_parameters(config, &flat)?
        .into_iter()
        .map(|(name, tensor)| {
            let values = Values::F32(tensor.flatten_all()?.to_vec1()?);
            let shape = tensor.dims().to_vec();
            Ok((name, cellflux_bundle::tensor::Tensor { shape, values }))
        })
        .collect::<Result<_, TrainError>>()?;
    Ok(StateDict::from_tensors(tensors, config)?)
}

fn draw_structures(
    conditions: &mut Conditions,
    assets: &mut BTreeMap<String, Vec<u8>>,
    notes: &mut Vec<String>,
) {
    for condition in &mut conditions.list {
        let Some(smiles) = &condition.smiles else { continue };
        let drawn = Molecule::from_smiles(smiles).and_then(|molecule| molecule.to_svg(&condition.name));
        match drawn {
            Ok(svg) => {
                let path = format!("structures/{}.svg", condition.id);
                assets.insert(path.clone(), svg.into_bytes());
                condition.structure = Some(path);
            }
            Err(error) => notes.push(format!("{}: no drawing: {error}", condition.name)),
        }
    }
}

/// What training had of a crop, in the manifest's terms; a crop of a held-out compound was in no split.
fn crop_split(split: Split) -> Option<CropSplit> {
    match split {
        Split::Train => Some(CropSplit::Train),
        Split::Validation => Some(CropSplit::Validation),
        Split::Test => Some(CropSplit::Test),
        Split::HeldOut => None,
    }
}

/// The crops of a bundle that is being made.
struct Crops<'a> {
    material: &'a Material,
    conditions: &'a Conditions,
    gallery: Gallery,
    assets: BTreeMap<String, Vec<u8>>,
}

impl<'a> Crops<'a> {
    /// Controls of the validation split, of all batches in turn.
    fn controls(&self, count: usize) -> Vec<(usize, Entry)> {
        let mut earlier: HashMap<u32, usize> = HashMap::new();
        let entries = self.material.experiment.entries().iter().enumerate();
        let mut ranked: Vec<(usize, usize, &Entry)> = entries
            .filter(|(_, entry)| !entry.treated && entry.split == Split::Validation)
            .map(|(index, entry)| {
                let rank = earlier.entry(entry.batch).or_insert(0);
                *rank += 1;
                (*rank, index, entry)
            })
            .collect();
        ranked.sort_by_key(|(rank, index, _)| (*rank, *index));
        let chosen = ranked.into_iter().take(count);
        chosen.map(|(_, index, entry)| (index, entry.clone())).collect()
    }

    fn synthetic(&mut self, design: &Design, count: usize) -> Result<(), TrainError> {
        let spec = self.material.spec();
        for (number, (index, entry)) in self.controls(count).into_iter().enumerate() {
            let Cell { seed, batch, .. } = design.truth(index).cell;
            let id = format!("control-{}", number + 1);
            let drawn = |what: &str| {
                format!(
                    "synthetic: {what}, drawn by cellflux-image's procedure from seed {seed}; no cell was \
                    imaged"
                )
            };
            let control = Example {
                source: drawn("an untreated cell"),
                ..self.example(&id, &entry, LICENCE, true)?
            };
            self.add(control, self.image(index)?, false)?;
            for (position, compound) in design.config().compounds.iter().enumerate() {
                let dose = compound.doses_um.iter().copied().fold(0.0, f64::max);
                let effects = design.effects(position, dose);
                let treated = design.draw(&Cell { seed, effects, batch }, spec)?;
                let example = Example {
                    condition: self.condition(&compound.name)?,
                    dose_um: Some(dose),
                    source: drawn(&format!("the true answer for {id} under {}", compound.name)),
                    ..self.example(&format!("{id}-{}", slug(&compound.name)), &entry, LICENCE, true)?
                };
                self.add(example, &treated, true)?;
            }
        }
        Ok(())
    }

    fn real(&mut self, about: &AboutConfig, licence: &str, count: usize) -> Result<(), TrainError> {
        for (number, (index, entry)) in self.controls(count).into_iter().enumerate() {
            let example = self.example(&format!("control-{}", number + 1), &entry, licence, false)?;
            let example = Example {
                source: about.crops_source.clone(),
                ..example
            };
            self.add(example, self.image(index)?, false)?;
        }
        // One treated cell of each condition, from the validation split.
        let mut shown = std::collections::HashSet::new();
        for pair in self.material.pairs(Split::Validation) {
            if !shown.insert(pair.condition) {
                continue;
            }
            let index = pair.treated as usize;
            let Some(entry) = self.material.experiment.entries().get(index).cloned() else {
                continue;
            };
            let example = self.example(&format!("treated-{}", shown.len()), &entry, licence, false)?;
            let example = Example {
                dose_um: entry.dose_um,
                source: about.crops_source.clone(),
                ..example
            };
            self.add(example, self.image(index)?, true)?;
        }
        Ok(())
    }

    /// An example without its source.
    fn example(
        &self,
        id: &str,
        entry: &Entry,
        licence: &str,
        synthetic: bool,
    ) -> Result<Example, TrainError> {
        let experiment = &self.material.experiment;
        let compound = experiment.compounds().get(entry.compound as usize);
        let named = |names: &[String], at: Option<u32>| names.get(at? as usize).cloned();
        let name = compound.map_or("", |compound| &compound.name);
        let condition = match (self.condition(name), self.conditions.control()) {
            (Ok(id), _) => id,
            (Err(_), Some(control)) if !entry.treated => control.id.clone(),
            // The untreated state has no vector, so no condition of the bundle is it; it is named
            // nevertheless.
            (Err(_), None) if !entry.treated => slug(name),
            (Err(error), _) => return Err(error),
        };
        Ok(Example {
            id: id.to_owned(),
            file: format!("samples/{id}.png"),
            condition,
            dose_um: None,
            batch: named(experiment.batches(), Some(entry.batch)),
            plate: named(experiment.plates(), entry.plate),
            well: named(experiment.wells(), entry.well),
            source: String::new(),
            licence: licence.to_owned(),
            synthetic,
            split: crop_split(entry.split),
        })
    }

    /// The id of the condition of this name.
    fn condition(&self, name: &str) -> Result<String, TrainError> {
        let found = self
            .conditions
            .list
            .iter()
            .find(|condition| condition.name == name);
        let found = found.map(|condition| condition.id.clone());
        found.ok_or_else(|| {
            TrainError::value(
                "about.crops_licence",
                "set",
                format!("no crops, or a condition vector for {name:?}"),
            )
        })
    }

    fn image(&self, index: usize) -> Result<&'a [u8], TrainError> {
        let image = self
            .material
            .cache
            .image(index)
            .ok_or_else(|| DataError::Loader {
                position: index as u64,
                reason: "the cache belongs to another experiment".into(),
            })?;
        Ok(image)
    }

    fn add(&mut self, example: Example, coded: &[u8], treated: bool) -> Result<(), TrainError> {
        let png = coded_png::write(self.material.spec(), coded)?;
        self.assets.insert(example.file.clone(), png);
        let list = if treated {
            &mut self.gallery.treated
        } else {
            &mut self.gallery.controls
        };
        list.push(example);
        Ok(())
    }
}

fn provenance(material: &Material, checkpoint: &Checkpoint) -> Provenance {
    let Material { config, .. } = material;
    let (about, progress) = (&config.about, &checkpoint.progress);
    let set = &about.data_set;
    Provenance {
        data_set: DataSet {
            name: set.name.clone(),
            citation: set.citation.clone(),
            licence: set.licence.clone(),
            url: set.url.clone(),
        },
        training: Some(Training {
            command: progress.command.clone(),
            steps: progress.step,
            batch: Some(config.training.images_per_step()),
            seconds: Some(progress.seconds.round()),
            device: Some(progress.device.clone()),
        }),
        metrics: progress
            .metrics
            .iter()
            .filter(|(_, value)| value.is_finite())
            .map(|(name, value)| (name.clone(), *value))
            .collect(),
        tools: BTreeMap::from([
            ("cellflux-train".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            ("candle".to_owned(), env!("CANDLE_VERSION").to_owned()),
        ]),
        licence: about.licence.clone(),
        notes: about.notes.clone(),
        created: today(),
    }
}

/// The source noise that a training adds; none for a flow that starts from noise, which has none to add.
fn trained_noise(training: &TrainingConfig) -> Option<TrainedNoise> {
    let of_controls = training.source == FlowSource::Control;
    let probability = training.noise_probability;
    of_controls.then(|| match training.noise {
        SourceNoise::Level(level) => TrainedNoise::with_probability(level, probability),
        // A range that does not begin at 0 is not mixed with controls as they are: the config refuses that.
        SourceNoise::Range(range) if probability > 0.0 => TrainedNoise::Range(range),
        SourceNoise::Range(_) => TrainedNoise::Levels(vec![0.0]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_states_the_levels_or_the_range_of_the_training() {
        let training = |noise, noise_probability| TrainingConfig {
            noise,
            noise_probability,
            ..TrainingConfig::default()
        };
        let range = SourceNoise::Range([0.0, 0.5]);
        for (config, expected) in [
            (
                training(SourceNoise::Level(0.5), 0.5),
                TrainedNoise::Levels(vec![0.0, 0.5]),
            ),
            (training(range, 0.5), TrainedNoise::Range([0.0, 0.5])),
            (training(range, 1.0), TrainedNoise::Range([0.0, 0.5])),
            (training(range, 0.0), TrainedNoise::Levels(vec![0.0])),
        ] {
            assert_eq!(trained_noise(&config), Some(expected));
        }
        let from_noise = TrainingConfig {
            source: FlowSource::Noise,
            ..training(range, 0.5)
        };
        assert_eq!(trained_noise(&from_noise), None);
    }
}
