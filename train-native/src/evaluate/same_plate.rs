//! The gap closed with controls of the treated cells' own plates alone. Plates of one batch differ, too:
//! where this figure is another one than that with controls of the whole batch, a part of the gap is the
//! plates'.

use super::conditions::condition_cells_by;
use super::effect::{Effects, Statistic};
use super::gaps::ConditionCells;
use super::gathered::Gathered;
use super::question::{GENERATED_SET, Question};
use super::real::origins;
use super::shown::shown;
use super::{Estimate, EvaluateError};

/// Shares of the gap with controls of the treated cells' own plates.
#[derive(Clone, Debug)]
pub struct SamePlate {
    /// Each set that stands beside the treated cells, by name, with its mean over the conditions that have a
    /// share.
    pub sets: Vec<(String, Option<Estimate>)>,
    /// The generated cells' share of each condition that has two controls on its plates, by its position in
    /// the bundle's list.
    pub conditions: Vec<(usize, Option<Estimate>)>,
}

impl SamePlate {
    /// What was found, where the table names plates and these hold other controls than the batches of the
    /// conditions that are `known`; and what is to be said of it or of its absence.
    ///
    /// # Errors
    /// [`EvaluateError::Sets`] for a bootstrap that cannot be.
    pub(super) fn of(
        question: &Question<'_>,
        gathered: &Gathered,
        known: &[(usize, ConditionCells)],
    ) -> Result<(Option<Self>, String), EvaluateError> {
        let plates = (
            plates(question, &question.cells.treated(), &gathered.treated.batches),
            plates(question, &question.cells.controls, &gathered.controls.batches),
        );
        let (Some(of_treated), Some(of_controls)) = plates else {
            let said = "the gap closed with controls of the same plate was not measured: the table does not \
                        name the plate of every cell";
            return Ok((None, said.to_owned()));
        };
        let found = condition_cells_by(question, gathered, (&of_treated[..], &of_controls[..]));
        if found.is_empty() {
            let said = "the gap closed with controls of the same plate was not measured: no condition has \
                        two controls on the plates of its cells";
            return Ok((None, said.to_owned()));
        }
        if alike(known, &found) {
            let said = "each condition's plates hold all controls of its batches: the gap closed with \
                        controls of the same plate is the same figure";
            return Ok((None, said.to_owned()));
        }
        let (positions, cells): (Vec<usize>, Vec<ConditionCells>) = found.into_iter().unzip();
        let effects = Effects::of(
            &cells,
            (&gathered.controls.measured, &gathered.controls.groups),
            (&gathered.ruler, &gathered.scale),
            question.plan,
        )?;
        let sets = gathered.beside_treated.iter().enumerate();
        let found = Self {
            sets: sets
                .map(|(number, set)| (set.name.clone(), effects.mean(number, Statistic::Gap)))
                .collect(),
            conditions: (0..)
                .zip(positions)
                .map(|(place, condition)| (condition, effects.estimate(place, GENERATED_SET, Statistic::Gap)))
                .collect(),
        };
        let said = found.sentence();
        Ok((Some(found), said))
    }

    /// The generated cells' share of one condition.
    pub fn of_condition(&self, condition: usize) -> Option<Estimate> {
        let found = self.conditions.iter().find(|(own, _)| *own == condition)?;
        found.1
    }

    /// A set's mean share.
    pub fn of_set(&self, name: &str) -> Option<Estimate> {
        let found = self.sets.iter().find(|(own, _)| own == name)?;
        found.1
    }

    fn sentence(&self) -> String {
        let generated = self.sets.get(GENERATED_SET).and_then(|(_, share)| *share);
        let measured = self.conditions.iter().filter(|(_, share)| share.is_some());
        format!(
            "beside controls of the treated cells' own plates alone, generated cells have a gap closed of \
             {}, as a mean of {} of {} conditions with controls there",
            shown(generated, 2),
            measured.count(),
            self.conditions.len()
        )
    }
}

/// Batch and plate of each image; `None` where the table does not name a plate.
fn plates(question: &Question<'_>, numbers: &[u32], batches: &[String]) -> Option<Vec<(String, String)>> {
    let origins = origins(question.experiment, numbers);
    let plates = origins.into_iter().zip(batches);
    plates
        .map(|(origin, batch)| Some((batch.clone(), origin.plate?)))
        .collect()
}

/// Whether the same conditions have the same controls.
fn alike(one: &[(usize, ConditionCells)], other: &[(usize, ConditionCells)]) -> bool {
    let controls = |(condition, cells): &(usize, ConditionCells)| (*condition, cells.controls.clone());
    one.iter().map(controls).eq(other.iter().map(controls))
}

#[cfg(test)]
mod tests {
    use cellflux_measure::sets::groups::{Groups, Unit};

    use super::*;
    use crate::evaluate::measured::Measured;

    #[test]
    fn figures_are_the_same_only_where_every_condition_has_the_same_controls() {
        let cells = |condition: usize, controls: &[usize]| {
            let cells = ConditionCells {
                treated: Measured::of_rows(Vec::new(), 0),
                groups: Groups::of(Unit::Well, &[0, 1]),
                controls: controls.to_vec(),
                sets: Vec::new(),
            };
            (condition, cells)
        };
        let known = [cells(3, &[0, 1, 2]), cells(5, &[3, 4])];
        assert!(alike(&known, &[cells(3, &[0, 1, 2]), cells(5, &[3, 4])]));
        assert!(!alike(&known, &[cells(3, &[0, 1]), cells(5, &[3, 4])]));
        assert!(!alike(&known, &[cells(3, &[0, 1, 2])]));
        assert!(!alike(&known, &[cells(3, &[0, 1, 2]), cells(6, &[3, 4])]));
    }

    #[test]
    fn a_condition_without_controls_on_its_plates_has_no_share() {
        let found = SamePlate {
            sets: vec![("controls copied".into(), None), ("generated".into(), None)],
            conditions: vec![(3, None)],
        };
        assert!(found.of_condition(3).is_none() && found.of_condition(4).is_none());
        assert!(found.of_set("generated").is_none() && found.of_set("other").is_none());
        assert!(found.sentence().contains("a mean of 0 of 1 conditions"));
    }
}
