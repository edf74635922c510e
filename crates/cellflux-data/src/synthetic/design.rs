//! What every image of a synthetic experiment shows.

use cellflux_image::ImageSpec;
use cellflux_image::resize::resize;
use cellflux_image::spec::Coding;
use cellflux_image::synthetic::{Batch, CHANNELS, Cell, Effects, MAX_SIDE};
use rand_chacha::rand_core::RngCore;
use serde::Serialize;

use super::CONTROL;
use super::config::SyntheticConfig;
use crate::entry::Split;
use crate::error::DataError;
use crate::random::{Purpose, stream};

/// A synthetic experiment's design, resolved: what every image shows.
#[derive(Clone, Debug)]
pub struct Design {
    config: SyntheticConfig,
    plates: Vec<Batch>,
    /// Compound and dose, in the order in which they are given, each as often as its compound's weight says.
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
            .flat_map(|(index, compound)| {
                let doses = compound.doses_um.iter();
                doses.flat_map(move |&dose| std::iter::repeat_n((index, dose), compound.weight))
            })
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
        // Takes floor(n share) of the first n positions, evenly spread.
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

    /// Where a batch's controls begin in the turns of validation: its second control is then in validation,
    /// so that every batch of more than a few images has one there.
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

    /// The untreated cell of this number among those that no image of the experiment shows, and its plate's
    /// position. Plates take turns.
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

    /// Draws any cell at this design's pixel size, coded bytes `[3, H, W]` of the model's size: for example
    /// the same cell under another treatment.
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
        if !(1..=1000).contains(&compound.weight) {
            return Err(wrong(
                &format!("compounds[{index}].weight"),
                compound.weight.to_string(),
                "1 to 1,000",
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{SIDE, packed, spec, synthetic, synthetic_config};
    use cellflux_measure::crop::nuclei::Nuclei;

    #[test]
    fn the_design_is_balanced_within_every_batch() {
        let images = 4200;
        let design = Design::new(&synthetic_config(images), &spec()).unwrap();
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
        // A quarter of 2,100 images per batch are controls; 1,575 others go through 21 pairs of compound and
        // dose.
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
    fn a_compound_has_cells_by_its_weight() {
        let mut config = synthetic_config(2200);
        config.compounds.truncate(2);
        config.compounds[0].weight = 10;
        let design = Design::new(&config, &spec()).unwrap();
        let mut cells = [0usize; 2];
        for index in 0..2200 {
            if let Some((compound, _)) = design.truth(index).treatment {
                cells[compound] += 1;
            }
        }
        // Three quarters of the images are treated, ten of eleven of these with the first.
        assert_eq!(cells, [1500, 150]);
        config.compounds[1].weight = 0;
        let refused = Design::new(&config, &spec()).unwrap_err().to_string();
        assert_eq!(
            refused,
            "data.source.compounds[1].weight is 0, expected 1 to 1,000"
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
        let design = Design::new(&synthetic_config(10), &spec()).unwrap();
        // larger nucleus: 1.7 at full strength, half of it at 1 uM.
        let size = |dose| design.effects(0, dose).nuclear_size;
        assert!((size(1.0) - 1.35).abs() < 1e-12 && (size(3.0) - 1.525).abs() < 1e-12);
        assert_eq!(design.effects(99, 1.0), Effects::default());
    }

    #[test]
    fn what_is_drawn_measures_what_the_truth_says() {
        // Two compounds, one plate without neighbours: only the nucleus in the middle is of interest.
        let mut config = synthetic_config(120);
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
            let nuclei = Nuclei::of(&crop[2 * 64 * 64..], 64, 64).unwrap();
            let area = nuclei.nucleus().area() as f64;
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
        let mut config = synthetic_config(4);
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
            let mut config = synthetic_config(10);
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
                "data.source.compounds[1].name is \"larger nucleus\", expected a name of its own, other \
                than \"untreated\"",
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
        let error = Design::new(&synthetic_config(10), &ImageSpec::plain(3, 16, 16))
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("data.image is 3 channels with coding"),
            "{error}"
        );
    }
}
