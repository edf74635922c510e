//! What share of the gap real cells close: what a perfect generator would get from so few cells.
//!
//! A condition's treated cells are divided in halves of wells, or of the groups that intervals resample where
//! the table names no wells. One half stands for the real cells, the other one in place of generated cells,
//! and then the other way round; everything else is as in [`super::effect`]: which measures count, the noise
//! that is taken away, the draws. Cells of two wells differ as a generated cell may at best.

use cellflux_bundle::evaluation::{Nature, Row, RowKind};
use cellflux_measure::sets::bootstrap::Plan;
use cellflux_measure::sets::groups::{Groups, Unit};

use super::conditions::Sorted;
use super::distances::Halves;
use super::effect::{Effects, Statistic};
use super::gaps::{Condition, ConditionCells, Counts, mean};
use super::gathered::Gathered;
use super::measured::{Measured, Ruler, Scale};
use super::question::{GENERATED_SET, Question};
use super::real::{origins, resampled};
use super::shown::shown;
use super::statistics::Statistics;
use super::{Estimate, EvaluateError};

/// Both halves of one condition: each as the real cells, with the other one as the set beside them.
type Both = [ConditionCells; 2];

/// Real cells of one half of the groups against those of the other half.
#[derive(Clone, Debug)]
pub struct RealHalves {
    /// What was divided in halves.
    pub unit: Unit,
    /// The share of the gap of each condition that has two groups in each half, by its position in the
    /// bundle's list; none where a half does not differ from controls.
    pub conditions: Vec<(usize, Option<Estimate>)>,
    /// The mean over the conditions that have one.
    pub gap_closed: Option<Estimate>,
    /// The generated cells' over the same conditions, beside all of their real cells.
    pub generated: Option<Estimate>,
    /// Cells of these conditions in the smaller half.
    pub cells: usize,
}

impl RealHalves {
    /// Of the conditions that have an effect's figures, whose positions in `effects` are theirs in `known`.
    ///
    /// # Errors
    /// [`EvaluateError::Sets`] for a bootstrap that cannot be.
    pub(super) fn of(
        question: &Question<'_>,
        gathered: &Gathered,
        known: &[(usize, ConditionCells)],
        effects: Option<&Effects>,
    ) -> Result<Self, EvaluateError> {
        let treated = &gathered.treated;
        let wells = Groups::by(
            Unit::Well,
            &origins(question.experiment, &question.cells.treated()),
        );
        let groups = wells.unwrap_or_else(|_| treated.groups.clone());
        let conditions = question.cells.conditions();
        let sorted = Sorted {
            conditions: &conditions,
            treated_batches: &treated.batches,
            control_batches: &gathered.controls.batches,
            groups: &groups,
            treated: &treated.measured,
            sets: &[],
            least: 2,
        };
        let halved: Vec<(usize, Both)> = (0..)
            .zip(known)
            .filter_map(|(place, (condition, _))| {
                let halves = Halves::of_condition(&groups, &conditions, *condition, question.plan.seed);
                Some((place, both(&sorted, halves.rows())?))
            })
            .collect();
        let (places, pairs): (Vec<usize>, Vec<Both>) = halved.into_iter().unzip();
        let controls = (&gathered.controls.measured, &gathered.controls.groups);
        let found = closed(
            &pairs,
            controls,
            (&gathered.ruler, &gathered.scale),
            question.plan,
        )?;
        let measured: Vec<usize> = (0..places.len())
            .filter(|&at| found.each.get(at).is_some_and(Option::is_some))
            .collect();
        let cells_in = |half: usize| -> usize {
            let halves = measured.iter().filter_map(|&at| pairs.get(at)?.get(half));
            halves.map(|cells| cells.treated.len()).sum()
        };
        let of_effects: Vec<usize> = measured
            .iter()
            .filter_map(|&at| places.get(at).copied())
            .collect();
        let position = |place: &usize| known.get(*place).map(|(condition, _)| *condition);
        Ok(Self {
            unit: groups.unit(),
            conditions: places.iter().filter_map(position).zip(found.each).collect(),
            gap_closed: found.mean,
            generated: effects
                .and_then(|effects| effects.mean_of(&of_effects, GENERATED_SET, Statistic::Gap)),
            cells: cells_in(0).min(cells_in(1)),
        })
    }

    /// The share of one condition.
    pub fn of_condition(&self, condition: usize) -> Option<Estimate> {
        let found = self.conditions.iter().find(|(own, _)| *own == condition)?;
        found.1
    }

    /// The row of an evaluation; none where no share was measured.
    pub(super) fn row(&self, nature: Nature) -> Option<Row> {
        self.gap_closed.map(|gap_closed| Row {
            kind: RowKind::Real,
            name: format!(
                "{nature} cells, half of the {} against the other half",
                resampled(self.unit).names()
            ),
            cells: self.cells,
            starts: None,
            distances: Vec::new(),
            gap_closed: Some(gap_closed),
            direction: None,
            side_change: None,
            fine_detail: None,
        })
    }

    /// What was found, or why nothing was.
    pub(super) fn sentence(&self, nature: Nature) -> String {
        let groups = resampled(self.unit).names();
        let conditions = self
            .conditions
            .iter()
            .filter(|(_, share)| share.is_some())
            .count();
        if self.gap_closed.is_none() {
            return format!(
                "what share of the gap {nature} cells of other {groups} close was not measured: no condition \
                 has two {groups} in each half of its cells that differ from controls"
            );
        }
        format!(
            "{nature} cells of half of the {groups}, in place of generated cells beside the other half, have \
             a gap closed of {}, as a mean of {conditions} {} with two {groups} in each half; generated \
             cells of the same conditions have {}",
            shown(self.gap_closed, 2),
            if conditions == 1 {
                "condition"
            } else {
                "conditions"
            },
            shown(self.generated, 2)
        )
    }
}

/// The cells of each half with those of the other one beside them; `None` where a half has fewer than two
/// groups, or fewer than two controls in its batches.
fn both(sorted: &Sorted<'_, usize, String>, [first, second]: [&[usize]; 2]) -> Option<Both> {
    let against = |own: &[usize], other: &[usize]| {
        let cells = sorted.of_rows(own)?;
        Some(ConditionCells {
            sets: vec![sorted.treated.select(other)],
            ..cells
        })
    };
    Some([against(first, second)?, against(second, first)?])
}

/// Shares of the gap: each condition's, and their mean over the conditions that have one.
#[derive(Debug, Default)]
struct Closed {
    each: Vec<Option<Estimate>>,
    mean: Option<Estimate>,
}

/// What share of the gap each half closes of the other one's, as the mean of both. A condition has none where
/// nothing stands out in one of its halves.
fn closed(
    conditions: &[Both],
    (controls, control_groups): (&Measured, &Groups),
    (ruler, scale): (&Ruler, &Scale),
    plan: Plan,
) -> Result<Closed, EvaluateError> {
    if conditions.is_empty() {
        return Ok(Closed::default());
    }
    let prepared: Vec<Condition<'_>> = conditions
        .iter()
        .flatten()
        .map(|cells| Condition::new(cells, (controls, control_groups), (ruler, scale), plan.seed))
        .collect();
    let sides: Vec<&Groups> = std::iter::once(control_groups)
        .chain(conditions.iter().flatten().map(|cells| &cells.groups))
        .collect();
    let statistics = Statistics::of(&sides, plan, |draw, noise| {
        let all = draw.rows(1)?;
        let mut shares = Vec::with_capacity(prepared.len());
        for (number, condition) in prepared.iter().enumerate() {
            // Sides are counted from 1, of which the controls are the first; a half's other one is its
            // neighbour.
            let (treated, made) = (draw.rows(2 + number)?, draw.rows(2 + (number ^ 1))?);
            let controls = condition.drawn_controls(&all);
            let counts = Counts {
                made: &made,
                treated: &treated,
                controls: &controls,
            };
            shares.push(condition.gap_closed(0, counts, noise));
        }
        Ok(shares)
    })?;
    let places = |condition: usize| [2 * condition, 2 * condition + 1];
    let each: Vec<Option<Estimate>> = (0..conditions.len())
        .map(|condition| statistics.over(&places(condition), mean))
        .collect();
    let measured = (0..).zip(&each).filter(|(_, share)| share.is_some());
    let all: Vec<usize> = measured.flat_map(|(condition, _)| places(condition)).collect();
    Ok(Closed {
        mean: statistics.over(&all, mean),
        each,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: Plan = Plan {
        replicates: 100,
        seed: 1,
    };

    fn ruler() -> Ruler {
        Ruler::of_channels(&["DNA", "Actin"].map(str::to_owned), [8, 8]).unwrap()
    }

    /// Cells of these nuclear areas; everything else is the same in all.
    fn cells(ruler: &Ruler, areas: &[f64]) -> Measured {
        let area = ruler.position("nucleus.area").unwrap();
        let row = |value: f64| -> Vec<Option<f64>> {
            let measures = 0..ruler.catalogue().len();
            measures
                .map(|measure| Some(if measure == area { value } else { 10.0 }))
                .collect()
        };
        let rows = areas.iter().map(|&value| row(value)).collect();
        Measured::of_rows(rows, ruler.catalogue().len())
    }

    /// Wells of two cells each.
    fn wells(cells: usize) -> Groups {
        let labels: Vec<usize> = (0..cells).map(|row| row / 2).collect();
        Groups::of(Unit::Well, &labels)
    }

    /// Two wells of each area, against controls around 10.
    fn found(areas: [f64; 2]) -> Closed {
        let ruler = ruler();
        let controls = cells(&ruler, &[9.0, 11.0, 9.0, 11.0]);
        let half = areas.map(|area| cells(&ruler, &[area; 4]));
        let against = |own: usize, other: usize| ConditionCells {
            treated: half[own].clone(),
            groups: wells(4),
            controls: vec![0, 1, 2, 3],
            sets: vec![half[other].clone()],
        };
        let both = [against(0, 1), against(1, 0)];
        let scale = Scale::of(&controls);
        closed(&[both], (&controls, &wells(4)), (&ruler, &scale), PLAN).unwrap()
    }

    fn is(estimate: Option<Estimate>, expected: f64) -> bool {
        let Estimate { value, low, high } = estimate.unwrap();
        // Wells are alike, so every draw has the same distances, but for roundings.
        [value, low, high]
            .iter()
            .all(|number| (number - expected).abs() < 1e-9)
    }

    #[test]
    fn halves_that_are_alike_close_the_whole_gap() {
        let found = found([20.0, 20.0]);
        assert!(is(found.mean, 1.0) && is(found.each[0], 1.0), "{found:?}");
    }

    #[test]
    fn halves_that_differ_close_less_of_it_the_more_they_do() {
        // From 10 to 20 and 24, and 4 are left: 1 - 4 / 10 and 1 - 4 / 14.
        let found = found([20.0, 24.0]);
        assert!(is(found.mean, f64::midpoint(0.6, 10.0 / 14.0)), "{found:?}");
    }

    #[test]
    fn halves_that_are_as_controls_have_no_share() {
        // The very same cells: no measure stands out.
        let ruler = ruler();
        let controls = cells(&ruler, &[9.0, 11.0, 9.0, 11.0]);
        let same = ConditionCells {
            treated: controls.clone(),
            groups: wells(4),
            controls: vec![0, 1, 2, 3],
            sets: vec![controls.clone()],
        };
        let scale = Scale::of(&controls);
        let both = [same.clone(), same];
        let found = closed(&[both], (&controls, &wells(4)), (&ruler, &scale), PLAN).unwrap();
        assert!(found.mean.is_none() && found.each == [None], "{found:?}");
        let none = closed(&[], (&controls, &wells(4)), (&ruler, &scale), PLAN).unwrap();
        assert!(none.mean.is_none() && none.each.is_empty());
    }

    #[test]
    fn a_condition_needs_two_groups_in_each_half_and_says_where_none_has_them() {
        let ruler = ruler();
        let treated = cells(&ruler, &[20.0; 8]);
        let batches = vec!["one".to_owned(); 8];
        let divided = |groups: &Groups| {
            let sorted = Sorted {
                conditions: &[0; 8],
                treated_batches: &batches,
                control_batches: &batches,
                groups,
                treated: &treated,
                sets: &[],
                least: 2,
            };
            let halves = Halves::of_condition(groups, &[0; 8], 0, 1);
            both(&sorted, halves.rows())
        };
        let [first, second] = divided(&wells(8)).unwrap();
        assert_eq!((first.groups.count(), second.groups.count()), (2, 2));
        assert_eq!((first.sets[0].len(), second.treated.len()), (4, 4));
        // Three wells: one of them alone in a half.
        assert!(divided(&Groups::of(Unit::Well, &[0, 0, 0, 1, 1, 1, 2, 2])).is_none());
        let none = RealHalves {
            unit: Unit::Well,
            conditions: Vec::new(),
            gap_closed: None,
            generated: None,
            cells: 0,
        };
        assert!(none.row(Nature::Real).is_none());
        assert!(
            none.sentence(Nature::Drawn)
                .contains("drawn cells of other wells close was not measured: no condition has two wells in")
        );
    }
}
