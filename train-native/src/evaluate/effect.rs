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
use cellflux_measure::sets::bootstrap::{Draw, Plan, Replicates, bootstrap};
use cellflux_measure::sets::groups::Groups;

use super::EvaluateError;
use super::measured::{Column, Measured, Ruler, Scale};

/// A gap stands out where it is at least this many times its noise.
const STANDS_OUT: f64 = 2.0;

/// Halves of real cells from which the noise of a distance is measured.
const HALVINGS: u64 = 32;

/// The smaller half has at least this share of the cells: two cells against five hundred say nothing of two
/// halves.
const SMALLER_HALF: f64 = 0.25;

/// One condition's cells.
#[derive(Clone, Debug)]
pub struct ConditionCells {
    /// Real treated cells.
    pub treated: Measured,
    /// Their groups, at least two.
    pub groups: Groups,
    /// Rows of the controls of the same batches, at least two.
    pub controls: Vec<usize>,
    /// Sets that stand beside the treated cells, each cell made for the treated one of the same row.
    pub sets: Vec<Measured>,
}

/// Effects of several conditions, measured on the same draws.
#[derive(Clone, Debug)]
pub struct Effects {
    replicates: Replicates,
    /// For each statistic of a replicate, whether the sample itself has it.
    measurable: Vec<bool>,
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

/// One measure of a condition, ready for distances.
struct Prepared {
    deviation: f64,
    treated: Column,
    controls: Column,
    /// Nothing for a set in which fewer than two cells have the measure.
    sets: Vec<Option<Column>>,
    /// Squares of the noise between two sets as large as the treated one, and between controls and treated.
    noise: Noise,
}

#[derive(Clone, Copy, Debug)]
struct Noise {
    left: f64,
    gap: f64,
}

/// A condition, ready for draws.
struct Condition<'a> {
    controls: &'a [usize],
    measures: Vec<Prepared>,
    unchanged: Vec<Prepared>,
    /// Nuclear areas of the controls, the treated cells and each set that has them.
    areas: Option<(Column, Column, Vec<Option<Column>>)>,
}

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
        // The sample's own statistics: they stand in for what a draw cannot say, such as an area where no
        // drawn cell has a nucleus. What the sample itself has not stands as 0 and is never read.
        let mut sample: Option<Vec<Option<f64>>> = None;
        let replicates = bootstrap(&sides, plan, |draw| {
            let noise = if sample.is_some() { 2.0 } else { 1.0 };
            let mut values = Vec::new();
            for (side, condition) in (2..).zip(&prepared) {
                values.extend(condition.statistics(draw, side, sets, noise)?);
            }
            let own = sample.get_or_insert_with(|| values.clone());
            Ok(values
                .iter()
                .zip(own.iter())
                .map(|(value, own)| value.or(*own).unwrap_or(0.0))
                .collect())
        })?;
        let sample = sample.unwrap_or_default();
        Ok(Self {
            replicates,
            measurable: sample.iter().map(Option::is_some).collect(),
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
        let estimate = known.then(|| self.over(&[at], mean)).flatten();
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
        self.over(&[at], mean)
    }

    /// The mean of a statistic over the conditions where something stands out; `None` where the set lacks a
    /// measure in one of them: a mean over the others would leave out what it failed at.
    pub fn mean(&self, set: usize, statistic: Statistic) -> Option<super::Estimate> {
        let places = self.places(set, statistic);
        let estimate = self.over(&places, mean);
        estimate.map(|estimate| statistic.within(estimate))
    }

    /// The mean difference of a statistic between two sets, replicate by replicate; `None` where one of them
    /// has no mean.
    pub fn difference(&self, first: usize, second: usize, statistic: Statistic) -> Option<super::Estimate> {
        let places = [self.places(first, statistic), self.places(second, statistic)].concat();
        self.over(&places, |values| {
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
                self.over(&places, |values| match values {
                    [first, second] => first - second,
                    _ => f64::NAN,
                })
            })
            .flatten()
    }

    /// A function of the statistics at these places. Resampled sets are further apart than the sample's own,
    /// and the correction for noise leaves a part of that: the interval is moved so that the replicates' mean
    /// lies at the sample's value. `None` where the sample lacks one of them.
    fn over(&self, places: &[usize], function: impl Fn(&[f64]) -> f64) -> Option<super::Estimate> {
        let known = |place: &usize| self.measurable.get(*place).copied().unwrap_or(false);
        if places.is_empty() || !places.iter().all(known) {
            return None;
        }
        let seen = std::cell::RefCell::new(Vec::new());
        let estimate = self.replicates.of(|values| {
            let chosen: Option<Vec<f64>> = places.iter().map(|&place| values.get(place).copied()).collect();
            let value = function(&chosen?);
            seen.borrow_mut().push(value);
            Some(value)
        })?;
        // The sample's own comes first.
        let drawn = seen.into_inner().split_off(1);
        let bias = mean(&drawn) - estimate.value;
        Some(super::Estimate {
            value: estimate.value,
            low: estimate.low - bias,
            high: estimate.high - bias,
        })
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

impl<'a> Condition<'a> {
    fn new(
        cells: &'a ConditionCells,
        (controls, control_groups): (&Measured, &Groups),
        (ruler, scale): (&Ruler, &Scale),
        seed: u64,
    ) -> Self {
        let own = controls.select(&cells.controls);
        let groups: Vec<usize> = cells
            .controls
            .iter()
            .filter_map(|&row| control_groups.of_rows().get(row).copied())
            .collect();
        let own_groups = Groups::of(control_groups.unit(), &groups);
        let halvings = [&cells.groups, &own_groups].map(|groups| Halvings::of(groups, seed));
        let (measures, unchanged) = (0..scale.len())
            .filter(|&measure| ruler.tells_of_effect(measure))
            .filter_map(|measure| Prepared::new(cells, &own, scale, measure, &halvings))
            .partition(Prepared::stands_out);
        let areas = ruler.position("nucleus.area").and_then(|area| {
            let sets = cells.sets.iter().map(|set| set.column(area)).collect();
            Some((own.column(area)?, cells.treated.column(area)?, sets))
        });
        Self {
            controls: &cells.controls,
            measures,
            unchanged,
            areas,
        }
    }

    /// The statistics of one draw, in which this condition's treated cells are side `side`.
    fn statistics(
        &self,
        draw: &Draw<'_>,
        side: usize,
        sets: usize,
        noise: f64,
    ) -> Result<Vec<Option<f64>>, SetError> {
        let all = draw.rows(1)?;
        let mut controls: Vec<u32> = self
            .controls
            .iter()
            .filter_map(|&row| all.get(row).copied())
            .collect();
        // A draw without any control of these batches takes them all: they are a few of all controls.
        if controls.iter().all(|&count| count == 0) {
            controls.fill(1);
        }
        let treated = draw.rows(side)?;
        let areas = self.areas.as_ref();
        let mut values = vec![
            areas.and_then(|(own, ..)| own.mean(&controls)),
            areas.and_then(|(_, real, _)| real.mean(&treated)),
        ];
        for set in 0..sets {
            values.push(self.gap_closed(set, &treated, &controls, noise));
            values.push(self.direction(set, &treated, &controls));
            let area = areas.and_then(|(.., sets)| sets.get(set)?.as_ref()?.mean(&treated));
            values.push(area);
            values.push(self.side_change(set, &treated, noise));
        }
        Ok(values)
    }

    fn gap_closed(&self, set: usize, treated: &[u32], controls: &[u32], noise: f64) -> Option<f64> {
        let (mut left, mut gaps) = (0.0, 0.0);
        for measure in &self.measures {
            let made = measure.of_set(set)?;
            let (Some(of_made), Some(of_controls)) = (
                made.distance(treated, &measure.treated, treated),
                measure.controls.distance(controls, &measure.treated, treated),
            ) else {
                continue;
            };
            left += beyond(of_made, noise * measure.noise.left) / measure.deviation;
            gaps += beyond(of_controls, noise * measure.noise.gap) / measure.deviation;
        }
        (gaps > 0.0).then(|| 1.0 - left / gaps)
    }

    fn side_change(&self, set: usize, treated: &[u32], noise: f64) -> Option<f64> {
        let mut distances = Vec::with_capacity(self.unchanged.len());
        for measure in &self.unchanged {
            let made = measure.of_set(set)?;
            if let Some(distance) = made.distance(treated, &measure.treated, treated) {
                distances.push(beyond(distance, noise * measure.noise.left) / measure.deviation);
            }
        }
        (!distances.is_empty()).then(|| mean(&distances))
    }

    fn direction(&self, set: usize, treated: &[u32], controls: &[u32]) -> Option<f64> {
        let (mut product, mut made_squared, mut real_squared) = (0.0, 0.0, 0.0);
        for measure in &self.measures {
            let start = measure.controls.mean(controls)?;
            let change = |column: &Column| Some((column.mean(treated)? - start) / measure.deviation);
            let (made, real) = (change(measure.of_set(set)?)?, change(&measure.treated)?);
            product += made * real;
            made_squared += made * made;
            real_squared += real * real;
        }
        let lengths = (made_squared * real_squared).sqrt();
        (lengths > 0.0).then(|| product / lengths)
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// A distance without the noise, whose square is given.
fn beyond(distance: f64, noise: f64) -> f64 {
    let square = distance * distance - noise;
    square.signum() * square.abs().sqrt()
}

impl Prepared {
    /// `None` for a measure that is the same in all controls or that real cells lack. The halvings are those
    /// of the treated cells and of the controls.
    fn new(
        cells: &ConditionCells,
        controls: &Measured,
        scale: &Scale,
        measure: usize,
        [treated_halvings, control_halvings]: &[Halvings; 2],
    ) -> Option<Self> {
        let deviation = scale.deviation(measure)?;
        let treated = cells.treated.column(measure)?;
        let own = controls.column(measure)?;
        // Between two sets as large as each: halves are twice as noisy in the square.
        let of_treated = treated_halvings.noise(&treated)? / 2.0;
        let of_controls = control_halvings.noise(&own)? / 2.0;
        Some(Self {
            deviation,
            noise: Noise {
                left: of_treated,
                gap: f64::midpoint(of_treated, of_controls),
            },
            treated,
            controls: own,
            sets: cells.sets.iter().map(|set| set.column(measure)).collect(),
        })
    }

    /// A set's values; `None` for a set that lacks the measure.
    fn of_set(&self, set: usize) -> Option<&Column> {
        self.sets.get(set)?.as_ref()
    }

    fn stands_out(&self) -> bool {
        let once = |column: &Column| vec![1; column.least_length()];
        let gap = self
            .controls
            .distance(&once(&self.controls), &self.treated, &once(&self.treated));
        gap.is_some_and(|gap| gap > STANDS_OUT * self.noise.gap.sqrt())
    }
}

/// Halves of a set's groups, the same for every measure: for each row of the set, whether it is in the first
/// and whether it is in the second.
struct Halvings(Vec<[Vec<u32>; 2]>);

impl Halvings {
    /// None of a set of one group.
    fn of(groups: &Groups, seed: u64) -> Self {
        if groups.count() < 2 {
            return Self(Vec::new());
        }
        let halvings: Vec<[Vec<usize>; 2]> = (0..HALVINGS)
            .map(|halving| groups.halves(seed.wrapping_add(halving)))
            .collect();
        let smaller = |[first, second]: &[Vec<usize>; 2]| first.len().min(second.len());
        // Groups of very different size may have no half that is large enough: then the most even ones are
        // taken.
        let most = halvings.iter().map(smaller).max().unwrap_or(0);
        let least = most.min((SMALLER_HALF * groups.rows() as f64) as usize);
        let even = halvings.iter().filter(|halves| smaller(halves) >= least);
        let counts = |rows: &Vec<usize>| {
            let mut counts = vec![0; groups.rows()];
            for &row in rows {
                if let Some(place) = counts.get_mut(row) {
                    *place = 1;
                }
            }
            counts
        };
        Self(even.map(|halves| halves.each_ref().map(counts)).collect())
    }

    /// The mean square of the distance between the halves; `None` where there are none, or where a half lacks
    /// the measure each time.
    fn noise(&self, column: &Column) -> Option<f64> {
        let (mut sum, mut count) = (0.0, 0.0);
        for [first, second] in &self.0 {
            if let Some(distance) = column.distance(first, column, second) {
                sum += distance * distance;
                count += 1.0;
            }
        }
        (count > 0.0).then(|| sum / count)
    }
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
}
