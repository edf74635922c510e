//! What a velocity field of the plane can be asked.

use crate::error::LabError;
use crate::plane::Point;

/// How far apart the points are between which a difference quotient is taken, where a field has no better
/// way: the error is of the order of its square.
pub const DIFFERENCE_STEP: f64 = 1e-4;

/// A velocity field `v(x, t)` of the plane, learnt or exact.
pub trait PlaneField {
    /// The velocity at each point at time `t` in `[0, 1]`.
    ///
    /// # Errors
    /// The field's own.
    fn velocity(&self, t: f64, at: &[Point]) -> Result<Vec<Point>, LabError>;

    /// The divergence `dv_x/dx + dv_y/dy` at each point at time `t` in `[0, 1]`. Unless a field knows better,
    /// central differences over twice [`DIFFERENCE_STEP`].
    ///
    /// # Errors
    /// The field's own.
    fn divergence(&self, t: f64, at: &[Point]) -> Result<Vec<f64>, LabError> {
        let mut divergence = vec![0.0; at.len()];
        for axis in [0, 1] {
            let [before, after] = [-DIFFERENCE_STEP, DIFFERENCE_STEP].map(|step| {
                let moved: Vec<Point> = at
                    .iter()
                    .map(|&point| {
                        let mut moved = point;
                        moved[axis] += step;
                        moved
                    })
                    .collect();
                self.velocity(t, &moved)
            });
            for ((sum, before), after) in divergence.iter_mut().zip(before?).zip(after?) {
                *sum += (after[axis] - before[axis]) / (2.0 * DIFFERENCE_STEP);
            }
        }
        Ok(divergence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Swirl;

    impl PlaneField for Swirl {
        fn velocity(&self, t: f64, at: &[Point]) -> Result<Vec<Point>, LabError> {
            Ok(at
                .iter()
                .map(|&[x, y]| [x * x * y - t, t * y + x.sin()])
                .collect())
        }
    }

    #[test]
    fn the_divergence_of_a_written_field_is_its_derivatives_sum() {
        let points = [[0.5, 2.0], [-1.0, 0.25]];
        for (found, [x, y]) in Swirl.divergence(0.75, &points).unwrap().into_iter().zip(points) {
            // Third derivatives are 0 here, so only rounding is left.
            assert!((found - (2.0 * x * y + 0.75)).abs() < 1e-10, "{found}");
        }
    }
}
