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

use crate::random::{Purpose, stream};

use super::error::DataError;
use super::experiment::{Compound, Entry, Experiment, Split, Titles};
use super::images::Images;

/// The name of the untreated condition.
pub(super) const CONTROL: &str = "untreated";

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
                .map(|plate| Batch::drawn(stream(config.seed, Purpose::Plate, plate, 0).next_u64()))
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
        let (treatment, turn) = if control {
            (None, controls_before + self.first_control_turn())
        } else {
            let treated = position - controls_before;
            // Batches start at different arms, so that a small experiment covers as many as it can.
            let arm = (treated + batch) % self.arms.len();
            (self.arms.get(arm).copied(), treated / self.arms.len() + arm)
        };
        // Arms take their validation repeats in different turns, so that a small experiment has some of them.
        let split = if is_taken(turn, self.config.validation) {
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

    /// Where a batch's controls begin in the turns of validation: so that its second control is in validation, and every batch
    /// of more than a few images has one there.
    fn first_control_turn(&self) -> usize {
        if self.config.validation > 0.0 {
            ((1.0 / self.config.validation).ceil() as usize).saturating_sub(2)
        } else {
            0
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

    /// The untreated cell of this number among those that no image of the experiment shows, and its plate's position. Plates
    /// take turns.
    pub fn unseen(&self, number: usize) -> (usize, Cell) {
        let plate = number % self.plates.len();
        let batch = self.plates.get(plate).copied().unwrap_or_default();
        (plate, self.cell(self.config.images + number, None, batch))
    }

    fn cell(&self, index: usize, treatment: Option<(usize, f64)>, batch: Batch) -> Cell {
        Cell {
            seed: stream(self.config.seed, Purpose::Cell, index as u64, 0).next_u64(),
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
                image: image_path(index).into(),
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
        batches: (0..design.plates.len()).map(plate_name).collect(),
        plates: Vec::new(),
        wells: Vec::new(),
        ignored_rows: 0,
        fingerprint: format!("{:x}", hash.finalize()),
        images: Images::Synthetic(Box::new(design)),
    })
}

/// A synthetic image's path in the folder layout.
pub(super) fn image_path(index: usize) -> String {
    format!("images/{:03}/{index:06}.png", index / 1000)
}

/// A plate's name, counted from 1.
pub(super) fn plate_name(plate: usize) -> String {
    format!("plate {}", plate + 1)
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{SIDE, packed, synthetic};
    use super::super::{Source, write_synthetic};
    use super::*;
    use cellflux_image::morphology::nucleus;

    fn source(images: usize) -> SyntheticConfig {
        match synthetic(images).source {
            Source::Synthetic(config) => config,
            other => panic!("{other:?}"),
        }
    }

    fn spec() -> ImageSpec {
        ImageSpec::bbbc021(SIDE, SIDE)
    }

    #[test]
    fn the_design_is_balanced_within_every_batch() {
        let images = 4200;
        let design = Design::new(&source(images), &spec()).unwrap();
        let mut arms = std::collections::HashMap::new();
        let (mut controls, mut validation) = ([0usize; 2], [0usize; 2]);
        for index in 0..images {
            let truth = design.truth(index);
            match truth.treatment {
                None => controls[truth.batch] += 1,
                Some((compound, dose)) => {
                    let count = arms
                        .entry((truth.batch, compound, dose.to_bits()))
                        .or_insert(0usize);
                    *count += 1;
                }
            }
            validation[truth.batch] += usize::from(truth.split == Split::Validation);
        }
        // A quarter of 2,100 images a batch are controls; 1,575 others go through 21 pairs of compound and dose.
        assert_eq!(controls, [525, 525]);
        assert_eq!(
            (arms.len(), arms.values().min(), arms.values().max()),
            (42, Some(&75), Some(&75))
        );
        assert!(
            validation.iter().all(|&count| count.abs_diff(210) < 21),
            "{validation:?}"
        );
    }

    #[test]
    fn even_a_small_experiment_has_controls_in_both_splits_of_every_batch() {
        for images in [40, 60, 100, 333] {
            let dir = tempfile::tempdir().unwrap();
            let (_, _, pairing) = packed(&synthetic(images), dir.path());
            assert!(pairing.len(Split::Train) > 20, "{images}");
        }
    }

    #[test]
    fn effects_grow_with_the_dose_as_the_configuration_says() {
        let design = Design::new(&source(10), &spec()).unwrap();
        // larger nucleus: 1.7 at full strength, half of it at 1 uM.
        let size = |dose| design.effects(0, dose).nuclear_size;
        assert!((size(1.0) - 1.35).abs() < 1e-12 && (size(3.0) - 1.525).abs() < 1e-12);
        assert_eq!(design.effects(99, 1.0), Effects::default());
    }

    #[test]
    fn what_is_drawn_measures_what_the_truth_says() {
        // Two compounds, one plate without neighbours, since touching nuclei are measured as one.
        let mut config = source(120);
        config.compounds.truncate(2);
        for compound in &mut config.compounds {
            compound.doses_um = vec![1e6];
        }
        config.plates = vec![Batch {
            density: 0.0,
            ..Batch::default()
        }];
        let spec = ImageSpec::bbbc021(64, 64);
        let design = Design::new(&config, &spec).unwrap();
        let mut areas = [Vec::new(), Vec::new(), Vec::new()];
        for index in 0..40 {
            let crop = design.render(index, &spec).unwrap();
            let area = nucleus(&crop[2 * 64 * 64..], 64, 64).unwrap().area as f64;
            let group = design
                .truth(index)
                .treatment
                .map_or(0, |(compound, _)| compound + 1);
            areas[group].push(area);
        }
        let mean = |group: usize| areas[group].iter().sum::<f64>() / areas[group].len() as f64;
        for (group, expected) in [(1, 1.7), (2, 0.55)] {
            let ratio = mean(group) / mean(0);
            assert!((ratio / expected - 1.0).abs() < 0.15, "{ratio} for {expected}");
        }
    }

    #[test]
    fn a_larger_drawing_is_resampled_to_the_models_size() {
        let mut config = source(4);
        config.drawn_side = Some(64);
        let drawn = Design::new(&config, &spec()).unwrap().render(1, &spec()).unwrap();
        let large = ImageSpec::bbbc021(64, 64);
        let full = Design::new(&config, &large).unwrap().render(1, &large).unwrap();
        assert_eq!(drawn.len(), 3 * SIDE * SIDE);
        // Mean light is what resampling in linear light keeps; half a coded step is left by rounding.
        let light =
            |bytes: &[u8]| bytes.iter().map(|&b| coding().decode(b)).sum::<f64>() / bytes.len() as f64;
        assert!((light(&drawn) / light(&full) - 1.0).abs() < 0.02);
    }

    #[test]
    fn impossible_designs_are_refused_by_field() {
        let refused = |change: &dyn Fn(&mut SyntheticConfig)| {
            let mut config = source(10);
            change(&mut config);
            Design::new(&config, &spec()).unwrap_err().to_string()
        };
        for (message, expected) in [
            (
                refused(&|c| c.controls = 0.0),
                "data.source.controls is 0, expected a share above 0 and below 1",
            ),
            (
                refused(&|c| c.validation = f64::NAN),
                "data.source.validation is NaN, expected a share from 0 and below 1",
            ),
            (
                refused(&|c| c.batches = 0),
                "data.source.batches is 0, expected 1 to 10,000",
            ),
            (
                refused(&|c| c.compounds.clear()),
                "data.source.compounds is empty, expected at least one compound",
            ),
            (
                refused(&|c| c.compounds[1].name = "larger nucleus".into()),
                "data.source.compounds[1].name is \"larger nucleus\", expected a name of its own, other than \"untreated\"",
            ),
            (
                refused(&|c| c.compounds[0].doses_um = vec![0.0]),
                "data.source.compounds[0].doses_um is [0.0], expected at least one dose, all above 0",
            ),
            (
                refused(&|c| c.drawn_side = Some(8)),
                "data.source.drawn_side is 8, expected 16 (the model's longer side) to 512 px",
            ),
            (
                refused(&|c| c.compounds[0].effects.rounding = 2.0),
                "image spec: synthetic cell's rounding is 1.5, expected 0 to 1",
            ),
        ] {
            assert_eq!(message, expected);
        }
        let error = Design::new(&source(10), &ImageSpec::plain(3, 16, 16))
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("data.image is 3 channels with coding"),
            "{error}"
        );
    }

    #[test]
    fn the_experiment_written_as_files_is_the_one_in_the_cache() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("cells");
        let config = synthetic(40);
        let design = Design::new(&source(40), &spec()).unwrap();
        write_synthetic(&design, &spec(), &out, |_, _| {}).unwrap();
        let mut folder = config.clone();
        folder.source = Source::Folder {
            table: out.join("metadata.csv"),
            images: None,
        };
        let (straight, cache, _) = packed(&config, &dir.path().join("a"));
        let (read, files, _) = packed(&folder, &dir.path().join("b"));
        assert_eq!(read.batches(), straight.batches());
        for index in 0..40 {
            assert_eq!(files.image(index), cache.image(index));
            let (one, other) = (&read.entries()[index], &straight.entries()[index]);
            assert_eq!(
                (one.split, one.treated, one.dose_um, one.batch),
                (other.split, other.treated, other.dose_um, other.batch)
            );
            assert_eq!(
                read.compounds()[one.compound as usize].name,
                straight.compounds()[other.compound as usize].name
            );
        }
        let truth = std::fs::read_to_string(out.join("truth.csv")).unwrap();
        assert_eq!(truth.lines().count(), 41);
        let nuclear_size: f64 = truth
            .lines()
            .nth(2)
            .unwrap()
            .split(',')
            .nth(2)
            .unwrap()
            .parse()
            .unwrap();
        let (compound, dose) = design.truth(1).treatment.unwrap();
        assert!((nuclear_size - design.effects(compound, dose).nuclear_size).abs() < 1e-12);
        // What is there is not written over.
        let again = write_synthetic(&design, &spec(), &out, |_, _| {})
            .unwrap_err()
            .to_string();
        assert!(again.contains("cells: cannot be made: "), "{again}");
    }
}
