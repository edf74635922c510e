//! Each condition's cells, and what they measure.

use std::collections::{BTreeMap, BTreeSet};

use cellflux_bundle::evaluation::{MeasuredCondition, NuclearArea};
use cellflux_measure::sets::groups::Groups;

use super::cells::starts;
use super::effect::{Effects, Statistic};
use super::gaps::ConditionCells;
use super::gathered::Gathered;
use super::measured::Measured;
use super::question::{GENERATED_SET, Question};

/// The treated cells and controls that are sorted into conditions.
pub struct Sorted<'a, K, B> {
    /// Each treated cell's condition.
    pub conditions: &'a [K],
    /// Each treated cell's batch.
    pub treated_batches: &'a [B],
    /// Each control's batch.
    pub control_batches: &'a [B],
    /// What treated cells are resampled by.
    pub groups: &'a Groups,
    /// What the treated cells measure.
    pub treated: &'a Measured,
    /// What each set beside them measures, row for row.
    pub sets: &'a [&'a Measured],
    /// The fewest treated cells of a condition.
    pub least: usize,
}

impl<K: Ord + Clone, B: Ord> Sorted<'_, K, B> {
    /// The conditions that have enough cells in two groups and two controls in their batches, in their order.
    pub fn cells(&self) -> Vec<(K, ConditionCells)> {
        let mut rows: BTreeMap<&K, Vec<usize>> = BTreeMap::new();
        for (row, condition) in self.conditions.iter().enumerate() {
            rows.entry(condition).or_default().push(row);
        }
        rows.into_iter()
            .filter_map(|(condition, rows)| Some((condition.clone(), self.of_rows(&rows)?)))
            .collect()
    }

    /// The cells of these rows with the controls of their batches; `None` where they are too few.
    pub(super) fn of_rows(&self, rows: &[usize]) -> Option<ConditionCells> {
        let labels: Vec<usize> = rows
            .iter()
            .filter_map(|&row| self.groups.of_rows().get(row).copied())
            .collect();
        let groups = Groups::of(self.groups.unit(), &labels);
        let batches: BTreeSet<&B> = rows
            .iter()
            .filter_map(|&row| self.treated_batches.get(row))
            .collect();
        let controls: Vec<usize> = (0..)
            .zip(self.control_batches)
            .filter(|(_, batch)| batches.contains(batch))
            .map(|(row, _)| row)
            .collect();
        let enough = rows.len() >= self.least && groups.count() >= 2 && controls.len() >= 2;
        enough.then(|| ConditionCells {
            treated: self.treated.select(rows),
            groups,
            controls,
            sets: self.sets.iter().map(|set| set.select(rows)).collect(),
        })
    }
}

/// The conditions that have enough cells in enough groups, each with its position in the bundle's list and
/// the controls of its batches.
pub(super) fn condition_cells(question: &Question<'_>, gathered: &Gathered) -> Vec<(usize, ConditionCells)> {
    let batches = (&gathered.treated.batches[..], &gathered.controls.batches[..]);
    condition_cells_by(question, gathered, batches)
}

/// As [`condition_cells`], with the controls that have a label of the condition's treated cells; each treated
/// cell and each control has one.
pub(super) fn condition_cells_by<L: Ord>(
    question: &Question<'_>,
    gathered: &Gathered,
    (treated, controls): (&[L], &[L]),
) -> Vec<(usize, ConditionCells)> {
    let conditions = question.cells.conditions();
    let sets: Vec<&Measured> = gathered.beside_treated.iter().map(|set| &set.measured).collect();
    let sorted = Sorted {
        conditions: &conditions,
        treated_batches: treated,
        control_batches: controls,
        groups: &gathered.treated.groups,
        treated: &gathered.treated.measured,
        sets: &sets,
        least: question.least_cells,
    };
    // Equal starts give equal pictures, or pictures of the same cell: their number counts as cells do.
    let mut cells = sorted.cells();
    cells.retain(|(condition, _)| {
        starts_of(question, *condition).is_none_or(|starts| starts >= question.least_cells)
    });
    cells
}

/// The controls as cells of their own condition, with the sets beside them that are to stay what they were.
/// Between a set of cells and itself no measure stands out: of all of them the side change is taken.
pub(super) fn control_cells(gathered: &Gathered) -> ConditionCells {
    let controls = &gathered.controls;
    let sets = gathered.beside_controls.iter();
    ConditionCells {
        treated: controls.measured.clone(),
        groups: controls.groups.clone(),
        controls: (0..controls.measured.len()).collect(),
        sets: sets.map(|set| set.measured.clone()).collect(),
    }
}

/// How many different images a condition's walks start from.
fn starts_of(question: &Question<'_>, condition: usize) -> Option<usize> {
    let partners = question.cells.partners.iter();
    let own = partners.filter(|partner| partner.condition == condition);
    starts(question.bundle.manifest.source, own)
}

/// Every condition of the split with what its cells measure.
pub(super) fn measured_conditions(
    question: &Question<'_>,
    gathered: &Gathered,
    known: &[(usize, ConditionCells)],
    effects: Option<&Effects>,
) -> Vec<MeasuredCondition> {
    let mut rows: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (row, partner) in question.cells.partners.iter().enumerate() {
        rows.entry(partner.condition).or_default().push(row);
    }
    let groups = |rows: &[usize]| {
        let groups = gathered.treated.groups.of_rows();
        let own: BTreeSet<_> = rows.iter().filter_map(|&row| groups.get(row)).collect();
        own.len()
    };
    let controls = |rows: &[usize]| {
        let batches = &gathered.treated.batches;
        let own: BTreeSet<_> = rows.iter().filter_map(|&row| batches.get(row)).collect();
        let controls = gathered.controls.batches.iter();
        controls.filter(|batch| own.contains(batch)).count()
    };
    let list = &question.bundle.manifest.conditions.list;
    let measured = rows.into_iter().filter_map(|(condition, rows)| {
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
            treated: rows.len(),
            controls: controls(&rows),
            groups: Some(groups(&rows)),
            starts: starts_of(question, condition),
            gap_closed: estimate(Statistic::Gap),
            direction: estimate(Statistic::Direction),
            side_change: estimate(Statistic::Side),
            nuclei: nuclei(),
        })
    });
    measured.collect()
}
