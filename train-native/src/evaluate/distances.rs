//! Distances between sets of cells and the real ones, measured twice with halves exchanged.
//!
//! Real treated cells are divided in two halves by group, within each condition. A set whose cells were made
//! for the real ones, row for row, is compared half against other half, both ways, and the two distances are
//! averaged. So real cells against real cells, which is the floor, controls copied and generated cells all
//! have the same number of cells on both sides, and no generated cell is compared with the real cell that it
//! was made for.

use cellflux_bundle::evaluation::Distances;
use cellflux_measure::sets::bootstrap::{Draw, Plan, Replicates, bootstrap};
use cellflux_measure::sets::energy::DistanceSums;
use cellflux_measure::sets::frechet::frechet;
use cellflux_measure::sets::groups::Groups;
use cellflux_measure::sets::interval::Estimate as SetEstimate;
use cellflux_measure::sets::kid::KernelSums;
use cellflux_measure::sets::prdc::Neighbourhoods;
use cellflux_measure::sets::{Features, SetError};

use super::{Estimate, EvaluateError, bundled};

/// Neighbours of precision, recall, density and coverage.
pub const NEIGHBOURS: usize = 5;

/// The fewest groups of a half: with fewer, draws that repeat one group would be common, and a distance needs
/// two different cells.
pub const FEWEST_GROUPS: usize = 6;

/// Two halves of real cells, by their rows.
#[derive(Clone, Debug)]
pub struct Halves {
    rows: [Vec<usize>; 2],
    groups: [Groups; 2],
}

impl Halves {
    /// Divides rows by group within each condition, so that both halves have every condition that has two
    /// groups. `conditions` says each row's.
    pub fn new(groups: &Groups, conditions: &[usize], seed: u64) -> Self {
        let mut kinds: Vec<usize> = conditions.to_vec();
        kinds.sort_unstable();
        kinds.dedup();
        let mut rows = [Vec::new(), Vec::new()];
        for kind in kinds {
            for (half, own) in rows.iter_mut().zip(divided(groups, conditions, kind, seed)) {
                half.extend(own);
            }
        }
        for half in &mut rows {
            half.sort_unstable();
        }
        Self::of_rows(groups, rows)
    }

    /// The rows of one condition, divided as [`Halves::new`] divides them.
    pub fn of_condition(groups: &Groups, conditions: &[usize], condition: usize, seed: u64) -> Self {
        Self::of_rows(groups, divided(groups, conditions, condition, seed))
    }

    fn of_rows(groups: &Groups, rows: [Vec<usize>; 2]) -> Self {
        let groups = rows.each_ref().map(|rows| {
            let labels: Vec<usize> = rows
                .iter()
                .filter_map(|&row| groups.of_rows().get(row).copied())
                .collect();
            Groups::of(groups.unit(), &labels)
        });
        Self { rows, groups }
    }

    /// The groups of each half.
    pub fn groups(&self) -> [&Groups; 2] {
        self.groups.each_ref()
    }

    /// The rows of each half, rising.
    pub fn rows(&self) -> [&[usize]; 2] {
        self.rows.each_ref().map(Vec::as_slice)
    }

    /// Whether both halves have groups enough for distances, [`FEWEST_GROUPS`].
    pub fn can_be_measured(&self) -> bool {
        self.groups.iter().all(|groups| groups.count() >= FEWEST_GROUPS)
    }

    /// Rows of the smaller half: cells on each side of a distance.
    pub fn least(&self) -> usize {
        self.rows.iter().map(Vec::len).min().unwrap_or(0)
    }
}

/// One condition's rows in two halves that share no group.
fn divided(groups: &Groups, conditions: &[usize], condition: usize, seed: u64) -> [Vec<usize>; 2] {
    let own: Vec<usize> = (0..conditions.len())
        .filter(|&row| conditions.get(row) == Some(&condition))
        .collect();
    let labels: Vec<usize> = own
        .iter()
        .filter_map(|&row| groups.of_rows().get(row).copied())
        .collect();
    let halves = Groups::of(groups.unit(), &labels).halves(seed.wrapping_add(condition as u64));
    halves.map(|rows| {
        let mut chosen: Vec<usize> = rows.into_iter().filter_map(|at| own.get(at).copied()).collect();
        chosen.sort_unstable();
        chosen
    })
}

/// One half of a set against the other half of the real cells, ready for draws.
struct Fold {
    kernel: KernelSums,
    energy: DistanceSums,
    near: Option<Neighbourhoods>,
    made: Features,
    real: Features,
    /// The sides of the draw, counted from 1, that resample the set's half and the real half.
    sides: (usize, usize),
}

/// One set's comparisons with the real cells: both ways, or once where the set is the real cells.
pub(super) struct Folds(Vec<Fold>);

/// Where the kernel distance stands among a set's statistics in the replicates.
pub(super) const KID: usize = 0;
const ENERGY: usize = 1;
const PRDC: usize = 2;
/// How many statistics a set has.
pub(super) const STATISTICS: usize = 6;

/// Distances of several sets in one space, measured on the same draws.
#[derive(Debug)]
pub struct Measurement {
    replicates: Replicates,
    frechet: Vec<Option<Estimate>>,
    near: bool,
}

impl Measurement {
    /// Measures each of `sets`, whose rows are those of `real`, against `real`; the first is `real` itself,
    /// measured between its halves once.
    ///
    /// `None` where a half has fewer than [`FEWEST_GROUPS`] groups.
    ///
    /// # Errors
    /// [`EvaluateError::Sets`] for sets that cannot be compared.
    pub fn of(
        real: &Features,
        sets: &[&Features],
        halves: &Halves,
        plan: Plan,
    ) -> Result<Option<Self>, EvaluateError> {
        if !halves.can_be_measured() {
            return Ok(None);
        }
        let folds = Folds::of(real, sets, halves, 1)?;
        let sides: Vec<&Groups> = halves.groups.iter().collect();
        let near = folds.iter().all(Folds::have_neighbours);
        let replicates = drawn(&folds, &sides, plan)?;
        let frechet = folds.iter().map(|folds| folds.frechet(&sides, plan)).collect();
        Ok(Some(Self {
            replicates,
            frechet,
            near,
        }))
    }

    /// The distances of set number `set`, 0 for real against real.
    pub fn distances(&self, space: &str, set: usize) -> Distances {
        let of = |statistic: usize| self.replicates.estimate(set * STATISTICS + statistic);
        Distances {
            frechet: self.frechet.get(set).copied().flatten(),
            ..figures(space, self.near, of)
        }
    }

    /// How much larger each distance of one set is than that of another, on the same draws; the Frechet
    /// distance has draws of its own for each set and is left out.
    pub fn differences(&self, space: &str, first: usize, second: usize) -> Distances {
        let at = |set: usize, statistic: usize| set * STATISTICS + statistic;
        figures(space, self.near, |statistic| {
            self.replicates
                .difference(at(first, statistic), at(second, statistic))
        })
    }

    /// How much larger the kernel distance of one set is than that of another, on the same draws.
    pub fn kid_difference(&self, first: usize, second: usize) -> Option<Estimate> {
        self.differences("", first, second).kid
    }
}

/// Measures every set of `folds` in each draw. A draw may hold one cell alone, many times, which has no
/// distance: the sample's own figures stand in for those of such a draw.
pub(super) fn drawn(folds: &[Folds], sides: &[&Groups], plan: Plan) -> Result<Replicates, SetError> {
    let mut sample: Option<Vec<f64>> = None;
    bootstrap(sides, plan, |draw| {
        let mut values: Vec<f64> = Vec::with_capacity(STATISTICS * folds.len());
        for folds in folds {
            let at = values.len();
            match (folds.statistics(draw), &sample) {
                (Err(SetError::Overflow { .. }), Some(sample)) => {
                    values.extend(sample.iter().skip(at).take(STATISTICS));
                }
                (statistics, _) => values.extend(statistics?),
            }
        }
        sample.get_or_insert_with(|| values.clone());
        Ok(values)
    })
}

/// What `of` says of every statistic; shares of neighbours only where `near`.
pub(super) fn figures(space: &str, near: bool, of: impl Fn(usize) -> Option<SetEstimate>) -> Distances {
    let of = |statistic: usize| of(statistic).map(bundled);
    let near = |statistic: usize| near.then(|| of(PRDC + statistic)).flatten();
    Distances {
        space: space.to_owned(),
        frechet: None,
        kid: of(KID),
        kid_by_condition: None,
        precision: near(0),
        recall: near(1),
        density: near(2),
        coverage: near(3),
        energy: of(ENERGY),
    }
}

impl Folds {
    /// The comparisons of `real` with itself, then those of each of `sets`. A draw has the groups of `halves`
    /// on the side of this number and the next.
    pub(super) fn of(
        real: &Features,
        sets: &[&Features],
        halves: &Halves,
        side: usize,
    ) -> Result<Vec<Self>, SetError> {
        let mut folds = vec![Self(vec![Fold::new(real, real, halves, (0, 1), side)?])];
        for set in sets {
            folds.push(Self(vec![
                Fold::new(set, real, halves, (0, 1), side)?,
                Fold::new(set, real, halves, (1, 0), side)?,
            ]));
        }
        Ok(folds)
    }

    /// Whether every comparison has cells enough for [`NEIGHBOURS`].
    pub(super) fn have_neighbours(&self) -> bool {
        self.0.iter().all(|fold| fold.near.is_some())
    }

    /// The mean of the comparisons in one draw.
    pub(super) fn statistics(&self, draw: &Draw<'_>) -> Result<[f64; STATISTICS], SetError> {
        let mut mean = [0.0; STATISTICS];
        for fold in &self.0 {
            for (sum, value) in mean.iter_mut().zip(fold.statistics(draw)?) {
                *sum += value / self.0.len() as f64;
            }
        }
        Ok(mean)
    }

    /// The Frechet distance with its interval; `None` where a half has fewer cells than features. A resampled
    /// set has fewer different cells, which makes this distance larger, so the interval is moved back by the
    /// mean of that.
    pub(super) fn frechet(&self, sides: &[&Groups], plan: Plan) -> Option<Estimate> {
        let enough = |fold: &Fold| fold.made.rows().min(fold.real.rows()) > fold.made.width();
        if !self.0.iter().all(enough) {
            return None;
        }
        let plan = Plan {
            replicates: cellflux_measure::sets::bootstrap::FEWEST_REPLICATES,
            ..plan
        };
        let mut values = Vec::new();
        let replicates = bootstrap(sides, plan, |draw| {
            let mut mean = 0.0;
            for fold in &self.0 {
                let (made, real) = fold.sides;
                let made = fold.made.select(&draw.chosen(made)?)?;
                let real = fold.real.select(&draw.chosen(real)?)?;
                mean += frechet(&made, &real)? / self.0.len() as f64;
            }
            values.push(mean);
            Ok(vec![mean])
        });
        // A draw may hold fewer cells than features.
        let estimate = replicates.ok()?.estimate(0)?;
        let drawn = values.get(1..).unwrap_or_default();
        let shift = drawn.iter().sum::<f64>() / drawn.len().max(1) as f64 - estimate.value;
        Some(Estimate {
            value: estimate.value,
            low: (estimate.low - shift).min(estimate.value),
            high: (estimate.high - shift).max(estimate.value),
        })
    }
}

impl Fold {
    fn new(
        set: &Features,
        real: &Features,
        halves: &Halves,
        (made, other): (usize, usize),
        side: usize,
    ) -> Result<Self, SetError> {
        let rows = |half: usize| halves.rows.get(half).map_or(&[][..], Vec::as_slice);
        let groups = |half: usize| halves.groups.get(half).unwrap_or(&halves.groups[0]);
        let (set, real) = (set.select(rows(made))?, real.select(rows(other))?);
        let of = [groups(made), groups(other)];
        Ok(Self {
            kernel: KernelSums::new([&set, &real], of)?,
            energy: DistanceSums::new([&set, &real], of)?,
            near: Neighbourhoods::new(&real, &set, NEIGHBOURS).ok(),
            made: set,
            real,
            sides: (side + made, side + other),
        })
    }

    fn statistics(&self, draw: &Draw<'_>) -> Result<[f64; STATISTICS], SetError> {
        let (made, real) = self.sides;
        let groups = (draw.groups(made)?, draw.groups(real)?);
        let near = match &self.near {
            Some(near) => near.weighted(&draw.rows(real)?, &draw.rows(made)?)?,
            None => return self.without_neighbours(groups),
        };
        let mut statistics = self.without_neighbours(groups)?;
        let shares = [near.precision, near.recall, near.density, near.coverage];
        for (place, share) in statistics.iter_mut().skip(PRDC).zip(shares) {
            *place = share;
        }
        Ok(statistics)
    }

    fn without_neighbours(&self, (made, real): (&[u32], &[u32])) -> Result<[f64; STATISTICS], SetError> {
        let mut statistics = [0.0; STATISTICS];
        statistics[KID] = self.kernel.kid(made, real)?;
        statistics[ENERGY] = self.energy.energy(made, real)?.unbiased;
        Ok(statistics)
    }
}

#[cfg(test)]
mod tests {
    use cellflux_measure::sets::groups::Unit;

    use super::*;

    #[test]
    fn a_draw_of_one_cell_alone_is_no_error() {
        // Twelve fields of one cell: of 30,000 draws of six, some hold one cell six times.
        let fields: Vec<usize> = (0..12).collect();
        let groups = Groups::of(Unit::Field, &fields);
        let values = (0..12).map(f64::from).collect();
        let real = Features::new(12, 1, values).unwrap();
        let halves = Halves::new(&groups, &[0; 12], 1);
        let plan = Plan {
            replicates: 30_000,
            seed: 1,
        };
        let measured = Measurement::of(&real, &[&real], &halves, plan).unwrap().unwrap();
        let kid = measured.distances("", 1).kid.unwrap();
        assert!(kid.low.is_finite() && kid.high.is_finite(), "{kid:?}");
    }
}
