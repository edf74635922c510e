//! Sums of a function of two rows over all pairs of rows, kept by pairs of groups.
//!
//! KID and the energy distance are means over pairs. A bootstrap replicate counts all rows of a group equally
//! often, so it needs only the sums of each pair of groups: they are computed once, and a replicate costs the
//! square of the number of groups, not of the number of rows.

use super::error::SetError;
use super::features::{Features, check_counts, check_sets};
use super::groups::Groups;

/// The sums of a symmetric function over the pairs of rows within and between two sets, by pairs of groups.
/// Holds `(G1 + G2)^2` numbers for `G1` and `G2` groups, less `G1 G2`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PairSums {
    measure: &'static str,
    first: Within,
    second: Within,
    between: Vec<f64>,
}

/// Sums over the pairs of different rows of one set, each pair once.
#[derive(Clone, Debug, PartialEq)]
struct Within {
    sizes: Vec<u32>,
    sums: Vec<f64>,
}

/// The means of a replicate's two sets over pairs of different rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PairMeans {
    pub first: OneSet,
    pub second: OneSet,
    pub between: f64,
}

/// The pairs of different rows of one set, copies of one row left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct OneSet {
    /// The sum over ordered pairs of different rows.
    sum: f64,
    /// How many rows there are, copies counted.
    rows: f64,
    /// How many ordered pairs consist of a row and itself or its copies.
    copies: f64,
}

impl OneSet {
    /// The mean over pairs of different rows: the term of a U-statistic. A resampled set has copies of rows,
    /// and a copy is not a second observation, so a row is never paired with its own copies.
    pub fn unbiased(self) -> f64 {
        self.sum / (self.rows * self.rows - self.copies)
    }

    /// The mean over all pairs, where a row and itself give 0: the term of a V-statistic of distances.
    pub fn with_itself_as_0(self) -> f64 {
        self.sum / (self.rows * self.rows)
    }
}

impl PairSums {
    /// Computes the function for every pair. `groups` holds the groups of the first set and of the second.
    pub fn new(
        measure: &'static str,
        [first, second]: [&Features; 2],
        groups: [&Groups; 2],
        function: impl Fn(&[f64], &[f64]) -> f64,
    ) -> Result<Self, SetError> {
        check_sets(measure, &[first, second], 2)?;
        for (set, groups) in [first, second].into_iter().zip(groups) {
            let (found, expected) = (groups.rows(), set.rows());
            if found != expected {
                return Err(SetError::Count {
                    measure,
                    what: "rows in groups",
                    found,
                    expected,
                });
            }
        }
        let [first_groups, second_groups] = groups;
        Ok(Self {
            measure,
            first: Within::new(first, first_groups, &function),
            second: Within::new(second, second_groups, &function),
            between: between([first, second], groups, &function),
        })
    }

    /// The means where each group is counted this often.
    pub fn means(&self, first: &[u32], second: &[u32]) -> Result<PairMeans, SetError> {
        check_counts(self.measure, first, self.first.sizes.len())?;
        check_counts(self.measure, second, self.second.sizes.len())?;
        let of_first = self.first.counted(first);
        let of_second = self.second.counted(second);
        let between = weighted(&self.between, first, second) / (of_first.rows * of_second.rows);
        Ok(PairMeans {
            first: of_first,
            second: of_second,
            between,
        })
    }

    /// How many groups the first set and the second have.
    pub fn groups(&self) -> [usize; 2] {
        [&self.first, &self.second].map(|set| set.sizes.len())
    }
}

impl Within {
    fn new(set: &Features, groups: &Groups, function: &impl Fn(&[f64], &[f64]) -> f64) -> Self {
        let mut sizes = vec![0; groups.count()];
        for &group in groups.of_rows() {
            add(&mut sizes, group, 1);
        }
        let later = |row| set.iter().zip(groups.of_rows()).skip(row + 1);
        let sums = by_groups(set, groups, groups.count(), |row, a, sums| {
            for (b, &group) in later(row) {
                add(sums, group, function(a, b));
            }
        });
        Self { sizes, sums }
    }

    fn counted(&self, counts: &[u32]) -> OneSet {
        let mut rows = 0.0;
        let mut copies = 0.0;
        for (&size, &count) in self.sizes.iter().zip(counts) {
            rows += f64::from(size) * f64::from(count);
            copies += f64::from(size) * f64::from(count) * f64::from(count);
        }
        OneSet {
            sum: 2.0 * weighted(&self.sums, counts, counts),
            rows,
            copies,
        }
    }
}

fn between(
    [first, second]: [&Features; 2],
    [first_groups, second_groups]: [&Groups; 2],
    function: &impl Fn(&[f64], &[f64]) -> f64,
) -> Vec<f64> {
    by_groups(first, first_groups, second_groups.count(), |_, a, sums| {
        for (b, &group) in second.iter().zip(second_groups.of_rows()) {
            add(sums, group, function(a, b));
        }
    })
}

/// A line of `columns` sums for each group: the sum of the lines that `line` computes for its rows.
fn by_groups(
    set: &Features,
    groups: &Groups,
    columns: usize,
    line: impl Fn(usize, &[f64], &mut [f64]),
) -> Vec<f64> {
    let mut sums = vec![0.0; groups.count() * columns];
    let mut of_row = vec![0.0; columns];
    for (row, (values, &group)) in set.iter().zip(groups.of_rows()).enumerate() {
        of_row.fill(0.0);
        line(row, values, &mut of_row);
        let of_group = sums.chunks_exact_mut(columns.max(1)).nth(group);
        for (sum, value) in of_group.into_iter().flatten().zip(&of_row) {
            *sum += value;
        }
    }
    sums
}

/// The sum of `sums[a][b] * first[a] * second[b]`; groups that were not drawn cost nothing.
fn weighted(sums: &[f64], first: &[u32], second: &[u32]) -> f64 {
    let drawn: Vec<(usize, f64)> = second
        .iter()
        .enumerate()
        .filter(|(_, count)| **count > 0)
        .map(|(at, &count)| (at, count.into()))
        .collect();
    let lines = sums
        .chunks_exact(second.len().max(1))
        .zip(first)
        .filter(|(_, count)| **count > 0);
    let of_line = |line: &[f64]| -> f64 {
        drawn
            .iter()
            .filter_map(|&(at, count)| Some(line.get(at)? * count))
            .sum()
    };
    lines.map(|(line, &count)| of_line(line) * f64::from(count)).sum()
}

fn add<N: std::ops::AddAssign>(sums: &mut [N], place: usize, value: N) {
    if let Some(sum) = sums.get_mut(place) {
        *sum += value;
    }
}

#[cfg(test)]
mod tests {
    use super::super::groups::Unit;
    use super::*;

    fn set(rows: usize, factor: usize) -> Features {
        Features::new(
            rows,
            1,
            (0..rows).map(|row| (row * row * factor % 23) as f64).collect(),
        )
        .unwrap()
    }

    #[test]
    fn counted_groups_are_the_pairs_of_the_rows_that_they_repeat() {
        let (a, b) = (set(7, 3), set(5, 5));
        let (of_a, of_b) = (
            Groups::of(Unit::Field, &[0, 1, 0, 2, 2, 1, 0]),
            Groups::of(Unit::Field, &[1, 0, 1, 0, 0]),
        );
        let product = |a: &[f64], b: &[f64]| (a[0] + 1.0) * (b[0] + 1.0);
        let sums = PairSums::new("test", [&a, &b], [&of_a, &of_b], product).unwrap();
        let (counts_a, counts_b) = ([2, 0, 1], [1, 3]);
        let means = sums.means(&counts_a, &counts_b).unwrap();

        let repeated = |groups: &Groups, counts: &[u32]| -> Vec<usize> {
            (0..groups.rows())
                .flat_map(|row| vec![row; counts[groups.of_rows()[row]] as usize])
                .collect()
        };
        let (rows_a, rows_b) = (repeated(&of_a, &counts_a), repeated(&of_b, &counts_b));
        let (mut sum, mut pairs, mut across) = (0.0, 0.0, 0.0);
        for &i in &rows_a {
            for &j in rows_a.iter().filter(|&&j| j != i) {
                sum += product(&[a.values()[i]], &[a.values()[j]]);
                pairs += 1.0;
            }
            across += rows_b
                .iter()
                .map(|&j| product(&[a.values()[i]], &[b.values()[j]]))
                .sum::<f64>();
        }
        // Whole numbers below 2^53: the sums are exact, the quotients are rounded once.
        let size = rows_a.len() as f64;
        assert!((means.first.unbiased() - sum / pairs).abs() < 1e-12);
        assert!((means.first.with_itself_as_0() - sum / (size * size)).abs() < 1e-12);
        assert!((means.between - across / (size * rows_b.len() as f64)).abs() < 1e-12);
    }

    #[test]
    fn groups_and_counts_must_fit_the_sets() {
        let (a, b) = (set(3, 1), set(4, 1));
        let (three, four) = (Groups::cells(3), Groups::cells(4));
        let zero = |_: &[f64], _: &[f64]| 0.0;
        assert!(matches!(
            PairSums::new("test", [&a, &b], [&four, &four], zero),
            Err(SetError::Count { .. })
        ));
        let sums = PairSums::new("test", [&a, &b], [&three, &four], zero).unwrap();
        assert!(matches!(
            sums.means(&[1; 4], &[1; 4]),
            Err(SetError::Count { .. })
        ));
        assert!(sums.means(&[1; 3], &[1; 4]).is_ok());
        let one = set(1, 1);
        let refused = PairSums::new("test", [&a, &one], [&three, &Groups::cells(1)], zero);
        assert!(matches!(
            refused,
            Err(SetError::TooFewRows {
                set: 2,
                found: 1,
                needed: 2,
                ..
            })
        ));
    }
}
