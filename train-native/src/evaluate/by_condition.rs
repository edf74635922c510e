//! Distances condition by condition: between the cells of each compound, and the mean of the kernel
//! distances.
//!
//! A set can be near to the real cells as a whole and still have its compounds exchanged: the whole knows no
//! compound. So distances are measured within each condition, by halves as in [`super::distances`], and the
//! mean of the kernel distances is taken over the conditions (the paper's `KIDc`; the public code gives the
//! overall figure there).

use cellflux_bundle::evaluation::Distances;
use cellflux_measure::sets::Features;
use cellflux_measure::sets::bootstrap::{Plan, Replicates};
use cellflux_measure::sets::groups::Groups;

use super::distances::{Folds, Halves, KID, STATISTICS, drawn, figures};
use super::{Estimate, EvaluateError, bundled};

/// The fewest groups in each half of a condition's cells. With fewer, most draws repeat one group, and a
/// distance needs two different cells.
pub const FEWEST_GROUPS: usize = 4;

/// The distances of several sets within each condition, all on the same draws.
#[derive(Debug)]
pub struct WithinConditions {
    replicates: Replicates,
    sets: usize,
    /// The conditions that were measured.
    pub conditions: Vec<usize>,
    /// Whether each condition has cells enough for neighbours.
    near: Vec<bool>,
    /// Each condition's and set's Frechet distance.
    frechet: Vec<Option<Estimate>>,
}

impl WithinConditions {
    /// Measures `real` between its halves and each of `sets`, whose rows are those of `real`, against it,
    /// within each condition; `conditions` says each row's.
    ///
    /// `None` where no condition has [`FEWEST_GROUPS`] groups in each half.
    ///
    /// # Errors
    /// [`EvaluateError::Sets`] for sets that cannot be compared.
    pub fn of(
        real: &Features,
        sets: &[&Features],
        groups: &Groups,
        conditions: &[usize],
        plan: Plan,
    ) -> Result<Option<Self>, EvaluateError> {
        let mut kinds = conditions.to_vec();
        kinds.sort_unstable();
        kinds.dedup();
        let halves: Vec<(usize, Halves)> = kinds
            .into_iter()
            .map(|kind| (kind, Halves::of_condition(groups, conditions, kind, plan.seed)))
            .filter(|(_, halves)| {
                let enough = halves
                    .groups()
                    .iter()
                    .all(|groups| groups.count() >= FEWEST_GROUPS);
                enough && halves.least() >= 2
            })
            .collect();
        if halves.is_empty() {
            return Ok(None);
        }
        let mut measured = Vec::with_capacity(halves.len() * (1 + sets.len()));
        let mut near = Vec::with_capacity(halves.len());
        for (number, (_, halves)) in halves.iter().enumerate() {
            // Sides are counted from 1, two for each condition.
            let folds = Folds::of(real, sets, halves, 2 * number + 1)?;
            near.push(folds.iter().all(Folds::have_neighbours));
            measured.extend(folds);
        }
        let sides: Vec<&Groups> = halves.iter().flat_map(|(_, halves)| halves.groups()).collect();
        let replicates = drawn(&measured, &sides, plan)?;
        Ok(Some(Self {
            replicates,
            sets: 1 + sets.len(),
            conditions: halves.iter().map(|(condition, _)| *condition).collect(),
            near,
            frechet: measured.iter().map(|folds| folds.frechet(&sides, plan)).collect(),
        }))
    }

    /// The distances within the condition at this place of [`Self::conditions`], for set number `set`, 0 for
    /// real against real.
    pub fn within(&self, space: &str, place: usize, set: usize) -> Option<Distances> {
        let near = *self.near.get(place)?;
        let at = (set < self.sets).then_some(place * self.sets + set)?;
        let of = |statistic: usize| self.replicates.estimate(at * STATISTICS + statistic);
        Some(Distances {
            frechet: self.frechet.get(at).copied().flatten(),
            ..figures(space, near, of)
        })
    }

    /// The mean over the conditions of the kernel distance for set number `set`, 0 for real against real.
    pub fn mean_kid(&self, set: usize) -> Option<Estimate> {
        let estimate = self.replicates.of(|values| Some(self.mean_of(values, set)));
        estimate.map(bundled)
    }

    /// How much larger that mean is for one set than for another, on the same draws.
    pub fn mean_kid_difference(&self, first: usize, second: usize) -> Option<Estimate> {
        let difference = |values: &[f64]| Some(self.mean_of(values, first) - self.mean_of(values, second));
        self.replicates.of(difference).map(bundled)
    }

    /// The mean over the conditions in one draw.
    fn mean_of(&self, values: &[f64], set: usize) -> f64 {
        let own = values
            .iter()
            .skip(set * STATISTICS + KID)
            .step_by(self.sets * STATISTICS);
        own.sum::<f64>() / self.conditions.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use cellflux_measure::sets::groups::Unit;

    use super::*;

    /// Two compounds on either side of 0, in 10 fields each of 3 cells.
    fn cells() -> (Features, Groups, Vec<usize>) {
        let rows = 60;
        let conditions: Vec<usize> = (0..rows).map(|row| row / 30).collect();
        let fields: Vec<usize> = (0..rows).map(|row| row / 3).collect();
        let grain = |row: usize| (row * 37 % 11) as f64 / 11.0 - 0.5;
        let values = (0..rows)
            .map(|row| if row < 30 { -2.0 } else { 2.0 } + grain(row))
            .collect();
        (
            Features::new(rows, 1, values).unwrap(),
            Groups::of(Unit::Field, &fields),
            conditions,
        )
    }

    const PLAN: Plan = Plan {
        replicates: 200,
        seed: 3,
    };

    #[test]
    fn exchanged_compounds_are_far_within_conditions_though_the_whole_is_the_same() {
        let (real, groups, conditions) = cells();
        let exchanged: Vec<usize> = (0..60).map(|row| (row + 30) % 60).collect();
        let exchanged = real.select(&exchanged).unwrap();
        let measured = WithinConditions::of(&real, &[&real, &exchanged], &groups, &conditions, PLAN)
            .unwrap()
            .unwrap();
        assert_eq!(measured.conditions, [0, 1]);
        let [floor, same, other] = [0, 1, 2].map(|set| measured.mean_kid(set).unwrap());
        // Within a compound the kernel is about (2 * 2 + 1)^3, across it (1 - 2 * 2)^3.
        let far = 2.0 * (125.0 + 27.0);
        assert!(other.low > 0.5 * far, "{other:?}");
        // Unbiased, so about 0; 30 cells leave a hundredth of the distance.
        let near = 0.01 * far;
        assert!(
            floor.value.abs() < near && same.value.abs() < near,
            "{floor:?} {same:?}"
        );
        let within = [0, 1].map(|place| measured.within("", place, 2).unwrap().kid.unwrap().value);
        assert!(
            (f64::midpoint(within[0], within[1]) - other.value).abs() < 1e-9,
            "{within:?}"
        );
        assert!(measured.within("", 2, 0).is_none() && measured.within("", 0, 3).is_none());
        // Exchanged cells lie among no real cell's neighbours.
        let [same, other] = [1, 2].map(|set| measured.within("", 0, set).unwrap());
        assert!(same.coverage.unwrap().low > 0.5, "{same:?}");
        assert!(other.coverage.unwrap().high < 1e-9, "{other:?}");
        assert!(same.frechet.unwrap().value < 0.1 && other.frechet.unwrap().value > 9.0);
        let whole = cellflux_measure::sets::kid::kid(&real, &exchanged, None).unwrap();
        // The very same cells; a cell's kernel with itself is in one of the three sums only.
        assert!(whole.exact.abs() < 0.05 * far, "{whole:?}");
    }

    #[test]
    fn a_condition_of_few_fields_is_left_out() {
        let (real, groups, mut conditions) = cells();
        // The second compound has one field only; its other cells are the first one's.
        conditions
            .iter_mut()
            .skip(33)
            .for_each(|condition| *condition = 0);
        let measured = WithinConditions::of(&real, &[&real], &groups, &conditions, PLAN).unwrap();
        assert_eq!(measured.unwrap().conditions, [0]);
        let one = vec![0; 6];
        let few = Groups::of(Unit::Field, &[0, 0, 1, 1, 2, 2]);
        let real = real.select(&[0, 1, 2, 3, 4, 5]).unwrap();
        assert!(
            WithinConditions::of(&real, &[&real], &few, &one, PLAN)
                .unwrap()
                .is_none()
        );
    }
}
