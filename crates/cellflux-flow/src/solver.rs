//! Fixed-step ODE solvers, and the name that a recipe gives to any solver.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::FlowError;
use crate::field::Field;

/// A solver that takes given steps, forward (`t1 > t0`) or in reverse (`t1 < t0`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FixedSolver {
    /// Order 1: `x + h v(t0, x)`.
    Euler,
    /// Order 2: the velocity half a step ahead.
    Midpoint,
    /// Order 2: the mean of the velocities at both ends (trapezoid after an Euler step); the public code's.
    Heun,
    /// Order 4: the 3/8 rule.
    Rk4,
}

impl FixedSolver {
    /// Velocities evaluated per step.
    pub fn evaluations(self) -> usize {
        match self {
            Self::Euler => 1,
            Self::Midpoint | Self::Heun => 2,
            Self::Rk4 => 4,
        }
    }

    /// One step of `x` from time `t0` to `t1`. It never waits: on a GPU it only enqueues work.
    ///
    /// # Errors
    /// The field's own.
    pub fn step<F: Field>(self, field: &mut F, t0: f64, t1: f64, x: &F::State) -> Result<F::State, F::Error> {
        FixedStep::new(self, t0, t1, x.clone()).finish(field)
    }

    /// Where the next velocity is evaluated, after those that are known: at which part of the step, and by
    /// how much of the step each known velocity moves `x` there.
    fn stage(self, velocities: usize) -> (f64, &'static [f64]) {
        match (self, velocities) {
            (Self::Midpoint, 1) => (0.5, &[0.5]),
            (Self::Heun, 1) => (1.0, &[1.0]),
            (Self::Rk4, 1) => (1.0 / 3.0, &[1.0 / 3.0]),
            (Self::Rk4, 2) => (2.0 / 3.0, &[-1.0 / 3.0, 1.0]),
            (Self::Rk4, 3) => (1.0, &[1.0, -1.0, 1.0]),
            _ => (0.0, &[]),
        }
    }

    /// By how much of the step each velocity moves `x` to the step's end.
    fn weights(self) -> &'static [f64] {
        match self {
            Self::Euler => &[1.0],
            Self::Midpoint => &[0.0, 1.0],
            Self::Heun => &[0.5, 0.5],
            Self::Rk4 => &[0.125, 0.375, 0.375, 0.125],
        }
    }
}

/// A step of a fixed solver in progress, one velocity at a time, so that it can be given up in between.
#[derive(Clone, Debug)]
pub struct FixedStep<S> {
    solver: FixedSolver,
    t0: f64,
    t1: f64,
    x: S,
    velocities: Vec<S>,
}

impl<S: Clone> FixedStep<S> {
    /// The step of `x` from time `t0` to `t1`, not begun yet.
    pub fn new(solver: FixedSolver, t0: f64, t1: f64, x: S) -> Self {
        Self {
            solver,
            t0,
            t1,
            x,
            velocities: Vec::new(),
        }
    }

    /// Velocities that are still to be evaluated.
    pub fn remaining(&self) -> usize {
        self.solver.evaluations() - self.velocities.len()
    }

    /// Evaluates the next velocity, if one is missing, and returns the newest.
    ///
    /// # Errors
    /// The field's own; the step stays where it was.
    pub fn evaluate<F: Field<State = S>>(&mut self, field: &mut F) -> Result<Option<&S>, F::Error> {
        if self.remaining() > 0 {
            let (gone, moves) = self.solver.stage(self.velocities.len());
            let velocity = if moves.is_empty() {
                field.velocity(self.t0, &self.x)?
            } else {
                let x = self.moved(field, moves)?;
                // Not t0 + (t1 - t0), which may round beyond the end.
                let t = self.t0 * (1.0 - gone) + self.t1 * gone;
                field.velocity(t, &x)?
            };
            self.velocities.push(velocity);
        }
        Ok(self.velocities.last())
    }

    /// Evaluates what is missing and returns the state at the step's end.
    ///
    /// # Errors
    /// The field's own.
    pub fn finish<F: Field<State = S>>(mut self, field: &mut F) -> Result<S, F::Error> {
        while self.remaining() > 0 {
            self.evaluate(field)?;
        }
        self.moved(field, self.solver.weights())
    }

    /// `x` moved by parts of the step along the velocities.
    fn moved<F: Field<State = S>>(&self, field: &mut F, parts: &[f64]) -> Result<S, F::Error> {
        let moves = parts.iter().zip(&self.velocities);
        let moves = moves.filter(|(part, _)| part.abs() > 0.0);
        let h = self.t1 - self.t0;
        let terms: Vec<_> = std::iter::once((1.0, &self.x))
            .chain(moves.map(|(part, velocity)| (part * h, velocity)))
            .collect();
        field.combine(&terms)
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
        assert_eq!(field.evaluations(), grid.steps() * solver.evaluations());
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
    fn a_step_in_pieces_is_the_step_at_once() {
        for (solver, _) in FIXED {
            let x = driven_solution(0.25);
            let mut step = FixedStep::new(solver, 0.25, 0.5, x.clone());
            let mut field = driven();
            for evaluated in 1..=solver.evaluations() {
                assert!(step.evaluate(&mut field).unwrap().is_some());
                assert_eq!(field.evaluations(), evaluated, "{solver:?}");
            }
            assert_eq!(step.remaining(), 0);
            let at_once = solver.step(&mut driven(), 0.25, 0.5, &x).unwrap();
            assert_eq!(step.finish(&mut field).unwrap(), at_once, "{solver:?}");
            assert_eq!(field.evaluations(), solver.evaluations());
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
