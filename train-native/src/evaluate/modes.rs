//! Whether a classifier of modes of action still names the treatment (paper, Table 2a): generated cells
//! beside the real ones, which are the ceiling.

use cellflux_bundle::evaluation::{Confusion, ModesOfAction};
use cellflux_data::Experiment;
use cellflux_measure::sets::SetError;
use cellflux_measure::sets::bootstrap::{Plan, bootstrap};
use cellflux_measure::sets::classification::Confusion as Counted;
use cellflux_measure::sets::groups::Groups;

use super::{EvaluateError, bundled};
use crate::features::moa::{Classifier, NamedAfter};

/// Statistics of a confusion matrix: accuracy, balanced accuracy, macro F1, weighted F1.
const STATISTICS: usize = 4;

/// Classifies real treated cells and their generated partners. `images` are the treated images' numbers;
/// `groups` their groups. Cells whose treatment is no class of the classifier are left out.
///
/// `None` where fewer than two cells or groups are left.
///
/// # Errors
/// [`EvaluateError::Features`] for images that the classifier does not take.
pub fn modes_of_action(
    classifier: &Classifier,
    experiment: &Experiment,
    images: &[u32],
    groups: &Groups,
    (real, generated): (&[u8], &[u8]),
    shape: [usize; 3],
    plan: Plan,
) -> Result<Option<ModesOfAction>, EvaluateError> {
    let names = &classifier.about().classes;
    let known: Vec<(usize, usize)> = images
        .iter()
        .enumerate()
        .filter_map(|(row, &image)| Some((row, class_of(classifier, experiment, image)?)))
        .collect();
    let labels: Vec<usize> = known
        .iter()
        .filter_map(|(row, _)| groups.of_rows().get(*row).copied())
        .collect();
    let groups = Groups::of(groups.unit(), &labels);
    if known.len() < 2 || groups.count() < 2 {
        return Ok(None);
    }
    let truth: Vec<usize> = known.iter().map(|(_, class)| *class).collect();
    let [channels, height, width] = shape;
    let seen = |images: &[u8]| -> Result<Vec<usize>, EvaluateError> {
        let length = channels * height * width;
        let chosen: Vec<u8> = known
            .iter()
            .filter_map(|(row, _)| images.chunks(length.max(1)).nth(*row))
            .flatten()
            .copied()
            .collect();
        let answers = classifier.classify(&chosen, [known.len(), channels, height, width])?;
        Ok(answers.iter().map(|answer| answer.class).collect())
    };
    let seen = [seen(real)?, seen(generated)?];
    let replicates = bootstrap(&[&groups], plan, |draw| {
        let rows = draw.chosen(1)?;
        let pick = |list: &[usize]| -> Vec<usize> {
            rows.iter().filter_map(|&row| list.get(row).copied()).collect()
        };
        let truth = pick(&truth);
        let mut values = Vec::with_capacity(2 * STATISTICS);
        for predicted in &seen {
            values.extend(statistics(&Counted::new(names.len(), &truth, &pick(predicted))?));
        }
        Ok(values)
    })?;
    let confusion = |which: usize| -> Result<Option<Confusion>, SetError> {
        let empty = Vec::new();
        let counted = Counted::new(names.len(), &truth, seen.get(which).unwrap_or(&empty))?;
        let of = |statistic: usize| replicates.estimate(which * STATISTICS + statistic).map(bundled);
        Ok((|| {
            Some(Confusion {
                counts: counted
                    .rows()
                    .map(|row| row.iter().map(|&count| count as usize).collect())
                    .collect(),
                accuracy: of(0)?,
                balanced_accuracy: of(1)?,
                macro_f1: of(2)?,
                weighted_f1: of(3)?,
            })
        })())
    };
    let (Some(real), Some(generated)) = (confusion(0)?, confusion(1)?) else {
        return Ok(None);
    };
    let majority = Counted::new(names.len(), &truth, &truth)?.majority().share;
    Ok(Some(ModesOfAction {
        labels: names.clone(),
        real,
        generated,
        majority,
    }))
}

/// The class of a treated image, a position in the classifier's list; `None` where its treatment is none of
/// them.
pub(super) fn class_of(classifier: &Classifier, experiment: &Experiment, image: u32) -> Option<usize> {
    let entry = experiment.entries().get(image as usize)?;
    let compound = experiment.compounds().get(entry.compound as usize)?;
    let name = match classifier.about().named_after {
        NamedAfter::ModeOfAction => compound.mode_of_action.as_deref()?,
        NamedAfter::Compound => &compound.name,
    };
    classifier.about().classes.iter().position(|known| known == name)
}

fn statistics(counted: &Counted) -> [f64; STATISTICS] {
    [
        counted.accuracy(),
        counted.balanced_accuracy(),
        counted.macro_f1(),
        counted.weighted_f1(),
    ]
}
