//! How far generated points are from those of the target.

use cellflux_flow::solver::FixedSolver;
use cellflux_flow::time_grid::TimeGrid;
use cellflux_measure::sets::Features;
use cellflux_measure::sets::energy::{Energy, energy};

use crate::error::LabError;
use crate::pairs::Pairing;
use crate::plane::{Point, mean};
use crate::plane_field::PlaneField;
use crate::settings::Settings;
use crate::walk::Walk;

/// The squared energy distance of two sets of points, each of at least two.
///
/// # Errors
/// [`LabError::Sets`] for fewer than two points and for a point that is no pair of finite numbers.
pub fn distance(first: &[Point], second: &[Point]) -> Result<Energy, LabError> {
    let features = |points: &[Point]| Features::new(points.len(), 2, points.concat());
    Ok(energy(&features(first)?, &features(second)?)?)
}

/// How far walked sources of a batch are from targets of the same batch: the unbiased squared energy distance
/// of `count` points each, as the mean over all batches. A flow that forgets from which batch a source comes
/// scores badly here, even if its points lie on the targets of all batches together.
///
/// # Errors
/// [`LabError::Unknown`] for a condition that the settings do not have, [`LabError::Sets`] for fewer than two
/// points, and as [`Walk::new`].
pub fn distance_by_batch(
    settings: &Settings,
    field: &dyn PlaneField,
    condition: usize,
    solver: FixedSolver,
    grid: &TimeGrid,
    count: usize,
) -> Result<f64, LabError> {
    let pairing = Pairing::new(settings)?;
    let mut distances = Vec::new();
    for batch in 0..settings.batches.len() {
        let start = pairing.sources(condition, Some(batch), count)?;
        let targets = pairing.targets(condition, Some(batch), count)?;
        let walk = Walk::new(field, solver, grid, start)?;
        distances.push(distance(walk.end(), &targets)?.unbiased);
    }
    Ok(mean(distances.into_iter()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coupling::Coupling;
    use crate::distribution::Distribution;
    use crate::exact::ExactField;

    #[test]
    fn equal_sets_are_not_apart_and_shifted_ones_are() {
        let points = [[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]];
        let shifted = points.map(|[x, y]| [x + 3.0, y]);
        assert!(distance(&points, &points).unwrap().of_sets.abs() < 1e-12);
        assert!(distance(&points, &shifted).unwrap().of_sets > 1.0);
        assert!(distance(&points, &[]).is_err());
        assert!(distance(&points, &[[f64::NAN, 0.0]; 3]).is_err());
    }

    #[test]
    fn with_few_steps_only_pairs_within_batches_keep_each_batch_where_it_belongs() {
        let mut settings = Settings {
            source: Distribution::Gaussian {
                mean: [0.0, 0.0],
                spread: 0.3,
            },
            batches: vec![[-2.0, 0.0], [2.0, 0.0], [0.0, 3.0]],
            ..Settings::default()
        };
        settings.conditions[0].target = Distribution::Gaussian {
            mean: [1.0, 1.0],
            spread: 0.3,
        };
        let grid = TimeGrid::uniform(2).unwrap();
        let [within, across] = [Coupling::SameBatch, Coupling::Independent].map(|coupling| {
            settings.path.coupling = coupling;
            let field = ExactField::new(&settings, Some(0)).unwrap();
            distance_by_batch(&settings, &field, 0, FixedSolver::Euler, &grid, 200).unwrap()
        });
        assert!(
            within < 0.1 && across > 5.0 * within.max(0.02),
            "{within} {across}"
        );
    }
}
