//! Which source is paired with which target.

use pathfinding::prelude::{Matrix, kuhn_munkres_min};
use serde::{Deserialize, Serialize};

use crate::plane::{Point, difference, square};

/// The most pairs that one optimal assignment is found for; it takes time as the cube of their number.
pub const LARGEST_ASSIGNMENT: usize = 128;

/// How a source and a target become a pair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coupling {
    /// Each drawn by itself, from batches of their own.
    Independent,
    /// Each drawn by itself, from one batch: what the paper does with control and treated cells. Without
    /// batches the same as `Independent`.
    #[default]
    SameBatch,
    /// Drawn as `Independent`, then paired anew within a condition so that the sum of squared distances is as
    /// small as it can be, among at most [`LARGEST_ASSIGNMENT`] pairs at a time (minibatch optimal
    /// transport: Pooladian et al. 2023, Tong et al. 2024).
    OptimalTransport,
}

/// Costs are counted in this part (2^-20) of a squared unit, as whole numbers, so that the assignment is the
/// same everywhere.
const COST_UNIT: f64 = 1.0 / 1_048_576.0;

/// Rearranges targets, so that each source's is the one that an optimal assignment of squared distances gives
/// it, among [`LARGEST_ASSIGNMENT`] at a time in the order in which they come.
pub fn assign(sources: &[Point], targets: &mut [Point]) {
    let groups = sources
        .chunks(LARGEST_ASSIGNMENT)
        .zip(targets.chunks_mut(LARGEST_ASSIGNMENT));
    for (sources, targets) in groups {
        if sources.len() != targets.len() {
            return;
        }
        let costs = Matrix::from_fn(sources.len(), targets.len(), |(row, column)| {
            (square(difference(sources[row], targets[column])) / COST_UNIT).round() as i64
        });
        let (_, columns) = kuhn_munkres_min(&costs);
        let drawn = targets.to_vec();
        for (target, column) in targets.iter_mut().zip(columns) {
            *target = drawn[column];
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cost(sources: &[Point], targets: &[Point]) -> f64 {
        let pairs = sources.iter().zip(targets);
        pairs
            .map(|(&source, &target)| square(difference(source, target)))
            .sum()
    }

    /// The smallest cost over all orders of the targets.
    fn smallest(sources: &[Point], targets: &mut Vec<Point>, fixed: usize) -> f64 {
        if fixed == targets.len() {
            return cost(sources, targets);
        }
        let mut least = f64::INFINITY;
        for other in fixed..targets.len() {
            targets.swap(fixed, other);
            least = least.min(smallest(sources, targets, fixed + 1));
            targets.swap(fixed, other);
        }
        least
    }

    fn points(count: usize) -> impl Strategy<Value = Vec<Point>> {
        prop::collection::vec([-3.0f64..3.0, -3.0f64..3.0], count)
    }

    proptest! {
        #[test]
        fn no_order_of_the_targets_is_cheaper(sources in points(6), targets in points(6)) {
            let mut assigned = targets.clone();
            assign(&sources, &mut assigned);
            let least = smallest(&sources, &mut targets.clone(), 0);
            // Six costs, each rounded to a part of 2^20.
            prop_assert!((cost(&sources, &assigned) - least).abs() < 1e-5);
            let mut sorted = [targets, assigned];
            for points in &mut sorted {
                points.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
            }
            prop_assert_eq!(&sorted[0], &sorted[1]);
        }
    }

    #[test]
    fn more_pairs_than_one_assignment_takes_are_assigned_in_parts() {
        let sources: Vec<Point> = (0..LARGEST_ASSIGNMENT + 3)
            .map(|i| [i as f64 / 20.0, 0.0])
            .collect();
        let mut targets: Vec<Point> = sources.iter().map(|&[x, _]| [x, 1.0]).collect();
        targets[..LARGEST_ASSIGNMENT].reverse();
        assign(&sources, &mut targets);
        for (source, target) in sources.iter().zip(&targets) {
            assert!((source[0] - target[0]).abs() < 1e-12);
        }
        assign(&[], &mut []);
    }
}
