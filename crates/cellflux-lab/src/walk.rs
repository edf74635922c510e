//! Particles on their way through a velocity field.

use cellflux_flow::field::Field;
use cellflux_flow::integrate;
use cellflux_flow::solver::FixedSolver;
use cellflux_flow::time_grid::TimeGrid;

use crate::error::LabError;
use crate::plane::{Point, difference, mean, scaled, square, sum};
use crate::plane_field::PlaneField;

/// Steps of the fine solution with which others are compared.
const FINE_STEPS: usize = 100;

/// Where particles were at every time of a walk.
#[derive(Clone, Debug, PartialEq)]
pub struct Walk {
    /// The times, from the walk's first to its last; they fall in a walk in reverse.
    pub times: Vec<f64>,
    /// At each time the place of each particle.
    pub positions: Vec<Vec<Point>>,
}

impl Walk {
    /// Walks particles over a time grid, forward or in reverse.
    ///
    /// # Errors
    /// [`LabError::Escaped`] when a velocity is no finite number any longer, and the field's own.
    pub fn new(
        field: &dyn PlaneField,
        solver: FixedSolver,
        grid: &TimeGrid,
        start: Vec<Point>,
    ) -> Result<Self, LabError> {
        let mut times = vec![grid.start()];
        let mut positions = vec![start.clone()];
        integrate(&mut Particles(field), solver, grid, start, |t, reached| {
            times.push(t);
            positions.push(reached.clone());
        })?;
        Ok(Self { times, positions })
    }

    /// Where particles end that walk from `t = 0` to 1, or back, in 100 steps of the fourth order: what a
    /// coarser walk is compared with.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn fine_end(
        field: &dyn PlaneField,
        reverse: bool,
        start: Vec<Point>,
    ) -> Result<Vec<Point>, LabError> {
        let grid = TimeGrid::uniform(FINE_STEPS)?;
        let grid = if reverse { grid.reversed() } else { grid };
        integrate(&mut Particles(field), FixedSolver::Rk4, &grid, start, |_, _| {})
    }

    /// The particles at the start.
    pub fn start(&self) -> &[Point] {
        self.positions.first().map_or(&[], Vec::as_slice)
    }

    /// The particles at the end.
    pub fn end(&self) -> &[Point] {
        self.positions.last().map_or(&[], Vec::as_slice)
    }

    /// How far the particles ended from where they should have, in the unit of the plane: the root of the
    /// mean squared distance.
    pub fn error(&self, fine_end: &[Point]) -> f64 {
        let ends = self.end().iter().zip(fine_end);
        mean(ends.map(|(&end, &fine)| square(difference(end, fine)))).sqrt()
    }

    /// How much the paths bend: `S = ∫ E |(Z_1 - Z_0) - dZ_t/dt|^2 dt`, the measure of straightness of
    /// rectified flows (Liu, Gong and Liu 2023, "Flow Straight and Fast"), with the walk's steps in place of
    /// the derivative. 0 if every particle moves straight ahead at one speed. A walk of one step is straight
    /// whatever its field, so this says something of a field only in many steps.
    pub fn straightness(&self) -> f64 {
        let duration = self
            .times
            .first()
            .zip(self.times.last())
            .map_or(0.0, |(first, last)| last - first);
        let steps = self.times.windows(2).zip(self.positions.windows(2));
        let ends = || self.start().iter().zip(self.end());
        let bent = steps.map(|(times, positions)| {
            let (&[t0, t1], [before, after]) = (times, positions) else {
                return 0.0;
            };
            let length = t1 - t0;
            let deviations = ends()
                .zip(before.iter().zip(after))
                .map(|((&start, &end), (&from, &to))| {
                    let whole = scaled(1.0 / duration, difference(end, start));
                    let part = scaled(1.0 / length, difference(to, from));
                    square(difference(whole, part))
                });
            length.abs() * mean(deviations)
        });
        bent.sum()
    }

    /// The mean squared distance between where particles start and where they end: what transport by this
    /// walk costs.
    pub fn transport_cost(&self) -> f64 {
        let ends = self.start().iter().zip(self.end());
        mean(ends.map(|(&start, &end)| square(difference(end, start))))
    }
}

/// A field of the plane as a solver sees it: the state is where all particles are.
struct Particles<'a>(&'a dyn PlaneField);

impl Field for Particles<'_> {
    type State = Vec<Point>;
    type Error = LabError;

    fn velocity(&mut self, t: f64, x: &Vec<Point>) -> Result<Vec<Point>, LabError> {
        let velocity = self.0.velocity(t, x)?;
        if velocity.iter().flatten().all(|value| value.is_finite()) {
            return Ok(velocity);
        }
        Err(LabError::Escaped { t })
    }

    fn combine(&mut self, terms: &[(f64, &Vec<Point>)]) -> Result<Vec<Point>, LabError> {
        let mut all = vec![[0.0; 2]; terms.first().map_or(0, |(_, x)| x.len())];
        for (weight, x) in terms {
            for (all, &x) in all.iter_mut().zip(*x) {
                *all = sum(*all, scaled(*weight, x));
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Turns around the origin by one radian in one unit of time.
    struct Turn;

    impl PlaneField for Turn {
        fn velocity(&self, _: f64, at: &[Point]) -> Result<Vec<Point>, LabError> {
            Ok(at.iter().map(|&[x, y]| [-y, x]).collect())
        }
    }

    struct Written(fn(f64, Point) -> Point);

    impl PlaneField for Written {
        fn velocity(&self, t: f64, at: &[Point]) -> Result<Vec<Point>, LabError> {
            Ok(at.iter().map(|&point| (self.0)(t, point)).collect())
        }
    }

    fn walk(field: &dyn PlaneField, solver: FixedSolver, steps: usize) -> Walk {
        Walk::new(
            field,
            solver,
            &TimeGrid::uniform(steps).unwrap(),
            vec![[1.0, 0.0], [0.0, 2.0]],
        )
        .unwrap()
    }

    #[test]
    fn halving_the_step_divides_the_error_as_the_order_says() {
        for (solver, order) in [
            (FixedSolver::Euler, 1),
            (FixedSolver::Midpoint, 2),
            (FixedSolver::Heun, 2),
            (FixedSolver::Rk4, 4),
        ] {
            let [coarse, fine] = [8, 16].map(|steps| {
                let walk = walk(&Turn, solver, steps);
                let exact = [[1f64.cos(), 1f64.sin()], [-2.0 * 1f64.sin(), 2.0 * 1f64.cos()]];
                walk.error(&exact)
            });
            let measured = (coarse / fine).log2();
            assert!(
                (measured - f64::from(order)).abs() < 0.15,
                "{solver:?}: {measured}"
            );
        }
    }

    #[test]
    fn the_fine_end_is_the_solution_and_back_again() {
        let start = vec![[1.0, 0.0]];
        let end = Walk::fine_end(&Turn, false, start.clone()).unwrap();
        // An error of the order of (1 / 100)^4 / 120.
        assert!(square(difference(end[0], [1f64.cos(), 1f64.sin()])).sqrt() < 1e-9);
        let back = Walk::fine_end(&Turn, true, end).unwrap();
        assert!(square(difference(back[0], start[0])).sqrt() < 1e-9);
    }

    #[test]
    fn straight_motion_at_one_speed_is_straight_and_nothing_else() {
        let ahead = Written(|_, _| [1.0, -2.0]);
        let walk_ahead = walk(&ahead, FixedSolver::Euler, 10);
        assert!(walk_ahead.straightness() < 1e-20);
        assert!((walk_ahead.transport_cost() - 5.0).abs() < 1e-12);
        // x' = 2 t: the mean speed is 1, and the integral of (1 - 2 t)^2 is 1 / 3, of a line as well.
        let faster = walk(&Written(|t, _| [2.0 * t, 0.0]), FixedSolver::Midpoint, 100);
        assert!(
            (faster.straightness() - 1.0 / 3.0).abs() < 1e-3,
            "{}",
            faster.straightness()
        );
        assert!(walk(&Turn, FixedSolver::Rk4, 50).straightness() > 0.1);
        assert!(walk(&Turn, FixedSolver::Rk4, 1).straightness() < 1e-20);
    }

    #[test]
    fn a_walk_keeps_every_time_and_place() {
        let walk = walk(&Turn, FixedSolver::Heun, 4);
        assert_eq!(walk.times, [0.0, 0.25, 0.5, 0.75, 1.0]);
        assert_eq!(walk.positions.len(), 5);
        assert_eq!(walk.start(), [[1.0, 0.0], [0.0, 2.0]]);
    }

    #[test]
    fn a_walk_that_leaves_the_plane_says_when() {
        let bursts = Written(|t, [x, _]| [if t < 0.5 { x } else { f64::INFINITY }, 0.0]);
        let grid = TimeGrid::uniform(4).unwrap();
        let error = Walk::new(&bursts, FixedSolver::Euler, &grid, vec![[1.0, 0.0]]).unwrap_err();
        assert!(
            matches!(error, LabError::Escaped { t } if (t - 0.5).abs() < 1e-12),
            "{error}"
        );
    }
}
