//! A synthetic experiment: cells drawn by `cellflux-image`'s procedure, compounds with known effects that grow with the dose,
//! plates with known stain gains, backgrounds and densities. Its right answer is known, and it has any size from a seed.
//!
//! The design is balanced: within each batch every n-th image is a control, the others go through all pairs of compound
//! and dose in turn, and every n-th repeat of a pair is validation.

use cellflux_image::ImageSpec;
use cellflux_image::resize::resize;
use cellflux_image::spec::Coding;
use cellflux_image::synthetic::{Batch, CHANNELS, Cell, Effects, MAX_SIDE};
use rand_chacha::rand_core::RngCore;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::DataError;
use super::experiment::{Compound, Entry, Experiment, Split, Titles};
use super::images::Images;
use super::random::{Purpose, stream};

/// The name of the untreated condition.
const CONTROL: &str = "untreated";

/// A synthetic experiment to be made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyntheticConfig {
    /// Decides every cell and plate.
    pub seed: u64,
    /// Images in all.
    pub images: usize,
    /// Share of controls in every batch, above 0 and below 1.
    #[serde(default = "quarter")]
    pub controls: f64,
    /// Share of validation among the repeats of every condition, 0 or more and below 1.
    #[serde(default = "tenth")]
    pub validation: f64,
    /// Batches, drawn from the seed; not used where `plates` are given.
    #[serde(default = "four")]
    pub batches: usize,
    /// The batches themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plates: Vec<Batch>,
    /// The compounds; [`panel`] unless stated.
    #[serde(default = "panel")]
    pub compounds: Vec<SyntheticCompound>,
    /// The drawn side in pixels of the BBBC021 crops, where a nucleus is some 36 px long; resampled to the model's size.
    /// The model's longer side unless stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawn_side: Option<usize>,
}

fn quarter() -> f64 {
    0.25
}
fn tenth() -> f64 {
    0.1
}
fn four() -> usize {
    4
}

/// A compound whose effect is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SyntheticCompound {
    /// Its name.
    pub name: String,
    /// A structure, where an encoder is to read one. It has no part in the effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smiles: Option<String>,
    /// What it does at full strength.
    pub effects: Effects,
    /// The doses given, in micromolar.
    #[serde(default = "doses")]
    pub doses_um: Vec<f64>,
    /// The dose of half strength in micromolar; the strength of a dose `d` is `d / (d + half_dose_um)`.
    #[serde(default = "half_dose")]
    pub half_dose_um: f64,
}

fn doses() -> Vec<f64> {
    vec![0.3, 3.0, 30.0]
}
fn half_dose() -> f64 {
    1.0
}

/// Compounds that each move something else.
pub fn panel() -> Vec<SyntheticCompound> {
    let none = Effects::default();
    let of = |name: &str, effects| SyntheticCompound {
        name: name.into(),
        smiles: None,
        effects,
        doses_um: doses(),
        half_dose_um: half_dose(),
    };
    vec![
        of(
            "larger nucleus",
            Effects {
                nuclear_size: 1.7,
                ..none
            },
        ),
        of(
            "smaller nucleus",
            Effects {
                nuclear_size: 0.55,
                ..none
            },
        ),
        of(
            "fragmented nucleus",
            Effects {
                fragmentation: 0.9,
                ..none
            },
        ),
        of(
            "fewer microtubules",
            Effects {
                microtubules: 0.15,
                ..none
            },
        ),
        of(
            "bundled microtubules",
            Effects {
                bundling: 0.9,
                microtubules: 1.4,
                ..none
            },
        ),
        of(
            "less actin",
            Effects {
                actin_fibres: 0.2,
                ..none
            },
        ),
        of(
            "rounded cell",
            Effects {
                rounding: 0.9,
                cell_size: 0.7,
                ..none
            },
        ),
    ]
}

/// A synthetic experiment's design, resolved: what every image shows.
#[derive(Clone, Debug)]
pub struct Design {
    config: SyntheticConfig,
    plates: Vec<Batch>,
    /// Compound and dose, in the order in which they are given.
    arms: Vec<(usize, f64)>,
    /// Height and width that are drawn.
    drawn: (usize, usize),
}

/// What is known about an image of a synthetic experiment.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Truth {
    /// The plate's number.
    pub batch: usize,
    /// The compound and its dose in micromolar; none for a control.
    pub treatment: Option<(usize, f64)>,
    /// The split.
    pub split: Split,
    /// The cell: its seed, the effects at this dose, and its plate.
    pub cell: Cell,
}

impl Design {
    /// Resolves a configuration for a model's images.
    ///
    /// # Errors
    /// [`DataError::Config`] naming the field that holds something impossible.
    pub fn new(config: &SyntheticConfig, spec: &ImageSpec) -> Result<Self, DataError> {
        if spec.channels.len() != CHANNELS || spec.coding != coding() {
            return Err(DataError::config(
                "data.image",
                format!("{} channels with coding {:?}", spec.channels.len(), spec.coding),
                "preset = \"bbbc021\", the coding that synthetic cells are drawn in",
            ));
        }
        check(config)?;
        let longer = spec.height.max(spec.width);
        let side = config.drawn_side.unwrap_or(longer);
        if side < longer || side > MAX_SIDE {
            return Err(wrong(
                "drawn_side",
                side.to_string(),
                &format!("{longer} (the model's longer side) to {MAX_SIDE} px"),
            ));
        }
        let plates = if config.plates.is_empty() {
            (0..config.batches as u64)
                .map(|plate| Batch::drawn(stream(config.seed, Purpose::Plate, plate).next_u64()))
                .collect()
        } else {
            config.plates.clone()
        };
        let arms: Vec<(usize, f64)> = config
            .compounds
            .iter()
            .enumerate()
            .flat_map(|(index, compound)| compound.doses_um.iter().map(move |&dose| (index, dose)))
            .collect();
        let scaled = |length: usize| (side * length).div_ceil(longer);
        let design = Self {
            config: config.clone(),
            plates,
            arms,
            drawn: (scaled(spec.height), scaled(spec.width)),
        };
        // Every effect and plate once, small: what the renderer refuses is refused now.
        for (index, plate) in design.plates.iter().enumerate() {
            let (compound, dose) = design
                .arms
                .get(index % design.arms.len())
                .copied()
                .unwrap_or((0, 1.0));
            design.cell(0, Some((compound, dose)), *plate).render(1, 1)?;
        }
        for &(compound, dose) in &design.arms {
            design
                .cell(0, Some((compound, dose)), Batch::default())
                .render(1, 1)?;
        }
        Ok(design)
    }

    /// The configuration.
    pub fn config(&self) -> &SyntheticConfig {
        &self.config
    }

    /// The plates.
    pub fn plates(&self) -> &[Batch] {
        &self.plates
    }

    /// What the image of this number shows.
    pub fn truth(&self, index: usize) -> Truth {
        let (batch, position) = (index % self.plates.len(), index / self.plates.len());
        // Of the first n positions floor(n share) are taken, evenly spread.
        let taken = |position: usize, share: f64| (position as f64 * share).floor() as usize;
        let is_taken = |position: usize, share: f64| taken(position + 1, share) > taken(position, share);
        let control = is_taken(position, self.config.controls);
        let controls_before = taken(position, self.config.controls);
        let (treatment, repeat) = if control {
            (None, controls_before)
        } else {
            let treated = position - controls_before;
            // Batches start at different arms, so that a small experiment covers as many as it can.
            let arm = (treated + batch) % self.arms.len();
            (self.arms.get(arm).copied(), treated / self.arms.len())
        };
        let split = if is_taken(repeat, self.config.validation) {
            Split::Validation
        } else {
            Split::Train
        };
        let plate = self.plates.get(batch).copied().unwrap_or_default();
        Truth {
            batch,
            treatment,
            split,
            cell: self.cell(index, treatment, plate),
        }
    }

    /// Effects at the strength of a dose.
    pub fn effects(&self, compound: usize, dose_um: f64) -> Effects {
        self.config
            .compounds
            .get(compound)
            .map_or_else(Effects::default, |compound| {
                compound
                    .effects
                    .at_strength(dose_um / (dose_um + compound.half_dose_um))
            })
    }

    fn cell(&self, index: usize, treatment: Option<(usize, f64)>, batch: Batch) -> Cell {
        Cell {
            seed: stream(self.config.seed, Purpose::Cell, index as u64).next_u64(),
            effects: treatment.map_or_else(Effects::default, |(compound, dose)| self.effects(compound, dose)),
            batch,
        }
    }

    /// Draws the image of this number, coded bytes `[3, H, W]` of the model's size.
    ///
    /// # Errors
    /// [`DataError::Picture`] where the renderer refuses.
    pub fn render(&self, index: usize, spec: &ImageSpec) -> Result<Vec<u8>, DataError> {
        self.draw(&self.truth(index).cell, spec)
    }

    /// Draws any cell at this design's pitch, coded bytes `[3, H, W]` of the model's size: the same cell under another
    /// treatment, for one.
    ///
    /// # Errors
    /// [`DataError::Picture`] where the renderer refuses.
    pub fn draw(&self, cell: &Cell, spec: &ImageSpec) -> Result<Vec<u8>, DataError> {
        let (height, width) = self.drawn;
        let drawn = cell.render(height, width)?;
        if self.drawn == (spec.height, spec.width) {
            return Ok(drawn);
        }
        let mut coded = Vec::with_capacity(spec.len());
        for plane in drawn.chunks_exact(height * width) {
            let light = plane
                .iter()
                .map(|&byte| spec.coding.decode(byte) as f32)
                .collect();
            let resized = resize(light, (width, height), (spec.width, spec.height)).ok_or_else(|| {
                DataError::config("data.source.drawn_side", width, "a size that can be resampled")
            })?;
            coded.extend(resized.iter().map(|&light| spec.coding.encode(f64::from(light))));
        }
        Ok(coded)
    }
}

/// Refuses shares, names and doses that no experiment has.
fn check(config: &SyntheticConfig) -> Result<(), DataError> {
    // NaN is in no range.
    if !(config.controls > 0.0 && config.controls < 1.0) {
        return Err(wrong(
            "controls",
            config.controls.to_string(),
            "a share above 0 and below 1",
        ));
    }
    if !(0.0..1.0).contains(&config.validation) {
        return Err(wrong(
            "validation",
            config.validation.to_string(),
            "a share from 0 and below 1",
        ));
    }
    if config.plates.is_empty() && !(1..=10_000).contains(&config.batches) {
        return Err(wrong("batches", config.batches.to_string(), "1 to 10,000"));
    }
    if config.compounds.is_empty() {
        return Err(wrong("compounds", "empty".into(), "at least one compound"));
    }
    for (index, compound) in config.compounds.iter().enumerate() {
        let earlier = config
            .compounds
            .iter()
            .take(index)
            .any(|other| other.name == compound.name);
        if earlier || compound.name.trim().is_empty() || compound.name == CONTROL {
            return Err(wrong(
                &format!("compounds[{index}].name"),
                format!("{:?}", compound.name),
                "a name of its own, other than \"untreated\"",
            ));
        }
        let positive = |dose: &f64| dose.is_finite() && *dose > 0.0;
        if compound.doses_um.is_empty() || !compound.doses_um.iter().all(positive) {
            return Err(wrong(
                &format!("compounds[{index}].doses_um"),
                format!("{:?}", compound.doses_um),
                "at least one dose, all above 0",
            ));
        }
        if !positive(&compound.half_dose_um) {
            return Err(wrong(
                &format!("compounds[{index}].half_dose_um"),
                compound.half_dose_um.to_string(),
                "a dose above 0",
            ));
        }
    }
    Ok(())
}

fn wrong(field: &str, found: String, expected: &str) -> DataError {
    DataError::config(format!("data.source.{field}"), found, expected)
}

/// The coding that the renderer draws in.
fn coding() -> Coding {
    ImageSpec::bbbc021(1, 1).coding
}

/// The experiment of a design.
pub(super) fn experiment(config: &SyntheticConfig, spec: &ImageSpec) -> Result<Experiment, DataError> {
    let design = Design::new(config, spec)?;
    let control = Compound {
        name: CONTROL.into(),
        smiles: None,
        mode_of_action: None,
        control: true,
        held_out: false,
        line: 0,
    };
    let treatments = config.compounds.iter().map(|compound| Compound {
        name: compound.name.clone(),
        smiles: compound.smiles.clone(),
        control: false,
        ..control.clone()
    });
    let entries = (0..config.images)
        .map(|index| {
            let truth = design.truth(index);
            Entry {
                image: name(index).into(),
                line: u32::try_from(index + 2).unwrap_or(u32::MAX),
                split: truth.split,
                treated: truth.treatment.is_some(),
                compound: truth.treatment.map_or(0, |(compound, _)| compound as u32 + 1),
                batch: truth.batch as u32,
                plate: None,
                well: None,
                dose_um: Some(truth.treatment.map_or(0.0, |(_, dose)| dose)),
            }
        })
        .collect();
    let mut hash = Sha256::new();
    // The version of this layout: raise it when the same configuration draws other cells.
    hash.update(format!("synthetic 1 {config:?} {} x {}", spec.height, spec.width).as_bytes());
    Ok(Experiment {
        titles: Titles {
            table: "synthetic experiment".into(),
            image: "path".into(),
            split: "SPLIT".into(),
            state: "STATE".into(),
            compound: "CPD_NAME".into(),
            batch: "BATCH".into(),
            dose: "DOSE".into(),
            smiles: "SMILES".into(),
        },
        spec: spec.clone(),
        entries,
        compounds: std::iter::once(control.clone()).chain(treatments).collect(),
        batches: (1..=design.plates.len())
            .map(|plate| format!("plate {plate}"))
            .collect(),
        plates: Vec::new(),
        wells: Vec::new(),
        ignored_rows: 0,
        fingerprint: format!("{:x}", hash.finalize()),
        images: Images::Synthetic(Box::new(design)),
    })
}

/// A synthetic image's path in the layout of a folder.
pub(super) fn name(index: usize) -> String {
    format!("images/{:03}/{index:06}.png", index / 1000)
}
