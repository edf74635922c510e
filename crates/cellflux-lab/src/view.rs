//! What of a lab is looked at: which field, and how particles walk through it.

use cellflux_flow::guidance::Guidance;
use cellflux_flow::solver::{FixedSolver, Solver};
use cellflux_flow::time_grid::TimeGrid;
use serde::{Deserialize, Serialize};

use crate::error::{LabError, counted, within};
use crate::exact::ExactField;
use crate::guided::Guided;
use crate::learning::Learning;
use crate::plane::Point;
use crate::plane_field::PlaneField;
use crate::settings::Settings;
use crate::walk::Walk;

/// The most particles that walk.
const MOST_PARTICLES: usize = 5000;
/// The most steps of a walk.
const MOST_STEPS: usize = 500;
/// The solvers that a view may have, in the order of their errors ([`View::errors`]).
pub const SOLVERS: [FixedSolver; 4] = [
    FixedSolver::Euler,
    FixedSolver::Midpoint,
    FixedSolver::Heun,
    FixedSolver::Rk4,
];

/// Which field is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shown {
    /// What the network has learnt so far.
    #[default]
    Learnt,
    /// What it would predict if it learnt perfectly ([`ExactField`]).
    Exact,
}

/// What is looked at, as links and lessons hold it. Fields that are left out have the values of
/// [`View::default`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct View {
    /// Which field.
    pub field: Shown,
    /// The condition, from 0; none for the null velocity, which starts from the first condition's source.
    pub condition: Option<usize>,
    /// The paper's guidance alpha, from 0 to 10.
    pub guidance: f64,
    /// The batch from which particles come, from 0; none for all of them.
    pub batch: Option<usize>,
    /// How many particles walk, from 2 to 5000.
    pub particles: usize,
    /// The solver: `euler`, `midpoint`, `heun2` or `rk4`.
    pub solver: Solver,
    /// Equal steps of the walk, from 1 to 500.
    pub steps: usize,
    /// Whether particles walk from the target back to the source.
    pub reverse: bool,
}

impl Default for View {
    fn default() -> Self {
        Self {
            field: Shown::default(),
            condition: Some(0),
            guidance: 1.0,
            batch: None,
            particles: 500,
            solver: Solver::Fixed(FixedSolver::Heun),
            steps: 20,
            reverse: false,
        }
    }
}

impl View {
    /// Checks every number, also against the settings of the lab that is looked at.
    ///
    /// # Errors
    /// [`LabError`] for a number out of its range, [`LabError::Unknown`] for a condition or a batch that the
    /// settings do not have, [`LabError::Solver`] for a solver that chooses its own steps.
    pub fn check(&self, settings: &Settings) -> Result<(), LabError> {
        within("view.guidance", self.guidance, 0.0, 10.0)?;
        counted("view.particles", "particles", self.particles, 2, MOST_PARTICLES)?;
        counted("view.steps", "steps", self.steps, 1, MOST_STEPS)?;
        if let Some(condition) = self.condition {
            settings.condition(condition)?;
        }
        let count = settings.batches.len();
        if let Some(found) = self.batch.filter(|&batch| batch >= count) {
            let what = "batch";
            return Err(LabError::Unknown { what, found, count });
        }
        self.fixed_solver()?;
        Ok(())
    }

    fn fixed_solver(&self) -> Result<FixedSolver, LabError> {
        match self.solver {
            Solver::Fixed(solver) => Ok(solver),
            Solver::Dopri5 => Err(LabError::Solver),
        }
    }

    /// The field that is looked at.
    ///
    /// # Errors
    /// As [`check`](Self::check), and [`LabError::NoClosedForm`] where no exact field is known.
    pub fn field(&self, learning: &Learning) -> Result<Box<dyn PlaneField>, LabError> {
        self.check(learning.settings())?;
        let guidance = Guidance { alpha: self.guidance };
        let field: Box<dyn PlaneField> = match self.field {
            Shown::Learnt => Box::new(learning.field(self.condition, guidance)?),
            Shown::Exact => {
                let exact = |condition| ExactField::new(learning.settings(), condition);
                Box::new(Guided::new(self.condition, guidance, exact)?)
            }
        };
        Ok(field)
    }

    /// Where the particles start: sources, or targets where they walk back.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn start(&self, learning: &Learning) -> Result<Vec<Point>, LabError> {
        self.particles_of(learning, self.reverse)
    }

    /// Points of the other end, with which those that arrive are compared.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn goal(&self, learning: &Learning) -> Result<Vec<Point>, LabError> {
        self.particles_of(learning, !self.reverse)
    }

    /// The particles' walk.
    ///
    /// # Errors
    /// As [`field`](Self::field), and [`LabError::Escaped`] when a particle leaves the plane.
    pub fn walk(&self, learning: &Learning) -> Result<Walk, LabError> {
        let (field, solver) = (self.field(learning)?, self.fixed_solver()?);
        let grid = TimeGrid::uniform(self.steps)?;
        let grid = if self.reverse { grid.reversed() } else { grid };
        Walk::new(&*field, solver, &grid, self.start(learning)?)
    }

    /// How far the particles would end from where a fine walk ends ([`Walk::error`]) with each of the
    /// [`SOLVERS`] and each of these numbers of equal steps: a row for each solver. A walk on which a
    /// particle leaves the plane has `NaN`.
    ///
    /// # Errors
    /// As [`field`](Self::field), [`LabError::Count`] for a number of steps out of its range, and
    /// [`LabError::Escaped`] when the fine walk itself leaves the plane.
    pub fn errors(&self, learning: &Learning, steps: &[usize]) -> Result<Vec<Vec<f64>>, LabError> {
        let (field, start) = (self.field(learning)?, self.start(learning)?);
        let fine = Walk::fine_end(&*field, self.reverse, start.clone())?;
        let error = |solver: FixedSolver, steps: usize| -> Result<f64, LabError> {
            counted("steps", "steps", steps, 1, MOST_STEPS)?;
            let grid = TimeGrid::uniform(steps)?;
            let grid = if self.reverse { grid.reversed() } else { grid };
            match Walk::new(&*field, solver, &grid, start.clone()) {
                Ok(walk) => Ok(walk.error(&fine)),
                Err(LabError::Escaped { .. }) => Ok(f64::NAN),
                Err(other) => Err(other),
            }
        };
        let of_solver = |solver: FixedSolver| -> Result<Vec<f64>, LabError> {
            steps.iter().map(|&steps| error(solver, steps)).collect()
        };
        SOLVERS.into_iter().map(of_solver).collect()
    }

    fn particles_of(&self, learning: &Learning, targets: bool) -> Result<Vec<Point>, LabError> {
        self.check(learning.settings())?;
        let (condition, pairing) = (self.condition.unwrap_or(0), learning.pairing());
        if targets {
            pairing.targets(condition, self.batch, self.particles)
        } else {
            pairing.sources(condition, self.batch, self.particles)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::comparison::distance;
    use crate::distribution::Distribution;

    fn learning() -> Learning {
        let mut settings = Settings::default();
        settings.conditions[0].target = Distribution::Gaussian {
            mean: [3.0, 0.0],
            spread: 0.5,
        };
        settings.network.widths = vec![8];
        Learning::new(settings).unwrap()
    }

    #[test]
    fn the_exact_field_leads_sources_to_targets_and_back() {
        let learning = learning();
        for reverse in [false, true] {
            let view = View {
                field: Shown::Exact,
                reverse,
                ..View::default()
            };
            let walk = view.walk(&learning).unwrap();
            assert_eq!(walk.times.len(), 21);
            let goal = view.goal(&learning).unwrap();
            let (before, after) = (
                distance(walk.start(), &goal).unwrap().unbiased,
                distance(walk.end(), &goal).unwrap().unbiased,
            );
            assert!(before > 1.0 && after < 0.05, "{before} {after}");
        }
    }

    #[test]
    fn errors_of_all_solvers_are_those_of_their_walks_and_fall_by_their_order() {
        let learning = learning();
        for reverse in [false, true] {
            let view = View {
                field: Shown::Exact,
                particles: 50,
                steps: 8,
                reverse,
                ..View::default()
            };
            let errors = view.errors(&learning, &[4, 8]).unwrap();
            assert_eq!(errors.len(), SOLVERS.len());
            let walk = view.walk(&learning).unwrap();
            let field = view.field(&learning).unwrap();
            let fine = Walk::fine_end(&*field, reverse, walk.start().to_vec()).unwrap();
            // The view's own solver is Heun's, the third of them.
            assert!((errors[2][1] - walk.error(&fine)).abs() < 1e-12, "{errors:?}");
            for row in &errors {
                assert!(row[1] < 0.8 * row[0], "{errors:?}");
            }
            assert!(errors[3][1] < 0.1 * errors[0][1], "{errors:?}");
        }
        let found = View::default().errors(&learning, &[0]).unwrap_err().to_string();
        assert_eq!(found, "steps has 0 steps, expected 1 to 500");
    }

    #[test]
    fn a_network_that_has_learnt_nothing_leaves_particles_where_they_are() {
        let learning = learning();
        for condition in [None, Some(0)] {
            let view = View {
                condition,
                guidance: 2.0,
                ..View::default()
            };
            let walk = view.walk(&learning).unwrap();
            assert_eq!(walk.start(), walk.end());
        }
    }

    #[test]
    fn views_are_read_back_and_impossible_ones_refused() {
        let view: View = serde_json::from_str(r#"{"solver":"rk4","steps":3}"#).unwrap();
        assert_eq!(view.solver, Solver::Fixed(FixedSolver::Rk4));
        let text = serde_json::to_string(&view).unwrap();
        assert_eq!(serde_json::from_str::<View>(&text).unwrap(), view);
        let learning = learning();
        let refused = |change: fn(&mut View)| {
            let mut view = View::default();
            change(&mut view);
            view.walk(&learning).unwrap_err().to_string()
        };
        for (found, expected) in [
            (
                refused(|view| view.steps = 0),
                "view.steps has 0 steps, expected 1 to 500",
            ),
            (
                refused(|view| view.particles = 1),
                "view.particles has 1 particles, expected 2 to 5000",
            ),
            (
                refused(|view| view.guidance = -1.0),
                "view.guidance is -1, expected a number from 0 to 10",
            ),
            (
                refused(|view| view.condition = Some(1)),
                "condition 1 does not exist: the settings have 1, counted from 0",
            ),
            (
                refused(|view| view.batch = Some(1)),
                "batch 1 does not exist: the settings have 1, counted from 0",
            ),
            (
                refused(|view| view.solver = Solver::Dopri5),
                "solver dopri5 chooses its own steps, expected euler, midpoint, heun2 or rk4",
            ),
        ] {
            assert_eq!(found, expected);
        }
    }
}
