//! Fixed-step ODE solvers, and the name that a recipe gives to any solver.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::FlowError;
use crate::field::Field;

/// A solver that takes the steps it is told, forward (`t1 > t0`) or in reverse (`t1 < t0`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FixedSolver {
    /// Order 1: `x + h v(t0, x)`.
    Euler,
    /// Order 2: the velocity half a step ahead.
    Midpoint,
    /// Order 2: the mean of the velocities at both ends (trapezoid after an Euler step); the paper's sampler.
    Heun,
    /// Order 4: the 3/8 rule.
    Rk4,
}

impl FixedSolver {
    /// Velocities evaluated in a step.
    pub fn evaluations(self) -> usize {
        match self {
            Self::Euler => 1,
            Self::Midpoint | Self::Heun => 2,
            Self::Rk4 => 4,
        }
    }

    /// One step of `x` from time `t0` to `t1`. Waits for nothing: on a GPU it only enqueues work.
    ///
    /// # Errors
    /// The field's own.
    pub fn step<F: Field>(self, field: &mut F, t0: f64, t1: f64, x: &F::State) -> Result<F::State, F::Error> {
        let h = t1 - t0;
        let k1 = field.velocity(t0, x)?;
        match self {
            Self::Euler => field.combine(&[(1.0, x), (h, &k1)]),
            Self::Midpoint => {
                let middle = field.combine(&[(1.0, x), (h / 2.0, &k1)])?;
                let k2 = field.velocity(t0 + h / 2.0, &middle)?;
                field.combine(&[(1.0, x), (h, &k2)])
            }
            Self::Heun => {
                let end = field.combine(&[(1.0, x), (h, &k1)])?;
                let k2 = field.velocity(t1, &end)?;
                field.combine(&[(1.0, x), (h / 2.0, &k1), (h / 2.0, &k2)])
            }
            Self::Rk4 => {
                let third = field.combine(&[(1.0, x), (h / 3.0, &k1)])?;
                let k2 = field.velocity(t0 + h / 3.0, &third)?;
                let two_thirds = field.combine(&[(1.0, x), (-h / 3.0, &k1), (h, &k2)])?;
                let k3 = field.velocity(t0 + 2.0 * h / 3.0, &two_thirds)?;
                let end = field.combine(&[(1.0, x), (h, &k1), (-h, &k2), (h, &k3)])?;
                let k4 = field.velocity(t1, &end)?;
                let eighth = h / 8.0;
                field.combine(&[
                    (1.0, x),
                    (eighth, &k1),
                    (3.0 * eighth, &k2),
                    (3.0 * eighth, &k3),
                    (eighth, &k4),
                ])
            }
        }
    }
}

/// Any solver, as recipes, links and commands name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Solver {
    /// Steps on a time grid.
    Fixed(FixedSolver),
    /// Dormand-Prince 5(4), which chooses its steps by tolerances ([`crate::dopri5`]).
    Dopri5,
}

impl Solver {
    /// Every solver, in the order in which a page offers them.
    pub const ALL: [Self; 5] = [
        Self::Fixed(FixedSolver::Euler),
        Self::Fixed(FixedSolver::Midpoint),
        Self::Fixed(FixedSolver::Heun),
        Self::Fixed(FixedSolver::Rk4),
        Self::Dopri5,
    ];

    /// The name, the same in JSON, links, commands and golden files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fixed(FixedSolver::Euler) => "euler",
            Self::Fixed(FixedSolver::Midpoint) => "midpoint",
            Self::Fixed(FixedSolver::Heun) => "heun2",
            Self::Fixed(FixedSolver::Rk4) => "rk4",
            Self::Dopri5 => "dopri5",
        }
    }
}

impl fmt::Display for Solver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Solver {
    type Err = FlowError;

    fn from_str(name: &str) -> Result<Self, FlowError> {
        Self::ALL
            .into_iter()
            .find(|solver| solver.name() == name)
            .ok_or_else(|| FlowError::UnknownSolver {
                found: name.to_owned(),
            })
    }
}

impl From<Solver> for String {
    fn from(solver: Solver) -> Self {
        solver.name().to_owned()
    }
}

impl TryFrom<String> for Solver {
    type Error = FlowError;

    fn try_from(name: String) -> Result<Self, FlowError> {
        name.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_fields::{distance, driven, driven_solution};
    use crate::time_grid::TimeGrid;

    const FIXED: [(FixedSolver, f64); 4] = [
        (FixedSolver::Euler, 1.0),
        (FixedSolver::Midpoint, 2.0),
        (FixedSolver::Heun, 2.0),
        (FixedSolver::Rk4, 4.0),
    ];

    fn end_error(solver: FixedSolver, grid: &TimeGrid) -> f64 {
        let mut field = driven();
        let mut x = driven_solution(grid.start());
        for index in 0..grid.steps() {
            let (t0, t1) = grid.step(index).unwrap();
            x = solver.step(&mut field, t0, t1, &x).unwrap();
        }
        assert_eq!(field.evaluations, grid.steps() * solver.evaluations());
        distance(&x, &driven_solution(grid.end()))
    }

    #[test]
    fn every_solver_has_its_order_forward_and_in_reverse() {
        for (solver, order) in FIXED {
            let grids = [128, 256].map(|steps| TimeGrid::uniform(steps).unwrap());
            let forward = (end_error(solver, &grids[0]) / end_error(solver, &grids[1])).log2();
            let [coarse, fine] = grids.map(TimeGrid::reversed);
            let reverse = (end_error(solver, &coarse) / end_error(solver, &fine)).log2();
            // The next error term is a hundredth of the first at these steps.
            assert!((forward - order).abs() < 0.1, "{solver:?} forward: {forward}");
            assert!((reverse - order).abs() < 0.1, "{solver:?} reverse: {reverse}");
        }
    }

    #[test]
    fn uneven_grids_converge_too() {
        for (solver, order) in FIXED {
            let ratio = end_error(solver, &TimeGrid::edm(128).unwrap())
                / end_error(solver, &TimeGrid::edm(256).unwrap());
            assert!((ratio.log2() - order).abs() < 0.2, "{solver:?}: {}", ratio.log2());
        }
    }

    #[test]
    fn names_of_solvers_are_read_back_and_others_refused() {
        for solver in Solver::ALL {
            assert_eq!(solver.to_string().parse::<Solver>(), Ok(solver));
        }
        let error = "heun".parse::<Solver>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "solver is \"heun\", expected euler, midpoint, heun2, rk4 or dopri5"
        );
    }
}
