//! What a lesson asks of a lab, by name: the same number in a page and in a teacher's answer key.

use cellflux_flow::solver::Solver;

use crate::comparison::distance;
use crate::error::LabError;
use crate::learning::Learning;
use crate::least_loss::least_loss;
use crate::view::View;
use crate::walk::Walk;

/// Pairs over which the least loss is averaged.
pub const PAIRS_OF_LEAST_LOSS: usize = 4000;
/// Steps over which the loss is averaged.
const STEPS_OF_LOSS: usize = 100;

/// A number of a lab and a view of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// The mean loss of the last 100 steps.
    Loss,
    /// The loss below which no network can learn.
    LeastLoss,
    /// How far the walk ends from where a fine one ends ([`Walk::error`]).
    LabError,
    /// How much the paths bend ([`Walk::straightness`]).
    Straightness,
    /// The mean squared way of the particles ([`Walk::transport_cost`]).
    TransportCost,
    /// The unbiased squared energy distance of the particles' end from points of the goal.
    Distance,
    /// Evaluations of the field that the walk takes of each particle.
    Evaluations,
}

impl Quantity {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Loss,
        Self::LeastLoss,
        Self::LabError,
        Self::Straightness,
        Self::TransportCost,
        Self::Distance,
        Self::Evaluations,
    ];

    /// Its name in lessons.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::LeastLoss => "least_loss",
            Self::LabError => "lab_error",
            Self::Straightness => "straightness",
            Self::TransportCost => "transport_cost",
            Self::Distance => "distance",
            Self::Evaluations => "evaluations",
        }
    }

    /// The quantity of this name; nothing where there is none.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|quantity| quantity.name() == name)
    }

    /// The number; nothing for a loss before the first step.
    ///
    /// # Errors
    /// As [`View::walk`] and [`least_loss`].
    pub fn of(self, learning: &Learning, view: &View) -> Result<Option<f64>, LabError> {
        let number = match self {
            Self::Loss => return Ok(learning.curve().mean_of_last(STEPS_OF_LOSS)),
            Self::LeastLoss => least_loss(learning.settings(), PAIRS_OF_LEAST_LOSS)?,
            Self::LabError => {
                let walk = view.walk(learning)?;
                let field = view.field(learning)?;
                walk.error(&Walk::fine_end(&*field, view.reverse, walk.start().to_vec())?)
            }
            Self::Straightness => view.walk(learning)?.straightness(),
            Self::TransportCost => view.walk(learning)?.transport_cost(),
            Self::Distance => distance(view.walk(learning)?.end(), &view.goal(learning)?)?.unbiased,
            Self::Evaluations => {
                view.check(learning.settings())?;
                (view.steps * evaluations(view.solver)) as f64
            }
        };
        Ok(Some(number))
    }
}

/// Evaluations of the velocity in a step; none for a solver that chooses its steps, which no view has.
fn evaluations(solver: Solver) -> usize {
    match solver {
        Solver::Fixed(solver) => solver.evaluations(),
        Solver::Dopri5 => 0,
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "counts are exact")]
mod tests {
    use cellflux_flow::solver::FixedSolver;

    use super::*;
    use crate::distribution::Distribution;
    use crate::settings::Settings;
    use crate::view::Shown;

    fn learning() -> Learning {
        let mut settings = Settings::default();
        settings.conditions[0].target = Distribution::Gaussian {
            mean: [2.0, 0.0],
            spread: 0.5,
        };
        settings.network.widths = vec![8];
        Learning::new(settings).unwrap()
    }

    #[test]
    fn names_lead_back_and_no_two_are_alike() {
        for quantity in Quantity::ALL {
            assert_eq!(Quantity::named(quantity.name()), Some(quantity));
        }
        assert_eq!(Quantity::named("straightnes"), None);
    }

    #[test]
    fn a_walk_s_numbers_are_those_of_the_walk() {
        let (mut learning, mut view) = (learning(), View::default());
        (view.field, view.solver) = (Shown::Exact, Solver::Fixed(FixedSolver::Euler));
        let number =
            |quantity: Quantity, learning: &Learning, view: &View| quantity.of(learning, view).unwrap();
        assert_eq!(number(Quantity::Loss, &learning, &view), None);
        learning.step().unwrap();
        assert!(number(Quantity::Loss, &learning, &view).unwrap() > 0.0);
        assert_eq!(number(Quantity::Evaluations, &learning, &view), Some(20.0));
        let walk = view.walk(&learning).unwrap();
        assert_eq!(
            number(Quantity::TransportCost, &learning, &view),
            Some(walk.transport_cost())
        );
        let coarse = number(Quantity::LabError, &learning, &view).unwrap();
        view.solver = Solver::Fixed(FixedSolver::Rk4);
        assert_eq!(number(Quantity::Evaluations, &learning, &view), Some(80.0));
        assert!(number(Quantity::LabError, &learning, &view).unwrap() < 0.1 * coarse);
    }
}
