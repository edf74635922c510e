//! One condition's measures, ready for distances: the gap between controls and treated cells, what a set
//! leaves of it, and the noise in both.
//!
//! Two finite sets of the same kind are apart, too. How far is measured between halves of the real cells, and
//! taken away in squares: a distance `w` with the noise `F` counts as `sign(w^2 - F^2) sqrt(|w^2 - F^2|)`.

use cellflux_measure::sets::groups::Groups;

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

/// One measure of a condition, ready for distances.
pub(super) struct Prepared {
    /// Its position in the catalogue.
    pub(super) measure: usize,
    /// Its standard deviation in all controls.
    pub(super) deviation: f64,
    pub(super) treated: Column,
    pub(super) controls: Column,
    /// Nothing for a set in which fewer than two cells have the measure.
    sets: Vec<Option<Column>>,
    pub(super) noise: Noise,
}

/// Squares of the noise in distances.
#[derive(Clone, Copy, Debug)]
pub(super) struct Noise {
    /// Between two sets as large as the treated one.
    pub(super) left: f64,
    /// Between controls and treated cells.
    pub(super) gap: f64,
}

/// A condition, ready for draws.
pub(super) struct Condition<'a> {
    controls: &'a [usize],
    /// The measures whose gap stands out.
    pub(super) measures: Vec<Prepared>,
    /// The measures whose gap does not.
    pub(super) unchanged: Vec<Prepared>,
    /// Nuclear areas of the controls, the treated cells and each set that has them.
    pub(super) areas: Option<(Column, Column, Vec<Option<Column>>)>,
}

/// How often each cell counts in a draw.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counts<'a> {
    /// Those of a set beside the treated cells.
    pub(super) made: &'a [u32],
    /// The treated cells.
    pub(super) treated: &'a [u32],
    /// The controls of the condition ([`Condition::drawn_controls`]).
    pub(super) controls: &'a [u32],
}

impl<'a> Condition<'a> {
    /// The condition of these cells, against controls of which all are given with their groups. The seed
    /// decides the halves from which noise is measured.
    pub(super) fn new(
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

    /// How often each control of the condition counts, where this is how often each of all controls does.
    pub(super) fn drawn_controls(&self, all: &[u32]) -> Vec<u32> {
        let own = self.controls.iter();
        let mut counts: Vec<u32> = own.filter_map(|&row| all.get(row).copied()).collect();
        // A draw without any control of these batches takes them all: they are a few of all controls.
        if counts.iter().all(|&count| count == 0) {
            counts.fill(1);
        }
        counts
    }

    /// The share of the gap that a set closes, in the measures that stand out. `noise` is how many times the
    /// squares of distances hold the sample's noise.
    pub(super) fn gap_closed(&self, set: usize, counts: Counts<'_>, noise: f64) -> Option<f64> {
        let (mut left, mut gaps) = (0.0, 0.0);
        for measure in &self.measures {
            let made = measure.of_set(set)?;
            let (Some(of_made), Some(of_controls)) = (measure.left(made, counts), measure.gap(counts)) else {
                continue;
            };
            left += beyond(of_made, noise * measure.noise.left) / measure.deviation;
            gaps += beyond(of_controls, noise * measure.noise.gap) / measure.deviation;
        }
        (gaps > 0.0).then(|| 1.0 - left / gaps)
    }

    /// How far a set is from the treated cells in the measures that do not stand out, in standard deviations
    /// of the controls.
    pub(super) fn side_change(&self, set: usize, counts: Counts<'_>, noise: f64) -> Option<f64> {
        let mut distances = Vec::with_capacity(self.unchanged.len());
        for measure in &self.unchanged {
            let made = measure.of_set(set)?;
            if let Some(distance) = measure.left(made, counts) {
                distances.push(beyond(distance, noise * measure.noise.left) / measure.deviation);
            }
        }
        (!distances.is_empty()).then(|| mean(&distances))
    }

    /// The cosine between a set's mean change and the real one, in the measures that stand out.
    pub(super) fn direction(&self, set: usize, counts: Counts<'_>) -> Option<f64> {
        let (mut product, mut made_squared, mut real_squared) = (0.0, 0.0, 0.0);
        for measure in &self.measures {
            let start = measure.controls.mean(counts.controls)?;
            let change = |mean: f64| (mean - start) / measure.deviation;
            let made = change(measure.of_set(set)?.mean(counts.made)?);
            let real = change(measure.treated.mean(counts.treated)?);
            product += made * real;
            made_squared += made * made;
            real_squared += real * real;
        }
        let lengths = (made_squared * real_squared).sqrt();
        (lengths > 0.0).then(|| product / lengths)
    }
}

/// The mean; 0 of nothing.
pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// A distance without the noise, whose square is given.
pub(super) fn beyond(distance: f64, noise: f64) -> f64 {
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
            measure,
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
    pub(super) fn of_set(&self, set: usize) -> Option<&Column> {
        self.sets.get(set)?.as_ref()
    }

    /// The distance from the controls to the treated cells in a draw.
    pub(super) fn gap(&self, counts: Counts<'_>) -> Option<f64> {
        self.controls
            .distance(counts.controls, &self.treated, counts.treated)
    }

    /// The distance from a set's values to the treated cells in a draw.
    pub(super) fn left(&self, made: &Column, counts: Counts<'_>) -> Option<f64> {
        made.distance(counts.made, &self.treated, counts.treated)
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
