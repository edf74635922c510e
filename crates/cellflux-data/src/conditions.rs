//! Conditions: the vector that stands for what was done to an image, one row for every compound, or for every
//! pair of compound and dose where the dose is part of the vector.

use std::collections::HashMap;

use cellflux_bundle::conditions::{DoseFeatures, Encoder};
use cellflux_bundle::perturbation::Perturbation;

use crate::config::{ConditionsConfig, DoseConfig, WithoutVector};
use crate::entry::{Entry, Split};
use crate::error::DataError;
use crate::experiment::Experiment;
use crate::vectors::{encode, refuse_missing};

/// The vectors of every condition of an experiment.
#[derive(Clone, Debug)]
pub struct ConditionTable {
    encoder: Encoder,
    dose: DoseFeatures,
    /// A vector without dose features for every compound that has one.
    pub(crate) vectors: Vec<Option<Vec<f32>>>,
    /// What every compound does to cells.
    pub(crate) kinds: Vec<Perturbation>,
    rows: Vec<ConditionRow>,
    /// From compound and dose (its bits; 0 where the vector holds no dose) to the row.
    positions: HashMap<(u32, u64), u32>,
    /// `[K, D]`, multiplied by the configuration's scale.
    values: Vec<f32>,
}

/// What a row of the table stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConditionRow {
    /// Position in [`Experiment::compounds`].
    pub compound: u32,
    /// Dose in micromolar, where it is part of the vector.
    pub dose_um: Option<f64>,
}

impl ConditionTable {
    /// Makes the vectors of an experiment's compounds. A control needs none unless controls are learnt.
    ///
    /// # Errors
    /// [`DataError::Smiles`] for a structure that does not parse, [`DataError::NoVector`] and
    /// [`DataError::NotInTable`] for a compound or gene without a vector where the configuration does not say
    /// that such ones are left out, [`DataError::InTwoTables`], [`DataError::Cell`] for a missing dose or for
    /// a text that is not a number, [`DataError::Table`] and [`DataError::MissingColumn`] for a broken table.
    pub fn build(experiment: &Experiment, config: &ConditionsConfig) -> Result<Self, DataError> {
        let scale = config.scale;
        if !(scale > 0.0 && scale.is_finite()) {
            return Err(DataError::config("conditions.scale", scale, "a number above 0"));
        }
        let mut kinds: Vec<Perturbation> = experiment.compounds().iter().map(|own| own.kind).collect();
        let (encoder, vectors) = encode(experiment, &config.encoder, &mut kinds)?;
        if config.without_vector == WithoutVector::Error {
            refuse_missing(experiment, &vectors, &config.encoder)?;
        }
        let dose = match config.dose {
            DoseConfig::None => DoseFeatures::None,
            DoseConfig::Log1p => standardise(experiment)?,
        };
        let mut table = Self {
            encoder,
            dose,
            vectors,
            kinds,
            rows: Vec::new(),
            positions: HashMap::new(),
            values: Vec::new(),
        };
        for entry in experiment.entries() {
            let key = table.key(entry);
            let Some(Some(vector)) = table.vectors.get(entry.compound as usize) else {
                continue;
            };
            if table.positions.contains_key(&key) {
                continue;
            }
            let dose_um = (table.dose.width() > 0).then(|| entry.dose_um.unwrap_or(0.0));
            let features = table.dose.features(dose_um).map_err(|error| {
                DataError::config("conditions.dose", error, "a dose that can be a feature")
            })?;
            let row = vector.iter().copied().chain(features);
            table
                .values
                .extend(row.map(|value| (f64::from(value) * scale) as f32));
            table.positions.insert(key, table.rows.len() as u32);
            table.rows.push(ConditionRow {
                compound: entry.compound,
                dose_um,
            });
        }
        Ok(table)
    }

    /// Numbers in a row, dose features included: the network's `condition_dim`.
    pub fn width(&self) -> usize {
        let stored = self.vectors.iter().flatten().next().map_or(0, Vec::len);
        stored + self.dose.width()
    }

    /// All rows as the network reads them, f32 `[K, D]`: multiplied by [`ConditionsConfig::scale`].
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// What each row stands for, `K` of them.
    pub fn rows(&self) -> &[ConditionRow] {
        &self.rows
    }

    /// One row, likewise.
    pub fn row(&self, index: u32) -> Option<&[f32]> {
        self.values.chunks_exact(self.width().max(1)).nth(index as usize)
    }

    /// An image's row; none where its compound has no vector.
    pub fn row_of(&self, entry: &Entry) -> Option<u32> {
        self.positions.get(&self.key(entry)).copied()
    }

    /// How a compound becomes its vector, for the manifest.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// Which features of the dose are in the vector, for the manifest.
    pub fn dose(&self) -> DoseFeatures {
        self.dose
    }

    /// The error for an image whose compound has no vector and needs one.
    pub(crate) fn missing(experiment: &Experiment, entry: &Entry) -> DataError {
        let compound = experiment.compounds().get(entry.compound as usize);
        let titles = &experiment.titles;
        DataError::NoVector {
            place: Box::new(titles.place(&titles.compound, entry.line)),
            compound: compound.map(|c| c.name.clone()).unwrap_or_default(),
            reason: "data.pairing.learn_controls or data.draw.controls makes a target of it".into(),
            others: String::new(),
        }
    }

    fn key(&self, entry: &Entry) -> (u32, u64) {
        let dose = if self.dose.width() > 0 {
            entry.dose_um.unwrap_or(0.0).to_bits()
        } else {
            0
        };
        (entry.compound, dose)
    }
}

/// Mean and standard deviation of `ln(1 + dose)` over the training split's treated images.
fn standardise(experiment: &Experiment) -> Result<DoseFeatures, DataError> {
    let (mut count, mut sum, mut squares) = (0.0, 0.0, 0.0);
    for entry in experiment.entries().iter().filter(|entry| entry.treated) {
        let Some(dose) = entry.dose_um else {
            return Err(DataError::Cell {
                place: Box::new(experiment.titles.place(&experiment.titles.dose, entry.line)),
                found: String::new(),
                expected:
                    "a dose in micromolar, which conditions.dose = \"log1p\" needs for every treated image"
                        .into(),
            });
        };
        if entry.split == Split::Train {
            let log = libm::log1p(dose);
            count += 1.0;
            sum += log;
            squares += log * log;
        }
    }
    let count = f64::max(count, 1.0);
    let mean = sum / count;
    let deviation = (squares / count - mean * mean).max(0.0).sqrt();
    // One dose only: the feature is 0 for it.
    let scale = if deviation > 1e-6 { deviation } else { 1.0 };
    Ok(DoseFeatures::Log1p { mean, scale })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{EncoderConfig, PairingConfig};
    use crate::fixtures::Folder;
    use crate::pairing::Pairing;

    fn with(encoder: EncoderConfig, dose: DoseConfig) -> ConditionsConfig {
        ConditionsConfig {
            encoder,
            dose,
            ..ConditionsConfig::default()
        }
    }

    #[test]
    fn rows_are_multiplied_by_the_scale_and_a_bundle_s_vectors_are_not() {
        let experiment = Folder::usual().read().unwrap();
        let own = with(EncoderConfig::OneHot {}, DoseConfig::Log1p);
        let scaled = ConditionsConfig {
            scale: 4.0,
            ..own.clone()
        };
        let [own, scaled] = [own, scaled].map(|config| ConditionTable::build(&experiment, &config).unwrap());
        let expected: Vec<f32> = own.values().iter().map(|value| 4.0 * value).collect();
        assert_eq!(scaled.values(), expected);
        assert_eq!(scaled.vectors, own.vectors);
        for scale in [0.0, -1.0, f64::NAN] {
            let config = ConditionsConfig {
                scale,
                ..ConditionsConfig::default()
            };
            let refused = ConditionTable::build(&experiment, &config)
                .unwrap_err()
                .to_string();
            assert!(refused.starts_with("conditions.scale is "), "{refused}");
        }
    }

    #[test]
    fn morgan_counts_are_the_compounds_own() {
        let experiment = Folder::usual().read().unwrap();
        let table = ConditionTable::build(&experiment, &ConditionsConfig::default()).unwrap();
        assert_eq!((table.width(), table.rows().len()), (1024, 3));
        let row = table.row_of(&experiment.entries()[0]).unwrap();
        let dmso = table.row(row).unwrap();
        let occurring: Vec<(usize, f32)> = dmso
            .iter()
            .copied()
            .enumerate()
            .filter(|(_, count)| *count > 0.0)
            .collect();
        // RDKit's counts of DMSO, radius 2, 1024 positions.
        assert_eq!(
            occurring,
            [
                (33, 2.0),
                (241, 1.0),
                (427, 1.0),
                (552, 1.0),
                (589, 2.0),
                (650, 1.0)
            ]
        );
    }

    #[test]
    fn log_dose_is_appended_standardised_over_training() {
        let experiment = Folder::usual().read().unwrap();
        let table =
            ConditionTable::build(&experiment, &with(EncoderConfig::OneHot {}, DoseConfig::Log1p)).unwrap();
        // DMSO, ethanol at 1 and 10, benzene at 1.
        assert_eq!((table.width(), table.rows().len()), (4, 4));
        let of = |entry: usize| {
            table
                .row(table.row_of(&experiment.entries()[entry]).unwrap())
                .unwrap()
                .to_vec()
        };
        assert_eq!(of(2)[..3], [0.0, 1.0, 0.0]);
        assert_eq!(
            table.row_of(&experiment.entries()[5]),
            table.row_of(&experiment.entries()[7])
        );
        // Training's treated doses are 1, 10 and 1.
        let logs = [2f64.ln(), 11f64.ln(), 2f64.ln()];
        let mean = logs.iter().sum::<f64>() / 3.0;
        let deviation = (logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / 3.0).sqrt();
        for (entry, log) in [(2, logs[0]), (3, logs[1]), (0, 0.0)] {
            assert!((f64::from(of(entry)[3]) - (log - mean) / deviation).abs() < 1e-6);
        }
        let folder = Folder::usual();
        folder.edit("ethanol,10", "ethanol,");
        let error = ConditionTable::build(
            &folder.read().unwrap(),
            &with(EncoderConfig::OneHot {}, DoseConfig::Log1p),
        )
        .unwrap_err();
        assert!(
            error.to_string().contains("line 5, column DOSE: found \"\""),
            "{error}"
        );
    }

    #[test]
    fn compounds_without_structure_are_an_error_or_left_out() {
        let folder = Folder::usual();
        for _ in 0..2 {
            folder.edit("c1ccccc1", "");
        }
        let experiment = folder.read().unwrap();
        let error = ConditionTable::build(&experiment, &ConditionsConfig::default())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(
                "line 7, column SMILES: compound benzene has no vector: its structure is empty in every row"
            ),
            "{error}"
        );
        let skip = ConditionsConfig {
            without_vector: WithoutVector::Skip,
            ..ConditionsConfig::default()
        };
        let table = ConditionTable::build(&experiment, &skip).unwrap();
        assert_eq!(table.row_of(&experiment.entries()[5]), None);
        let pairing = Pairing::new(&experiment, &table, &PairingConfig::default()).unwrap();
        let (conditions, vectors) = crate::conditions_for_bundle(&table, &experiment, &pairing).unwrap();
        let names: Vec<&str> = conditions
            .list
            .iter()
            .map(|condition| condition.name.as_str())
            .collect();
        assert_eq!((names, vectors.len()), (vec!["DMSO", "ethanol"], 2));
    }
}
