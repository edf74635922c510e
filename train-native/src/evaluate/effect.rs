//! How much of a measured effect generated cells make: the gap closed, the direction, the nuclei.
//!
//! A measure's gap is the Wasserstein-1 distance from controls to real treated cells of one condition, and
//! what is left of it the distance from generated cells to the same treated ones:
//!
//! ```text
//! gap closed = 1 - sum of what is left / sum of the gaps     (measures in standard deviations of controls)
//! ```
//!
//! over the measures of size, shape, amount and place ([`Ruler::tells_of_effect`]) whose gap stands out. Two
//! finite sets of the same kind are apart, too: by `F`, measured between halves of the real cells. Noise adds
//! in squares, so a distance `w` counts as `sign(w^2 - F^2) sqrt(|w^2 - F^2|)`, and a replicate of the
//! bootstrap, which has the noise twice, with `2 F^2`. Without this a perfect generator would not reach 1,
//! and the less so the fewer cells there are.
//!
//! The measures whose gap does not stand out are those that the compound leaves alone. What generated cells
//! change in them no share of a gap can show: it is the side change, the mean of those distances to the real
//! treated cells.
//!
//! Real cells alone decide which measures count. A set in which fewer than two cells have one of them, as
//! black images have no nucleus, has no figure in that condition, and no mean over conditions; other sets
//! keep theirs.

use cellflux_measure::sets::SetError;
use cellflux_measure::sets::bootstrap::{Draw, Plan};
use cellflux_measure::sets::groups::Groups;

use super::EvaluateError;
use super::gaps::{Condition, ConditionCells, Counts, mean};
use super::measured::{Measured, Ruler, Scale};
use super::statistics::Statistics;

/// Effects of several conditions, measured on the same draws.
#[derive(Clone, Debug)]
pub struct Effects {
    statistics: Statistics,
    sets: usize,
    /// For each condition the measures whose gap stands out.
    pub measures: Vec<usize>,
    /// For each condition the measures whose gap does not.
    unchanged: Vec<usize>,
}

/// A set's statistics, in the order in which they stand in the replicates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// Share of the gap closed.
    Gap,
    /// Cosine between the set's mean change and the real one.
    Direction,
    /// Mean nuclear area in pixels.
    Area,
    /// Distance to the real cells in the measures that these leave unchanged, in standard deviations of the
    /// controls.
    Side,
}

impl Statistic {
    /// An estimate within what the statistic can be: moving an interval by its bias may lead out of that.
    fn within(self, estimate: super::Estimate) -> super::Estimate {
        let (least, most) = match self {
            Self::Direction => (-1.0, 1.0),
            Self::Area => (0.0, f64::INFINITY),
            Self::Gap | Self::Side => return estimate,
        };
        super::Estimate {
            value: estimate.value.clamp(least, most),
            low: estimate.low.clamp(least, most),
            high: estimate.high.clamp(least, most),
        }
    }
}

const STATISTICS: usize = 4;
/// The real cells' own: mean nuclear area of controls and of treated cells.
const OWN: usize = 2;

impl Effects {
    /// Measures conditions against `controls`, whose groups are given.
    ///
    /// # Errors
    /// [`EvaluateError::Sets`] for a bootstrap that cannot be: a side of one group, too few replicates.
    pub fn of(
        conditions: &[ConditionCells],
        (controls, control_groups): (&Measured, &Groups),
        (ruler, scale): (&Ruler, &Scale),
        plan: Plan,
    ) -> Result<Self, EvaluateError> {
        let prepared: Vec<Condition> = conditions
            .iter()
            .map(|cells| Condition::new(cells, (controls, control_groups), (ruler, scale), plan.seed))
            .collect();
        let sides: Vec<&Groups> = std::iter::once(control_groups)
            .chain(conditions.iter().map(|cells| &cells.groups))
            .collect();
        let sets = conditions.first().map_or(0, |cells| cells.sets.len());
        let statistics = Statistics::of(&sides, plan, |draw, noise| {
            let mut values = Vec::new();
            for (side, condition) in (2..).zip(&prepared) {
                values.extend(drawn(condition, (draw, side), sets, noise)?);
            }
            Ok(values)
        })?;
        Ok(Self {
            statistics,
            sets,
            measures: prepared
                .iter()
                .map(|condition| condition.measures.len())
                .collect(),
            unchanged: prepared
                .iter()
                .map(|condition| condition.unchanged.len())
                .collect(),
        })
    }

    /// A statistic of one set in one condition, with its interval; `None` where nothing stands out, and where
    /// the set lacks a measure.
    pub fn estimate(&self, condition: usize, set: usize, statistic: Statistic) -> Option<super::Estimate> {
        let known = statistic == Statistic::Area || self.has(condition, statistic);
        let at = self.position(condition, set, statistic);
        let estimate = known.then(|| self.statistics.estimate(at)).flatten();
        estimate.map(|estimate| statistic.within(estimate))
    }

    /// Whether a condition has measures of which a statistic is taken.
    fn has(&self, condition: usize, statistic: Statistic) -> bool {
        let counts = if statistic == Statistic::Side {
            &self.unchanged
        } else {
            &self.measures
        };
        counts.get(condition).is_some_and(|&count| count > 0)
    }

    /// Mean nuclear area of the real controls (0) and treated cells (1) of a condition.
    pub fn real_area(&self, condition: usize, which: usize) -> Option<super::Estimate> {
        let at = condition * self.of_condition() + which.min(OWN - 1);
        self.statistics.estimate(at)
    }

    /// The mean of a statistic over the conditions where something stands out; `None` where the set lacks a
    /// measure in one of them: a mean over the others would leave out what it failed at.
    pub fn mean(&self, set: usize, statistic: Statistic) -> Option<super::Estimate> {
        let places = self.places(set, statistic);
        let estimate = self.statistics.over(&places, mean);
        estimate.map(|estimate| statistic.within(estimate))
    }

    /// As [`Effects::mean`], over these conditions alone.
    pub fn mean_of(&self, conditions: &[usize], set: usize, statistic: Statistic) -> Option<super::Estimate> {
        let known = conditions
            .iter()
            .filter(|&&condition| self.has(condition, statistic));
        let places: Vec<usize> = known
            .map(|&condition| self.position(condition, set, statistic))
            .collect();
        let estimate = self.statistics.over(&places, mean);
        estimate.map(|estimate| statistic.within(estimate))
    }

    /// The mean difference of a statistic between two sets, replicate by replicate; `None` where one of them
    /// has no mean.
    pub fn difference(&self, first: usize, second: usize, statistic: Statistic) -> Option<super::Estimate> {
        let places = [self.places(first, statistic), self.places(second, statistic)].concat();
        self.statistics.over(&places, |values| {
            let (first, second) = values.split_at(values.len() / 2);
            first
                .iter()
                .zip(second)
                .map(|(first, second)| first - second)
                .sum::<f64>()
                / first.len() as f64
        })
    }

    /// The difference of a statistic between two sets in one condition; `None` where nothing stands out
    /// there, and where one of them lacks a measure.
    pub fn difference_within(
        &self,
        condition: usize,
        first: usize,
        second: usize,
        statistic: Statistic,
    ) -> Option<super::Estimate> {
        let known = self.has(condition, statistic);
        let places = [first, second].map(|set| self.position(condition, set, statistic));
        known
            .then(|| {
                self.statistics.over(&places, |values| match values {
                    [first, second] => first - second,
                    _ => f64::NAN,
                })
            })
            .flatten()
    }

    fn places(&self, set: usize, statistic: Statistic) -> Vec<usize> {
        (0..self.measures.len())
            .filter(|&condition| self.has(condition, statistic))
            .map(|condition| self.position(condition, set, statistic))
            .collect()
    }

    fn of_condition(&self) -> usize {
        OWN + STATISTICS * self.sets
    }

    fn position(&self, condition: usize, set: usize, statistic: Statistic) -> usize {
        condition * self.of_condition() + OWN + STATISTICS * set + statistic as usize
    }
}

/// A condition's statistics in one draw, in which its treated cells are side `side`.
fn drawn(
    condition: &Condition<'_>,
    (draw, side): (&Draw<'_>, usize),
    sets: usize,
    noise: f64,
) -> Result<Vec<Option<f64>>, SetError> {
    let controls = condition.drawn_controls(&draw.rows(1)?);
    let treated = draw.rows(side)?;
    // A set's cells were made for the treated ones, row for row: a draw has both.
    let counts = Counts {
        made: &treated,
        treated: &treated,
        controls: &controls,
    };
    let areas = condition.areas.as_ref();
    let mut values = vec![
        areas.and_then(|(own, ..)| own.mean(&controls)),
        areas.and_then(|(_, real, _)| real.mean(&treated)),
    ];
    for set in 0..sets {
        values.push(condition.gap_closed(set, counts, noise));
        values.push(condition.direction(set, counts));
        let area = areas.and_then(|(.., sets)| sets.get(set)?.as_ref()?.mean(&treated));
        values.push(area);
        values.push(condition.side_change(set, counts, noise));
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use cellflux_measure::sets::groups::Unit;

    use super::*;

    const ROWS: usize = 48;

    /// Cells in which every measure varies a little, and nuclei are this much larger; without them where
    /// that is nothing.
    fn cells(ruler: &Ruler, seed: usize, larger: Option<f64>) -> Measured {
        let catalogue = ruler.catalogue();
        let value = |row: usize, measure: usize| {
            let grain = ((row * 31 + measure * 17 + seed * 7) * 2_654_435_761 % 1009) as f64 / 1009.0;
            let nuclear = catalogue
                .get(measure)
                .is_some_and(|measure| measure.name.starts_with("nucleus."));
            let is_area = ruler.position("nucleus.area") == Some(measure);
            match larger {
                None if nuclear => None,
                Some(larger) if is_area => Some(10.0 + grain + larger),
                _ => Some(10.0 + grain),
            }
        };
        let row = |row: usize| (0..catalogue.len()).map(|measure| value(row, measure)).collect();
        Measured::of_rows((0..ROWS).map(row).collect(), catalogue.len())
    }

    #[test]
    fn a_set_without_nuclei_has_no_figure_and_leaves_those_of_others_as_they_are() {
        let names = ["DNA", "Actin"].map(str::to_owned);
        let ruler = Ruler::of_channels(&names, [8, 8]).unwrap();
        assert!(ruler.position("nucleus.area").is_some());
        let controls = cells(&ruler, 1, Some(0.0));
        let scale = Scale::of(&controls);
        let fields: Vec<usize> = (0..ROWS).map(|row| row / 4).collect();
        let groups = Groups::of(Unit::Field, &fields);
        let (near, black) = (cells(&ruler, 3, Some(3.0)), cells(&ruler, 4, None));
        let of = |sets: Vec<Measured>| {
            let condition = ConditionCells {
                treated: cells(&ruler, 2, Some(4.0)),
                groups: groups.clone(),
                controls: (0..ROWS).collect(),
                sets,
            };
            let plan = Plan {
                replicates: 100,
                seed: 1,
            };
            Effects::of(&[condition], (&controls, &groups), (&ruler, &scale), plan).unwrap()
        };
        let alone = of(vec![near.clone()]);
        let both = of(vec![near, black]);
        assert_eq!(both.measures, alone.measures);
        assert!(alone.measures[0] >= 1, "{:?}", alone.measures);
        for statistic in [
            Statistic::Gap,
            Statistic::Direction,
            Statistic::Area,
            Statistic::Side,
        ] {
            let own = alone.estimate(0, 0, statistic);
            assert!(own.is_some(), "{statistic:?}");
            assert_eq!(both.estimate(0, 0, statistic), own);
            assert_eq!(both.mean(0, statistic), alone.mean(0, statistic));
            assert_eq!(both.estimate(0, 1, statistic), None, "{statistic:?}");
            assert_eq!(both.mean(1, statistic), None, "{statistic:?}");
            assert_eq!(both.difference(0, 1, statistic), None, "{statistic:?}");
            assert_eq!(both.difference_within(0, 0, 1, statistic), None, "{statistic:?}");
        }
        assert!(both.real_area(0, 1).is_some_and(|area| area.value > 14.0));
    }

    #[test]
    fn between_controls_and_themselves_nothing_stands_out_and_moved_ones_are_a_side_change() {
        let ruler = Ruler::of_channels(&["DNA", "Actin"].map(str::to_owned), [8, 8]).unwrap();
        let area = ruler.position("nucleus.area").unwrap();
        let of_areas = |areas: [f64; 4]| {
            let width = ruler.catalogue().len();
            let row = |value: f64| (0..width).map(move |at| Some(if at == area { value } else { 10.0 }));
            Measured::of_rows(areas.iter().map(|&value| row(value).collect()).collect(), width)
        };
        let controls = of_areas([9.0, 11.0, 9.0, 11.0]);
        let groups = Groups::of(Unit::Well, &[0, 0, 1, 1]);
        let condition = ConditionCells {
            treated: controls.clone(),
            groups: groups.clone(),
            controls: vec![0, 1, 2, 3],
            sets: vec![of_areas([11.0, 13.0, 11.0, 13.0]), controls.clone()],
        };
        let plan = Plan {
            replicates: 100,
            seed: 1,
        };
        let scale = Scale::of(&controls);
        let effects = Effects::of(&[condition], (&controls, &groups), (&ruler, &scale), plan).unwrap();
        assert_eq!(effects.measures, [0]);
        assert_eq!(effects.estimate(0, 0, Statistic::Gap), None);
        // The wells are alike, so every draw has the distance of 2, but for roundings.
        let deviation = (4.0_f64 / 3.0).sqrt();
        for (set, expected) in [(0, 2.0 / deviation), (1, 0.0)] {
            let side = effects.estimate(0, set, Statistic::Side).unwrap();
            for number in [side.value, side.low, side.high] {
                assert!((number - expected).abs() < 1e-9, "{side:?}");
            }
        }
    }
}
