//! Real cells: their images, what they measure, and which of them belong together.

use cellflux_bundle::evaluation::Resampled;
use cellflux_data::{Experiment, PackedCache};
use cellflux_measure::sets::groups::{Groups, Origin, Unit};

use super::EvaluateError;
use super::measured::{Measured, Ruler};

/// What real treated cells are called in tensors and tables.
pub const TREATED: &str = "real treated cells";
/// What real controls are called there.
pub const CONTROLS: &str = "real controls";

/// Real cells of one kind.
#[derive(Clone, Debug)]
pub struct Real {
    /// Coded images `[N, C, H, W]`.
    pub images: Vec<u8>,
    /// Their paths.
    pub paths: Vec<String>,
    /// What they measure.
    pub measured: Measured,
    /// Which belong together.
    pub groups: Groups,
    /// Their batches' names.
    pub batches: Vec<String>,
}

impl Real {
    /// The cells of these image numbers, grouped by `unit`.
    ///
    /// # Errors
    /// [`EvaluateError::Image`] for a number that the cache does not have, [`EvaluateError::Sets`] for a cell
    /// whose unit is not known.
    pub fn new(
        (experiment, cache): (&Experiment, &PackedCache),
        ruler: &Ruler,
        unit: Unit,
        numbers: &[u32],
    ) -> Result<Self, EvaluateError> {
        let mut images = Vec::new();
        for &number in numbers {
            images.extend_from_slice(coded_image(cache, number)?);
        }
        let entry = |number: &u32| experiment.entries().get(*number as usize);
        let batch = |number: &u32| {
            let batch = entry(number).and_then(|entry| experiment.batches().get(entry.batch as usize));
            batch.cloned().unwrap_or_default()
        };
        Ok(Self {
            measured: ruler.measure(&images)?,
            images,
            paths: paths_of(experiment, numbers),
            groups: Groups::by(unit, &origins(experiment, numbers))?,
            batches: numbers.iter().map(batch).collect(),
        })
    }
}

/// The paths of images by their numbers, as the table has them.
pub(super) fn paths_of(experiment: &Experiment, numbers: &[u32]) -> Vec<String> {
    let path = |&number: &u32| {
        let entry = experiment.entries().get(number as usize);
        entry.map_or_else(String::new, |entry| entry.image.to_string())
    };
    numbers.iter().map(path).collect()
}

/// The coded image `[C, H, W]` of this number.
///
/// # Errors
/// [`EvaluateError::Image`] for a number that the cache does not have.
pub fn coded_image(cache: &PackedCache, number: u32) -> Result<&[u8], EvaluateError> {
    let image = cache.image(number as usize);
    image.ok_or(EvaluateError::Image { number })
}

/// What groups of this unit are called in an evaluation.
pub(super) fn resampled(unit: Unit) -> Resampled {
    match unit {
        Unit::Field => Resampled::Field,
        Unit::Well => Resampled::Well,
        Unit::Plate => Resampled::Plate,
        Unit::Cell => Resampled::Cell,
    }
}

/// Where images were taken.
pub fn origins(experiment: &Experiment, numbers: &[u32]) -> Vec<Origin> {
    let named = |names: &[String], at: Option<u32>| at.and_then(|at| names.get(at as usize).cloned());
    let origin = |&number: &u32| {
        let entry = experiment.entries().get(number as usize);
        entry.map_or_else(Origin::default, |entry| Origin {
            plate: named(experiment.plates(), entry.plate),
            well: named(experiment.wells(), entry.well),
            field: named(experiment.fields(), entry.field),
        })
    };
    numbers.iter().map(origin).collect()
}
