//! The rows of an evaluation's tables: each set of cells against the real ones, and how two sets differ.

use cellflux_bundle::evaluation::{Row, RowKind};
use cellflux_measure::sets::Features;
use cellflux_measure::sets::bootstrap::Plan;
use cellflux_measure::sets::groups::Groups;

use super::EvaluateError;
use super::by_condition::WithinConditions;
use super::conditions::control_cells;
use super::detail::FineDetail;
use super::distances::{Halves, Measurement};
use super::effect::{Effects, Statistic};
use super::gathered::Gathered;
use super::measured::Measured;
use super::question::{Difference, GENERATED_SET, Question};

/// The rows against real treated cells, without distances.
pub(super) fn rows_of_treated(
    question: &Question<'_>,
    gathered: &Gathered,
    effects: Option<&Effects>,
    halves: &Halves,
) -> Result<Vec<Row>, EvaluateError> {
    let Gathered { ruler, treated, .. } = gathered;
    let beside: Vec<&Measured> = gathered.beside_treated.iter().map(|set| &set.measured).collect();
    let detail = FineDetail::of(ruler, &treated.measured, &beside, &treated.groups, question.plan)?;
    let mut rows = vec![floor(question, "cells", halves)];
    for (index, set) in gathered.beside_treated.iter().enumerate() {
        let mean = |statistic| effects?.mean(index, statistic);
        rows.push(Row {
            kind: set.kind,
            name: set.name.clone(),
            cells: set.measured.len(),
            starts: set.starts,
            distances: Vec::new(),
            gap_closed: mean(Statistic::Gap),
            direction: mean(Statistic::Direction).filter(|_| set.kind != RowKind::Copied),
            side_change: mean(Statistic::Side),
            fine_detail: detail.estimate(index),
        });
    }
    Ok(rows)
}

/// The rows against real controls, without distances; none where nothing stands beside the controls.
pub(super) fn rows_of_controls(
    question: &Question<'_>,
    gathered: &Gathered,
    halves: &Halves,
) -> Result<Vec<Row>, EvaluateError> {
    let Gathered {
        ruler,
        scale,
        controls,
        ..
    } = gathered;
    if gathered.beside_controls.is_empty() || controls.groups.count() < 2 {
        return Ok(Vec::new());
    }
    let beside: Vec<&Measured> = gathered.beside_controls.iter().map(|set| &set.measured).collect();
    let detail = FineDetail::of(
        ruler,
        &controls.measured,
        &beside,
        &controls.groups,
        question.plan,
    )?;
    let effects = Effects::of(
        &[control_cells(gathered)],
        (&controls.measured, &controls.groups),
        (ruler, scale),
        question.plan,
    )?;
    let rows = gathered
        .beside_controls
        .iter()
        .enumerate()
        .map(|(index, set)| Row {
            kind: set.kind,
            name: set.name.clone(),
            cells: set.measured.len(),
            starts: set.starts,
            distances: Vec::new(),
            gap_closed: None,
            direction: None,
            side_change: effects.estimate(0, index, Statistic::Side),
            fine_detail: detail.estimate(index),
        });
    // Without distances a floor has nothing to say.
    let floor = halves
        .can_be_measured()
        .then(|| floor(question, "controls", halves));
    Ok(floor.into_iter().chain(rows).collect())
}

/// The data's own cells of one kind, half of them against the other half.
fn floor(question: &Question<'_>, kind: &str, halves: &Halves) -> Row {
    Row {
        kind: RowKind::Real,
        name: format!("{} {kind}, half against half", question.nature()),
        cells: halves.least(),
        starts: None,
        distances: Vec::new(),
        gap_closed: None,
        direction: None,
        side_change: None,
        fine_detail: None,
    }
}

/// Measures the sets of `features`, of which the first is real, and adds each row's distances.
pub(super) fn measure_space(
    space: &str,
    features: &[Features],
    halves: &Halves,
    plan: Plan,
    rows: &mut [Row],
) -> Result<Option<Measurement>, EvaluateError> {
    let Some((real, sets)) = features.split_first() else {
        return Ok(None);
    };
    let sets: Vec<&Features> = sets.iter().collect();
    let Some(measurement) = Measurement::of(real, &sets, halves, plan)? else {
        return Ok(None);
    };
    for (set, row) in rows.iter_mut().enumerate() {
        row.distances.push(measurement.distances(space, set));
    }
    Ok(Some(measurement))
}

/// Adds to each row's distances in the space that was measured last the mean of the kernel distances within
/// conditions, and gives the distances within each; none where each condition has too few groups.
pub(super) fn measure_conditions(
    features: &[Features],
    (groups, conditions): (&Groups, &[usize]),
    plan: Plan,
    rows: &mut [Row],
) -> Result<Option<WithinConditions>, EvaluateError> {
    let Some((real, sets)) = features.split_first() else {
        return Ok(None);
    };
    let sets: Vec<&Features> = sets.iter().collect();
    let Some(measured) = WithinConditions::of(real, &sets, groups, conditions, plan)? else {
        return Ok(None);
    };
    for (set, row) in rows.iter_mut().enumerate() {
        if let Some(distances) = row.distances.last_mut() {
            distances.kid_by_condition = measured.mean_kid(set);
        }
    }
    Ok(Some(measured))
}

/// The generated set beside each other one.
pub(super) fn differences(gathered: &Gathered, effects: Option<&Effects>) -> Vec<Difference> {
    let name = |at: usize| {
        gathered
            .beside_treated
            .get(at)
            .map_or("", |set| set.name.as_str())
    };
    let others = (0..gathered.beside_treated.len()).filter(|&other| other != GENERATED_SET);
    others
        .map(|other| Difference {
            name: format!("{} against {}", name(GENERATED_SET), name(other)),
            gap_closed: effects.and_then(|effects| effects.difference(GENERATED_SET, other, Statistic::Gap)),
            nearer: Vec::new(),
        })
        .collect()
}

/// Adds what the kernel distances of a space say of each pair of sets.
pub(super) fn compare_kernels(space: &str, measurement: &Measurement, differences: &mut [Difference]) {
    let others = (0..).filter(|&other| other != GENERATED_SET);
    for (difference, other) in differences.iter_mut().zip(others) {
        // Real against real comes first in a measurement.
        let nearer = measurement.kid_difference(other + 1, GENERATED_SET + 1);
        difference
            .nearer
            .extend(nearer.map(|nearer| (space.to_owned(), nearer)));
    }
}
