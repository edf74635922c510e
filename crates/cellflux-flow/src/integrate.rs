//! A fixed-step solver over a whole time grid.

use crate::field::Field;
use crate::solver::FixedSolver;
use crate::time_grid::TimeGrid;

/// Integrates a field from a grid's first time to its last, and gives the state there. `reached` is called at
/// every time of the grid after the first, with the state reached.
///
/// ```
/// use cellflux_flow::{integrate, ode::Ode, solver::FixedSolver, time_grid::TimeGrid};
///
/// // dx/dt = -x from 1: exp(-1) after one unit of time.
/// let mut decay = Ode::new(|_, x: &[f64]| vec![-x[0]]);
/// let grid = TimeGrid::uniform(20)?;
/// let end = integrate(&mut decay, FixedSolver::Heun, &grid, vec![1.0], |_, _| {}).unwrap();
/// assert!((end[0] - (-1.0f64).exp()).abs() < 2e-4);
/// # Ok::<(), cellflux_flow::FlowError>(())
/// ```
///
/// # Errors
/// The field's own; what `reached` was given stays valid.
pub fn integrate<F: Field>(
    field: &mut F,
    solver: FixedSolver,
    grid: &TimeGrid,
    start: F::State,
    mut reached: impl FnMut(f64, &F::State),
) -> Result<F::State, F::Error> {
    let mut state = start;
    for step in grid.times().windows(2) {
        let &[from, to] = step else { continue };
        state = solver.step(field, from, to, &state)?;
        reached(to, &state);
    }
    Ok(state)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_fields::{distance, driven, driven_solution};

    #[test]
    fn every_time_of_the_grid_is_reached_in_turn_and_back_again() {
        let grid = TimeGrid::uniform(50).unwrap();
        let mut times = vec![grid.start()];
        let end = integrate(&mut driven(), FixedSolver::Rk4, &grid, vec![1.0, 0.0], |t, x| {
            times.push(t);
            assert!(distance(x, &driven_solution(t)) < 1e-5);
        });
        assert_eq!(times, grid.times());
        let back = integrate(
            &mut driven(),
            FixedSolver::Rk4,
            &grid.reversed(),
            end.unwrap(),
            |_, _| {},
        );
        assert!(distance(&back.unwrap(), &[1.0, 0.0]) < 1e-5);
    }
}
