//! Which real cells an evaluation measures, and which control and condition each generated partner has.

use std::collections::{BTreeMap, BTreeSet};

use cellflux_bundle::Bundle;
use cellflux_bundle::sampling::FlowSource;
use cellflux_data::random::{Purpose, below, order, stream};
use cellflux_data::{
    ConditionTable, ConditionsConfig, DoseConfig, EncoderConfig, Entry, Experiment, Pairing, PairingConfig,
    Split, WithoutControl, WithoutVector,
};

use super::EvaluateError;

/// A real treated cell and what its generated partner is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Partner {
    /// Number of the treated image.
    pub treated: u32,
    /// Number of the control image that the walk starts from: one of the same batch.
    pub control: u32,
    /// Position in the bundle's list of conditions.
    pub condition: usize,
    /// The cell's own dose in micromolar, where known.
    pub dose_um: Option<f64>,
}

/// The fewest controls among which a set's starts are drawn.
pub const FEWEST_STARTS: usize = 10;

/// The fewest treated cells, and the fewest controls, of which anything can be measured.
pub const FEWEST_CELLS: usize = 2;

/// How many different images a list of walks starts from; `None` for walks from noise, of which each starts
/// from its own.
pub fn starts<'a>(source: FlowSource, partners: impl IntoIterator<Item = &'a Partner>) -> Option<usize> {
    let controls: BTreeSet<u32> = partners.into_iter().map(|partner| partner.control).collect();
    (source == FlowSource::Control).then_some(controls.len())
}

/// The real cells of a split that a bundle can be asked about.
#[derive(Clone, Debug)]
pub struct Cells {
    /// Treated cells in the table's order.
    pub partners: Vec<Partner>,
    /// Controls of the same split and batches, in the table's order.
    pub controls: Vec<u32>,
    /// Compounds of the split that the bundle has no condition for, with their cells.
    pub unknown: Vec<(String, usize)>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The split.
    pub split: Split,
    /// Cells of one condition at most, and controls of one batch; drawn where there are more.
    pub most: usize,
    /// Decides controls and draws.
    pub seed: u64,
}

impl Cells {
    /// Chooses the cells of a split and pairs each with a control, as training pairs them: of the same batch
    /// and split, and for held-out compounds of any split. Treated cells whose batch has no control are left
    /// out.
    ///
    /// # Errors
    /// [`EvaluateError::NoCells`] for a split without treated cells that the bundle knows,
    /// [`EvaluateError::FewCells`] below [`FEWEST_CELLS`] of them or of controls, [`EvaluateError::Train`]
    /// for a pairing that cannot be.
    pub fn choose(experiment: &Experiment, bundle: &Bundle, choice: Choice) -> Result<Self, EvaluateError> {
        let conditions = &bundle.manifest.conditions.list;
        let by_name: BTreeMap<&str, usize> = (0..)
            .zip(conditions)
            .map(|(position, condition)| (condition.name.as_str(), position))
            .collect();
        // A row for every compound: the vectors are the bundle's.
        let table = ConditionTable::build(
            experiment,
            &ConditionsConfig {
                encoder: EncoderConfig::OneHot {},
                dose: DoseConfig::None,
                without_vector: WithoutVector::Error,
                ..ConditionsConfig::default()
            },
        )?;
        let rule = PairingConfig {
            without_control: WithoutControl::Skip,
            learn_controls: false,
        };
        let pairing = Pairing::new(experiment, &table, &rule)?;
        let mut by_condition: BTreeMap<usize, Vec<Partner>> = BTreeMap::new();
        let mut unknown: BTreeMap<String, usize> = BTreeMap::new();
        for sample in 0..pairing.len(choice.split) {
            let Some(pair) = pairing.pair(choice.split, sample, choice.seed, sample as u64) else {
                continue;
            };
            let Some(entry) = experiment.entries().get(pair.treated as usize) else {
                continue;
            };
            let name = name(experiment, entry);
            match by_name.get(name) {
                Some(&condition) => by_condition.entry(condition).or_default().push(Partner {
                    treated: pair.treated,
                    control: pair.control,
                    condition,
                    dose_um: entry.dose_um,
                }),
                None => *unknown.entry(name.to_owned()).or_default() += 1,
            }
        }
        if by_condition.is_empty() {
            return Err(EvaluateError::NoCells {
                split: choice.split,
                bundle: bundle.manifest.id.clone(),
                unknown: unknown.into_keys().collect(),
            });
        }
        let mut partners: Vec<Partner> = by_condition
            .into_iter()
            .flat_map(|(condition, cells)| drawn(cells, choice, condition as u64))
            .collect();
        partners.sort_by_key(|partner| partner.treated);
        let controls = controls(experiment, &partners, choice);
        if partners.len().min(controls.len()) < FEWEST_CELLS {
            return Err(EvaluateError::FewCells {
                split: choice.split,
                bundle: bundle.manifest.id.clone(),
                treated: partners.len(),
                controls: controls.len(),
                needed: FEWEST_CELLS,
            });
        }
        Ok(Self {
            partners,
            controls,
            unknown: unknown.into_iter().collect(),
        })
    }

    /// The number of each partner's treated image, in their order.
    pub fn treated(&self) -> Vec<u32> {
        self.partners.iter().map(|partner| partner.treated).collect()
    }

    /// Each partner's condition, as a position in the bundle's list, in their order.
    pub fn conditions(&self) -> Vec<usize> {
        self.partners.iter().map(|partner| partner.condition).collect()
    }

    /// The conditions that have at least this many cells, by their position in the bundle's list.
    pub fn conditions_of(&self, least: usize) -> Vec<usize> {
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        for partner in &self.partners {
            *counts.entry(partner.condition).or_default() += 1;
        }
        counts.retain(|_, count| *count >= least);
        counts.into_keys().collect()
    }

    /// The same partners, each under another condition of the split: drawn uniformly from those that are not
    /// its own, with the dose of a cell that has it.
    ///
    /// `None` where all cells have one condition.
    pub fn shuffled(&self, seed: u64) -> Option<Vec<Partner>> {
        let kinds: Vec<Partner> = {
            let mut first: BTreeMap<usize, Partner> = BTreeMap::new();
            for partner in &self.partners {
                first.entry(partner.condition).or_insert(*partner);
            }
            first.into_values().collect()
        };
        (kinds.len() > 1).then(|| {
            let other = |(number, partner): (usize, &Partner)| {
                let mut numbers = stream(seed, Purpose::Exchanged, number as u64, 0);
                let others: Vec<&Partner> = kinds
                    .iter()
                    .filter(|kind| kind.condition != partner.condition)
                    .collect();
                let chosen = others.get(below(&mut numbers, others.len() as u64) as usize);
                chosen.map_or(*partner, |kind| Partner {
                    condition: kind.condition,
                    dose_um: kind.dose_um,
                    ..*partner
                })
            };
            self.partners.iter().enumerate().map(other).collect()
        })
    }

    /// The same partners, each from a control of another batch (paper, Table 2c), drawn uniformly.
    ///
    /// # Errors
    /// The fewest controls that a cell could start from, where that is below [`FEWEST_STARTS`]: a handful of
    /// cells, repeated, says nothing of other batches.
    pub fn from_other_batches(&self, experiment: &Experiment, seed: u64) -> Result<Vec<Partner>, usize> {
        let batch = |image: u32| experiment.entries().get(image as usize).map(|entry| entry.batch);
        let of_controls: Vec<_> = self.controls.iter().map(|&control| batch(control)).collect();
        let batches: BTreeSet<_> = self
            .partners
            .iter()
            .map(|partner| batch(partner.treated))
            .collect();
        let others = |own| of_controls.iter().filter(|other| **other != own).count();
        let fewest = batches.into_iter().map(others).min().unwrap_or(0);
        if fewest < FEWEST_STARTS {
            return Err(fewest);
        }
        Ok({
            let other = |(number, partner): (usize, &Partner)| {
                let own = batch(partner.treated);
                let others: Vec<u32> = self
                    .controls
                    .iter()
                    .copied()
                    .filter(|&control| batch(control) != own)
                    .collect();
                let mut numbers = stream(seed, Purpose::Exchanged, number as u64, 1);
                let chosen = others.get(below(&mut numbers, others.len() as u64) as usize);
                Partner {
                    control: chosen.copied().unwrap_or(partner.control),
                    ..*partner
                }
            };
            self.partners.iter().enumerate().map(other).collect()
        })
    }

    /// The controls, each as a cell that is to stay what it is: its own start under the condition of its own
    /// name.
    ///
    /// `None` where the bundle has no vector for the untreated state.
    pub fn untreated(&self, bundle: &Bundle) -> Option<Vec<Partner>> {
        let conditions = &bundle.manifest.conditions.list;
        let condition = conditions.iter().position(|condition| condition.control)?;
        let stay = |&control: &u32| Partner {
            treated: control,
            control,
            condition,
            dose_um: Some(0.0),
        };
        Some(self.controls.iter().map(stay).collect())
    }
}

/// The name of what an image was treated with.
pub(super) fn name<'a>(experiment: &'a Experiment, entry: &Entry) -> &'a str {
    let compound = experiment.compounds().get(entry.compound as usize);
    compound.map_or("", |compound| &compound.name)
}

/// At most `choice.most` of a list, drawn without order.
fn drawn<T: Copy>(list: Vec<T>, choice: Choice, purpose: u64) -> Vec<T> {
    if list.len() <= choice.most {
        return list;
    }
    let mut numbers = stream(choice.seed, Purpose::EvaluatedCells, purpose, 0);
    let order = order(list.len(), &mut numbers);
    let chosen = order.iter().take(choice.most);
    chosen.filter_map(|&at| list.get(at as usize).copied()).collect()
}

/// Controls of the partners' batches: those of the split, and for held-out compounds of any.
fn controls(experiment: &Experiment, partners: &[Partner], choice: Choice) -> Vec<u32> {
    let batch_of = |image: u32| experiment.entries().get(image as usize).map(|entry| entry.batch);
    let batches: BTreeSet<u32> = partners
        .iter()
        .filter_map(|partner| batch_of(partner.treated))
        .collect();
    let mut by_batch: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (number, entry) in (0u32..).zip(experiment.entries()) {
        let of_split = choice.split == Split::HeldOut || entry.split == choice.split;
        if !entry.treated && of_split && batches.contains(&entry.batch) {
            by_batch.entry(entry.batch).or_default().push(number);
        }
    }
    let mut all: Vec<u32> = by_batch
        .into_iter()
        // Batches follow the conditions in the numbering of draws.
        .flat_map(|(batch, list)| drawn(list, choice, (1 << 32) + u64::from(batch)))
        .collect();
    all.sort_unstable();
    all
}
