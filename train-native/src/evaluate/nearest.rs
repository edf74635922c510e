//! The training cells nearest to generated ones: whether a network repeats what it was trained on.
//!
//! A generated cell that lies nearer to a training cell than real cells of the split do is a copy of it, or
//! nearly. Real cells of the split are the measure: nobody can have memorised them.

use cellflux_data::random::{Purpose, order, stream};
use cellflux_data::{Experiment, Split};
use cellflux_measure::sets::Features;
use cellflux_measure::sets::groups::Unit;
use cellflux_measure::sets::nearest::nearest;

use super::EvaluateError;
use super::gathered::Gathered;
use super::question::Question;
use super::real::Real;
use super::spaces::{Extractor, NamedImages};

/// What was found in one space.
#[derive(Clone, Debug)]
pub struct Nearest {
    /// The space's name.
    pub space: String,
    /// Training cells that were looked through.
    pub searched: usize,
    /// For each generated cell the number of the nearest training image.
    pub images: Vec<u32>,
    /// The median distance from a generated cell to its nearest training cell, in the space's unit.
    pub generated: f64,
    /// The same for the real cells of the split.
    pub real: f64,
    /// The share of generated cells that are nearer to a training cell than 95 of 100 real cells are.
    pub very_near: f64,
}

/// The share of real cells that a generated cell has to undercut to be called very near.
const VERY_NEAR: f64 = 0.05;

/// Treated images of the training split, at most `most`, drawn where there are more, in the table's order.
pub fn training_images(experiment: &Experiment, most: usize, seed: u64) -> Vec<u32> {
    let all: Vec<u32> = (0..)
        .zip(experiment.entries())
        .filter(|(_, entry)| entry.treated && entry.split == Split::Train)
        .map(|(number, _)| number)
        .collect();
    if all.len() <= most {
        return all;
    }
    let mut numbers = stream(seed, Purpose::EvaluatedCells, u64::from(u32::MAX), 0);
    let mut chosen: Vec<u32> = order(all.len(), &mut numbers)
        .into_iter()
        .take(most)
        .filter_map(|at| all.get(at as usize).copied())
        .collect();
    chosen.sort_unstable();
    chosen
}

/// Looks through the training images of a question; `None` where there are none, and for a table of features,
/// which has no row for them.
pub(super) fn nearest_training(
    question: &Question<'_>,
    gathered: &Gathered,
    extractor: &Extractor,
    (space, real, generated): (&str, &Features, &Features),
) -> Result<Option<Nearest>, EvaluateError> {
    if question.training.is_empty() || matches!(extractor, Extractor::Table(_)) {
        return Ok(None);
    }
    let source = (question.experiment, question.cache);
    // Their groups are of no interest here.
    let training = Real::new(source, &gathered.ruler, Unit::Cell, question.training)?;
    let named = NamedImages {
        images: &training.images,
        paths: &training.paths,
        measured: &training.measured,
    };
    let spec = &question.bundle.manifest.image;
    let features = extractor.features(spec, &gathered.scale, &[named])?;
    let Some(training) = features.first() else {
        return Ok(None);
    };
    let of_generated = nearest(generated, training)?;
    let distances = |found: &[cellflux_measure::sets::nearest::Neighbour]| {
        let mut distances: Vec<f64> = found.iter().map(|neighbour| neighbour.distance).collect();
        distances.sort_by(f64::total_cmp);
        distances
    };
    let (made, own) = (distances(&of_generated), distances(&nearest(real, training)?));
    let at = |sorted: &[f64], share: f64| {
        let place = (share * sorted.len() as f64) as usize;
        sorted.get(place).copied().unwrap_or(0.0)
    };
    let bound = at(&own, VERY_NEAR);
    Ok(Some(Nearest {
        space: space.to_owned(),
        searched: question.training.len(),
        images: of_generated
            .iter()
            .filter_map(|neighbour| question.training.get(neighbour.row).copied())
            .collect(),
        generated: at(&made, 0.5),
        real: at(&own, 0.5),
        very_near: made.iter().filter(|&&distance| distance < bound).count() as f64
            / made.len().max(1) as f64,
    }))
}
