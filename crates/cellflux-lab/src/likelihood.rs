//! How likely a flow holds a point to be.
//!
//! Along a particle's path the logarithm of the density changes by minus the divergence of the velocity
//! (the instantaneous change of variables, Chen et al. 2018):
//! `log p1(x1) = log p0(x0) - ∫ div v(x_t, t) dt`, where the path ends at `x1` and starts at `x0`.

use cellflux_flow::field::Field;
use cellflux_flow::integrate;
use cellflux_flow::solver::FixedSolver;
use cellflux_flow::time_grid::TimeGrid;

use crate::error::LabError;
use crate::exact::ExactField;
use crate::plane::Point;
use crate::plane_field::PlaneField;

/// The logarithm of the density that a field gives each point at `t = 1`, when it starts from the density
/// that `source` has at `t = 0`. Points are walked back in `steps` equal steps of the fourth order.
///
/// # Errors
/// [`LabError::Escaped`] when a path leaves the plane, [`LabError::Flow`] for 0 steps, and the field's own.
pub fn log_likelihood(
    field: &dyn PlaneField,
    source: &ExactField,
    at: &[Point],
    steps: usize,
) -> Result<Vec<f64>, LabError> {
    let grid = TimeGrid::uniform(steps)?.reversed();
    let start = at.iter().map(|&[x, y]| [x, y, 0.0]).collect();
    let reached = integrate(&mut Densities(field), FixedSolver::Rk4, &grid, start, |_, _| {})?;
    let sources: Vec<Point> = reached.iter().map(|&[x, y, _]| [x, y]).collect();
    // Walked back, the third number is minus the integral.
    let changes = reached.iter().map(|&[_, _, change]| change);
    Ok(source
        .log_density(0.0, &sources)
        .into_iter()
        .zip(changes)
        .map(|(density, change)| density + change)
        .collect())
}

/// Particles, each with the integral of the divergence along its path.
struct Densities<'a>(&'a dyn PlaneField);

impl Field for Densities<'_> {
    type State = Vec<[f64; 3]>;
    type Error = LabError;

    fn velocity(&mut self, t: f64, x: &Vec<[f64; 3]>) -> Result<Vec<[f64; 3]>, LabError> {
        let points: Vec<Point> = x.iter().map(|&[x, y, _]| [x, y]).collect();
        let velocity = self.0.velocity(t, &points)?;
        let divergence = self.0.divergence(t, &points)?;
        let rates: Vec<[f64; 3]> = velocity
            .into_iter()
            .zip(divergence)
            .map(|([x, y], divergence)| [x, y, divergence])
            .collect();
        if rates.iter().flatten().all(|value| value.is_finite()) {
            return Ok(rates);
        }
        Err(LabError::Escaped { t })
    }

    fn combine(&mut self, terms: &[(f64, &Vec<[f64; 3]>)]) -> Result<Vec<[f64; 3]>, LabError> {
        let mut all = vec![[0.0; 3]; terms.first().map_or(0, |(_, x)| x.len())];
        for (weight, x) in terms {
            for (all, x) in all.iter_mut().flatten().zip(x.iter().flatten()) {
                *all += weight * x;
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::{Distribution, Part};
    use crate::settings::Settings;

    #[test]
    fn the_exact_field_gives_back_the_target_s_density() {
        let part = |mean, spread| Part {
            mean,
            spread,
            weight: 1.0,
        };
        let mut settings = Settings::default();
        settings.conditions[0].target = Distribution::Mixture {
            parts: vec![part([-1.5, 0.0], 0.5), part([1.5, 0.5], 0.7)],
        };
        let field = ExactField::new(&settings, Some(0)).unwrap();
        let at = [[-1.5, 0.0], [0.0, 0.3], [2.0, 1.0]];
        let found = log_likelihood(&field, &field, &at, 100).unwrap();
        for (found, expected) in found.into_iter().zip(field.log_density(1.0, &at)) {
            // The fourth power of the step, and a divergence by differences.
            assert!((found - expected).abs() < 1e-4, "{found} {expected}");
        }
    }

    #[test]
    fn points_that_spread_out_get_rarer() {
        /// `v = x`, whose divergence is 2: after one unit of time areas have grown by `e^2`.
        struct Grow;
        impl PlaneField for Grow {
            fn velocity(&self, _: f64, at: &[Point]) -> Result<Vec<Point>, LabError> {
                Ok(at.to_vec())
            }
        }
        let mut settings = Settings::default();
        settings.conditions[0].target = Distribution::STANDARD;
        let source = ExactField::new(&settings, None).unwrap();
        let at = [[1.0, -0.5]];
        let start = at[0].map(|value| value * (-1f64).exp());
        let expected = source.log_density(0.0, &[start])[0] - 2.0;
        let found = log_likelihood(&Grow, &source, &at, 50).unwrap()[0];
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        assert!(log_likelihood(&Grow, &source, &at, 0).is_err());
    }
}
