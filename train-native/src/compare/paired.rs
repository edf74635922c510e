//! Differences between evaluations of the same real cells, on the same draws of their groups.

use cellflux_bundle::Estimate;
use cellflux_measure::sets::bootstrap::Plan;
use cellflux_measure::sets::groups::Groups;

use super::{
    CompareError, DETAIL, DIRECTION, DISTANCES, Evaluated, GAP, GENERATED, USE, in_space, is_generated,
};
use crate::evaluate::by_condition::WithinConditions;
use crate::evaluate::compounds::CompoundUse;
use crate::evaluate::conditions::Sorted;
use crate::evaluate::detail::FineDetail;
use crate::evaluate::distances::{Halves, Measurement};
use crate::evaluate::effect::{Effects, Statistic};
use crate::evaluate::gaps::ConditionCells;
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

/// The differences of the evaluations with these numbers to the first one, in what their generated cells
/// measure.
pub(super) fn differences(evaluated: &[Evaluated], pairs: &[usize]) -> Result<Vec<Difference>, CompareError> {
    let Some(first) = evaluated.first() else {
        return Ok(Vec::new());
    };
    let others: Vec<(usize, &Evaluated)> = pairs
        .iter()
        .filter_map(|&number| Some((number, evaluated.get(number)?)))
        .collect();
    let mut paired = Paired {
        first,
        others,
        plan: Plan {
            replicates: first.evaluation.data.replicates,
            seed: first.evaluation.data.seed,
        },
        found: Vec::new(),
    };
    if paired.others.is_empty() {
        return Ok(Vec::new());
    }
    paired.measures()?;
    for space in &first.evaluation.spaces {
        paired.distances(&space.name)?;
    }
    Ok(paired.found)
}

/// The first evaluation with those of the same real cells.
struct Paired<'a> {
    first: &'a Evaluated,
    others: Vec<(usize, &'a Evaluated)>,
    plan: Plan,
    found: Vec<Difference>,
}

/// The name of an evaluation's generated set in its tensors.
fn generated(one: &Evaluated) -> Option<&str> {
    let row = one.evaluation.rows.iter().find(|row| is_generated(row.kind))?;
    Some(&row.name)
}

impl<'a> Paired<'a> {
    /// Adds what was found, where there is something.
    fn add(&mut self, evaluation: usize, of: &str, name: &str, estimate: Option<Estimate>) {
        self.found.extend(estimate.map(|estimate| Difference {
            evaluation,
            of: of.to_owned(),
            name: name.to_owned(),
            estimate,
        }));
    }

    /// What `take` finds in the first evaluation, then in the others that have it, with their numbers;
    /// nothing where the first or all others lack it.
    fn sets<T>(&self, take: impl Fn(&'a Evaluated) -> Option<T>) -> Option<(Vec<usize>, Vec<T>)> {
        let own = take(self.first)?;
        let others = self.others.iter();
        let (numbers, found): (Vec<usize>, Vec<T>) = others
            .filter_map(|&(number, one)| Some((number, take(one)?)))
            .unzip();
        (!numbers.is_empty()).then(|| (numbers, std::iter::once(own).chain(found).collect()))
    }

    /// Differences in what crops measure.
    fn measures(&mut self) -> Result<(), CompareError> {
        let first = self.first;
        let sets = self.sets(|one| one.measured(generated(one)?));
        let (Some((numbers, sets)), Some(treated), Some(controls)) =
            (sets, first.measured(TREATED), first.measured(CONTROLS))
        else {
            return Ok(());
        };
        let of = GENERATED;
        let [treated_groups, control_groups] = first.real.groups();
        let detail = FineDetail::of(&first.ruler, treated, &sets, &treated_groups, self.plan)?;
        for (set, &number) in (1..).zip(&numbers) {
            self.add(number, of, DETAIL, detail.difference(set, 0));
        }
        let mut conditions = condition_cells(first, treated, &treated_groups, &sets);
        conditions.retain(|(id, _)| {
            first
                .evaluation
                .conditions
                .iter()
                .any(|own| own.id == *id && own.gap_closed.is_some())
        });
        if conditions.is_empty() {
            return Ok(());
        }
        let cells: Vec<ConditionCells> = conditions.iter().map(|(_, cells)| cells.clone()).collect();
        let scale = Scale::of(controls);
        let ruler = (&first.ruler, &scale);
        let effects = Effects::of(&cells, (controls, &control_groups), ruler, self.plan)?;
        for (set, &number) in (1..).zip(&numbers) {
            let whole = [(GAP, Statistic::Gap), (DIRECTION, Statistic::Direction)];
            for (name, statistic) in whole {
                self.add(number, of, name, effects.difference(set, 0, statistic));
            }
            for (place, (id, _)) in conditions.iter().enumerate() {
                let within = effects.difference_within(place, set, 0, Statistic::Gap);
                self.add(number, id, GAP, within);
            }
        }
        self.compound_use(&conditions, &scale)
    }

    fn compound_use(
        &mut self,
        conditions: &[(String, ConditionCells)],
        scale: &Scale,
    ) -> Result<(), CompareError> {
        let own = self.first.same_controls();
        // The same compounds and as many controls, which follow from the real cells and a flag.
        let alike = self.sets(|one| {
            let (own, found) = (own?, one.same_controls()?);
            let same = own.ids == found.ids && own.measured.len() == found.measured.len();
            same.then_some(found)
        });
        let Some((numbers, networks)) = alike else {
            return Ok(());
        };
        let known: Vec<(&str, &ConditionCells)> = conditions
            .iter()
            .map(|(id, cells)| (id.as_str(), cells))
            .collect();
        let Some(used) = CompoundUse::of(&known, &networks, scale, self.plan)? else {
            return Ok(());
        };
        for (network, &number) in (1..).zip(&numbers) {
            let difference = used.difference(network, 0);
            self.add(number, GENERATED, USE, difference);
        }
        Ok(())
    }

    /// Differences of distances in one space, to evaluations in which it has the same features.
    fn distances(&mut self, space: &str) -> Result<(), CompareError> {
        let first = self.first;
        let Some(real) = first.features(space, TREATED) else {
            return Ok(());
        };
        let alike = self.sets(|one| {
            // Another classifier has the same name.
            let same = one.features(space, TREATED) == Some(real);
            one.features(space, generated(one)?).filter(|_| same)
        });
        let Some((numbers, sets)) = alike else {
            return Ok(());
        };
        let conditions: Vec<usize> = first
            .real
            .treated
            .iter()
            .map(|cell| cell.place.unwrap_or(0))
            .collect();
        let [groups, _] = first.real.groups();
        let halves = Halves::new(&groups, &conditions, self.plan.seed);
        let Some(measurement) = Measurement::of(real, &sets, &halves, self.plan)? else {
            return Ok(());
        };
        let within = WithinConditions::of(real, &sets, &groups, &conditions, self.plan)?;
        for (set, &number) in (1..).zip(&numbers) {
            // Real against real comes first in a measurement.
            let mut differences = measurement.differences(space, set + 1, 1);
            differences.kid_by_condition = within
                .as_ref()
                .and_then(|within| within.mean_kid_difference(set + 1, 1));
            for (name, take) in DISTANCES {
                let of = GENERATED;
                self.add(number, of, &in_space(name, space), take(&differences));
            }
        }
        Ok(())
    }
}

/// The conditions that have enough cells in enough groups, by their ids, in the order of the bundle's list.
fn condition_cells(
    first: &Evaluated,
    treated: &Measured,
    groups: &Groups,
    sets: &[&Measured],
) -> Vec<(String, ConditionCells)> {
    let own = &first.real.treated;
    let conditions: Vec<(Option<usize>, &str)> =
        own.iter().map(|cell| (cell.place, &*cell.condition)).collect();
    let treated_batches: Vec<&str> = own.iter().map(|cell| &*cell.batch).collect();
    let control_batches: Vec<&str> = first.real.controls.iter().map(|cell| &*cell.batch).collect();
    let sorted = Sorted {
        conditions: &conditions,
        treated_batches: &treated_batches,
        control_batches: &control_batches,
        groups,
        treated,
        sets,
        least: first.evaluation.data.least_cells,
    };
    let cells = sorted.cells().into_iter();
    cells.map(|((_, id), cells)| (id.to_owned(), cells)).collect()
}
