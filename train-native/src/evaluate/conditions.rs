//! Each condition's cells, and what they measure.

use std::collections::{BTreeMap, BTreeSet};

use cellflux_bundle::evaluation::{MeasuredCondition, NuclearArea};
use cellflux_measure::sets::groups::Groups;

use super::assess::{GENERATED_SET, Question};
use super::effect::{ConditionCells, Effects, Statistic};
use super::gathered::Gathered;

/// The conditions that have enough cells in enough groups, each with its position in the bundle's list.
pub(super) fn condition_cells(question: &Question<'_>, gathered: &Gathered) -> Vec<(usize, ConditionCells)> {
    let treated = &gathered.treated;
    let mut rows: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (row, partner) in question.cells.partners.iter().enumerate() {
        rows.entry(partner.condition).or_default().push(row);
    }
    let batch_of = |image: u32| {
        question
            .experiment
            .entries()
            .get(image as usize)
            .map(|entry| entry.batch)
    };
    let cells = |(condition, rows): (usize, Vec<usize>)| {
        let labels: Vec<usize> = rows
            .iter()
            .filter_map(|&row| treated.groups.of_rows().get(row).copied())
            .collect();
        let groups = Groups::of(treated.groups.unit(), &labels);
        let partner = |row: &usize| question.cells.partners.get(*row);
        let batches: BTreeSet<Option<u32>> = rows
            .iter()
            .filter_map(partner)
            .map(|own| batch_of(own.treated))
            .collect();
        let controls: Vec<usize> = (0..question.cells.controls.len())
            .filter(|&row| {
                let control = question.cells.controls.get(row);
                control.is_some_and(|&control| batches.contains(&batch_of(control)))
            })
            .collect();
        let enough = rows.len() >= question.least_cells && groups.count() >= 2 && controls.len() >= 2;
        enough.then(|| {
            (
                condition,
                ConditionCells {
                    treated: treated.measured.select(&rows),
                    groups,
                    controls,
                    sets: gathered
                        .beside_treated
                        .iter()
                        .map(|set| set.measured.select(&rows))
                        .collect(),
                },
            )
        })
    };
    rows.into_iter().filter_map(cells).collect()
}

/// Every condition of the split with what its cells measure.
pub(super) fn measured_conditions(
    question: &Question<'_>,
    known: &[(usize, ConditionCells)],
    effects: Option<&Effects>,
) -> Vec<MeasuredCondition> {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for partner in &question.cells.partners {
        *counts.entry(partner.condition).or_default() += 1;
    }
    let list = &question.bundle.manifest.conditions.list;
    let measured = counts.into_iter().filter_map(|(condition, treated)| {
        let described = list.get(condition)?;
        let at = known.iter().position(|(position, _)| *position == condition);
        let estimate = |statistic| effects?.estimate(at?, GENERATED_SET, statistic);
        let nuclei = || {
            Some(NuclearArea {
                control: effects?.real_area(at?, 0)?,
                treated: effects?.real_area(at?, 1)?,
                generated: estimate(Statistic::Area)?,
            })
        };
        Some(MeasuredCondition {
            id: described.id.clone(),
            name: described.name.clone(),
            dose_um: None,
            seen: described.split == cellflux_bundle::conditions::Split::Seen,
            treated,
            controls: at
                .and_then(|at| known.get(at))
                .map_or(0, |(_, cells)| cells.controls.len()),
            gap_closed: estimate(Statistic::Gap),
            direction: estimate(Statistic::Direction),
            nuclei: nuclei(),
        })
    });
    measured.collect()
}
