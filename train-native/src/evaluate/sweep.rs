//! Which sampling the validation cells prefer.
//!
//! Every combination of guidance, source noise and steps generates the same cells with the same noise. A
//! sampling is scored by the mean of two shares, each 0 for a copy of the control and 1 for real cells:
//!
//! - the gap closed ([`super::effect`]), mean over conditions: size, shape, amount and place;
//! - the kernel distance taken away, `1 - (KID - floor) / (KID of copies - floor)`: everything that the space
//!   sees, grain included. Below 0 where the generated cells are further from real ones than copies are.
//!
//! Of samplings that differ from the best in neither share by more than their intervals, the one of fewest
//! evaluations of the network is chosen, and of these the best.

use std::collections::BTreeSet;

use cellflux_bundle::evaluation::MeasuredData;
use cellflux_bundle::sampling::Sampling;
use cellflux_flow::solver::Solver;
use cellflux_measure::sets::Features;

use super::assess::described;
use super::conditions::condition_cells;
use super::detail::FineDetail;
use super::distances::{Halves, Measurement};
use super::effect::{Effects, Statistic};
use super::gaps::ConditionCells;
use super::gathered::Gathered;
use super::measured::Measured;
use super::question::Question;
use super::spaces::Extractor;
use super::{Estimate, EvaluateError};
use crate::sampling::{read_alpha, read_noise, read_steps};

/// The most samplings of a sweep.
const MOST: usize = 256;

/// Values that are tried of one setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Axis {
    /// Guidance strengths.
    Alpha(Vec<f64>),
    /// Standard deviations of the source noise.
    Noise(Vec<f64>),
    /// Numbers of steps.
    Steps(Vec<usize>),
}

impl std::str::FromStr for Axis {
    type Err = String;

    /// From `alpha=1,1.2`, `noise=0,0.25` or `steps=10,20`.
    fn from_str(text: &str) -> Result<Self, String> {
        let expected =
            "expected alpha=, noise= or steps= with values between commas, for example alpha=1,1.2";
        let (name, values) = text
            .split_once('=')
            .ok_or_else(|| format!("{text:?}, {expected}"))?;
        match name.trim() {
            "alpha" => each("alpha", values, read_alpha).map(Self::Alpha),
            "noise" => each("noise", values, read_noise).map(Self::Noise),
            "steps" => each("steps", values, read_steps).map(Self::Steps),
            _ => Err(format!("{text:?}, {expected}")),
        }
    }
}

/// Reads every value of an axis.
fn each<T>(name: &str, values: &str, read: fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    let one = |value: &str| read(value).map_err(|expected| format!("{name} = {value:?}, {expected}"));
    values.split(',').map(one).collect()
}

/// Every combination of the axes' values, over `base`.
///
/// # Errors
/// [`EvaluateError::Setting`] for more than 256 combinations, and for an axis that is given twice.
pub fn samplings(axes: &[Axis], base: &Sampling) -> Result<Vec<Sampling>, EvaluateError> {
    let wrong = |found: String, expected: String| EvaluateError::Setting {
        setting: "--sweep".into(),
        found,
        expected,
    };
    let mut all = vec![base.clone()];
    for (number, axis) in axes.iter().enumerate() {
        let kind = std::mem::discriminant(axis);
        if axes
            .iter()
            .take(number)
            .any(|other| std::mem::discriminant(other) == kind)
        {
            return Err(wrong(
                format!("{axis:?} a second time"),
                "each setting once".into(),
            ));
        }
        all = all
            .iter()
            .flat_map(|sampling| {
                let with = |change: &dyn Fn(&mut Sampling)| {
                    let mut own = sampling.clone();
                    change(&mut own);
                    own
                };
                match axis {
                    Axis::Alpha(values) => values
                        .iter()
                        .map(|&alpha| with(&|own| own.alpha = alpha))
                        .collect(),
                    Axis::Noise(values) => values
                        .iter()
                        .map(|&noise| with(&|own| own.noise = noise))
                        .collect(),
                    Axis::Steps(values) => values
                        .iter()
                        .map(|&steps| with(&|own| own.steps = steps))
                        .collect::<Vec<_>>(),
                }
            })
            .collect();
        if all.len() > MOST {
            return Err(wrong(
                format!("{} samplings", all.len()),
                format!("at most {MOST}"),
            ));
        }
    }
    let mut seen = BTreeSet::new();
    all.retain(|sampling| seen.insert(label(sampling)));
    Ok(all)
}

/// The name of a sampling's folder and row.
pub fn label(sampling: &Sampling) -> String {
    format!(
        "alpha-{}_noise-{}_steps-{}",
        sampling.alpha, sampling.noise, sampling.steps
    )
}

/// Evaluations of the network for one cell, a guided one counted twice.
pub fn evaluations(sampling: &Sampling) -> usize {
    let each = match sampling.solver {
        Solver::Fixed(solver) => solver.evaluations(),
        Solver::Dopri5 => 1,
    };
    // Without guidance the null velocity is not needed.
    let halves = if (sampling.alpha - 1.0).abs() < f64::EPSILON {
        1
    } else {
        2
    };
    each * sampling.steps * halves
}

/// What one sampling's cells measured.
#[derive(Clone, Debug)]
pub struct Tried {
    /// The sampling.
    pub sampling: Sampling,
    /// Evaluations of the network for one cell.
    pub evaluations: usize,
    /// Mean share of the gap closed.
    pub gap_closed: Option<Estimate>,
    /// Kernel distance to the real cells.
    pub kid: Option<Estimate>,
    /// The share of the copies' kernel distance, beyond the floor, that is taken away.
    pub kid_taken_away: Option<f64>,
    /// Fine detail as a multiple of the real cells' own.
    pub fine_detail: Option<Estimate>,
    /// The mean of the shares that are known.
    pub score: Option<f64>,
    /// How much smaller its gap closed is than the best one's.
    pub gap_behind: Option<Estimate>,
    /// How much larger its kernel distance is than the best one's.
    pub kid_behind: Option<Estimate>,
}

/// A sweep, measured.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// The real cells, and what intervals resample.
    pub data: MeasuredData,
    /// The space of the kernel distance; none where halves of the real cells are too few.
    pub space: Option<String>,
    /// Kernel distance of real cells to real cells.
    pub floor: Option<Estimate>,
    /// Kernel distance of copied controls to real cells.
    pub copied: Option<Estimate>,
    /// What was tried, in the order of the question's sets.
    pub tried: Vec<Tried>,
    /// The position of the best score.
    pub best: usize,
    /// The position of the sampling that is preferred.
    pub chosen: usize,
}

/// The position of the first sampling beside the treated cells: controls copied come first.
const FIRST: usize = 1;

/// Measures the sets of a question, of which number `i` was sampled by `samplings[i]`.
///
/// # Errors
/// [`EvaluateError::Setting`] where no share can be measured at all, and what measuring gives.
pub fn measure(question: &Question<'_>, samplings: &[Sampling]) -> Result<Sweep, EvaluateError> {
    let gathered = Gathered::of(question)?;
    let treated = &gathered.treated;
    let known = condition_cells(question, &gathered);
    let own: Vec<ConditionCells> = known.into_iter().map(|(_, cells)| cells).collect();
    let controls = (&gathered.controls.measured, &gathered.controls.groups);
    let effects = if own.is_empty() {
        None
    } else {
        let scale = (&gathered.ruler, &gathered.scale);
        Some(Effects::of(&own, controls, scale, question.plan)?)
    };
    let (space, measurement) = kernels(question, &gathered)?;
    let beside: Vec<&Measured> = gathered.beside_treated.iter().map(|set| &set.measured).collect();
    let detail = FineDetail::of(
        &gathered.ruler,
        &treated.measured,
        &beside,
        &treated.groups,
        question.plan,
    )?;
    let kid = |set: usize| {
        measurement
            .as_ref()
            .and_then(|found| found.distances("", set).kid)
    };
    // Real against real comes first in a measurement.
    let (floor, copied) = (kid(0), kid(1));
    let mut tried: Vec<Tried> = (FIRST..)
        .zip(samplings)
        .map(|(set, sampling)| {
            let gap_closed = effects
                .as_ref()
                .and_then(|effects| effects.mean(set, Statistic::Gap));
            let own = kid(set + 1);
            let kid_taken_away = own.and_then(|own| taken_away(own, floor?, copied?));
            let shares = [gap_closed.map(|gap| gap.value), kid_taken_away];
            let shares: Vec<f64> = shares.into_iter().flatten().collect();
            Tried {
                evaluations: evaluations(sampling),
                sampling: sampling.clone(),
                gap_closed,
                kid: own,
                kid_taken_away,
                fine_detail: detail.estimate(set),
                score: (!shares.is_empty()).then(|| shares.iter().sum::<f64>() / shares.len() as f64),
                gap_behind: None,
                kid_behind: None,
            }
        })
        .collect();
    let best = (0..tried.len())
        .filter(|&at| score(&tried, at).is_some())
        .max_by(|&a, &b| {
            score(&tried, a)
                .partial_cmp(&score(&tried, b))
                .unwrap_or(std::cmp::Ordering::Equal)
        })
        .ok_or_else(|| EvaluateError::Setting {
            setting: "--sweep".into(),
            found: "on cells of which neither a gap closed nor a kernel distance can be measured".into(),
            expected: format!(
                "at least {} cells of a condition, in several fields",
                question.least_cells
            ),
        })?;
    for (at, one) in tried.iter_mut().enumerate() {
        let (first, set) = (FIRST + best, FIRST + at);
        one.gap_behind = effects
            .as_ref()
            .and_then(|effects| effects.difference(first, set, Statistic::Gap));
        one.kid_behind = measurement
            .as_ref()
            .and_then(|found| found.kid_difference(set + 1, first + 1));
    }
    let chosen = preferred(&tried, best);
    Ok(Sweep {
        data: described(question, &gathered),
        space: measurement.map(|_| space),
        floor,
        copied,
        tried,
        best,
        chosen,
    })
}

fn score(tried: &[Tried], at: usize) -> Option<f64> {
    tried.get(at)?.score
}

/// Kernel distances in the space of a classifier, where there is one, or else the first.
fn kernels(
    question: &Question<'_>,
    gathered: &Gathered,
) -> Result<(String, Option<Measurement>), EvaluateError> {
    let classifier = |space: &&Extractor| matches!(space, Extractor::Moa(_));
    let space = question
        .spaces
        .iter()
        .find(classifier)
        .or(question.spaces.first());
    let Some(space) = space else {
        return Ok((String::new(), None));
    };
    let sets = gathered.named();
    let features = space.features(&question.bundle.manifest.image, &gathered.scale, &sets)?;
    let width = features.first().map_or(0, Features::width);
    let name = space.described(width, question.nature()).name;
    let (beside_treated, _) = features.split_at(1 + gathered.beside_treated.len());
    let Some((real, sets)) = beside_treated.split_first() else {
        return Ok((name, None));
    };
    let conditions = question.cells.conditions();
    let halves = Halves::new(&gathered.treated.groups, &conditions, question.plan.seed);
    let sets: Vec<&Features> = sets.iter().collect();
    Ok((name, Measurement::of(real, &sets, &halves, question.plan)?))
}

/// `None` where copies are as near as real cells: there is nothing to take away.
fn taken_away(own: Estimate, floor: Estimate, copied: Estimate) -> Option<f64> {
    let whole = copied.value - floor.value;
    // A difference inside the floor's own interval is none.
    let seen = copied.value > floor.high && whole > 0.0;
    seen.then(|| 1.0 - (own.value - floor.value) / whole)
}

/// Of those that are not shown to be worse than the best, the cheapest, and of equally cheap ones the best.
fn preferred(tried: &[Tried], best: usize) -> usize {
    let as_good = |one: &Tried| {
        let behind = |estimate: Option<Estimate>| estimate.is_some_and(|behind| behind.low > 0.0);
        one.score.is_some() && !behind(one.gap_behind) && !behind(one.kid_behind)
    };
    let candidates = tried.iter().enumerate().filter(|(_, one)| as_good(one));
    let cheapest = candidates.min_by(|(_, a), (_, b)| {
        let dearer = a.evaluations.cmp(&b.evaluations);
        dearer.then(b.score.partial_cmp(&a.score).unwrap_or(std::cmp::Ordering::Equal))
    });
    cheapest.map_or(best, |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Sampling {
        Sampling {
            steps: 20,
            ..Sampling::default()
        }
    }

    #[test]
    fn axes_are_combined_over_what_the_bundle_recommends() {
        let axes = ["alpha=1, 1.2", "noise=0,.25,.5"].map(|text| text.parse::<Axis>().unwrap());
        let all = samplings(&axes, &base()).unwrap();
        assert_eq!(all.len(), 6);
        assert!(all.iter().all(|sampling| sampling.steps == 20));
        assert_eq!(label(&all[1]), "alpha-1_noise-0.25_steps-20");
        assert_eq!(samplings(&[], &base()).unwrap(), [base()]);
        // Guidance of 1 needs no null velocity.
        assert_eq!((evaluations(&all[0]), evaluations(&all[5])), (40, 80));
    }

    #[test]
    fn axes_that_cannot_be_are_refused() {
        for text in [
            "alpha",
            "beta=1",
            "alpha=1,x",
            "alpha=-1",
            "alpha=11",
            "steps=0",
            "steps=1.5",
            "noise=nan",
        ] {
            assert!(text.parse::<Axis>().is_err(), "{text}");
        }
        let twice = ["steps=1", "steps=2"].map(|text| text.parse::<Axis>().unwrap());
        assert!(
            samplings(&twice, &base())
                .unwrap_err()
                .to_string()
                .contains("a second time")
        );
        let many = [Axis::Steps((1..=257).collect())];
        assert!(
            samplings(&many, &base())
                .unwrap_err()
                .to_string()
                .contains("at most 256")
        );
    }

    fn tried(steps: usize, score: f64, behind: [f64; 2]) -> Tried {
        let estimate = |low: f64| Estimate {
            value: low + 0.1,
            low,
            high: low + 0.2,
        };
        let sampling = Sampling { steps, ..base() };
        Tried {
            evaluations: evaluations(&sampling),
            sampling,
            gap_closed: None,
            kid: None,
            kid_taken_away: None,
            fine_detail: None,
            score: Some(score),
            gap_behind: Some(estimate(behind[0])),
            kid_behind: Some(estimate(behind[1])),
        }
    }

    #[test]
    fn the_cheapest_that_is_not_shown_to_be_worse_is_preferred() {
        let all = [
            tried(50, 0.9, [-0.1, -0.1]),
            tried(20, 0.8, [-0.01, -0.01]),
            tried(20, 0.85, [-0.01, -0.01]),
            tried(5, 0.7, [-0.01, 0.01]),
            tried(4, 0.7, [0.01, -0.01]),
        ];
        assert_eq!(preferred(&all, 0), 2);
        assert_eq!(preferred(&all[3..], 0), 0);
    }

    #[test]
    fn a_share_of_the_kernel_distance_is_0_for_a_copy_and_1_at_the_floor() {
        let estimate = |value: f64| Estimate {
            value,
            low: value - 0.5,
            high: value + 0.5,
        };
        let (floor, copied) = (estimate(1.0), estimate(9.0));
        let share = |own: f64| taken_away(estimate(own), floor, copied).unwrap();
        assert!((share(9.0)).abs() < 1e-12 && (share(1.0) - 1.0).abs() < 1e-12);
        assert!((share(17.0) + 1.0).abs() < 1e-12);
        assert!(taken_away(estimate(1.0), floor, estimate(1.4)).is_none());
    }
}
