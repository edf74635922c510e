//! Whether a classifier tells real cells apart at all, untreated ones included: only then do its features
//! measure a treatment.
//!
//! Only classes with cells enough take part, and the classifier is asked which of these a cell shows. Its
//! answers for classes of a handful of cells would say little, and would make every other class look worse.

use std::fmt;

use cellflux_bundle::evaluation::Nature;
use cellflux_data::Experiment;
use cellflux_measure::sets::bootstrap::{Plan, bootstrap};
use cellflux_measure::sets::classification::Confusion;
use cellflux_measure::sets::groups::Groups;

use super::modes::class_of;
use super::real::Real;
use super::{Estimate, EvaluateError, bundled};
use crate::features::moa::Classifier;

/// The class of untreated cells comes first in a classifier's list.
const UNTREATED: usize = 0;

/// How well the classes are told apart.
#[derive(Clone, Debug)]
pub struct ToldApart {
    /// What the cells are.
    pub nature: Nature,
    /// The classes, with their cells.
    pub classes: Vec<(String, usize)>,
    /// The mean of the classes' recalls; guessing gives 1 by their number.
    pub balanced_accuracy: Estimate,
}

impl fmt::Display for ToldApart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let classes: Vec<String> = self
            .classes
            .iter()
            .map(|(name, cells)| format!("{name} ({cells})"))
            .collect();
        let Estimate { value, low, high } = self.balanced_accuracy;
        write!(
            f,
            "asked only among these, the classifier tells {} cells of {} apart with a balanced accuracy of \
             {value:.2} ({low:.2} to {high:.2}); guessing gives {:.2}",
            self.nature,
            classes.join(", "),
            1.0 / self.classes.len().max(1) as f64
        )
    }
}

/// Classifies real treated cells, whose images are numbers of the experiment, and real controls, among the
/// classes that have at least `least` of them.
///
/// `None` for fewer than two such classes, and where one side has fewer than two groups.
///
/// # Errors
/// [`EvaluateError::Features`] for images that the classifier does not take.
pub fn told_apart(
    classifier: &Classifier,
    experiment: &Experiment,
    (treated, numbers): (&Real, &[u32]),
    controls: &Real,
    (shape, least, plan): ([usize; 3], usize, Plan),
) -> Result<Option<ToldApart>, EvaluateError> {
    let names = &classifier.about().classes;
    let of_treated: Vec<Option<usize>> = numbers
        .iter()
        .map(|&number| class_of(classifier, experiment, number))
        .collect();
    let mut counts = vec![0; names.len()];
    if let Some(untreated) = counts.get_mut(UNTREATED) {
        *untreated = controls.paths.len();
    }
    for class in of_treated.iter().flatten() {
        if let Some(count) = counts.get_mut(*class) {
            *count += 1;
        }
    }
    let kept: Vec<usize> = (0..names.len())
        .filter(|&class| counts.get(class).is_some_and(|&count| count >= least.max(2)))
        .collect();
    if kept.len() < 2 {
        return Ok(None);
    }
    let place = |class: usize| kept.iter().position(|&kept| kept == class);
    let one = Side::of(classifier, treated, shape, &kept, |row| {
        place(of_treated.get(row).copied().flatten()?)
    })?;
    let other = Side::of(classifier, controls, shape, &kept, |_| place(UNTREATED))?;
    let sides: Vec<&Side> = [&one, &other]
        .into_iter()
        .filter(|side| side.groups.rows() > 0)
        .collect();
    if sides.iter().any(|side| side.groups.count() < 2) {
        return Ok(None);
    }
    let groups: Vec<&Groups> = sides.iter().map(|side| &side.groups).collect();
    let replicates = bootstrap(&groups, plan, |draw| {
        let (mut truth, mut seen) = (Vec::new(), Vec::new());
        for (number, side) in (1..).zip(&sides) {
            for row in draw.chosen(number)? {
                truth.extend(side.truth.get(row));
                seen.extend(side.seen.get(row));
            }
        }
        Ok(vec![
            Confusion::new(kept.len(), &truth, &seen)?.balanced_accuracy(),
        ])
    })?;
    let classes = kept
        .iter()
        .filter_map(|&class| Some((names.get(class)?.clone(), *counts.get(class)?)));
    Ok(replicates.estimate(0).map(|balanced_accuracy| ToldApart {
        nature: Nature::of(experiment.drawn()),
        classes: classes.collect(),
        balanced_accuracy: bundled(balanced_accuracy),
    }))
}

/// The cells of one kind that are of a class: which it is, and which the classifier sees.
struct Side {
    truth: Vec<usize>,
    seen: Vec<usize>,
    groups: Groups,
}

impl Side {
    fn of(
        classifier: &Classifier,
        cells: &Real,
        [channels, height, width]: [usize; 3],
        kept: &[usize],
        class: impl Fn(usize) -> Option<usize>,
    ) -> Result<Self, EvaluateError> {
        let answers = classifier.classify(&cells.images, [cells.paths.len(), channels, height, width])?;
        let (mut truth, mut seen, mut labels) = (Vec::new(), Vec::new(), Vec::new());
        for (row, (answer, label)) in answers.iter().zip(cells.groups.of_rows()).enumerate() {
            let Some(class) = class(row) else { continue };
            let probability = |&at: &usize| answer.probabilities.get(at).copied().unwrap_or(0.0);
            let most = kept
                .iter()
                .enumerate()
                .max_by(|(_, a), (_, b)| probability(a).total_cmp(&probability(b)));
            truth.push(class);
            seen.push(most.map_or(0, |(place, _)| place));
            labels.push(*label);
        }
        Ok(Self {
            truth,
            seen,
            groups: Groups::of(cells.groups.unit(), &labels),
        })
    }
}
