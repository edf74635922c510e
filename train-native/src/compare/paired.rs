//! Differences between evaluations of the same real cells, on the same draws of their fields.

use std::collections::{BTreeMap, BTreeSet};

use cellflux_bundle::Estimate;
use cellflux_bundle::evaluation::RowKind;
use cellflux_measure::sets::Features;
use cellflux_measure::sets::bootstrap::Plan;
use cellflux_measure::sets::groups::Groups;

use super::{CompareError, Evaluated, GAP, is_generated, kid, set_name};
use crate::evaluate::distances::{Halves, Measurement};
use crate::evaluate::effect::{ConditionCells, Effects, Statistic};
use crate::evaluate::measured::{Measured, Scale};
use crate::evaluate::real::{CONTROLS, TREATED};

/// One evaluation's figure minus the first one's.
pub(super) struct Difference {
    /// The evaluation's number.
    pub evaluation: usize,
    /// The set or condition.
    pub of: String,
    /// The figure.
    pub name: String,
    /// The difference.
    pub estimate: Estimate,
}

/// The differences of the evaluations with these numbers to the first one, in what their generated cells measure.
pub(super) fn differences(evaluated: &[Evaluated], pairs: &[usize]) -> Result<Vec<Difference>, CompareError> {
    let Some(first) = evaluated.first() else {
        return Ok(Vec::new());
    };
    // The first evaluation's generated set, then each other one's.
    let numbers: Vec<usize> = std::iter::once(0).chain(pairs.iter().copied()).collect();
    let data = &first.evaluation.data;
    let plan = Plan {
        replicates: data.replicates,
        seed: data.seed,
    };
    let mut found = Vec::new();
    if numbers.len() > 1 {
        gaps(evaluated, &numbers, plan, &mut found)?;
        for space in &first.evaluation.spaces {
            kernels(evaluated, &numbers, &space.name, plan, &mut found)?;
        }
    }
    Ok(found)
}

/// The name of an evaluation's generated set in its tensors.
fn generated(one: &Evaluated) -> Option<&str> {
    let row = one.evaluation.rows.iter().find(|row| is_generated(row.kind))?;
    Some(&row.name)
}

fn gaps(
    evaluated: &[Evaluated],
    numbers: &[usize],
    plan: Plan,
    found: &mut Vec<Difference>,
) -> Result<(), CompareError> {
    let sets: Option<Vec<&Measured>> = numbers
        .iter()
        .map(|&number| {
            let one = evaluated.get(number)?;
            one.measured(generated(one)?)
        })
        .collect();
    let Some(first) = evaluated.first() else {
        return Ok(());
    };
    let (Some(sets), Some(treated), Some(controls)) =
        (sets, first.measured(TREATED), first.measured(CONTROLS))
    else {
        return Ok(());
    };
    let [treated_groups, control_groups] = first.real.groups();
    let conditions = condition_cells(first, treated, &treated_groups, &sets);
    if conditions.is_empty() {
        return Ok(());
    }
    let cells: Vec<ConditionCells> = conditions.iter().map(|(_, cells)| cells.clone()).collect();
    let scale = Scale::of(controls);
    let effects = Effects::of(&cells, (controls, &control_groups), (&first.ruler, &scale), plan)?;
    for (set, &evaluation) in numbers.iter().enumerate().skip(1) {
        let mut add = |of: &str, estimate: Option<Estimate>| {
            found.extend(estimate.map(|estimate| Difference {
                evaluation,
                of: of.to_owned(),
                name: GAP.to_owned(),
                estimate,
            }));
        };
        add(
            set_name(RowKind::Generated),
            effects.difference(set, 0, Statistic::Gap),
        );
        for (place, (id, _)) in conditions.iter().enumerate() {
            add(id, effects.difference_within(place, set, 0, Statistic::Gap));
        }
    }
    Ok(())
}

/// The conditions that have enough cells in enough groups, by their ids.
fn condition_cells(
    first: &Evaluated,
    treated: &Measured,
    groups: &Groups,
    sets: &[&Measured],
) -> Vec<(String, ConditionCells)> {
    let least = first.evaluation.data.least_cells;
    let mut rows: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (row, cell) in first.real.treated.iter().enumerate() {
        rows.entry(&cell.condition).or_default().push(row);
    }
    let cells = |(id, rows): (&str, Vec<usize>)| {
        let labels: Vec<usize> = rows
            .iter()
            .filter_map(|&row| groups.of_rows().get(row).copied())
            .collect();
        let own = Groups::of(groups.unit(), &labels);
        let batches: BTreeSet<&str> = rows
            .iter()
            .filter_map(|&row| Some(first.real.treated.get(row)?.batch.as_str()))
            .collect();
        let controls: Vec<usize> = (0..)
            .zip(&first.real.controls)
            .filter(|(_, control)| batches.contains(control.batch.as_str()))
            .map(|(row, _)| row)
            .collect();
        let enough = rows.len() >= least && own.count() >= 2 && controls.len() >= 2;
        enough.then(|| {
            let cells = ConditionCells {
                treated: treated.select(&rows),
                groups: own,
                controls,
                sets: sets.iter().map(|set| set.select(&rows)).collect(),
            };
            (id.to_owned(), cells)
        })
    };
    rows.into_iter().filter_map(cells).collect()
}

fn kernels(
    evaluated: &[Evaluated],
    numbers: &[usize],
    space: &str,
    plan: Plan,
    found: &mut Vec<Difference>,
) -> Result<(), CompareError> {
    let Some(first) = evaluated.first() else {
        return Ok(());
    };
    let sets: Option<Vec<&Features>> = numbers
        .iter()
        .map(|&number| {
            let one = evaluated.get(number)?;
            one.features(space, generated(one)?)
        })
        .collect();
    // An evaluation may not have this space.
    let (Some(sets), Some(real)) = (sets, first.features(space, TREATED)) else {
        return Ok(());
    };
    let ids: BTreeSet<&str> = first
        .real
        .treated
        .iter()
        .map(|cell| cell.condition.as_str())
        .collect();
    let conditions: Vec<usize> = first
        .real
        .treated
        .iter()
        .map(|cell| ids.iter().position(|id| *id == cell.condition).unwrap_or(0))
        .collect();
    let [groups, _] = first.real.groups();
    let halves = Halves::new(&groups, &conditions, plan.seed);
    let Some(measurement) = Measurement::of(real, &sets, &halves, plan)? else {
        return Ok(());
    };
    for (set, &evaluation) in numbers.iter().enumerate().skip(1) {
        // Real against real comes first in a measurement.
        let estimate = measurement.kid_difference(set + 1, 1);
        found.extend(estimate.map(|estimate| Difference {
            evaluation,
            of: set_name(RowKind::Generated).to_owned(),
            name: kid(space),
            estimate,
        }));
    }
    Ok(())
}
